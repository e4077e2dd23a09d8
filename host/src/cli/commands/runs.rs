//! What has happened: runs, their logs and outputs.

use std::{io::Write, time::Duration};

use crate::{
    app::{
        History,
        reader::{LogFilter, RunFilter, StoredOutput},
    },
    cli::{
        args::{RunArg, RunsListArgs, RunsLogsArgs, RunsOutputArgs},
        exit::{CliError, Exit},
        files,
        output::{print, print_json},
        render,
        settings::Settings,
    },
    dto::{
        LogLines, NodeView, PipelineList, PipelineSummary, RunDetail, RunList, RunSummary,
        read::{self, LogCursor},
    },
    execute::stored,
    ids::{Name, RunId, Timestamp},
    output::OutputRef,
    plan::Plan,
    value,
};

/// The largest output that is printed as JSON.
const MAX_PRINTED: u64 = 256 << 20;
/// The most steps that an error names.
const NAMED: usize = 20;
/// How often a followed log is read again.
const FOLLOW: Duration = Duration::from_millis(200);

pub(super) fn open(settings: &Settings) -> Result<History, CliError> {
    History::open(&settings.data_dir).map_err(super::store_error)
}

/// The same, where nothing having run yet is no mistake.
fn open_if_any(settings: &Settings) -> Result<Option<History>, CliError> {
    match History::open(&settings.data_dir) {
        Ok(history) => Ok(Some(history)),
        Err(error) if super::is_empty(&error) => Ok(None),
        Err(error) => Err(super::store_error(error)),
    }
}

/// Marks the runs that wait to be resumed.
fn mark_interrupted<'r>(history: &History, runs: impl IntoIterator<Item = &'r mut RunSummary>) -> Result<(), CliError> {
    let mut active = runs.into_iter().filter(|run| !run.state.is_terminal()).peekable();
    if active.peek().is_none() || history.dir().holder().map_err(CliError::host)?.is_some() {
        return Ok(());
    }
    for run in active {
        // Read once more: it may have ended, and its host with it, before anybody asked for the holder.
        run.interrupted = is_active(history, run.id)?;
    }
    Ok(())
}

/// Whether the store says that a run has not ended.
pub(super) fn is_active(history: &History, run: RunId) -> Result<bool, CliError> {
    Ok(!history.reader().run(run).map_err(super::store_error)?.state.is_terminal())
}

pub(super) fn list(settings: &Settings, args: &RunsListArgs) -> Result<Exit, CliError> {
    let pipeline = args.pipeline.as_deref().map(Name::new).transpose().map_err(CliError::input)?;
    let filter = RunFilter { pipeline, ..RunFilter::default() };
    let mut runs = Vec::new();
    if let Some(history) = open_if_any(settings)? {
        let rows = read::newest_runs(history.reader(), &filter, args.limit).map_err(super::store_error)?;
        runs.extend(rows.iter().map(|row| (RunSummary::from(row), row.created_at)));
        mark_interrupted(&history, runs.iter_mut().map(|(run, _)| run))?;
    }
    if args.json.json {
        print_json(&RunList { runs: runs.into_iter().map(|(run, _)| run).collect() })?;
    } else {
        print(&render::lists::runs(&runs, Timestamp::now(), settings.stdout))?;
    }
    Ok(Exit::Success)
}

pub(super) fn pipelines(settings: &Settings, json: bool) -> Result<Exit, CliError> {
    let mut pipelines: Vec<(PipelineSummary, Timestamp)> = Vec::new();
    if let Some(history) = open_if_any(settings)? {
        pipelines = PipelineSummary::read_all(history.reader()).map_err(super::store_error)?;
        mark_interrupted(&history, pipelines.iter_mut().map(|(pipeline, _)| &mut pipeline.latest))?;
    }
    if json {
        print_json(&PipelineList { pipelines: pipelines.into_iter().map(|(pipeline, _)| pipeline).collect() })?;
    } else {
        print(&render::lists::pipelines(&pipelines, Timestamp::now(), settings.stdout))?;
    }
    Ok(Exit::Success)
}

