//! The runs of a trigger in the order of their acceptance: what a later one waits for.

use std::{
    collections::BTreeMap,
    sync::{MutexGuard, PoisonError},
};

use crate::{effects::Mutex, ids::RunId};

/// The runs of a trigger that may go on, in the order of their acceptance. All runs that wait share it: each would hold
/// on to all before it otherwise.
#[derive(Default)]
pub(super) struct Order(Mutex<Places>);

#[derive(Default)]
struct Places {
    /// How many there have been.
    count: u64,
    runs: BTreeMap<u64, RunId>,
}

impl Order {
    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of the run that is added next.
    pub(super) fn next(&self) -> u64 {
        self.lock().count
    }

    /// Adds a run behind all others.
    pub(super) fn add(&self, run: RunId) {
        let mut places = self.lock();
        let place = places.count;
        places.count += 1;
        places.runs.insert(place, run);
    }

    /// Those that go on; the others are forgotten.
    pub(super) fn going_on(&self, goes_on: impl Fn(RunId) -> bool) -> Vec<RunId> {
        let mut places = self.lock();
        places.runs.retain(|_, run| goes_on(*run));
        places.runs.values().copied().collect()
    }

    /// The last one before a place that goes on; those behind it are forgotten.
    pub(super) fn last_before(&self, place: u64, goes_on: impl Fn(RunId) -> bool) -> Option<RunId> {
        let mut places = self.lock();
        loop {
            let (&last, &run) = places.runs.range(..place).next_back()?;
            if goes_on(run) {
                return Some(run);
            }
            places.runs.remove(&last);
        }
    }
}

impl FromIterator<RunId> for Order {
    fn from_iter<I: IntoIterator<Item = RunId>>(runs: I) -> Self {
        let runs: BTreeMap<_, _> = (0..).zip(runs).collect();
        Self(Mutex::new(Places { count: runs.len() as u64, runs }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u8) -> RunId {
        RunId::from_bytes([number; 16])
    }

    #[test]
    fn a_place_is_behind_those_before_it_alone() {
        let order: Order = (0..4).map(run).collect();
        let place = order.next();
        order.add(run(4));
        assert_eq!(order.last_before(place, |_| true), Some(run(3)));
        // Whatever ends first, and whatever is added meanwhile.
        assert_eq!(order.last_before(place, |it| it != run(3)), Some(run(2)));
        order.add(run(5));
        assert_eq!(order.last_before(place, |it| it == run(0) || it > run(3)), Some(run(0)));
        assert_eq!(order.last_before(place, |it| it > run(3)), None);
        assert_eq!(order.going_on(|_| true), [run(4), run(5)]);
        assert_eq!(order.next(), 6);
    }
}
