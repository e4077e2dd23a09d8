//! What has happened: runs, their logs and outputs.

use std::{io::Write, time::Duration};

use super::rows;
use crate::{
    app::{
        History, StoreError,
        reader::{LogFilter, RunFilter, RunRow, StoredOutput},
    },
    cli::{
        args::{RunArg, RunsListArgs, RunsLogsArgs, RunsOutputArgs},
        exit::{CliError, Exit},
        files,
        output::{print, print_json},
        render,
        settings::Settings,
    },
    dto::{LogLineView, LogLines, NodeView, PipelineList, PipelineSummary, RunDetail, RunList, RunSummary, StepCounts},
    execute::ports::LogLine,
    ids::{Name, RunId, StepIndex, Timestamp},
    output::OutputRef,
    plan::Plan,
    value,
};

/// Rows that one query of the store answers with.
const PAGE: u32 = 500;
/// The largest output that is printed as JSON.
const MAX_PRINTED: u64 = 256 << 20;
/// The most steps whose computation is explained in a report on the whole run.
const EXPLAINED: usize = 100;
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

fn summary(row: &RunRow) -> RunSummary {
    let counts = &row.counts;
    let mut steps = StepCounts {
        waiting: 0,
        running: counts.running.into(),
        succeeded: counts.succeeded.into(),
        failed: counts.failed.into(),
        skipped: counts.skipped.into(),
        cancelled: counts.cancelled.into(),
    };
    steps.waiting = u64::from(row.steps).saturating_sub(steps.total());
    RunSummary {
        id: row.id,
        pipeline: row.pipeline.clone(),
        state: row.state,
        interrupted: false,
        trigger: row.trigger.clone(),
        scheduled_for: row.scheduled_for.map(Timestamp::rfc3339),
        created_at: row.created_at.rfc3339(),
        finished_at: row.finished_at.map(Timestamp::rfc3339),
        duration_ms: row.finished_at.and_then(|end| u64::try_from(end.0 - row.created_at.0).ok()),
        steps,
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

fn rows(history: &History, filter: &RunFilter, limit: u32) -> Result<Vec<RunRow>, CliError> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let wanted = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if wanted == 0 {
            return Ok(rows);
        }
        let page = history.reader().runs(filter, after, wanted.min(PAGE)).map_err(super::store_error)?;
        rows.extend(page.runs);
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

pub(super) fn list(settings: &Settings, args: &RunsListArgs) -> Result<Exit, CliError> {
    let pipeline = args.pipeline.as_deref().map(Name::new).transpose().map_err(CliError::input)?;
    let filter = RunFilter { pipeline, state: None };
    let mut runs = Vec::new();
    if let Some(history) = open_if_any(settings)? {
        runs.extend(rows(&history, &filter, args.limit)?.iter().map(|row| (summary(row), row.created_at)));
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
        for pipeline in history.reader().pipelines().map_err(super::store_error)? {
            let filter = RunFilter { pipeline: Some(pipeline.name.clone()), state: None };
            let latest = rows(&history, &filter, 1)?;
            let Some(row) = latest.first() else { continue };
            let summary = PipelineSummary { name: pipeline.name, runs: pipeline.runs, latest: summary(row) };
            pipelines.push((summary, row.created_at));
        }
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
    let read = || -> Result<_, StoreError> { Ok((history.reader().plan(run)?, history.reader().history(run)?)) };
    let (plan, events) = read().map_err(super::store_error)?;
    let mut detail = RunDetail::replay(run, &plan, &events);
    mark_interrupted(&history, [&mut detail.run])?;
    let index = match step {
        None => None,
        Some(name) => Some(plan.find(name).ok_or_else(|| no_step(&plan, name))?),
    };
    explain(&history, &mut detail, index.map(|index| &plan.step(index).name));
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

/// Says why steps were computed that the cache could have answered for: one step, or the first ones.
pub(super) fn explain(history: &History, detail: &mut RunDetail, only: Option<&Name>) {
    let steps: Vec<Name> =
        detail.computed().filter(|name| only.is_none_or(|only| only == *name)).take(EXPLAINED).cloned().collect();
    for step in steps {
        // An earlier run that is damaged is no reason not to show this one.
        if let Ok(previous) = history.reader().previous_parts(&detail.run.pipeline, &step, detail.run.id) {
            detail.explain(&step, previous.as_ref());
        }
    }
}

pub(super) async fn logs(settings: &Settings, args: &RunsLogsArgs) -> Result<Exit, CliError> {
    let history = open(settings)?;
    let run = super::find_run(&history, &args.run.run)?;
    let plan = history.reader().plan(run).map_err(super::store_error)?;
    let steps = match &args.step {
        None => plan.indices().collect(),
        Some(name) => vec![plan.find(name).ok_or_else(|| no_step(&plan, name))?],
    };
    let filter = LogFilter { item: args.item, attempt: args.attempt };
    // A step and the chunk to go on with.
    let mut cursors: Vec<(StepIndex, u64)> = steps.into_iter().map(|step| (step, 0)).collect();
    if args.run.json.json {
        let lines = new_lines(&history, run, filter, &mut cursors)?;
        let view =
            |(step, attempt, line): &(StepIndex, u32, LogLine)| LogLineView::of(&plan.step(*step).name, *attempt, line);
        print_json(&LogLines { run, lines: lines.iter().map(view).collect() })?;
        return Ok(Exit::Success);
    }
    loop {
        // Asked before the lines are read: what was written before the end is not missed.
        let ended = !is_active(&history, run)?;
        let mut text = String::new();
        for (step, _, line) in new_lines(&history, run, filter, &mut cursors)? {
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

/// Lines behind the cursors, by time.
fn new_lines(
    history: &History,
    run: RunId,
    filter: LogFilter,
    cursors: &mut [(StepIndex, u64)],
) -> Result<Vec<(StepIndex, u32, LogLine)>, CliError> {
    let mut lines = Vec::new();
    for (step, from) in cursors {
        loop {
            let chunks = history.reader().logs(run, *step, filter, *from, PAGE).map_err(super::store_error)?;
            let Some(last) = chunks.last() else { break };
            *from = last.chunk + 1;
            for chunk in chunks {
                lines.extend(chunk.lines.into_iter().map(|line| (*step, chunk.attempt, line)));
            }
        }
    }
    lines.sort_by_key(|(_, _, line)| line.at);
    Ok(lines)
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
    let bytes = rows::item(history.outputs().as_ref(), packed, index).map_err(CliError::host)?;
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
