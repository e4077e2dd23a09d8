//! Runs in the host's own log. Each thing is logged once, with the identifiers both in the sentence and as fields.

use tracing::{debug, error, info, trace, warn};

use crate::{
    event::{EventKind, Outcome, RunEvent},
    execute::ports::{LogLevel, LogLine, Observer, Progress},
    output::AttemptName,
    plan::Plan,
};

/// The target of the lines that steps write, so that a filter can tell them from the host's own.
pub const STEP_TARGET: &str = "step";

/// Writes what happens to `tracing`.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogObserver;

impl Observer for LogObserver {
    fn committed(&self, plan: &Plan, events: &[RunEvent]) {
        events.iter().for_each(|event| log_event(plan, event));
    }

    fn logged(&self, attempt: &AttemptName, line: &LogLine) {
        let (step, text) = (attempt.step.as_str(), line.text.as_str());
        let (run, number) = (tracing::field::display(&attempt.run), attempt.attempt);
        match line.level {
            LogLevel::Trace => trace!(target: STEP_TARGET, %run, step, attempt = number, "{step}: {text}"),
            LogLevel::Debug => debug!(target: STEP_TARGET, %run, step, attempt = number, "{step}: {text}"),
            LogLevel::Info => info!(target: STEP_TARGET, %run, step, attempt = number, "{step}: {text}"),
            LogLevel::Warn => warn!(target: STEP_TARGET, %run, step, attempt = number, "{step}: {text}"),
            LogLevel::Error => error!(target: STEP_TARGET, %run, step, attempt = number, "{step}: {text}"),
        }
    }

    fn progressed(&self, attempt: &AttemptName, progress: &Progress) {
        let step = attempt.step.as_str();
        trace!(run = %attempt.run, step, done = progress.done, total = progress.total, "{step} progressed");
    }
}

fn log_event(plan: &Plan, event: &RunEvent) {
    let run = event.run;
    let name = |step: &crate::ids::StepIndex| plan.step(*step).name.clone();
    match &event.kind {
        EventKind::Created { .. } => debug!(%run, pipeline = %plan.pipeline, "run {run} of {} created", plan.pipeline),
        EventKind::Resumed => info!(%run, "run {run} resumed"),
        EventKind::Stopped => info!(%run, "run {run} stopped with its host"),
        EventKind::AttemptStarted { step, attempt, .. } => {
            let step = name(step);
            debug!(%run, %step, attempt, "{step} started");
        }
        EventKind::AttemptSucceeded { step, attempt, output, usage, .. } => {
            let step = name(step);
            debug!(%run, %step, attempt, output_bytes = output.size, wall_us = usage.wall_us, "{step} succeeded");
        }
        EventKind::AttemptFailed { step, attempt, failure, .. } => {
            let step = name(step);
            warn!(%run, %step, attempt, kind = ?failure.kind, "{step} failed: {}", failure.message);
        }
        EventKind::AttemptLost { step, attempt, .. } => {
            let step = name(step);
            info!(%run, %step, attempt, "{step} was interrupted and is tried again");
        }
        EventKind::AttemptReturned { .. } => {}
        EventKind::ConditionHeld { step, .. } => {
            let step = name(step);
            debug!(%run, %step, "the condition of {step} held");
        }
        EventKind::FannedOut { step, items } => {
            let step = name(step);
            debug!(%run, %step, items = items.items, "{step} has its items");
        }
        EventKind::Carried { step, from, .. } => {
            let step = name(step);
            debug!(%run, %step, %from, "{step} was taken over");
        }
        EventKind::StepSucceeded { step, output } => {
            let step = name(step);
            debug!(%run, %step, output_bytes = output.size, "{step} succeeded");
        }
        EventKind::StepFailed { step, failure } => {
            let step = name(step);
            warn!(%run, %step, kind = ?failure.kind, "{step} failed: {}", failure.message);
        }
        EventKind::StepSkipped { step, .. } => {
            let step = name(step);
            debug!(%run, %step, "{step} skipped");
        }
        EventKind::StepCancelled { step, .. } => {
            let step = name(step);
            debug!(%run, %step, "{step} cancelled");
        }
        EventKind::CancelRequested => info!(%run, "run {run} is being cancelled"),
        EventKind::Finished { outcome } => match outcome {
            Outcome::Succeeded => info!(%run, "run {run} succeeded"),
            Outcome::Failed => warn!(%run, "run {run} failed"),
            Outcome::Cancelled => warn!(%run, "run {run} cancelled"),
        },
    }
}
