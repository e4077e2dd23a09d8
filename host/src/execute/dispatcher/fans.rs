//! Which items of `for_each` steps run next, and how many go to a sandbox thread at once.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use crate::ids::StepIndex;

/// How long a batch should run: long against the cost of a commit, short against a user's patience.
const BATCH: Duration = Duration::from_millis(8);
/// The most items in a batch.
const MAX_BATCH: u32 = 1_024;

/// The `for_each` steps that have items to run, in turn.
#[derive(Debug, Default)]
pub(super) struct Fans {
    queue: VecDeque<StepIndex>,
    fans: HashMap<StepIndex, Fan>,
}

#[derive(Debug, Default)]
struct Fan {
    queued: bool,
    in_flight: u32,
    /// Microseconds for an item, as lately seen.
    pace: Option<f64>,
}

impl Fans {
    /// A step has items that may run.
    pub(super) fn add(&mut self, step: StepIndex) {
        let fan = self.fans.entry(step).or_default();
        if !std::mem::replace(&mut fan.queued, true) {
            self.queue.push_back(step);
        }
    }

    /// Whether no step waits for its turn.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The step whose turn it is. It is out of the queue until it is added again.
    pub(super) fn next(&mut self) -> Option<StepIndex> {
        let step = self.queue.pop_front()?;
        self.fans.entry(step).or_default().queued = false;
        Some(step)
    }

    /// How many batches of a step run.
    pub(super) fn in_flight(&self, step: StepIndex) -> u32 {
        self.fans.get(&step).map_or(0, |fan| fan.in_flight)
    }

    /// How many items the next batch should have, given how many wait and how many batches may run at once. Items of
    /// unknown pace go alone; near the end batches get smaller, so that all cores have something to do.
    pub(super) fn batch(&self, step: StepIndex, waiting: u32, lanes: u32) -> u32 {
        let pace = self.fans.get(&step).and_then(|fan| fan.pace);
        let by_pace = pace.map_or(1, |pace| (BATCH.as_micros() as f64 / pace.max(1.0)) as u32);
        let share = waiting.div_ceil(lanes.max(1).saturating_mul(2));
        by_pace.min(share).clamp(1, MAX_BATCH)
    }

    pub(super) fn began(&mut self, step: StepIndex) {
        self.fans.entry(step).or_default().in_flight += 1;
    }

    /// A batch ended in which so many items took so many microseconds.
    pub(super) fn ended(&mut self, step: StepIndex, items: u32, took_us: u64) {
        let fan = self.fans.entry(step).or_default();
        fan.in_flight = fan.in_flight.saturating_sub(1);
        if items > 0 {
            let latest = took_us as f64 / f64::from(items);
            fan.pace = Some(fan.pace.map_or(latest, |pace| pace * 0.5 + latest * 0.5));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: StepIndex = StepIndex(3);

    #[test]
    fn batches_follow_the_pace_and_shrink_towards_the_end() {
        let mut fans = Fans::default();
        assert_eq!(fans.batch(STEP, 100_000, 2), 1);
        fans.began(STEP);
        fans.ended(STEP, 1, 20);
        assert_eq!(fans.batch(STEP, 100_000, 2), 400);
        assert_eq!(fans.batch(STEP, 100, 2), 25);
        assert_eq!(fans.batch(STEP, 1, 2), 1);
        fans.ended(STEP, 1, 2_000_000);
        assert_eq!(fans.batch(STEP, 100_000, 2), 1);
        fans.ended(STEP, 1_000_000, 1);
        fans.ended(STEP, u32::MAX, 0);
        assert!(fans.batch(STEP, u32::MAX, 1) <= MAX_BATCH);
    }

    #[test]
    fn steps_take_turns_and_are_queued_once() {
        let mut fans = Fans::default();
        for step in [1, 2, 1] {
            fans.add(StepIndex(step));
        }
        assert_eq!((fans.next(), fans.next(), fans.next()), (Some(StepIndex(1)), Some(StepIndex(2)), None));
        fans.add(StepIndex(1));
        assert_eq!(fans.next(), Some(StepIndex(1)));
    }
}
