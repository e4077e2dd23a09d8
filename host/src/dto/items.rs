//! The items of a `for_each` step: how many are where, and which failed first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::step::{FailureView, UsageView};
use crate::{
    failure::{StepFailure, Usage},
    ids::Timestamp,
    output::ItemRange,
};

/// The most failed items that are shown one by one.
pub const MAX_FAILURES: usize = 10;

/// Where the items of a `for_each` step are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ItemsView {
    /// How many there are.
    pub total: u64,
    /// How many succeeded.
    pub succeeded: u64,
    /// How many failed for good.
    pub failed: u64,
    /// How many run.
    pub running: u64,
    /// How many wait: for room, or to be tried again.
    pub waiting: u64,
    /// How many did not run or not end, because the run was ending.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cancelled: u64,
    /// Of those that succeeded, how many took the result of an earlier attempt.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cached: u64,
    /// Of those that succeeded, how many were taken over from the run that this one repeats.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub carried: u64,
    /// Of those that wait, how many failed and are tried again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retrying: u64,
    /// From when the items were known to the last end of an attempt so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// What all attempts used together; of memory, the most that one used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageView>,
    /// The first items that failed for good, by index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<ItemFailureView>,
}

/// An item that failed for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ItemFailureView {
    /// Which item, from 0.
    pub item: u32,
    /// Its last attempt.
    pub attempt: u32,
    /// Why it failed.
    pub failure: FailureView,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Counts items while events are replayed.
#[derive(Debug)]
pub(super) struct ItemTally {
    view: ItemsView,
    known_at: Timestamp,
    /// When items that failed are tried again.
    retries: BTreeMap<u32, Timestamp>,
    failures: BTreeMap<u32, (u32, StepFailure)>,
}

impl ItemTally {
    pub(super) fn new(total: u64, known_at: Timestamp) -> Self {
        let view = ItemsView { total, ..ItemsView::default() };
        Self { view, known_at, retries: BTreeMap::new(), failures: BTreeMap::new() }
    }

    /// An attempt ended.
    pub(super) fn ended(&mut self, at: Timestamp) {
        self.view.elapsed_ms = u64::try_from(at.0.saturating_sub(self.known_at.0)).ok();
    }

    pub(super) fn started(&mut self, range: ItemRange) {
        self.view.running += u64::from(range.count);
        // Looked up only where something failed before.
        while let Some((&item, _)) = self.retries.range(range.first..range.end()).next() {
            self.retries.remove(&item);
        }
    }

    /// They do not run any more.
    pub(super) fn stopped(&mut self, range: ItemRange) {
        self.view.running = self.view.running.saturating_sub(range.count.into());
    }

    pub(super) fn used(&mut self, usage: &Usage) {
        self.view.usage.get_or_insert_default().add(&usage.into());
    }

    pub(super) fn succeeded(&mut self, range: ItemRange, reused: bool) {
        self.view.succeeded += u64::from(range.count);
        self.view.cached += if reused { range.count.into() } else { 0 };
    }

    pub(super) fn carried(&mut self, range: ItemRange) {
        self.view.succeeded += u64::from(range.count);
        self.view.carried += u64::from(range.count);
    }

    pub(super) fn failed(&mut self, range: ItemRange, attempt: u32, failure: &StepFailure) {
        self.view.failed += u64::from(range.count);
        for item in (range.first..range.end()).take(MAX_FAILURES) {
            self.failures.insert(item, (attempt, failure.clone()));
            if self.failures.len() > MAX_FAILURES {
                self.failures.pop_last();
            }
        }
    }

    pub(super) fn retried(&mut self, range: ItemRange, at: Timestamp) {
        self.retries.extend((range.first..range.end()).map(|item| (item, at)));
    }

    pub(super) fn cancelled(&mut self, range: ItemRange) {
        self.view.cancelled += u64::from(range.count);
    }

    /// When the next item is tried again.
    pub(super) fn next_retry(&self) -> Option<Timestamp> {
        self.retries.values().min().copied()
    }

    /// What was counted. Of a step that has ended, nothing waits any more.
    pub(super) fn finish(self, ended: bool) -> ItemsView {
        let mut view = self.view;
        let done = view.succeeded + view.failed + view.cancelled;
        if ended {
            view.running = 0;
            view.cancelled += view.total.saturating_sub(done);
        } else {
            view.waiting = view.total.saturating_sub(done + view.running);
            view.retrying = self.retries.len() as u64;
        }
        let failures = self.failures.into_iter();
        view.failures = failures
            .map(|(item, (attempt, failure))| ItemFailureView { item, attempt, failure: (&failure).into() })
            .collect();
        view
    }
}
