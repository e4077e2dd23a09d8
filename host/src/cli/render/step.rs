//! One step of a run in full: why it waits, did not run or failed, its attempts, its items, and what the cache did.

use std::time::Duration;

use super::{
    paint::{Paint, Style},
    run::{items, step_state},
    states,
    table::{Align, Cell, Table},
    text::{cut, safe_text},
    units,
};
use crate::{
    cli::graph::traits,
    dto::{
        AttemptState, AttemptView, CacheResult, CacheView, FailureView, ItemsView, MAX_FAILURES, NodeView, RunDetail,
        StepView,
    },
    event::{ReadValue, StepState},
    failure::FailureKind,
    ids::Timestamp,
};

/// The most attempts that are listed.
const MAX_ATTEMPTS: usize = 30;
/// The longest message in a line of attempts, in columns.
const MAX_MESSAGE: usize = 100;

/// The whole of it.
#[must_use]
pub fn detail(run: &RunDetail, step: &StepView, node: &NodeView, now: Timestamp, paint: Paint) -> String {
    let (icon, style, word) = step_state(step, &run.run);
    let head = format!("{icon} {} {word}", step.name);
    let mut text = paint.text(style, &head) + &paint.text(Style::Faint, &format!(" · {}", step.uses)) + "\n";
    let traits = traits::of(node);
    if !traits.is_empty() {
        text.push_str(&format!("  {}\n", paint.text(Style::Faint, &traits.join(" · "))));
    }
    text.push_str(&why(step, now));
    text.push_str(&values(&step.values, "its conditions held, having read", paint));
    if let Some(view) = &step.items {
        text.push_str(&format!("  {}\n", all_items(view)));
    }
    text.push_str(&attempts(step, paint));
    if step.state == StepState::Failed || step.retry_at.is_some() {
        text.extend(step.failure().map(|view| format!("\n{}", failure("failure:", view, paint))));
    }
    if let Some(view) = &step.items {
        text.push_str(&item_failures(view, MAX_FAILURES, paint));
    }
    if let Some(cache) = &step.cache {
        text.push_str(&about_cache(cache, paint));
    }
    if let Some(from) = &step.carried_from {
        text.push_str(&format!("\ntaken over from {from}\n"));
    }
    text.push_str(&next(run, step, paint));
    text
}

/// Why it waits or did not run.
fn why(step: &StepView, now: Timestamp) -> String {
    let mut text = String::new();
    if let Some(reason) = &step.reason {
        text.push_str(&format!("  why: {}\n", safe_text(&reason.message)));
    }
    if let Some(waits) = &step.waits {
        let when = waits.until.map(|at| format!(", {}", units::ahead(at, now))).unwrap_or_default();
        text.push_str(&format!("  why: {}{when}\n", waits.message));
    }
    text
}

fn values(values: &[ReadValue], head: &str, paint: Paint) -> String {
    let mut text = String::new();
    for (place, value) in values.iter().enumerate() {
        if place == 0 {
            text.push_str(&format!("  {}\n", paint.text(Style::Faint, head)));
        }
        text.push_str(&format!("    {} = {}\n", safe_text(&value.path), safe_text(&value.value)));
    }
    text
}

/// `97/100 items, 3 failed, 2 running, 5 waiting`
fn all_items(view: &ItemsView) -> String {
    let mut text = items(view);
    let parts = [(view.running, "running"), (view.waiting, "waiting"), (view.cancelled, "cancelled")];
    for (count, word) in parts.into_iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {count} {word}"));
    }
    text
}

/// A failure with what lies behind it.
#[must_use]
pub fn failure(head: &str, failure: &FailureView, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.text(Style::Bad, head), safe_text(&failure.message));
    for cause in &failure.causes {
        text.push_str(&format!("  {} {}\n", paint.text(Style::Faint, "caused by:"), safe_text(cause)));
    }
    text
}

/// The first items that failed, and how many more did.
#[must_use]
pub fn item_failures(items: &ItemsView, most: usize, paint: Paint) -> String {
    let mut text = String::new();
    let shown = items.failures.iter().take(most);
    for view in shown {
        let head = format!("  item {}:", view.item);
        text.push_str(&failure(&head, &view.failure, paint));
    }
    let more = items.failed.saturating_sub(items.failures.len().min(most) as u64);
    if more > 0 {
        text.push_str(&format!("  … and {} failed\n", units::count(more, "more item")));
    }
    text
}

fn attempts(step: &StepView, paint: Paint) -> String {
    if step.attempts.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        ("attempt", Align::Left),
        ("items", Align::Left),
        ("state", Align::Left),
        ("began", Align::Left),
        ("time", Align::Right),
        ("cpu", Align::Right),
        ("memory", Align::Right),
        ("log", Align::Right),
        ("", Align::Left),
    ]);
    let lines = alike(&step.attempts);
    let count = lines.len();
    // What went well is the least interesting of many.
    let mut shown: Vec<_> = lines.iter().collect();
    if shown.len() > MAX_ATTEMPTS {
        shown.sort_by_key(|attempt| attempt.state == AttemptState::Succeeded);
        shown.truncate(MAX_ATTEMPTS);
    }
    for attempt in &shown {
        table.row(row(attempt, step.max_attempts));
    }
    let mut text = format!("\n{}", table.render(paint));
    let hidden = (count - shown.len()) as u64 + step.attempts_omitted;
    if hidden > 0 {
        let more = format!("… and {}", units::count(hidden, "more line"));
        text.push_str(&format!("{}\n", paint.text(Style::Faint, &more)));
    }
    text
}

