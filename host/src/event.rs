//! What happens in a run: the vocabulary between `execute`, `persist` and `observe`.
//!
//! Events are the truth; everything else that is stored about a run is derived from them. They are kept for years, so
//! a change here is a change of the on-disk format: add optional fields and new kinds, never change the meaning of old ones.

mod overlap;

use serde::{Deserialize, Serialize};

pub use self::overlap::Overlap;

use crate::{
    failure::{StepFailure, Usage},
    ids::{ContentHash, Name, RunId, StepIndex, Timestamp},
    output::{AttemptName, ItemRange, OutputRef},
};

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// Which run.
    pub run: RunId,
    /// Counts from 0 within the run, without gaps.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The run was accepted. Always the first event.
    Created {
        /// The parameters' values, in the plan's order.
        params: Vec<ParamValue>,
        /// What started it.
        origin: Origin,
        /// How it runs.
        #[serde(default, skip_serializing_if = "RunOptions::is_default")]
        options: RunOptions,
    },
    /// A host continues the run after it was stopped or interrupted.
    Resumed,
    /// The host stopped driving the run in good order: what was running did not bring it down.
    Stopped,
    /// Attempts began, one for each item.
    AttemptStarted {
        /// The step.
        step: StepIndex,
        /// The items.
        items: ItemRange,
        /// Counts from 1.
        attempt: u32,
    },
    /// Attempts succeeded, and with them their items. The items of a `for_each` step are packed: the output is a stream
    /// of what they returned, in their order.
    AttemptSucceeded {
        /// The step.
        step: StepIndex,
        /// The items.
        items: ItemRange,
        /// Counts from 1.
        attempt: u32,
        /// What they returned.
        output: OutputRef,
        /// What they used.
        usage: Usage,
        /// Of pure steps: what their results are found by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cache: Option<Box<CacheEntry>>,
        /// Nothing ran: this is the result of an earlier attempt with the same inputs. Of a range, the first item's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reused: Option<Box<AttemptName>>,
    },
    /// Attempts failed, and with them their items, unless they are tried again. With the failure `cancelled`, the items
    /// are cancelled, not failed.
    AttemptFailed {
        /// The step.
        step: StepIndex,
        /// The items.
        items: ItemRange,
        /// Counts from 1.
        attempt: u32,
        /// Why.
        failure: StepFailure,
        /// What they used.
        usage: Usage,
        /// When they are tried again, at the earliest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },
    /// The host stopped while attempts ran; their items wait to be retried.
    AttemptLost {
        /// The step.
        step: StepIndex,
        /// The items.
        items: ItemRange,
        /// Counts from 1.
        attempt: u32,
        /// Whether nothing else ran on the host when it died: then this attempt may have killed it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        alone: bool,
    },
    /// A runner gave attempts back that it had not begun: their items wait again, as if they had not been started.
    AttemptReturned {
        /// The step.
        step: StepIndex,
        /// The items.
        items: ItemRange,
        /// Counts from 1.
        attempt: u32,
    },
    /// The conditions of a step held, so it will run.
    ConditionHeld {
        /// The step.
        step: StepIndex,
        /// What they read.
        values: Vec<ReadValue>,
    },
    /// A `for_each` step has its items.
    FannedOut {
        /// The step.
        step: StepIndex,
        /// The items, as a stream.
        items: OutputRef,
    },
    /// Taken over from the run that this one repeats.
    Carried {
        /// The step.
        step: StepIndex,
        /// Some of its items; the whole step is [`ItemRange::WHOLE`], also with `for_each`, unless it has been fanned out.
        items: ItemRange,
        /// What they returned.
        output: OutputRef,
        /// The attempt that returned it; of a range, the first item's.
        from: AttemptName,
    },
    /// All items of a `for_each` step succeeded.
    StepSucceeded {
        /// The step.
        step: StepIndex,
        /// What they returned, in their order.
        output: OutputRef,
    },
    /// A step failed other than by a failed attempt: its condition or its items cannot be read, or items failed.
    StepFailed {
        /// The step.
        step: StepIndex,
        /// Why.
        failure: StepFailure,
    },
    /// A step will not run, because of what happened above it.
    StepSkipped {
        /// The step.
        step: StepIndex,
        /// Why.
        reason: SkipReason,
    },
    /// A step will not run or not end, because the run is ending.
    StepCancelled {
        /// The step.
        step: StepIndex,
        /// Why.
        reason: CancelReason,
    },
    /// Somebody asked for the run to end. Asked again, it ends without its `finally` steps.
    CancelRequested,
    /// The run ended. Always the last event.
    Finished {
        /// How.
        outcome: Outcome,
    },
}

impl EventKind {
    /// Whether a run in which this happened has begun; before, it is queued.
    #[must_use]
    pub fn begins(&self) -> bool {
        !matches!(self, Self::Created { .. } | Self::Carried { .. } | Self::CancelRequested | Self::Stopped)
    }
}

