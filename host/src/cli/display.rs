//! What is shown of a run while it goes on: lines that redraw themselves on a terminal, plain lines elsewhere, or JSON.

use std::{
    collections::HashMap,
    io::Write,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::render::{
    lists::log_line,
    paint::{Paint, Style},
    states,
    text::{cut, safe_text},
    units,
};
use crate::{
    dto::{Document, EventView, ReasonView},
    event::{EventKind, RunEvent, StepState},
    execute::ports::{LogLine, Observer, Progress},
    failure::FailureKind,
    ids::{Name, StepIndex, Timestamp},
    output::AttemptName,
    plan::Plan,
};

/// How often a running line turns.
const TICK: Duration = Duration::from_millis(100);
/// The most running steps that have a line of their own.
const MAX_LINES: usize = 12;

/// The longest note behind a step, in columns.
const MAX_NOTE: usize = 160;

/// Shows a run to a person, on standard error.
pub struct Display {
    paint: Paint,
    width: usize,
    /// Log lines only: what `--json` leaves.
    logs_only: bool,
    live: Option<MultiProgress>,
    bars: Mutex<HashMap<Name, ProgressBar>>,
    /// The steps that run once for each of many items.
    fans: Mutex<HashMap<Name, Fan>>,
}

impl Display {
    /// A display that redraws lines if it is `live`.
    #[must_use]
    pub fn new(paint: Paint, width: usize, live: bool, logs_only: bool) -> Self {
        let live = live.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(15)));
        Self { paint, width, logs_only, live, bars: Mutex::default(), fans: Mutex::default() }
    }

    /// Takes the running lines away, so that the report can be printed.
    pub fn finish(&self) {
        self.bars().drain().for_each(|(_, bar)| bar.finish_and_clear());
    }

    fn bars(&self) -> MutexGuard<'_, HashMap<Name, ProgressBar>> {
        // A panic while a line was drawn does not matter to the next line.
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One line, above the running lines. A standard error that has gone is no reason to stop a run.
    fn line(&self, text: &str) {
        match &self.live {
            Some(live) => live.suspend(|| {
                let _ = writeln!(std::io::stderr().lock(), "{text}");
            }),
            None => {
                let _ = writeln!(std::io::stderr().lock(), "{text}");
            }
        }
    }

    fn started(&self, step: &Name) {
        let Some(live) = &self.live else { return };
        let mut bars = self.bars();
        if bars.len() >= MAX_LINES || bars.contains_key(step) {
            return;
        }
        let bar = live.add(ProgressBar::new_spinner().with_style(style(self.paint)));
        bar.set_prefix(step.to_string());
        bar.enable_steady_tick(TICK);
        bars.insert(step.clone(), bar);
    }

    fn ended(&self, step: &Name, state: StepState, note: &str) {
        if let Some(bar) = self.bars().remove(step) {
            bar.finish_and_clear();
        }
        if self.logs_only {
            return;
        }
        let (icon, style) = states::step(state);
        let head = self.paint.text(style, &format!("{icon} {step}"));
        self.line(&format!("{head} {}", self.paint.text(Style::Faint, note)));
    }

    fn show(&self, plan: &Plan, event: &RunEvent, now: Timestamp) {
        let name = |step: &StepIndex| &plan.step(*step).name;
        match &event.kind {
            EventKind::AttemptStarted { step, .. } => self.started(name(step)),
            EventKind::AttemptSucceeded { step, items, usage, reused, .. } => {
                let took = units::duration(Duration::from_micros(usage.wall_us));
                let note = if reused.is_some() { "cached" } else { &took };
                self.succeeded(name(step), items.count, reused.is_some(), note);
            }
            EventKind::AttemptFailed { step, items, attempt, failure, retry_at, .. } => {
                let most = plan.step(*step).retry.max_attempts;
                let of_items = self.items(name(step), |fan| match retry_at {
                    Some(_) => {}
                    None => fan.failed += u64::from(items.count),
                });
                match retry_at {
                    _ if of_items => {}
                    Some(at) => self.retried(name(step), *attempt, most, units::ahead(*at, now), &failure.message),
                    None if failure.kind == FailureKind::Cancelled => {
                        self.ended(name(step), StepState::Cancelled, "cancelled");
                    }
                    None => self.ended(name(step), StepState::Failed, &safe_text(&failure.message)),
                }
            }
            EventKind::FannedOut { step, items } => {
                self.fans()
                    .insert(name(step).clone(), Fan { total: items.items.unwrap_or_default(), ..Fan::default() });
                self.started(name(step));
            }
            EventKind::StepSucceeded { step, .. } => {
                let fan = self.fans().remove(name(step)).unwrap_or_default();
                self.ended(name(step), StepState::Succeeded, &fan.text());
            }
            EventKind::StepFailed { step, failure } => {
                self.fans().remove(name(step));
                self.ended(name(step), StepState::Failed, &safe_text(&failure.message));
            }
            EventKind::Carried { step, items, .. } => {
                self.succeeded(name(step), items.count, true, "taken over");
            }
            EventKind::StepSkipped { .. } | EventKind::StepCancelled { .. } => self.not_run(plan, &event.kind),
            EventKind::CancelRequested if !self.logs_only => self.line("cancelling"),
            _ => {}
        }
    }

    /// A step succeeded, or some of its items did.
    fn succeeded(&self, step: &Name, items: u32, taken: bool, note: &str) {
        if !self.items(step, |fan| fan.succeed(items, taken)) {
            self.ended(step, StepState::Succeeded, note);
        }
    }

    fn not_run(&self, plan: &Plan, kind: &EventKind) {
        let (step, state, reason) = match kind {
            EventKind::StepSkipped { step, reason } => {
                (*step, StepState::Skipped, ReasonView::skipped(plan, *step, reason))
            }
            EventKind::StepCancelled { step, reason } => {
                (*step, StepState::Cancelled, ReasonView::cancelled(plan, reason))
            }
            _ => return,
        };
        let name = &plan.step(step).name;
        self.fans().remove(name);
        let note = format!("{}: {}", state.as_str(), safe_text(&reason.message));
        self.ended(name, state, &cut(&note, MAX_NOTE));
    }

    /// An attempt failed, and there will be another one.
    fn retried(&self, step: &Name, attempt: u32, most: u32, ahead: String, message: &str) {
        if let Some(bar) = self.bars().remove(step) {
            bar.finish_and_clear();
        }
        if self.logs_only {
            return;
        }
        let head = self.paint.text(Style::Doubtful, &format!("↻ {step}"));
        let note = format!("attempt {attempt} of {most} failed, retries {ahead}: {}", safe_text(message));
        self.line(&format!("{head} {}", self.paint.text(Style::Faint, &cut(&note, MAX_NOTE))));
    }

    /// Counts items of a fanned-out step and shows how far it is; false for a step without items.
    fn items(&self, step: &Name, count: impl FnOnce(&mut Fan)) -> bool {
        let mut fans = self.fans();
        let Some(fan) = fans.get_mut(step) else { return false };
        count(fan);
        if let Some(bar) = self.bars().get(step) {
            bar.set_message(fan.text());
        }
        true
    }

    fn fans(&self) -> MutexGuard<'_, HashMap<Name, Fan>> {
        self.fans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many items of a `for_each` step have ended.
