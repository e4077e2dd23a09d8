//! A run as a person sees it: the drawing, a line for each step, what went wrong.

use std::time::Duration;

use super::{
    paint::{Paint, Style},
    states,
    table::{Align, Cell, Table},
    text::{cut, safe_text},
    units,
};
use crate::{
    cli::graph::ascii::{self, Label},
    dto::{ItemsView, OutputView, RunDetail, RunState, RunSummary, StepView, UsageView},
    event::StepState,
    ids::{RunId, Timestamp},
    plan::Plan,
};

/// Steps beyond this many are summed up: nobody reads ten thousand lines.
const MAX_ROWS: usize = 100;
/// The most failed steps whose failures are printed.
const MAX_FAILED: usize = 20;
/// The most failed items of one step that a report of the whole run prints.
const FEW_ITEMS: usize = 3;
/// The longest note behind a step, in columns.
const MAX_NOTE: usize = 160;

/// The drawing, the steps, the failures and the outcome.
#[must_use]
pub fn report(detail: &RunDetail, plan: &Plan, now: Timestamp, width: usize, paint: Paint) -> String {
    let mut text = String::new();
    if (2..=MAX_ROWS).contains(&plan.steps.len()) {
        text.push_str(&ascii::draw(plan, &labels(detail), width, paint));
        text.push('\n');
    }
    text.push_str(&steps(detail, now, paint));
    text.push_str(&failures(detail, paint));
    text.push('\n');
    text.push_str(&outcome(detail, paint));
    text
}

/// The failures and the outcome of a run that did not succeed; nothing of one that did.
#[must_use]
pub fn trouble(detail: &RunDetail, paint: Paint) -> Option<String> {
    (detail.run.state != RunState::Succeeded).then(|| failures(detail, paint) + "\n" + &outcome(detail, paint))
}

/// The steps' names with their states, for the drawing.
fn labels(detail: &RunDetail) -> Vec<Label> {
    detail
        .steps
        .iter()
        .map(|step| {
            let (icon, style, _) = step_state(step, &detail.run);
            Label { text: format!("{icon} {}", step.name), style }
        })
        .collect()
}

/// One line for each step; of a very long run, those that did not succeed first.
fn steps(detail: &RunDetail, now: Timestamp, paint: Paint) -> String {
    let mut table = Table::new(&[
        ("step", Align::Left),
        ("state", Align::Left),
        ("time", Align::Right),
        ("memory", Align::Right),
        ("output", Align::Right),
        ("", Align::Left),
    ]);
    let mut shown: Vec<&StepView> = detail.steps.iter().collect();
    if shown.len() > MAX_ROWS {
        shown.sort_by_key(|step| step.state == StepState::Succeeded);
        shown.truncate(MAX_ROWS);
    }
    for step in &shown {
        table.row(row(step, &detail.run, now));
    }
    let mut text = table.render(paint);
    let hidden = detail.steps.len() - shown.len();
    if hidden > 0 {
        text.push_str(&paint.text(Style::Faint, &format!("… and {hidden} more steps")));
        text.push('\n');
    }
    text
}

fn row(step: &StepView, run: &RunSummary, now: Timestamp) -> [Cell; 6] {
    let (icon, style, word) = step_state(step, run);
    // Nothing ran, so that there is nothing to say of it.
    let usage = step.usage().filter(|_| !step.is_cached());
    [
        Cell::new(Style::Strong, step.name.as_str()),
        Cell::new(style, format!("{icon} {word}")),
        usage.map(|usage| units::duration(took(step, usage))).unwrap_or_default().into(),
        usage.map(|usage| units::bytes(usage.memory_bytes)).unwrap_or_default().into(),
        step.output.as_ref().map(|output| units::bytes(output.total_bytes())).unwrap_or_default().into(),
        Cell::new(Style::Faint, cut(&note(step, now), MAX_NOTE)),
    ]
}

