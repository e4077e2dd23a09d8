//! What the reader returns.

use serde::{Deserialize, Serialize};

use crate::{
    event::{CancelReason, EventKind, RunState, SkipReason, StepState},
    execute::ports::LogLine,
    failure::{FailureKind, StepFailure, Usage},
    ids::{ContentHash, Name, PlanHash, RunId, StepIndex, Timestamp},
    module::Form,
    output::{AttemptName, ItemRange, OutputRef},
};

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// It runs, or the host that ran it has stopped.
    Running,
    /// Its output is stored.
    Succeeded,
    /// It failed or was cancelled.
    Failed,
    /// The host stopped while it ran.
    Lost,
}

impl AttemptState {
    /// The word that users read.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Running, Self::Succeeded, Self::Failed, Self::Lost].into_iter().find(|state| state.as_str() == word)
    }
}

/// How many steps of a run are in each state; the others wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StepCounts {
    pub running: u32,
    pub succeeded: u32,
    pub failed: u32,
    pub skipped: u32,
    pub cancelled: u32,
}

impl StepCounts {
    /// Counts a step that comes into a state.
    pub(in crate::persist) fn enter(&mut self, state: StepState) {
        if let Some(count) = self.count(state) {
            *count += 1;
        }
    }

    /// Counts a step that leaves a state.
    pub(in crate::persist) fn leave(&mut self, state: StepState) {
        if let Some(count) = self.count(state) {
            *count -= 1;
        }
    }

    fn count(&mut self, state: StepState) -> Option<&mut u32> {
        match state {
            StepState::Waiting => None,
            StepState::Running => Some(&mut self.running),
            StepState::Succeeded => Some(&mut self.succeeded),
            StepState::Failed => Some(&mut self.failed),
            StepState::Skipped => Some(&mut self.skipped),
            StepState::Cancelled => Some(&mut self.cancelled),
        }
    }
}

/// Where the items of a fanned-out step are; the others wait, or were cancelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemCounts {
    /// How many there are.
    pub total: u64,
    /// How many run.
    pub running: u64,
    /// How many succeeded.
    pub succeeded: u64,
    /// How many failed for good.
    pub failed: u64,
}

impl ItemCounts {
    /// Counts items that ended, as this event says.
    pub(in crate::persist) fn end(&mut self, kind: &EventKind, count: u64) {
        match kind {
            EventKind::AttemptSucceeded { .. } | EventKind::Carried { .. } => self.succeeded += count,
            EventKind::AttemptFailed { failure, retry_at: None, .. } if failure.kind != FailureKind::Cancelled => {
                self.failed += count;
            }
            _ => {}
        }
    }

    /// The state of their step, which was in this one.
    pub(in crate::persist) fn state_of_step(&self, now: StepState) -> StepState {
        match now {
            StepState::Waiting | StepState::Running if self.running + self.succeeded + self.failed > 0 => {
                StepState::Running
            }
            StepState::Waiting | StepState::Running => StepState::Waiting,
            ended => ended,
        }
    }
}

/// Why a step is where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepReason {
    /// Its last attempt failed, or was cancelled.
    Failed(StepFailure),
    /// It was skipped.
    Skipped(SkipReason),
    /// It was cancelled.
    Cancelled(CancelReason),
}

/// A run, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// Its place in the list of runs.
    pub cursor: RunCursor,
    /// Its pipeline.
    pub pipeline: Name,
    /// Its plan.
    pub plan: PlanHash,
    /// Where it stands.
    pub state: RunState,
    /// Whether somebody asked for it to end.
    pub cancel_requested: bool,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The trigger of its pipeline that started it.
    pub trigger: Option<Name>,
    /// When it was due, if it was scheduled.
    pub scheduled_for: Option<Timestamp>,
    /// How many events it has: the seq of the next.
    pub events: u64,
    /// How many steps its plan has.
    pub steps: u32,
    /// How many of them are where.
    pub counts: StepCounts,
}

