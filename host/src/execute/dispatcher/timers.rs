//! Steps that are to be looked at again at a time, and the clock that says which time it is.

use std::{cmp::Reverse, collections::BinaryHeap};

use tokio::time::Instant;

use crate::ids::{StepIndex, Timestamp};

/// The time of a run: what the wall clock said when its driving began, plus the time that has passed since; never before
/// the run's earlier events. So a wall clock that is set neither delays a retry nor hurries it, and after a restart at most
/// the planned wait is left.
#[derive(Debug, Clone, Copy)]
pub(super) struct SteadyClock {
    began: Instant,
    wall: Timestamp,
}

impl SteadyClock {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { began: Instant::now(), wall: now }
    }

    pub(super) fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.wall.0.saturating_add(passed))
    }
}

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
