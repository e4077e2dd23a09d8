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
    dto::{OutputView, RunDetail, RunState, StepView},
    event::StepState,
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
            let (icon, style) = states::step(step.state);
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
        table.row(row(step));
    }
    let mut text = table.render(paint);
    let hidden = detail.steps.len() - shown.len();
    if hidden > 0 {
        text.push_str(&paint.text(Style::Faint, &format!("… and {hidden} more steps")));
        text.push('\n');
    }
    text
}

fn row(step: &StepView) -> [Cell; 6] {
    let (icon, style) = states::step(step.state);
    let usage = step.usage();
    [
        Cell::new(Style::Strong, step.name.as_str()),
        Cell::new(style, format!("{icon} {}", step.state.as_str())),
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
        (Some(items), _) => Some(format!("{items} rows")),
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
    let (icon, style) = run_state(run.state);
    let head = format!("{icon} {} {}", run.pipeline, run.state.as_str());
    let time =
        run.duration_ms.map(|ms| format!(" in {}", units::duration(Duration::from_millis(ms)))).unwrap_or_default();
    format!("{}{time}{}\n", paint.text(style, &head), paint.text(Style::Faint, &format!(" · run {}", run.id)))
}

/// How a run's state looks.
#[must_use]
pub fn run_state(state: RunState) -> (&'static str, Style) {
    states::step(match state {
        RunState::Running => StepState::Running,
        RunState::Succeeded => StepState::Succeeded,
        RunState::Failed => StepState::Failed,
        RunState::Cancelled => StepState::Cancelled,
    })
}
