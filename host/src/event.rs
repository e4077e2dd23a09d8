//! What happens in a run: the vocabulary between `execute`, `persist` and `observe`.
//!
//! Events are the truth; everything else that is stored about a run is derived from them. They are kept for years, so
//! a change here is a change of the on-disk format: add optional fields and new kinds, never change the meaning of old ones.

use serde::{Deserialize, Serialize};

use crate::{
    failure::{StepFailure, Usage},
    ids::{Name, RunId, StepIndex, Timestamp},
    output::{ItemRange, OutputRef},
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
    },
    /// A host took the run up again after another one had stopped.
    Resumed,
    /// Attempts began, one for each item.
    AttemptStarted {
        /// The step.
        step: StepIndex,
        /// The items.
        items: ItemRange,
        /// Counts from 1.
        attempt: u32,
    },
    /// Attempts succeeded, and with them their items.
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
    },
    /// Attempts failed, and with them their items. With the failure `cancelled`, the items are cancelled, not failed.
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
    },
    /// The host stopped while attempts ran; their items wait to be tried again.
    AttemptLost {
        /// The step.
        step: StepIndex,
        /// The items.
        items: ItemRange,
        /// Counts from 1.
        attempt: u32,
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
    /// Somebody asked for the run to end.
    CancelRequested,
    /// The run ended. Always the last event.
    Finished {
        /// How.
        outcome: Outcome,
    },
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
}

/// Why a step was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// It needs an upstream that did not succeed.
    Upstream {
        /// The first such upstream.
        step: StepIndex,
        /// How it ended.
        state: StepState,
    },
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// Every step succeeded.
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
