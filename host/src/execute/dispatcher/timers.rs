//! Steps that are to be looked at again at a time.

use std::{cmp::Reverse, collections::BinaryHeap};

use tokio::time::Instant;

use crate::ids::StepIndex;

#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Instant, StepIndex)>>);

impl Timers {
    pub(super) fn add(&mut self, due: Instant, step: StepIndex) {
        self.0.push(Reverse((due, step)));
    }

    /// When the next one is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((due, _))| *due)
    }

    /// A step whose time has come.
    pub(super) fn next(&mut self, now: Instant) -> Option<StepIndex> {
        if self.due()? > now {
            return None;
        }
        self.0.pop().map(|Reverse((_, step))| step)
    }
}