/// Which runs a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only of this pipeline.
    pub pipeline: Option<Name>,
    /// Only in this state.
    pub state: Option<RunState>,
    /// Only started by the trigger of that name.
    pub trigger: Option<Name>,
    /// Only accepted at that time or later.
    pub from: Option<Timestamp>,
    /// Only accepted before that time.
    pub until: Option<Timestamp>,
    /// Only those whose id begins so, or that have this in the name of their pipeline or trigger, or in why a step failed.
    pub text: Option<String>,
}

/// A place in the list of runs: the number of a run in the order in which they were accepted, which no clock can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunCursor(pub i64);

/// A part of the list of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPage {
    /// The runs, newest first.
    pub runs: Vec<RunRow>,
    /// Where the next page begins, if there may be one.
    pub next: Option<RunCursor>,
    /// How many runs were left out because their rows are damaged. The log names them, and so does `verify`.
    pub damaged: u64,
}

/// A pipeline that has runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineRow {
    /// Its name.
    pub name: Name,
    /// How many runs it has.
    pub runs: u64,
    /// When the newest was accepted.
    pub last_created_at: Timestamp,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// Its place in the plan.
    pub step: StepIndex,
    /// Its name.
    pub name: Name,
    /// Where it stands.
    pub state: StepState,
    /// Why, where there is more to say.
    pub reason: Option<StepReason>,
    /// The number of its latest attempt; 0 if it has not been tried.
    pub attempts: u32,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it came into its terminal state.
    pub finished_at: Option<Timestamp>,
    /// When it is tried again, at the earliest.
    pub retry_at: Option<Timestamp>,
    /// Of a fanned-out step: where its items are.
    pub items: Option<ItemCounts>,
    /// What its latest attempt used, once that has ended; nothing of a fanned-out step.
    pub usage: Option<Usage>,
    /// What its latest attempt returned; of a fanned-out step, what all items together returned.
    pub output: Option<OutputRow>,
}

/// How a step of a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepStateRow {
    /// Its name.
    pub name: Name,
    /// Where it stands.
    pub state: StepState,
    /// From its first attempt to its end, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// An attempt at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// The step.
    pub step: StepIndex,
    /// The items.
    pub items: ItemRange,
    /// Counts from 1; 0 for what was taken over from the run that this one repeats.
    pub attempt: u32,
    /// Where it stands.
    pub state: AttemptState,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub failure: Option<StepFailure>,
    /// What it used, once it has ended.
    pub usage: Option<Usage>,
    /// What it returned.
    pub output: Option<OutputRow>,
    /// When its items are tried again, at the earliest.
    pub retry_at: Option<Timestamp>,
    /// The attempt whose result this is: nothing ran. Of several items, the first one's.
    pub reused_from: Option<AttemptName>,
}

/// Which attempts at a step a page shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AttemptFilter {
    /// Only in this state.
    pub state: Option<AttemptState>,
    /// Only behind this place in the order: first item and attempt of the last row seen.
    pub after: Option<(u32, u32)>,
}

/// What an attempt returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOutput {
    /// The whole of it.
    pub output: OutputRef,
    /// Of one item of a fanned-out step: its element of the stream that `output` is.
    pub index: Option<u64>,
}

/// What is known of an output without loading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputRow {
    /// One value or a stream of them.
    pub form: Form,
    /// Identifies the content.
    pub hash: ContentHash,
    /// Bytes.
    pub size: u64,
    /// Of a stream: how many items.
    pub items: Option<u64>,
    /// Whether the bytes are in the journal itself.
    pub inline: bool,
}

/// Lines that an attempt wrote, as they were committed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChunk {
    /// Counts from 0 within the step, without gaps.
    pub chunk: u64,
    /// The item; 0 for a step without `for_each`.
    pub item: u32,
    /// The attempt.
    pub attempt: u32,
    /// What it wrote.
    pub lines: Vec<LogLine>,
}

/// Whose log lines are wanted; all of the step's by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Only of this item.
    pub item: Option<u32>,
    /// Only of this attempt.
    pub attempt: Option<u32>,
}
