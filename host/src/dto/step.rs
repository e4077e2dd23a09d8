//! A step of a run: where it stands, its attempts, its output.

use serde::Serialize;

use crate::{
    event::{CancelReason, SkipReason, StepState},
    failure::{FailureKind, StepFailure, Usage},
    ids::{ContentHash, Name},
    module::Form,
    output::{FileRef, OutputRef},
    plan::Plan,
};

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepView {
    /// Its name in the pipeline.
    pub name: Name,
    /// `module/step`.
    pub uses: String,
    /// Where it stands.
    pub state: StepState,
    /// Why it did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonView>,
    /// The attempts, the first one first.
    pub attempts: Vec<AttemptView>,
    /// What it returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputView>,
}

impl StepView {
    /// Why it failed, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<&FailureView> {
        self.attempts.last().and_then(|attempt| attempt.failure.as_ref())
    }

    /// What its last finished attempt used.
    #[must_use]
    pub fn usage(&self) -> Option<&UsageView> {
        self.attempts.iter().rev().find_map(|attempt| attempt.usage.as_ref())
    }
}

/// Why a step did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonView {
    /// What sort of reason.
    pub kind: ReasonKind,
    /// The step that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Name>,
    /// The reason in words.
    pub message: String,
}

/// What sort of reason keeps a step from running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// It needs a step that did not succeed.
    Upstream,
    /// Another step failed, which ends the run.
    StepFailed,
    /// The run was cancelled.
    RunCancelled,
}

impl ReasonView {
    pub(super) fn skipped(plan: &Plan, reason: &SkipReason) -> Self {
        let SkipReason::Upstream { step, state, .. } = reason else {
            return Self { kind: ReasonKind::Upstream, step: None, message: String::new() };
        };
        let step = plan.step(*step).name.clone();
        let message = format!("needs `{step}`, which {}", ended(*state));
        Self { kind: ReasonKind::Upstream, step: Some(step), message }
    }

    pub(super) fn cancelled(plan: &Plan, reason: &CancelReason) -> Self {
        match reason {
            CancelReason::StepFailed { step } => {
                let step = plan.step(*step).name.clone();
                let message = format!("`{step}` failed");
                Self { kind: ReasonKind::StepFailed, step: Some(step), message }
            }
            CancelReason::RunCancelled => {
                Self { kind: ReasonKind::RunCancelled, step: None, message: "the run was cancelled".to_owned() }
            }
        }
    }
}

fn ended(state: StepState) -> &'static str {
    match state {
        StepState::Waiting | StepState::Running => "has not ended",
        StepState::Succeeded => "succeeded",
        StepState::Failed => "failed",
        StepState::Skipped => "was skipped",
        StepState::Cancelled => "was cancelled",
    }
}

/// One try at a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptView {
    /// Names it and its output everywhere: `runs/<run>/<step>/<attempt>`.
    pub name: String,
    /// Counts from 1.
    pub attempt: u32,
    /// Where it stands.
    pub state: AttemptState,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// What it used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageView>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
}

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// It has begun.
    Running,
    /// Its output is stored.
    Succeeded,
    /// It failed.
    Failed,
    /// The host stopped while it ran.
    Lost,
}

/// What an attempt used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct UsageView {
    /// Time on the wall clock.
    pub wall_us: u64,
    /// Time on the processor.
    pub cpu_us: u64,
    /// The most linear memory at once.
    pub memory_bytes: u64,
    /// Lines in its log.
    pub log_lines: u64,
    /// Lines that the log had no room for.
    pub log_lines_dropped: u64,
}

impl From<&Usage> for UsageView {
    fn from(usage: &Usage) -> Self {
        Self {
            wall_us: usage.wall_us,
            cpu_us: usage.cpu_us,
            memory_bytes: usage.memory,
            log_lines: usage.log_lines,
            log_lines_dropped: usage.log_lines_dropped,
        }
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureView {
    /// What sort of failure.
    pub kind: FailureKind,
    /// One sentence.
    pub message: String,
    /// What lies behind it, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

impl From<&StepFailure> for FailureView {
    fn from(failure: &StepFailure) -> Self {
        Self { kind: failure.kind, message: failure.message.clone(), causes: failure.causes.clone() }
    }
}

/// A stored output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutputView {
    /// One value or a stream of them.
    pub form: Form,
    /// Identifies the content.
    pub hash: ContentHash,
    /// Bytes of MessagePack, without the files.
    pub size_bytes: u64,
    /// Of a stream: how many items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<u64>,
    /// The files that it refers to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileView>,
}

impl OutputView {
    /// Bytes of the value and its files together.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().fold(self.size_bytes, |sum, file| sum.saturating_add(file.size_bytes))
    }
}

impl From<&OutputRef> for OutputView {
    fn from(output: &OutputRef) -> Self {
        Self {
            form: output.form,
            hash: output.hash,
            size_bytes: output.size,
            items: output.items,
            files: output.files.iter().map(FileView::from).collect(),
        }
    }
}

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileView {
    /// A plain file name.
    pub name: String,
    /// Such as `text/csv`.
    pub media_type: String,
    /// Its size.
    pub size_bytes: u64,
    /// Identifies the content.
    pub hash: ContentHash,
}

impl From<&FileRef> for FileView {
    fn from(file: &FileRef) -> Self {
        Self { name: file.name.clone(), media_type: file.media_type.clone(), size_bytes: file.size, hash: file.hash }
    }
}

/// A parameter of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParamView {
    /// Its name.
    pub name: Name,
    /// Its stored value.
    pub value: OutputView,
}