/// A parameter's value in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamValue {
    /// The parameter.
    pub name: Name,
    /// Its stored value.
    pub value: OutputRef,
}

/// What started a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A person or program, directly.
    Manual,
    /// A person or program, as a repetition.
    Rerun {
        /// The run that it repeats.
        of: RunId,
    },
    /// A trigger of the pipeline.
    Trigger {
        /// Its name.
        trigger: Name,
        /// What it is: `cron`, `webhook`, …
        kind: String,
        /// What happened, among all that happens to the trigger.
        key: String,
        /// When the run was due, if it was scheduled.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scheduled_for: Option<Timestamp>,
        /// What its `overlap` said when the run was accepted; earlier versions did not note it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overlap: Option<Overlap>,
    },
}

impl Origin {
    /// When the run was due, if it was scheduled.
    #[must_use]
    pub fn scheduled_for(&self) -> Option<Timestamp> {
        match self {
            Self::Manual | Self::Rerun { .. } => None,
            Self::Trigger { scheduled_for, .. } => *scheduled_for,
        }
    }

    /// What `overlap` of its trigger said when the run was accepted, if that is known.
    #[must_use]
    pub fn overlap(&self) -> Option<Overlap> {
        match self {
            Self::Manual | Self::Rerun { .. } => None,
            Self::Trigger { overlap, .. } => *overlap,
        }
    }
}

/// How a run runs, whatever its pipeline says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunOptions {
    /// Whether pure steps may take results of earlier attempts.
    pub cache: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { cache: true }
    }
}

impl RunOptions {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What the results of attempts at a pure step are found by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheEntry {
    /// A key for each item.
    pub keys: Vec<ContentHash>,
    /// What the keys are made of, the item aside: to explain why another attempt has another key.
    pub parts: Vec<KeyPart>,
}

/// One of the things that a cache key is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyPart {
    /// Such as `module`, `argument.days` or `limits.memory`.
    pub name: String,
    /// A hash, or a short value itself.
    pub value: String,
}

/// A value that a condition read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReadValue {
    /// As the condition writes it, such as `check.rows` or `params.threshold`.
    pub path: String,
    /// As JSON, cut if it is long.
    pub value: String,
}

/// Why a step was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its join is not satisfied.
    Upstream {
        /// The first upstream that is the reason.
        step: StepIndex,
        /// How it ended.
        state: StepState,
        /// The join.
        #[serde(default, skip_serializing_if = "Join::is_default")]
        join: Join,
    },
    /// Its condition is false.
    Condition {
        /// The condition.
        expression: String,
        /// What it read.
        values: Vec<ReadValue>,
    },
    /// A branch went another way.
    Branch {
        /// The branch.
        branch: Name,
        /// The step's case.
        case: Name,
        /// The case that was taken, if one was.
        taken: Option<Name>,
        /// What the conditions read.
        values: Vec<ReadValue>,
    },
}

/// Which states of its upstreams let a step run. Upstreams that only a condition names do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// All succeeded.
    #[default]
    AllSuccess,
    /// All ended, in whatever way.
    AllDone,
    /// At least one succeeded.
    AnySuccess,
    /// All succeeded or were skipped.
    NoneFailed,
}

impl Join {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AllSuccess, Self::AllDone, Self::AnySuccess, Self::NoneFailed];

    /// What it is called in a pipeline.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllSuccess => "all_success",
            Self::AllDone => "all_done",
            Self::AnySuccess => "any_success",
            Self::NoneFailed => "none_failed",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a step was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// Another step failed, and `on_error = "fail"`.
    StepFailed {
        /// The step that failed.
        step: StepIndex,
    },
    /// The run was cancelled.
    RunCancelled,
}

/// Where a step of a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Its upstreams are not all terminal, or it is about to start.
    Waiting,
    /// An attempt is running.
    Running,
    /// Its output is stored.
    Succeeded,
    /// It failed for good.
    Failed,
    /// It did not run, because of what happened above it.
    Skipped,
    /// It did not run or not end, because the run was ending.
    Cancelled,
}

impl StepState {
    /// Whether it will never change again.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }

    /// The word that users read.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No step failed, other than with `allow_failure`.
    Succeeded,
    /// A step failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl Outcome {
    /// The word that users read.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It was accepted, and nothing has happened since.
    Queued,
    /// It has begun and not ended. If its host has stopped, it waits to be resumed.
    Running,
    /// Every step succeeded.
    Succeeded,
    /// A step failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl RunState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// Those that a run leaves again.
    pub const ACTIVE: [Self; 2] = [Self::Queued, Self::Running];

    /// Whether it will never change again.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        !Self::ACTIVE.contains(&self)
    }

    /// The word that users read and write.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl From<Outcome> for RunState {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}