/// Items run side by side: what they took is not the sum of what each of them did.
fn took(step: &StepView, usage: &UsageView) -> Duration {
    let elapsed = step.items.as_ref().and_then(|items| items.elapsed_ms);
    elapsed.map_or(Duration::from_micros(usage.wall_us), Duration::from_millis)
}

/// What else there is to say of a step, in a few words.
fn note(step: &StepView, now: Timestamp) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(step.reason.as_ref().map(|reason| safe_text(&reason.message).into_owned()));
    words.extend(step.items.as_ref().map(items));
    words.extend(attempts(step));
    match (&step.waits, step.retry_at) {
        (_, Some(at)) => words.push(format!("retries {}", units::ahead(at, now))),
        (Some(waits), None) => words.push(waits.message.clone()),
        (None, None) => {}
    }
    if step.is_cached() && step.items.is_none() {
        words.push("cached".to_owned());
    }
    if step.carried_from.is_some() && step.items.is_none() {
        words.push("taken over".to_owned());
    }
    words.extend(step.output.as_ref().and_then(contents));
    words.extend(changes(step));
    if let Some(dropped) = step.usage().map(|usage| usage.log_lines_dropped).filter(|&dropped| dropped > 0) {
        words.push(format!("{dropped} log lines dropped"));
    }
    words.join(", ")
}

/// `97/100 items, 3 failed`
#[must_use]
pub fn items(items: &ItemsView) -> String {
    let mut text = format!("{}/{} items", items.succeeded, items.total);
    let parts = [
        (items.failed, "failed"),
        (items.retrying, "retrying"),
        (items.cached, "cached"),
        (items.carried, "taken over"),
    ];
    for (count, word) in parts.into_iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {count} {word}"));
    }
    text
}

/// `attempt 2 of 3`, once there is a second one or one to come.
fn attempts(step: &StepView) -> Option<String> {
    let last = step.attempts.last().filter(|_| step.items.is_none())?.attempt;
    let most = step.max_attempts.filter(|most| last <= *most);
    match most {
        Some(most) if last > 1 || step.retry_at.is_some() => Some(format!("attempt {last} of {most}")),
        None if last > 1 => Some(format!("attempt {last}")),
        _ => None,
    }
}

