//! What happens in a run, a line at a time.

use serde::{Deserialize, Serialize};

use super::{
    RunState, Versioned,
    reason::ReasonView,
    step::{FailureView, OutputView, RangeView, UsageView},
};
use crate::{
    event::{EventKind, ReadValue, RunEvent},
    execute::ports::{LogLevel, LogLine, LogStream, Progress},
    ids::{Name, RunId, StepIndex, Timestamp},
    output::{AttemptName, ItemRange},
    plan::Plan,
};

/// A line of `run --json-events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventView {
    /// The run.
    pub run: RunId,
    /// When.
    pub at: String,
    /// The event's number in the run's journal; log lines and progress have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// What.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What happened; the variant's name is the field `event`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of the other documents")]
pub enum EventBody {
    /// The run was accepted.
    RunCreated { pipeline: Name },
    /// A host continues the run.
    RunResumed,
    /// The host stopped in good order; the run continues when it starts again.
    RunStopped,
    /// An attempt began.
    AttemptStarted {
        step: Name,
        attempt: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        items: Option<RangeView>,
    },
    /// An attempt, and with it its step, succeeded.
    AttemptSucceeded {
        step: Name,
        attempt: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        items: Option<RangeView>,
        output: OutputView,
        usage: UsageView,
        #[serde(skip_serializing_if = "Option::is_none")]
        reused: Option<String>,
    },
    /// An attempt failed.
    AttemptFailed {
        step: Name,
        attempt: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        items: Option<RangeView>,
        failure: FailureView,
        usage: UsageView,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "super::time::optional")]
        #[schema(value_type = Option<String>)]
        retry_at: Option<Timestamp>,
    },
    /// The host stopped while an attempt ran. `alone`: nothing else ran on it then.
    AttemptLost {
        step: Name,
        attempt: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        items: Option<RangeView>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        alone: bool,
    },
    /// Items that were about to run wait again.
    AttemptReturned {
        step: Name,
        attempt: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        items: Option<RangeView>,
    },
    /// The conditions of a step held.
    ConditionHeld { step: Name, values: Vec<ReadValue> },
    /// A `for_each` step has its items: so many.
    FannedOut { step: Name, items: u64 },
    /// An output was taken over from the run that this one repeats.
    Carried {
        step: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        items: Option<RangeView>,
        output: OutputView,
        from: String,
    },
    /// All items of a `for_each` step succeeded.
    StepSucceeded { step: Name, output: OutputView },
    /// A step failed other than by a failed attempt.
    StepFailed { step: Name, failure: FailureView },
    /// A step will not run, because of what happened above it.
    StepSkipped { step: Name, reason: ReasonView },
    /// A step will not run, because the run is ending.
    StepCancelled { step: Name, reason: ReasonView },
    /// Somebody asked for the run to end.
    CancelRequested,
    /// The run ended.
    RunFinished { state: RunState },
    /// A step wrote to its log.
    Log { step: Name, attempt: u32, level: LogLevel, stream: LogStream, text: String },
    /// A step said how far it is.
    Progress {
        step: Name,
        attempt: u32,
        done: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
        message: String,
    },
}

impl Versioned for EventView {
    const SCHEMA: &'static str = "stepmill.event/1";
}

impl EventView {
    /// A committed event.
    #[must_use]
    pub fn of(plan: &Plan, event: &RunEvent) -> Self {
        Self { run: event.run, at: event.at.rfc3339(), seq: Some(event.seq), body: EventBody::of(plan, &event.kind) }
    }

    /// A line of a step's log.
    #[must_use]
    pub fn log(attempt: &AttemptName, line: &LogLine) -> Self {
        let body = EventBody::Log {
            step: attempt.step.clone(),
            attempt: attempt.attempt,
            level: line.level,
            stream: line.stream,
            text: line.text.clone(),
        };
        Self { run: attempt.run, at: line.at.rfc3339(), seq: None, body }
    }

    /// How far a step is.
    #[must_use]
    pub fn progress(attempt: &AttemptName, progress: &Progress, at: Timestamp) -> Self {
        let body = EventBody::Progress {
            step: attempt.step.clone(),
            attempt: attempt.attempt,
            done: progress.done,
            total: progress.total,
            message: progress.message.clone(),
        };
        Self { run: attempt.run, at: at.rfc3339(), seq: None, body }
    }
}

