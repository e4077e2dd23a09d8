//! A run as a person sees it: the drawing, a line for each step, what went wrong.

use std::time::Duration;

use super::{
    paint::{Paint, Style},
    states,
    table::{Align, Cell, Table},
    text::safe_text,
    units,
};
use crate::{
    cli::graph::ascii::{self, Label},
    dto::{OutputView, RunDetail, RunState, RunSummary, StepView},
    event::StepState,
    ids::RunId,
    plan::Plan,
};

/// Steps beyond this many are summed up: nobody reads ten thousand lines.
const MAX_ROWS: usize = 100;

/// The drawing, the steps, the failures and the outcome.
#[must_use]
pub fn report(detail: &RunDetail, plan: &Plan, width: usize, paint: Paint) -> String {
    let mut text = String::new();
    if (2..=MAX_ROWS).contains(&plan.steps.len()) {
        text.push_str(&ascii::draw(plan, &labels(detail), width, paint));
        text.push('\n');
    }
    text.push_str(&steps(detail, paint));
    text.push_str(&failures(detail, paint));
    text.push('\n');
    text.push_str(&outcome(detail, paint));
    text
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
fn steps(detail: &RunDetail, paint: Paint) -> String {
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
        table.row(row(step, &detail.run));
    }
    let mut text = table.render(paint);
    let hidden = detail.steps.len() - shown.len();
    if hidden > 0 {
        text.push_str(&paint.text(Style::Faint, &format!("… and {hidden} more steps")));
        text.push('\n');
    }
    text
}

fn row(step: &StepView, run: &RunSummary) -> [Cell; 6] {
    let (icon, style, word) = step_state(step, run);
    let usage = step.usage();
    [
        Cell::new(Style::Strong, step.name.as_str()),
        Cell::new(style, format!("{icon} {word}")),
        usage.map(|usage| units::duration(Duration::from_micros(usage.wall_us))).unwrap_or_default().into(),
        usage.map(|usage| units::bytes(usage.memory_bytes)).unwrap_or_default().into(),
        step.output.as_ref().map(|output| units::bytes(output.total_bytes())).unwrap_or_default().into(),
        Cell::new(Style::Faint, note(step)),
    ]
}

/// What else there is to say of a step, in a few words.
fn note(step: &StepView) -> String {
    let mut words = Vec::new();
    words.extend(step.reason.as_ref().map(|reason| reason.message.clone()));
    words.extend(step.output.as_ref().and_then(contents));
    if step.attempts.len() > 1 {
        words.push(format!("attempt {}", step.attempts.len()));
    }
    if let Some(dropped) = step.usage().map(|usage| usage.log_lines_dropped).filter(|&dropped| dropped > 0) {
        words.push(format!("{dropped} log lines dropped"));
    }
    words.join(", ")
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
    for step in detail.steps.iter().filter(|step| step.state == StepState::Failed) {
        let Some(failure) = step.failure() else { continue };
        let head = format!("{} failed:", step.name);
        text.push_str(&format!("\n{} {}\n", paint.text(Style::Bad, &head), safe_text(&failure.message)));
        for cause in &failure.causes {
            text.push_str(&format!("  {} {}\n", paint.text(Style::Faint, "caused by:"), safe_text(cause)));
        }
    }
    text
}

/// `✓ weather succeeded in 1.24 s · run 0192…`
fn outcome(detail: &RunDetail, paint: Paint) -> String {
    let run = &detail.run;
    let (icon, style, word) = run_state(run);
    let head = format!("{icon} {} {word}", run.pipeline);
    let time =
        run.duration_ms.map(|ms| format!(" in {}", units::duration(Duration::from_millis(ms)))).unwrap_or_default();
    let mut text =
        format!("{}{time}{}\n", paint.text(style, &head), paint.text(Style::Faint, &format!(" · run {}", run.id)));
    if run.interrupted {
        text.push_str(&format!("  its host has stopped; take it up again: {}\n", resume_command(run.id)));
    }
    text
}

/// What takes up an interrupted run.
#[must_use]
pub fn resume_command(run: RunId) -> String {
    format!("stepmill runs resume {run}")
}

/// How a run's state looks, and its word.
#[must_use]
pub fn run_state(run: &RunSummary) -> (&'static str, Style, &'static str) {
    if run.interrupted {
        return states::INTERRUPTED;
    }
    let (icon, style) = states::step(match run.state {
        RunState::Running => StepState::Running,
        RunState::Succeeded => StepState::Succeeded,
        RunState::Failed => StepState::Failed,
        RunState::Cancelled => StepState::Cancelled,
    });
    (icon, style, run.state.as_str())
}

/// The same of a step: one that runs in an interrupted run was interrupted, too.
fn step_state(step: &StepView, run: &RunSummary) -> (&'static str, Style, &'static str) {
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
        let running = report(&detail, &plan, 80, Paint { color: false });
        assert!(running.contains("running") && !running.contains("resume"), "{running}");
        detail.run.interrupted = true;
        let interrupted = report(&detail, &plan, 80, Paint { color: false });
        assert!(!interrupted.contains("running"), "{interrupted}");
        assert!(interrupted.contains("stepmill runs resume 07070707-0707-0707-0707-070707070707"), "{interrupted}");
    }
}