/// What made it run again, where the cache could have helped.
fn changes(step: &StepView) -> Option<String> {
    let changes = &step.cache.as_ref()?.changes;
    let words: Vec<_> = changes.iter().map(|change| safe_text(&change.message).into_owned()).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn contents(output: &OutputView) -> Option<String> {
    match (output.items, output.files.as_slice()) {
        (Some(items), _) => Some(units::count(items, "row")),
        (None, []) => None,
        (None, [file]) => Some(safe_text(&file.name).into_owned()),
        (None, files) => Some(format!("{} files", files.len())),
    }
}

fn failures(detail: &RunDetail, paint: Paint) -> String {
    let mut text = String::new();
    let failed: Vec<_> = detail.steps.iter().filter(|step| step.state == StepState::Failed).collect();
    for step in failed.iter().take(MAX_FAILED) {
        let Some(failure) = step.failure() else { continue };
        text.push('\n');
        text.push_str(&super::step::failure(&format!("{} failed:", step.name), failure, paint));
        if let Some(items) = &step.items {
            text.push_str(&super::step::item_failures(items, FEW_ITEMS, paint));
        }
    }
    let more = failed.len().saturating_sub(MAX_FAILED);
    if more > 0 {
        text.push_str(&format!("\n… and {} failed\n", units::count(more as u64, "more step")));
    }
    text
}

/// `✓ weather succeeded in 1.24 s · run 0192…`
fn outcome(detail: &RunDetail, paint: Paint) -> String {
    let run = &detail.run;
    let (icon, style, word) = run_state(run);
    let cancel = if is_being_cancelled(run) { ", cancel requested" } else { "" };
    let head = format!("{icon} {} {word}{cancel}", run.pipeline);
    let time =
        run.duration_ms.map(|ms| format!(" in {}", units::duration(Duration::from_millis(ms)))).unwrap_or_default();
    let mut facts = String::new();
    let cached = detail.cached();
    if cached > 0 {
        facts.push_str(&format!(" · {cached} of {} cached", units::count(run.steps.total(), "step")));
    }
    facts.push_str(&format!(" · run {}", run.id));
    if let Some(of) = detail.rerun_of {
        facts.push_str(&format!(" · repeats {of}"));
    }
    let mut text = format!("{}{time}{}\n", paint.text(style, &head), paint.text(Style::Faint, &facts));
    text.push_str(&next(detail, paint));
    if let Some(damage) = &detail.damage {
        text.push_str(&format!("  its steps are shown only up to the damage: {}\n", safe_text(damage)));
    }
    match &run.interruption {
        Some(reason) => text.push_str(&format!("  the server continues it as soon as it can: {}\n", safe_text(reason))),
        None if run.interrupted && run.cancel_requested => {
            text.push_str(&format!("  its host has stopped; end it: stepmill runs cancel {}\n", run.id));
        }
        None if run.interrupted => {
            text.push_str(&format!("  its host has stopped; resume it: {}\n", resume_command(run.id)));
        }
        None => {}
    }
    text
}

/// What to do next about a run that failed.
fn next(detail: &RunDetail, paint: Paint) -> String {
    let failed = detail.steps.iter().find(|step| step.state == StepState::Failed);
    let (RunState::Failed, Some(failed)) = (detail.run.state, failed) else { return String::new() };
    let id = detail.run.id;
    let commands = [
        (format!("stepmill runs show {id} {}", failed.name), "all about the failure"),
        (format!("stepmill runs rerun {id} --failed"), "once it is mended: what failed, and what follows from it"),
    ];
    let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    let line = |(command, what): (String, &str)| {
        let pad = " ".repeat(width - command.len());
        format!("  {command}{pad}  {}\n", paint.text(Style::Faint, what))
    };
    commands.map(line).concat()
}

/// What takes up an interrupted run.
#[must_use]
pub fn resume_command(run: RunId) -> String {
    format!("stepmill runs resume {run}")
}

/// Whether a cancel was accepted that has not taken effect.
#[must_use]
pub fn is_being_cancelled(run: &RunSummary) -> bool {
    run.cancel_requested && !run.state.is_terminal()
}

/// How a run's state looks, and its word.
#[must_use]
pub fn run_state(run: &RunSummary) -> (&'static str, Style, &'static str) {
    if run.interrupted {
        return states::INTERRUPTED;
    }
    let (icon, style) = states::step(match run.state {
        RunState::Queued => StepState::Waiting,
        RunState::Running => StepState::Running,
        RunState::Succeeded => StepState::Succeeded,
        RunState::Failed => StepState::Failed,
        RunState::Cancelled => StepState::Cancelled,
    });
    (icon, style, run.state.as_str())
}

/// The same of a step: one that runs in an interrupted run was interrupted, too.
pub(super) fn step_state(step: &StepView, run: &RunSummary) -> (&'static str, Style, &'static str) {
    if run.interrupted && step.state == StepState::Running {
        return states::INTERRUPTED;
    }
    let (icon, style) = states::step(step.state);
    (icon, style, step.state.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::graph::tests::plan;

    #[test]
    fn an_interrupted_run_does_not_look_like_one_that_runs() {
        let plan = plan("parse:\nreport: parse");
        let mut detail = RunDetail::new(RunId::from_bytes([7; 16]), &plan);
        detail.steps[0].state = StepState::Running;
        let running = report(&detail, &plan, Timestamp(0), 80, Paint { color: false });
        assert!(running.contains("running") && !running.contains("resume"), "{running}");
        detail.run.interrupted = true;
        let interrupted = report(&detail, &plan, Timestamp(0), 80, Paint { color: false });
        assert!(!interrupted.contains("running"), "{interrupted}");
        assert!(interrupted.contains("stepmill runs resume 07070707-0707-0707-0707-070707070707"), "{interrupted}");
    }
}
