//! Which runs go: rules without a database.

use super::{PassClock, Reason, RetentionPolicy};
use crate::{
    ids::{Name, RunId, Timestamp},
    persist::{reader::RunCursor, retention::RemovedRun},
};

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A run that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::persist) struct EndedRun {
    pub(in crate::persist) run: RunId,
    pub(in crate::persist) pipeline: Name,
    /// Its place among all runs, as they were accepted.
    pub(in crate::persist) place: RunCursor,
    pub(in crate::persist) created_at: Timestamp,
    pub(in crate::persist) finished_at: Timestamp,
    /// Its place among all that have ended.
    pub(in crate::persist) end: i64,
    /// For how long the data directory had been observed in use when it ended, in milliseconds.
    pub(in crate::persist) observed: i64,
}

impl EndedRun {
    pub(super) fn removed(self, reason: Reason) -> RemovedRun {
        RemovedRun { run: self.run, pipeline: self.pipeline, created_at: self.created_at, reason }
    }
}

/// For how long the data directory has been observed in use.
#[derive(Debug, Clone, Copy)]
pub(in crate::persist) struct ObservedTime {
    /// Milliseconds.
    pub(in crate::persist) total: i64,
    /// The wall clock less the total, when that clock had last been steady.
    pub(in crate::persist) steady_offset: Option<i64>,
}

impl ObservedTime {
    /// By how much the clock is ahead of what has been observed, in milliseconds; `None` if it was never steady.
    pub(super) fn lead(self, clock: PassClock) -> Option<u64> {
        if clock.is_confirmed {
            return Some(0);
        }
        let lead = clock.now.0.saturating_sub(self.steady_offset?).saturating_sub(self.total);
        Some(u64::try_from(lead).unwrap_or(0))
    }
}

/// What becomes of a run, by its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Old,
    /// Neither it nor any that ended after it is old.
    Young,
    /// A clock was set: its age is unknown, and it stays. Nothing follows for others.
    Unknown,
}

/// Judges the ages of runs, one after the other in the order in which they ended. Which one ended first is known for sure, so
/// that a run is never older than one that ended before it, whatever the clock said at its end.
///
/// A run is as old as the wall clock says, or as has been observed, whichever is less: a clock that runs ahead makes no run
/// older, and neither does one that was behind when the run ended.
pub(super) struct Ages {
    limit: i64,
    now: PassClock,
    /// What has been observed until now; nothing where the clock is to be trusted alone.
    observed: Option<i64>,
    /// When the last of the runs before had ended.
    latest: i64,
}

impl Ages {
    /// `None` if no run is ever too old.
    pub(super) fn new(policy: &RetentionPolicy, now: PassClock, observed: ObservedTime) -> Option<Self> {
        let limit = i64::from(policy.days?) * DAY;
        let observed = (!now.is_confirmed).then_some(observed.total);
        Some(Self { limit, now, observed, latest: i64::MIN })
    }

    pub(super) fn next(&mut self, run: &EndedRun) -> Age {
        let ended = run.finished_at.0;
        let observed = self.observed.map(|total| total.saturating_sub(run.observed));
        if ended > self.now.now.0 || observed.is_some_and(|age| age < 0) {
            return Age::Unknown;
        }
        self.latest = self.latest.max(ended);
        let by_clock = self.now.now.0.saturating_sub(self.latest) > self.limit;
        let by_observation = observed.is_none_or(|age| age >= self.limit);
        if by_clock && by_observation { Age::Old } else { Age::Young }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_000 * DAY;
    const POLICY: RetentionPolicy = RetentionPolicy { days: Some(30), bytes: None, runs: 0 };

    const NOTHING: ObservedTime = ObservedTime { total: 0, steady_offset: None };

    /// A run that ended so many days ago, by the clock and by observation.
    fn run(by_clock: i64, observed: i64) -> EndedRun {
        EndedRun {
            run: RunId::from_bytes([0; 16]),
            pipeline: Name::new("p").unwrap(),
            place: RunCursor(0),
            created_at: Timestamp(0),
            finished_at: Timestamp(NOW - by_clock * DAY),
            end: 0,
            observed: -observed * DAY,
        }
    }

    fn ages(runs: &[(i64, i64)], is_confirmed: bool) -> Vec<Age> {
        let now = PassClock { now: Timestamp(NOW), is_confirmed };
        let mut ages = Ages::new(&POLICY, now, NOTHING).unwrap();
        runs.iter().map(|(clock, observed)| ages.next(&run(*clock, *observed))).collect()
    }

    #[test]
    fn a_run_is_old_by_both() {
        use Age::{Old, Unknown, Young};
        for (runs, unconfirmed, confirmed) in [
            (vec![(40, 40), (30, 30), (5, 5)], vec![Old, Young, Young], vec![Old, Young, Young]),
            // The clock runs ahead, or nothing was there to observe.
            (vec![(400, 40), (390, 29)], vec![Old, Young], vec![Old, Old]),
            // The clock was behind when one ended: it is no older than the one before.
            (vec![(40, 40), (29, 39), (900, 38)], vec![Old, Young, Young], vec![Old, Young, Young]),
            // It was ahead when one ended: nothing follows for the others, until that time has come.
            (vec![(40, 40), (-900, 39), (38, 38)], vec![Old, Unknown, Old], vec![Old, Unknown, Old]),
            // A damaged row.
            (vec![(40, -900), (38, 38)], vec![Unknown, Old], vec![Old, Old]),
        ] {
            assert_eq!(ages(&runs, false), unconfirmed, "{runs:?}");
            assert_eq!(ages(&runs, true), confirmed, "{runs:?}");
        }
    }

    #[test]
    fn without_a_limit_none_is_old_and_with_none_at_all_each_is() {
        let now = PassClock { now: Timestamp(NOW), is_confirmed: false };
        let unlimited = RetentionPolicy { days: None, ..POLICY };
        assert!(Ages::new(&unlimited, now, NOTHING).is_none());
        let at_once = RetentionPolicy { days: Some(0), ..POLICY };
        assert_eq!(Ages::new(&at_once, now, NOTHING).unwrap().next(&run(1, 0)), Age::Old);
    }

    proptest! {
        /// Whatever the clock said at the ends, and says now.
        #[test]
        fn none_is_old_after_a_young_one(
            mut observed in prop::collection::vec(0..60_i64, 0..30),
            by_clock in prop::collection::vec(-60..60_i64, 30),
        ) {
            observed.sort_unstable_by(|one, other| other.cmp(one));
            let runs: Vec<_> = by_clock.into_iter().zip(observed).collect();
            let mut youngest = i64::MAX;
            let mut is_young = false;
            for (age, (by_clock, observed)) in ages(&runs, false).into_iter().zip(&runs) {
                if *by_clock >= 0 {
                    youngest = youngest.min(*by_clock);
                }
                is_young |= age == Age::Young;
                prop_assert_eq!(age == Age::Old, *by_clock > 30 && youngest > 30 && *observed >= 30);
                prop_assert!(age != Age::Old || !is_young);
            }
        }
    }
}