impl EventBody {
    fn of(plan: &Plan, kind: &EventKind) -> Self {
        let name = |step: &StepIndex| plan.step(*step).name.clone();
        let range = |step: &StepIndex, items: &ItemRange| plan.step(*step).for_each.as_ref().map(|_| (*items).into());
        match kind {
            EventKind::Created { .. } => Self::RunCreated { pipeline: plan.pipeline.clone() },
            EventKind::Resumed => Self::RunResumed,
            EventKind::Stopped => Self::RunStopped,
            EventKind::AttemptStarted { step, items, attempt } => {
                Self::AttemptStarted { step: name(step), attempt: *attempt, items: range(step, items) }
            }
            EventKind::AttemptSucceeded { step, items, attempt, output, usage, reused, .. } => Self::AttemptSucceeded {
                step: name(step),
                attempt: *attempt,
                items: range(step, items),
                output: output.into(),
                usage: usage.into(),
                reused: reused.as_ref().map(ToString::to_string),
            },
            EventKind::AttemptFailed { step, items, attempt, failure, usage, retry_at } => Self::AttemptFailed {
                step: name(step),
                attempt: *attempt,
                items: range(step, items),
                failure: failure.into(),
                usage: usage.into(),
                retry_at: *retry_at,
            },
            EventKind::AttemptLost { step, items, attempt, alone } => {
                Self::AttemptLost { step: name(step), attempt: *attempt, items: range(step, items), alone: *alone }
            }
            EventKind::AttemptReturned { step, items, attempt } => {
                Self::AttemptReturned { step: name(step), attempt: *attempt, items: range(step, items) }
            }
            EventKind::ConditionHeld { step, values } => {
                Self::ConditionHeld { step: name(step), values: values.clone() }
            }
            EventKind::FannedOut { step, items } => {
                Self::FannedOut { step: name(step), items: items.items.unwrap_or(0) }
            }
            EventKind::Carried { step, items, output, from } => Self::Carried {
                step: name(step),
                // The whole of a `for_each` step is taken over without an item.
                items: from.item.and_then(|_| range(step, items)),
                output: output.into(),
                from: from.to_string(),
            },
            EventKind::StepSucceeded { step, output } => {
                Self::StepSucceeded { step: name(step), output: output.into() }
            }
            EventKind::StepFailed { step, failure } => Self::StepFailed { step: name(step), failure: failure.into() },
            EventKind::StepSkipped { step, reason } => {
                Self::StepSkipped { step: name(step), reason: ReasonView::skipped(plan, *step, reason) }
            }
            EventKind::StepCancelled { step, reason } => {
                Self::StepCancelled { step: name(step), reason: ReasonView::cancelled(plan, reason) }
            }
            EventKind::CancelRequested => Self::CancelRequested,
            EventKind::Finished { outcome } => Self::RunFinished { state: RunState::from(*outcome) },
        }
    }
}

/// A line of a stored log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogLineView {
    /// When.
    pub at: String,
    /// The step.
    pub step: Name,
    /// Which attempt at it.
    pub attempt: u32,
    /// How loud.
    pub level: LogLevel,
    /// Where from.
    pub stream: LogStream,
    /// The text.
    pub text: String,
}

impl LogLineView {
    /// When it was written.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        chrono::DateTime::parse_from_rfc3339(&self.at).map_or(Timestamp(0), |time| Timestamp(time.timestamp_millis()))
    }

    /// A line of an attempt's log.
    #[must_use]
    pub fn of(step: &Name, attempt: u32, line: &LogLine) -> Self {
        Self {
            at: line.at.rfc3339(),
            step: step.clone(),
            attempt,
            level: line.level,
            stream: line.stream,
            text: line.text.clone(),
        }
    }
}

/// The log of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogLines {
    /// The run.
    pub run: RunId,
    /// Its lines, in order.
    pub lines: Vec<LogLineView>,
}

impl Versioned for LogLines {
    const SCHEMA: &'static str = "stepmill.logs/1";
}
