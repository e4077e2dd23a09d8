//! What the cache had to do with a step: whether it took an earlier result, what its key is made of, and why it was
//! computed although it had run before.

use serde::{Deserialize, Serialize};

use super::items::ItemsView;
use crate::{
    event::{KeyPart, RunOptions},
    execute::reuse::{self, Change},
    ids::RunId,
    plan::PlanStep,
};

/// What the cache had to do with a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CacheView {
    /// In one word.
    pub result: CacheResult,
    /// Of a hit: the attempt that computed the result; of several items, the first one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<String>,
    /// What the key is made of, the item aside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<KeyPart>,
    /// The run that `changes` is about: the latest one before with a result of this step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<RunId>,
    /// The parts of the key that are not as they were then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeView>,
    /// The same in words.
    pub message: String,
}

/// What the cache had to do with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CacheResult {
    /// Nothing ran: an earlier result was taken.
    Hit,
    /// Some items of a `for_each` step took earlier results, the others did not.
    Partial,
    /// There was no earlier result: it was computed, and is found by later runs.
    Miss,
    /// It neither looks for earlier results, nor is found itself.
    Off,
}

/// A part of a cache key that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangeView {
    /// The part, such as `module`, `argument.days` or `limits.memory`.
    pub part: String,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// The same in words.
    pub message: String,
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> Self {
        let message = change.to_string();
        Self { part: change.part, before: change.before, now: change.now, message }
    }
}

impl CacheView {
    fn new(result: CacheResult, message: String) -> Self {
        Self { result, reused_from: None, parts: Vec::new(), compared_with: None, changes: Vec::new(), message }
    }

    /// Whether it, or some of its items, ran although the cache might have had a result.
    pub(super) fn is_computed(&self) -> bool {
        matches!(self.result, CacheResult::Miss | CacheResult::Partial)
    }

    /// Of a step that has nothing to do with the cache: why.
    pub(super) fn off(step: &PlanStep, options: &RunOptions) -> Option<Self> {
        let grants: Vec<_> = step.grants.list().map(|grant| format!("`{}`", grant)).collect();
        let why = if !grants.is_empty() {
            format!("not cached: its result depends on what it is granted, {}", grants.join(", "))
        } else if step.uncached {
            "not cached: the step says `cache = false`".to_owned()
        } else if !options.cache {
            "not cached: the run was started without the cache".to_owned()
        } else {
            return None;
        };
        Some(Self::new(CacheResult::Off, why))
    }

    pub(super) fn hit(parts: &[KeyPart], from: String) -> Self {
        let message = format!("nothing ran: the result is that of {from}");
        Self { reused_from: Some(from), parts: parts.to_vec(), ..Self::new(CacheResult::Hit, message) }
    }

    pub(super) fn miss(parts: &[KeyPart]) -> Self {
        let message = "computed, and kept for later runs".to_owned();
        Self { parts: parts.to_vec(), ..Self::new(CacheResult::Miss, message) }
    }

    /// Takes into account how many items took earlier results.
    pub(super) fn of_items(&mut self, items: &ItemsView) {
        let ItemsView { total, cached, carried, .. } = *items;
        if self.result != CacheResult::Off && cached > 0 && cached + carried < total {
            self.result = CacheResult::Partial;
            self.message = format!("{cached} of {total} items took earlier results");
        }
    }

    /// Says why it was computed, given the latest run before with a result of this step, and what its key was made of.
    pub(super) fn explain(&mut self, items: bool, previous: Option<&(RunId, Vec<KeyPart>)>) {
        if !self.is_computed() {
            return;
        }
        let Some((run, parts)) = previous else {
            if self.result == CacheResult::Miss {
                self.message = "computed: no run of this pipeline had a result of this step before".to_owned();
            }
            return;
        };
        self.compared_with = Some(*run);
        self.changes = reuse::explain(parts, &self.parts).into_iter().map(ChangeView::from).collect();
        let changes: Vec<_> = self.changes.iter().map(|change| change.message.as_str()).collect();
        self.message = if !changes.is_empty() {
            format!("computed again: {} since run {run}", changes.join(", "))
        } else if self.result == CacheResult::Partial {
            format!("{}; the others are new since run {run}, or failed", self.message)
        } else if items {
            format!("computed: items are new since run {run}; nothing else changed")
        } else {
            format!("computed again: nothing changed since run {run}, but its result could not be used")
        };
    }
}
