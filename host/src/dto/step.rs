//! A step of a run: where it stands, its attempts, its output.

use serde::{Deserialize, Serialize};

use super::{
    cache::{CacheResult, CacheView},
    items::ItemsView,
    reason::ReasonView,
    waits::WaitView,
};
use crate::{
    event::{ReadValue, StepState},
    failure::{FailureKind, StepFailure, Usage},
    ids::{ContentHash, Name, Timestamp},
    module::Form,
    output::{FileRef, ItemRange, OutputRef},
};

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
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
    /// What it waits for, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<WaitView>,
    /// What its conditions read, if they held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ReadValue>,
    /// Of a `for_each` step that has its items: where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemsView>,
    /// How many attempts there are at most, if more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// When it, or the next of its items, is tried again at the earliest.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::time::optional")]
    #[schema(value_type = Option<String>)]
    pub retry_at: Option<Timestamp>,
    /// The attempt of the repeated run whose result was taken over; of some items, the first one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried_from: Option<String>,
    /// What the cache had to do with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheView>,
    /// The attempts, the first one first; of a `for_each` step by item, and one for items that ended alike.
    pub attempts: Vec<AttemptView>,
    /// How many attempts there were that are left out here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts_omitted: u64,
    /// Why it failed, if not by its last attempt: its conditions or items could not be had, or items failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// What it returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputView>,
}

impl StepView {
    /// Why it failed, or its last attempt did.
    #[must_use]
    pub fn failure(&self) -> Option<&FailureView> {
        self.failure.as_ref().or_else(|| self.attempts.last()?.failure.as_ref())
    }

    /// What its last finished attempt used, or its items together.
    #[must_use]
    pub fn usage(&self) -> Option<&UsageView> {
        match &self.items {
            Some(items) => items.usage.as_ref(),
            None => self.attempts.iter().rev().find_map(|attempt| attempt.usage.as_ref()),
        }
    }

    /// Whether nothing of it ran: its result is that of an earlier attempt, of all its items if it has some.
    #[must_use]
    pub fn is_cached(&self) -> bool {
        self.cache.as_ref().is_some_and(|cache| cache.result == CacheResult::Hit)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One try at a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttemptView {
    /// Names it and its output everywhere: `runs/<run>/<step>/<attempt>`; of items, the first one's.
    pub name: String,
    /// Counts from 1.
    pub attempt: u32,
    /// Of a `for_each` step: the items, each with an attempt of its own that ended like the others'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<RangeView>,
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
    /// When the next attempt may begin, if there is to be one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::time::optional")]
    #[schema(value_type = Option<String>)]
    pub retry_at: Option<Timestamp>,
    /// Nothing ran: the attempt whose result was taken; of items, the first one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reused: Option<String>,
}

/// Consecutive items of a `for_each` step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RangeView {
    /// The first item, from 0.
    pub first: u32,
    /// How many items.
    pub count: u32,
}

impl From<ItemRange> for RangeView {
    fn from(range: ItemRange) -> Self {
        Self { first: range.first, count: range.count }
    }
}

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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

impl UsageView {
    /// Adds what other items used; of memory, the most counts.
    pub fn add(&mut self, usage: &Self) {
        self.wall_us = self.wall_us.saturating_add(usage.wall_us);
        self.cpu_us = self.cpu_us.saturating_add(usage.cpu_us);
        self.memory_bytes = self.memory_bytes.max(usage.memory_bytes);
        self.log_lines = self.log_lines.saturating_add(usage.log_lines);
        self.log_lines_dropped = self.log_lines_dropped.saturating_add(usage.log_lines_dropped);
    }
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FailureView {
    /// What sort of failure.
    pub kind: FailureKind,
    /// One sentence.
    pub message: String,
    /// What lies behind it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

impl From<&StepFailure> for FailureView {
    fn from(failure: &StepFailure) -> Self {
        Self { kind: failure.kind, message: failure.message.clone(), causes: failure.causes.clone() }
    }
}

/// A stored output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ParamView {
    /// Its name.
    pub name: Name,
    /// Its stored value.
    pub value: OutputView,
}
