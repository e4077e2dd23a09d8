//! What can be asked about a run.

use std::sync::Arc;

use uuid::Uuid;

use super::{Items, RunState};
use crate::{
    event::{CancelReason, Outcome, RunOptions, StepState},
    ids::{RunId, StepIndex, Timestamp},
    output::{ItemRange, OutputRef},
    plan::Plan,
};

impl RunState {
    /// How the run ends, once every step has.
    #[must_use]
    pub fn conclusion(&self) -> Option<Outcome> {
        (self.unfinished == 0 && self.outcome.is_none()).then(|| self.prospect())
    }

    /// How the run would end if no step that has not ended changed it.
    #[must_use]
    pub fn prospect(&self) -> Outcome {
        match self.ending {
            Some(CancelReason::RunCancelled) => Outcome::Cancelled,
            _ if self.any_failed => Outcome::Failed,
            _ => Outcome::Succeeded,
        }
    }

    /// Whether nothing new starts any more, `finally` steps aside.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// Whether not even `finally` steps run any more.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.forced
    }

    /// How it was asked to run.
    #[must_use]
    pub fn options(&self) -> &RunOptions {
        &self.options
    }

    /// When it was accepted.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When it was due, if it was scheduled.
    #[must_use]
    pub fn scheduled_for(&self) -> Option<Timestamp> {
        self.scheduled_for
    }

    /// The copy of a data directory with which it came, if it began in another one.
    pub(in crate::execute) fn copy(&self) -> Option<Uuid> {
        self.copy
    }

    /// Notes with which copy of a data directory the run came; its events do not say so.
    pub fn came_with(&mut self, copy: Option<Uuid>) {
        self.copy = copy;
    }

    /// The items of a `for_each` step that has been fanned out and not ended.
    #[must_use]
    pub fn items(&self, step: StepIndex) -> Option<&Items> {
        self.steps[step.get()].items.as_deref()
    }

    /// The run's id.
    #[must_use]
    pub fn run(&self) -> RunId {
        self.run
    }

    /// What the run executes.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The number that the next event gets.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// How the run ended, if it has.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// Whether the run was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.ending == Some(CancelReason::RunCancelled)
    }

    /// The latest time of its events. The time of a run goes on from there, whatever the wall clock says.
    #[must_use]
    pub fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// Whether anything has happened since it was accepted; before, it is queued.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether it can end without executing anything: it was cancelled, and no `finally` step is left that would run.
    #[must_use]
    pub fn only_has_to_end(&self) -> bool {
        let waits = |index: &StepIndex| !self.state(*index).is_terminal() && self.plan.step(*index).finally;
        self.forced || self.is_cancelled() && !self.plan.indices().any(|index| waits(&index))
    }

    /// How many requests to cancel it were recorded: the second one forced it.
    #[must_use]
    pub fn cancels(&self) -> u8 {
        u8::from(self.is_cancelled()) + u8::from(self.forced)
    }

    /// Where a step stands.
    #[must_use]
    pub fn state(&self, step: StepIndex) -> StepState {
        self.steps[step.get()].state
    }

    /// How many attempts at a step have been started.
    #[must_use]
    pub fn attempts(&self, step: StepIndex) -> u32 {
        self.steps[step.get()].attempts
    }

    /// A step's output, while a step below it has not ended.
    #[must_use]
    pub fn output(&self, step: StepIndex) -> Option<&OutputRef> {
        self.steps[step.get()].output.as_ref()
    }

    /// A parameter's value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&OutputRef> {
        self.params.iter().find(|param| param.name == *name).map(|param| &param.value)
    }

    /// The attempts that run, as far as the events tell.
    pub fn running(&self) -> impl Iterator<Item = (StepIndex, ItemRange, u32)> + '_ {
        self.plan.indices().filter(|index| self.state(*index) == StepState::Running).flat_map(|index| {
            let whole = || (index, ItemRange::WHOLE, self.attempts(index));
            let items = self.items(index);
            let of_items = items.into_iter().flat_map(Items::running).map(move |(range, n)| (index, range, n));
            items.is_none().then(whole).into_iter().chain(of_items)
        })
    }
}