pub(super) fn show(settings: &Settings, args: &RunArg, step: Option<&str>) -> Result<Exit, CliError> {
    let history = open(settings)?;
    let run = super::find_run(&history, &args.run)?;
    let (mut detail, plan) = RunDetail::read(history.reader(), run).map_err(super::store_error)?;
    mark_interrupted(&history, [&mut detail.run])?;
    let index = match step {
        None => None,
        Some(name) => Some(plan.find(name).ok_or_else(|| no_step(&plan, name))?),
    };
    detail.explain_from(history.reader(), index.map(|index| &plan.step(index).name));
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
    let history = open(settings)?;
    let run = super::find_run(&history, &args.run.run)?;
    let plan = history.reader().plan(run).map_err(super::store_error)?;
    let steps = match &args.step {
        None => plan.indices().collect::<Vec<_>>(),
        Some(name) => vec![plan.find(name).ok_or_else(|| no_step(&plan, name))?],
    };
    let filter = LogFilter { item: args.item, attempt: args.attempt };
    let mut cursor = LogCursor::new(run, steps, filter);
    if args.run.json.json {
        let lines = cursor.read(history.reader()).map_err(super::store_error)?;
        print_json(&LogLines { run, lines: read::log_views(&plan, &lines) })?;
        return Ok(Exit::Success);
    }
    loop {
        // Asked before the lines are read: what was written before the end is not missed.
        let ended = !is_active(&history, run)?;
        let mut text = String::new();
        for (step, _, line) in cursor.read(history.reader()).map_err(super::store_error)? {
            text.push_str(&render::lists::log_line(&plan.step(step).name, &line, settings.stdout));
            text.push('\n');
        }
        print(&text)?;
        if ended || !args.follow {
            return Ok(Exit::Success);
        }
        tokio::time::sleep(FOLLOW).await;
    }
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

pub(super) fn output(settings: &Settings, args: &RunsOutputArgs) -> Result<Exit, CliError> {
    let history = open(settings)?;
    let run = super::find_run(&history, &args.run)?;
    let plan = history.reader().plan(run).map_err(super::store_error)?;
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
    let stored = history.reader().output(run, step, args.item, args.attempt).map_err(super::store_error)?;
    let StoredOutput { output, index } = stored.ok_or_else(|| no_output(name, args))?;
    if let Some(index) = index {
        return print_item(&history, &output, index, args);
    }
    if let Some(folder) = &args.out {
        let paths = files::save(&output.files, history.outputs().as_ref(), folder).map_err(CliError::host)?;
        print(&paths.iter().map(|path| format!("{}\n", path.display())).collect::<String>())?;
        return Ok(Exit::Success);
    }
    let bytes = history.value(&output, MAX_PRINTED).map_err(CliError::host)?;
    print_value(&bytes, args.raw)
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

/// One item's element of the stream that it is packed in.
fn print_item(history: &History, packed: &OutputRef, index: u64, args: &RunsOutputArgs) -> Result<Exit, CliError> {
    if args.out.is_some() {
        return Err(CliError::bad_input("the files of a single item cannot be written yet")
            .help("leave `--item` out: then the files of all items are written"));
    }
    let bytes = stored::read_item(history.outputs().as_ref(), packed, index).map_err(CliError::host)?;
    print_value(&bytes, args.raw)
}

fn print_value(bytes: &[u8], raw: bool) -> Result<Exit, CliError> {
    if raw {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| CliError::stdout(&error))?;
    } else {
        let json = value::json::to_json(bytes).map_err(CliError::host)?;
        let mut text = serde_json::to_string_pretty(&json).map_err(CliError::host)?;
        text.push('\n');
        print(&text)?;
    }
    Ok(Exit::Success)
}
