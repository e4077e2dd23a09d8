//! Which runs go: a rule without a database.

use super::{Reason, RetentionPolicy};
use crate::{
    ids::{Name, RunId, Timestamp},
    persist::retention::RemovedRun,
};

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A run that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::persist) struct EndedRun {
    pub(in crate::persist) run: RunId,
    pub(in crate::persist) pipeline: Name,
    pub(in crate::persist) created_at: Timestamp,
    pub(in crate::persist) finished_at: Timestamp,
}

impl EndedRun {
    pub(super) fn removed(self, reason: Reason) -> RemovedRun {
        RemovedRun { run: self.run, pipeline: self.pipeline, created_at: self.created_at, reason }
    }
}

/// What becomes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays, although runs behind it may go.
    Keep,
    Remove(Reason),
    /// It stays, and so do all that were made after it.
    Stop,
}

/// Judges runs one after the other, in the order in which they were made. `newer` is how many runs of its pipeline were
/// made after this one (asked only where it matters), `stored` how much the outputs take that are left.
pub(super) fn judge<E>(
    policy: &RetentionPolicy,
    now: Timestamp,
    stored: u64,
    run: &EndedRun,
    newer: impl FnOnce() -> Result<u32, E>,
) -> Result<Verdict, E> {
    // Of a clock that was set back, nothing follows: no time is before all others.
    let cutoff = policy.days.map(|days| now.0.saturating_sub(i64::from(days) * DAY));
    let is_before = |at: Timestamp| cutoff.is_some_and(|cutoff| at.0 < cutoff);
    let excess = policy.bytes.is_some_and(|bytes| stored > bytes);
    let reason = match (is_before(run.finished_at), excess) {
        (true, _) => Reason::Age,
        (false, true) => Reason::Size,
        (false, false) if is_before(run.created_at) => return Ok(Verdict::Keep),
        (false, false) => return Ok(Verdict::Stop),
    };
    Ok(if newer()? < policy.runs { Verdict::Keep } else { Verdict::Remove(reason) })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, convert::Infallible};

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000 * DAY);

    fn run(pipeline: &str, created: i64, finished: i64) -> EndedRun {
        EndedRun {
            run: RunId::from_bytes([u8::try_from(created % 251).unwrap(); 16]),
            pipeline: Name::new(pipeline).unwrap(),
            created_at: Timestamp(NOW.0 - created * DAY),
            finished_at: Timestamp(NOW.0 - finished * DAY),
        }
    }

    /// Ages of the runs that go, by pipeline. Each run takes 10 bytes.
    fn goes(policy: RetentionPolicy, mut runs: Vec<EndedRun>) -> Vec<(String, i64, Reason)> {
        runs.sort_by_key(|run| run.created_at);
        let (mut stored, mut gone) = (runs.len() as u64 * 10, Vec::new());
        for (index, run) in runs.iter().enumerate() {
            let later = runs[index + 1..].iter().filter(|other| other.pipeline == run.pipeline).count();
            let newer = || Ok::<_, Infallible>(u32::try_from(later).unwrap());
            match judge(&policy, NOW, stored, run, newer).unwrap() {
                Verdict::Keep => {}
                Verdict::Stop => break,
                Verdict::Remove(reason) => {
                    stored -= 10;
                    gone.push((run.pipeline.to_string(), (NOW.0 - run.created_at.0) / DAY, reason));
                }
            }
        }
        gone
    }

    #[test]
    fn old_runs_go_by_when_they_ended() {
        let policy = RetentionPolicy { days: Some(30), bytes: None, runs: 0 };
        let runs = vec![run("p", 40, 29), run("p", 39, 31), run("p", 31, 30), run("p", 5, 5)];
        assert_eq!(goes(policy, runs), [("p".to_owned(), 39, Reason::Age)]);
    }

    #[test]
    fn the_newest_of_each_pipeline_stay() {
        let policy = RetentionPolicy { days: Some(30), bytes: Some(0), runs: 2 };
        let runs = vec![run("p", 90, 90), run("p", 80, 80), run("p", 3, 3), run("q", 99, 99), run("q", 98, 98)];
        assert_eq!(goes(policy, runs), [("p".to_owned(), 90, Reason::Age)]);
    }

    #[test]
    fn the_oldest_make_room_and_no_more_than_needed() {
        let policy = RetentionPolicy { days: None, bytes: Some(25), runs: 1 };
        let runs = (1..=5).map(|age| run("p", age, age)).collect();
        let gone = goes(policy, runs);
        assert_eq!(
            gone.iter().map(|(_, age, reason)| (*age, *reason)).collect::<Vec<_>>(),
            [(5, Reason::Size), (4, Reason::Size), (3, Reason::Size)]
        );
    }

    #[test]
    fn without_limits_everything_stays() {
        let policy = RetentionPolicy { days: None, bytes: None, runs: 0 };
        assert_eq!(goes(policy, vec![run("p", 900, 900)]), []);
    }

    proptest! {
        #[test]
        fn what_goes_is_what_the_policy_says(
            ages in prop::collection::vec((0..4_u8, 0..60_i64, 0..60_i64), 0..40),
            days in prop::option::of(0..60_u32),
            bytes in prop::option::of(0..400_u64),
            keep in 0..5_u32,
        ) {
            let policy = RetentionPolicy { days, bytes, runs: keep };
            let runs: Vec<_> =
                ages.iter().map(|(p, age, ran)| run(&format!("p{p}"), *age, (*age - *ran).max(0))).collect();
            let mut gone: BTreeMap<_, u32> = BTreeMap::new();
            let mut last = i64::MAX;
            for (pipeline, age, reason) in goes(policy, runs.clone()) {
                prop_assert!(age <= last, "the oldest first");
                last = age;
                prop_assert!(reason == Reason::Size || days.is_some_and(|days| age > i64::from(days)));
                *gone.entry(pipeline).or_default() += 1;
            }
            let mut all: BTreeMap<_, u32> = BTreeMap::new();
            runs.iter().for_each(|run| *all.entry(run.pipeline.to_string()).or_default() += 1);
            for (pipeline, gone) in &gone {
                prop_assert!(all[pipeline] - gone >= keep.min(all[pipeline]), "the newest stay");
            }
            let left = all.values().sum::<u32>() - gone.values().sum::<u32>();
            let protected: u32 = all.values().map(|count| (*count).min(keep)).sum();
            prop_assert!(bytes.is_none_or(|bytes| u64::from(left) * 10 <= bytes.max(u64::from(protected) * 10)));
        }
    }
}