#[derive(Debug, Default)]
struct Fan {
    total: u64,
    succeeded: u64,
    failed: u64,
    /// Of those that succeeded, how many did not run here.
    taken: u64,
}

impl Fan {
    fn succeed(&mut self, count: u32, taken: bool) {
        self.succeeded += u64::from(count);
        self.taken += if taken { count.into() } else { 0 };
    }

    /// `97/100 items, 3 failed`
    fn text(&self) -> String {
        let mut text = format!("{}/{} items", self.succeeded, self.total);
        for (count, word) in [(self.failed, "failed"), (self.taken, "reused")] {
            if count > 0 {
                text.push_str(&format!(", {count} {word}"));
            }
        }
        text
    }
}

fn style(paint: Paint) -> ProgressStyle {
    let template = if paint.color {
        "{spinner:.cyan} {prefix:.bold} {elapsed} {wide_msg:.dim}"
    } else {
        "{spinner} {prefix} {elapsed} {wide_msg}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// `40 % reading`, `1200 rows`; what the step says is made safe and cut to the terminal.
fn progress_text(progress: &Progress, width: usize) -> String {
    let amount = match progress.total {
        Some(total) if total > 0 => format!("{} %", u128::from(progress.done) * 100 / u128::from(total)),
        _ if progress.done > 0 => progress.done.to_string(),
        _ => String::new(),
    };
    let message = safe_text(&progress.message);
    cut(format!("{amount} {message}").trim(), width)
}

impl Observer for Display {
    fn committed(&self, plan: &Plan, events: &[RunEvent]) {
        let now = Timestamp::now();
        events.iter().for_each(|event| self.show(plan, event, now));
    }

    fn logged(&self, attempt: &AttemptName, line: &LogLine) {
        self.line(&log_line(&attempt.step, line.at, line.level, &line.text, self.paint));
    }

    fn progressed(&self, attempt: &AttemptName, progress: &Progress) {
        if let Some(bar) = self.bars().get(&attempt.step) {
            bar.set_message(progress_text(progress, self.width / 2));
        }
    }
}

/// Shows a run to a program: a JSON object per line, on standard output, as things happen.
pub struct JsonEvents;

impl JsonEvents {
    /// One line, in one write. A reader that has gone does not stop the run.
    fn print(event: &EventView) {
        if let Ok(mut line) = serde_json::to_vec(&Document::of(event)) {
            line.push(b'\n');
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(&line).and_then(|()| out.flush());
        }
    }
}

impl Observer for JsonEvents {
    fn committed(&self, plan: &Plan, events: &[RunEvent]) {
        events.iter().for_each(|event| Self::print(&EventView::of(plan, event)));
    }

    fn logged(&self, attempt: &AttemptName, line: &LogLine) {
        Self::print(&EventView::log(attempt, line));
    }

    fn progressed(&self, attempt: &AttemptName, progress: &Progress) {
        Self::print(&EventView::progress(attempt, progress, Timestamp::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_short_and_safe() {
        let progress = |done, total, message: &str| Progress { done, total, message: message.to_owned() };
        assert_eq!(progress_text(&progress(2, Some(5), "reading"), 40), "40 % reading");
        assert_eq!(progress_text(&progress(u64::MAX, Some(u64::MAX), ""), 40), "100 %");
        assert_eq!(progress_text(&progress(7, None, "rows\x1b[2J"), 40), "7 rows\\u{1b}[2J");
        assert_eq!(progress_text(&progress(0, Some(0), "waiting for it"), 8), "waiting…");
    }

    #[test]
    fn items_are_counted() {
        let mut fan = Fan { total: 100, ..Fan::default() };
        assert_eq!(fan.text(), "0/100 items");
        fan.succeed(90, false);
        fan.succeed(7, true);
        fan.failed += 3;
        assert_eq!(fan.text(), "97/100 items, 3 failed, 7 reused");
    }
}