/// The attempts, those of neighbouring items that succeeded as one.
fn alike(attempts: &[AttemptView]) -> Vec<AttemptView> {
    let mut lines: Vec<AttemptView> = Vec::new();
    for attempt in attempts {
        let fits = |last: &&mut AttemptView| {
            let ends = last.items.map(|items| items.first.saturating_add(items.count));
            let succeeded = |view: &AttemptView| view.state == AttemptState::Succeeded;
            ends.is_some()
                && ends == attempt.items.map(|items| items.first)
                && succeeded(last)
                && succeeded(attempt)
                && last.attempt == attempt.attempt
                && last.reused.is_some() == attempt.reused.is_some()
        };
        match (lines.last_mut().filter(fits), attempt.items) {
            (Some(last), Some(more)) => {
                if let Some(items) = &mut last.items {
                    items.count = items.count.saturating_add(more.count);
                }
                if let (Some(sum), Some(usage)) = (&mut last.usage, &attempt.usage) {
                    sum.add(usage);
                }
            }
            _ => lines.push(attempt.clone()),
        }
    }
    lines
}

fn row(attempt: &AttemptView, most: Option<u32>) -> [Cell; 9] {
    let (state, word) = match attempt.state {
        AttemptState::Running => (StepState::Running, "running"),
        AttemptState::Succeeded => (StepState::Succeeded, "succeeded"),
        AttemptState::Failed
            if attempt.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::Cancelled) =>
        {
            (StepState::Cancelled, "cancelled")
        }
        AttemptState::Failed => (StepState::Failed, "failed"),
        AttemptState::Lost => (StepState::Cancelled, "lost"),
    };
    let (icon, style) = states::step(state);
    let number = match most {
        Some(most) if attempt.attempt <= most => format!("{} of {most}", attempt.attempt),
        _ => attempt.attempt.to_string(),
    };
    let items = attempt.items.map(|range| match range.count {
        0 | 1 => range.first.to_string(),
        count => format!("{} to {}", range.first, range.first.saturating_add(count - 1)),
    });
    // Of an item that took an earlier result, the usage says nothing.
    let usage = attempt.usage.filter(|_| attempt.reused.is_none());
    let time = |us: u64| units::duration(Duration::from_micros(us));
    [
        Cell::new(Style::Strong, number),
        items.unwrap_or_default().into(),
        Cell::new(style, format!("{icon} {word}")),
        units::clock(&attempt.started_at).into(),
        usage.map(|usage| time(usage.wall_us)).unwrap_or_default().into(),
        usage.map(|usage| time(usage.cpu_us)).unwrap_or_default().into(),
        usage.map(|usage| units::bytes(usage.memory_bytes)).unwrap_or_default().into(),
        usage.filter(|usage| usage.log_lines > 0).map(|usage| usage.log_lines.to_string()).unwrap_or_default().into(),
        Cell::new(Style::Faint, note(attempt)),
    ]
}

fn note(attempt: &AttemptView) -> String {
    let mut words = Vec::new();
    words.extend(attempt.failure.as_ref().map(|failure| cut(&safe_text(&failure.message), MAX_MESSAGE)));
    words.extend(attempt.reused.as_ref().map(|from| format!("cached: {from}")));
    words.extend(attempt.retry_at.map(|at| format!("the next one from {}", units::time_of_day(at))));
    let dropped = attempt.usage.map_or(0, |usage| usage.log_lines_dropped);
    words.extend((dropped > 0).then(|| format!("{} dropped", units::count(dropped, "log line"))));
    words.join("; ")
}

/// What the cache did, and of a miss, what the key is made of.
fn about_cache(cache: &CacheView, paint: Paint) -> String {
    let mut text = format!("\ncache: {}\n", safe_text(&cache.message));
    if cache.result == CacheResult::Off || cache.parts.is_empty() {
        return text;
    }
    text.push_str(&format!("  {}\n", paint.text(Style::Faint, "its key is made of")));
    let width = cache.parts.iter().map(|part| part.name.len()).max().unwrap_or(0);
    for part in &cache.parts {
        let changed = cache.changes.iter().find(|change| change.part == part.name);
        let mark = match changed.map(|change| change.before.as_ref()) {
            None => String::new(),
            Some(None) => "  new".to_owned(),
            Some(Some(before)) => format!("  was {}", safe_text(before)),
        };
        let style = if changed.is_some() { Style::Doubtful } else { Style::Plain };
        let line = format!("{:width$}  {}{mark}", part.name, safe_text(&part.value));
        text.push_str(&format!("    {}\n", paint.text(style, &line)));
    }
    text
}

/// What else there is to see.
fn next(run: &RunDetail, step: &StepView, paint: Paint) -> String {
    let logged = step.usage().is_some_and(|usage| usage.log_lines > 0);
    let (id, name) = (run.run.id, &step.name);
    let mut commands = Vec::new();
    if logged {
        commands.push(format!("stepmill runs logs {id} --step {name}"));
    }
    if step.output.is_some() {
        commands.push(format!("stepmill runs output {id} {name}"));
    }
    let lines = commands.iter().map(|command| format!("{}\n", paint.text(Style::Faint, command))).collect::<String>();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
