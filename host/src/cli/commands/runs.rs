//! What has happened: runs, their logs and outputs.

use std::time::Duration;

use crate::{
    app::reader::LogFilter,
    cli::{
        args::{RunArg, RunsListArgs, RunsLogsArgs, RunsOutputArgs},
        exit::{CliError, Exit},
        output::{print, print_bytes, print_json},
        render,
        settings::Settings,
        source::{Follows, Source, Which},
    },
    dto::{LogLines, NodeView, PipelineList, RunList},
    ids::{Name, RunId, Timestamp},
    plan::Plan,
    value,
};

/// The most steps that an error names.
const NAMED: usize = 20;
/// How often a followed log is read again.
const FOLLOW: Duration = Duration::from_millis(200);

pub(super) async fn list(settings: &Settings, args: &RunsListArgs) -> Result<Exit, CliError> {
    let pipeline = args.pipeline.as_deref().map(Name::new).transpose().map_err(CliError::input)?;
    let runs = Source::open_if_any(settings)?.runs(pipeline, args.limit).await?;
    if args.json.json {
        print_json(&RunList { runs: runs.into_iter().map(|(run, _)| run).collect() })?;
    } else {
        print(&render::lists::runs(&runs, Timestamp::now(), settings.stdout))?;
    }
    Ok(Exit::Success)
}

pub(super) async fn pipelines(settings: &Settings, json: bool) -> Result<Exit, CliError> {
    let (pipelines, disabled) = Source::open_if_any(settings)?.pipelines().await?;
    if json {
        print_json(&PipelineList {
            pipelines: pipelines.into_iter().map(|(pipeline, _)| pipeline).collect(),
            disabled,
        })?;
    } else {
        print(&render::lists::pipelines(&pipelines, &disabled, Timestamp::now(), settings.stdout))?;
    }
    Ok(Exit::Success)
}

pub(super) async fn show(settings: &Settings, args: &RunArg, step: Option<&str>) -> Result<Exit, CliError> {
    let source = Source::open(settings)?;
    let run = source.find(&args.run).await?;
    let (mut detail, plan) = source.run(run, step).await?;
    let index = match step {
        None => None,
        Some(name) => Some(plan.find(name).ok_or_else(|| no_step(&plan, name))?),
    };
    let now = Timestamp::now();
    if let Some(index) = index {
        detail.steps.retain(|step| step.name == plan.step(index).name);
    }
    if args.json.json {
        print_json(&detail)?;
    } else if let (Some(index), Some(step)) = (index, detail.steps.first()) {
        print(&render::step::detail(&detail, step, &NodeView::of(&plan, index), now, settings.stdout))?;
    } else {
        print(&render::run::report(&detail, &plan, now, settings.width, settings.stdout))?;
    }
    Ok(Exit::Success)
}

pub(super) async fn logs(settings: &Settings, args: &RunsLogsArgs) -> Result<Exit, CliError> {
    let source = Source::open(settings)?;
    let run = source.find(&args.run.run).await?;
    let plan = source.plan(run).await?;
    let step = args.step.as_deref();
    let steps = match step {
        None => plan.indices().collect::<Vec<_>>(),
        Some(name) => vec![plan.find(name).ok_or_else(|| no_step(&plan, name))?],
    };
    let mut follow = source.follow(run, steps, LogFilter { item: args.item, attempt: args.attempt });
    if args.run.json.json {
        let (lines, _) = follow.lines(&plan, step).await?;
        print_json(&LogLines { run, lines })?;
        return Ok(Exit::Success);
    }
    loop {
        let (lines, follows) = follow.lines(&plan, step).await?;
        let mut text = String::new();
        for line in lines {
            text.push_str(&render::lists::log_line(&line.step, line.time(), line.level, &line.text, settings.stdout));
            text.push('\n');
        }
        let is_read = print_bytes(text.as_bytes())?;
        match follows {
            Follows::More if args.follow && is_read => tokio::time::sleep(FOLLOW).await,
            Follows::Nothing if args.follow => return Err(interrupted(settings, run)),
            _ => return Ok(Exit::Success),
        }
    }
}

/// No more lines come of a run that no host drives.
fn interrupted(settings: &Settings, run: RunId) -> CliError {
    CliError::host(std::io::Error::other("the run is interrupted: its host has stopped, and nothing follows"))
        .help(format!("resume it: {}{}", render::run::resume_command(run), settings.data_dir_flag))
}

fn no_step(plan: &Plan, name: &str) -> CliError {
    let error = CliError::bad_input(format!("the run has no step `{name}`"));
    match plan.steps.len() {
        0..=NAMED => {
            let names: Vec<_> = plan.steps.iter().map(|step| format!("`{}`", step.name)).collect();
            error.help(format!("its steps are {}", names.join(", ")))
        }
        _ => error.help("`stepmill runs show RUN` lists the steps"),
    }
}

pub(super) async fn output(settings: &Settings, args: &RunsOutputArgs) -> Result<Exit, CliError> {
    let source = Source::open(settings)?;
    let run = source.find(&args.run).await?;
    let plan = source.plan(run).await?;
    let step = match &args.step {
        Some(name) => plan.find(name).ok_or_else(|| no_step(&plan, name))?,
        None => plan.output.ok_or_else(|| {
            CliError::bad_input("the pipeline declares no output").help("name a step: stepmill runs output RUN STEP")
        })?,
    };
    let name = &plan.step(step).name;
    if args.item.is_some() && plan.step(step).for_each.is_none() {
        return Err(CliError::bad_input(format!("the step `{name}` has no items: it has no `for_each`")));
    }
    let which = Which { item: args.item, attempt: args.attempt };
    match &args.out {
        None => {
            let bytes = source.output(run, &plan, step, which).await?.ok_or_else(|| no_output(name, args))?;
            print_value(&bytes, args.raw)
        }
        Some(_) if args.item.is_some() => Err(CliError::bad_input("the files of a single item cannot be written yet")
            .help("leave `--item` out: then the files of all items are written")),
        Some(folder) => {
            let paths = source.save(run, &plan, step, which, folder).await?.ok_or_else(|| no_output(name, args))?;
            print(&paths.iter().map(|path| format!("{}\n", path.display())).collect::<String>())?;
            Ok(Exit::Success)
        }
    }
}

fn no_output(name: &Name, args: &RunsOutputArgs) -> CliError {
    let mut what = format!("the step `{name}`");
    if let Some(item) = args.item {
        what = format!("item {item} of {what}");
    }
    if let Some(attempt) = args.attempt {
        what = format!("attempt {attempt} of {what}");
    }
    let help = format!("`stepmill runs show {} {name}` says why", args.run);
    CliError::bad_input(format!("{what} has no output")).help(help)
}

fn print_value(bytes: &[u8], raw: bool) -> Result<Exit, CliError> {
    if raw {
        print_bytes(bytes)?;
    } else {
        let json = value::json::to_json(bytes).map_err(CliError::host)?;
        let mut text = serde_json::to_string_pretty(&json).map_err(CliError::host)?;
        text.push('\n');
        print(&text)?;
    }
    Ok(Exit::Success)
}
