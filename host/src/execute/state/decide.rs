//! What is to be done about a step, given what has happened.

use super::{RunState, Step};
use crate::{
    event::{CancelReason, Join, SkipReason, StepState},
    failure::{FailureKind, StepFailure},
    ids::{StepIndex, Timestamp},
};

/// What is to be done about a step. The caller turns it into an event and applies that before it asks again, or does
/// what takes time and comes back with the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It runs: this attempt, counted from 1, not before a time.
    Start(StepIndex, u32, Option<Timestamp>),
    /// Its conditions are to be evaluated.
    Evaluate(StepIndex),
    /// Its items are to be found.
    FanOut(StepIndex),
    /// It has items to run.
    RunItems(StepIndex),
    /// All its items succeeded: what they returned is to be put together.
    Gather(StepIndex),
    /// It fails, because of its items.
    Fail(StepIndex, StepFailure),
    /// It does not run, because of what happened above it.
    Skip(StepIndex, SkipReason),
    /// It does not run or not end, because the run is ending.
    Cancel(StepIndex, CancelReason),
}

impl RunState {
    /// The next thing that is to be done now.
    pub fn decide(&mut self) -> Option<Decision> {
        while let Some(index) = self.decidable.pop_front() {
            let decision = match self.state(index) {
                StepState::Waiting => self.decide_waiting(index),
                StepState::Running => self.decide_items(index),
                _ => None,
            };
            if decision.is_some() {
                return decision;
            }
        }
        None
    }

    /// Why a step may not begin any more.
    fn stopped(&self, index: StepIndex) -> Option<&CancelReason> {
        self.ending.as_ref().filter(|_| self.forced || !self.plan.step(index).finally)
    }

    fn decide_waiting(&self, index: StepIndex) -> Option<Decision> {
        if let Some(reason) = self.stopped(index) {
            return Some(Decision::Cancel(index, reason.clone()));
        }
        if let Some(failure) = self.kills_its_host(index) {
            return Some(Decision::Fail(index, failure));
        }
        let (step, entry) = (self.plan.step(index), &self.steps[index.get()]);
        let Step { pending, attempts, condition_held, retry_at, .. } = *entry;
        if pending > 0 || step.finally && self.unfinished_main > 0 {
            return None;
        }
        if let Some(reason) = self.unsatisfied(index) {
            return Some(Decision::Skip(index, reason));
        }
        Some(if step.is_conditional() && !condition_held {
            Decision::Evaluate(index)
        } else if step.for_each.is_some() {
            Decision::FanOut(index)
        } else {
            Decision::Start(index, attempts + 1, retry_at)
        })
    }

    /// Why the join of a step whose upstreams are terminal is not satisfied.
    fn unsatisfied(&self, index: StepIndex) -> Option<SkipReason> {
        let step = self.plan.step(index);
        let join = step.join;
        let because = |step| SkipReason::Upstream { step, state: self.state(step), join };
        let first_not = |fine: &[StepState]| step.joined().find(|up| !fine.contains(&self.state(*up))).map(because);
        match join {
            Join::AllSuccess => first_not(&[StepState::Succeeded]),
            Join::NoneFailed => first_not(&[StepState::Succeeded, StepState::Skipped]),
            Join::AllDone => None,
            Join::AnySuccess if step.joined().any(|up| self.state(up) == StepState::Succeeded) => None,
            Join::AnySuccess => step.joined().next().map(because),
        }
    }

    fn decide_items(&self, index: StepIndex) -> Option<Decision> {
        let items = self.items(index)?;
        if self.is_cancelled() && self.stopped(index).is_some() {
            let reason = || Decision::Cancel(index, CancelReason::RunCancelled);
            return items.is_idle().then(reason);
        }
        if let Some(failure) = self.kills_its_host(index).filter(|_| items.is_idle()) {
            return Some(Decision::Fail(index, failure));
        }
        if !items.are_done() {
            return (items.waiting().0 > 0).then_some(Decision::RunItems(index));
        }
        if items.any_cancelled() {
            return Some(Decision::Cancel(index, CancelReason::RunCancelled));
        }
        Some(match items.first_failure() {
            None => Decision::Gather(index),
            Some((item, first)) => {
                let (failed, total) = (items.failed(), items.total());
                let message = format!("{failed} of {total} items failed; the first is item {item}: {first}");
                Decision::Fail(index, StepFailure::new(FailureKind::ItemsFailed, message))
            }
        })
    }
}
