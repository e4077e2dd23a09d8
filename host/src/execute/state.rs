//! What the events of a run add up to. Pure: no clock, no I/O, no randomness.

mod decide;
mod items;

use std::{collections::VecDeque, sync::Arc};

pub use self::{decide::Decision, items::Items};
use crate::{
    event::{CancelReason, EventKind, Outcome, ParamValue, RunEvent, RunOptions, StepState},
    failure::{FailureKind, StepFailure},
    ids::{RunId, StepIndex, Timestamp},
    output::{ItemRange, OutputRef},
    plan::{OnError, Plan},
};

/// A run, as its events left it.
#[derive(Debug, Clone)]
pub struct RunState {
    run: RunId,
    plan: Arc<Plan>,
    params: Vec<ParamValue>,
    options: RunOptions,
    created_at: Timestamp,
    steps: Vec<Step>,
    next_seq: u64,
    unfinished: usize,
    /// Of them, those without `finally`.
    unfinished_main: usize,
    any_failed: bool,
    ending: Option<CancelReason>,
    /// Asked twice to end: not even `finally` steps run any more.
    forced: bool,
    outcome: Option<Outcome>,
    /// Steps about which something may have to be done; may hold steps that have been decided since.
    decidable: VecDeque<StepIndex>,
}

#[derive(Debug, Clone)]
struct Step {
    state: StepState,
    attempts: u32,
    /// Upstreams that are not terminal yet.
    pending: u32,
    /// Downstreams that are not terminal yet: while there are any, the output is kept at hand.
    consumers: u32,
    output: Option<OutputRef>,
    condition_held: bool,
    /// When the next attempt may begin, if it must wait.
    retry_at: Option<Timestamp>,
    /// With `for_each`, once it has its items.
    items: Option<Box<Items>>,
}

/// An event that cannot follow those before it: the journal is damaged, or was written by a newer version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {seq} of run {run} cannot be applied: {problem}")]
pub struct StateError {
    run: RunId,
    seq: u64,
    problem: &'static str,
}

impl RunState {
    /// A run that has not been created yet: its first event must be [`EventKind::Created`].
    #[must_use]
    pub fn new(run: RunId, plan: Arc<Plan>) -> Self {
        let count = |list: &[StepIndex]| u32::try_from(list.len()).unwrap_or(u32::MAX);
        let steps: Vec<Step> = plan
            .steps
            .iter()
            .map(|step| Step {
                state: StepState::Waiting,
                attempts: 0,
                pending: count(&step.upstreams),
                consumers: count(&step.downstreams),
                output: None,
                condition_held: false,
                retry_at: None,
                items: None,
            })
            .collect();
        let decidable = plan.indices().filter(|index| plan.step(*index).upstreams.is_empty()).collect();
        Self {
            run,
            params: Vec::new(),
            options: RunOptions::default(),
            created_at: Timestamp(0),
            next_seq: 0,
            unfinished: steps.len(),
            unfinished_main: plan.steps.iter().filter(|step| !step.finally).count(),
            any_failed: false,
            ending: None,
            forced: false,
            outcome: None,
            decidable,
            steps,
            plan,
        }
    }

    /// The state that a journal's events lead to.
    ///
    /// # Errors
    /// If an event cannot follow those before it.
    pub fn replay(run: RunId, plan: Arc<Plan>, events: &[RunEvent]) -> Result<Self, StateError> {
        let mut state = Self::new(run, plan);
        for event in events {
            if event.seq != state.next_seq {
                return Err(state.error(event.seq, "an event before it is missing"));
            }
            state.apply(event)?;
        }
        Ok(state)
    }

    /// Takes an event into account.
    ///
    /// # Errors
    /// If it cannot follow those before it. The state is as it was.
    pub fn apply(&mut self, event: &RunEvent) -> Result<(), StateError> {
        if let Err(problem) = self.transition(event) {
            return Err(self.error(event.seq, problem));
        }
        self.next_seq = self.next_seq.max(event.seq + 1);
        Ok(())
    }

    fn error(&self, seq: u64, problem: &'static str) -> StateError {
        StateError { run: self.run, seq, problem }
    }

    fn transition(&mut self, event: &RunEvent) -> Result<(), &'static str> {
        if self.outcome.is_some() {
            return Err("the run has ended");
        }
        match &event.kind {
            EventKind::Created { params, options, .. } => {
                self.params.clone_from(params);
                self.options = options.clone();
                self.created_at = event.at;
            }
            EventKind::Resumed => {}
            EventKind::CancelRequested => self.cancel(),
            EventKind::Finished { outcome } => {
                if self.unfinished > 0 {
                    return Err("a step has not ended");
                }
                self.outcome = Some(*outcome);
            }
            EventKind::AttemptStarted { step, items, attempt } => self.attempt_started(*step, *items, *attempt)?,
            EventKind::AttemptSucceeded { step, items, output, .. } => self.attempt_succeeded(*step, *items, output)?,
            EventKind::AttemptFailed { step, items, attempt, failure, retry_at, .. } => {
                self.attempt_failed(*step, *items, *attempt, failure, *retry_at)?;
            }
            EventKind::AttemptLost { step, items, attempt } => self.attempt_undone(*step, *items, attempt + 1)?,
            EventKind::AttemptReturned { step, items, attempt } => self.attempt_undone(*step, *items, *attempt)?,
            EventKind::ConditionHeld { step, .. } => {
                self.expect(*step, &[StepState::Waiting])?.condition_held = true;
                self.decidable.push_back(*step);
            }
            EventKind::FannedOut { step, items } => {
                let entry = self.expect(*step, &[StepState::Waiting])?;
                entry.items = Some(Box::new(Items::new(items.clone())?));
                entry.state = StepState::Running;
                self.decidable.push_back(*step);
            }
            EventKind::Carried { step, items, output, .. } => self.carried(*step, *items, output)?,
            EventKind::StepSucceeded { step, output } => {
                self.expect(*step, &[StepState::Running])?.output = Some(output.clone());
                self.end_step(*step, StepState::Succeeded);
            }
            EventKind::StepFailed { step, .. } => {
                self.expect(*step, &[StepState::Waiting, StepState::Running])?;
                self.fail_step(*step);
            }
            EventKind::StepSkipped { step, .. } => {
                self.expect(*step, &[StepState::Waiting])?;
                self.end_step(*step, StepState::Skipped);
            }
            EventKind::StepCancelled { step, .. } => {
                self.expect(*step, &[StepState::Waiting, StepState::Running])?;
                self.end_step(*step, StepState::Cancelled);
            }
        }
        Ok(())
    }

    fn attempt_started(&mut self, step: StepIndex, range: ItemRange, attempt: u32) -> Result<(), &'static str> {
        let entry = self.entry(step)?;
        if let Some(items) = &mut entry.items {
            items.start(range, attempt)?;
            entry.attempts = entry.attempts.max(attempt);
            return Ok(());
        }
        let entry = self.expect_whole(step, range, &[StepState::Waiting])?;
        entry.state = StepState::Running;
        entry.attempts = attempt;
        entry.retry_at = None;
        Ok(())
    }

    fn attempt_succeeded(&mut self, step: StepIndex, range: ItemRange, output: &OutputRef) -> Result<(), &'static str> {
        if let Some(items) = &mut self.entry(step)?.items {
            items.succeed(range, output.clone())?;
            self.decidable.push_back(step);
            return Ok(());
        }
        self.expect_whole(step, range, &[StepState::Running])?.output = Some(output.clone());
        self.end_step(step, StepState::Succeeded);
        Ok(())
    }

    fn attempt_failed(
        &mut self,
        step: StepIndex,
        range: ItemRange,
        attempt: u32,
        failure: &StepFailure,
        retry_at: Option<Timestamp>,
    ) -> Result<(), &'static str> {
        let cancelled = failure.kind == FailureKind::Cancelled;
        if let Some(items) = &mut self.entry(step)?.items {
            match retry_at {
                Some(at) => items.wait(range, attempt + 1, Some(at))?,
                None if cancelled => items.cancel(range)?,
                None => items.fail(range, failure)?,
            }
            self.decidable.push_back(step);
            return Ok(());
        }
        let entry = self.expect_whole(step, range, &[StepState::Running])?;
        if let Some(at) = retry_at {
            entry.state = StepState::Waiting;
            entry.retry_at = Some(at);
            self.decidable.push_back(step);
        } else if cancelled {
            self.end_step(step, StepState::Cancelled);
        } else {
            self.fail_step(step);
        }
        Ok(())
    }

    /// Attempts that were lost or given back: they wait for this attempt.
    fn attempt_undone(&mut self, step: StepIndex, range: ItemRange, next: u32) -> Result<(), &'static str> {
        let entry = self.entry(step)?;
        if let Some(items) = &mut entry.items {
            items.wait(range, next, None)?;
        } else {
            let entry = self.expect_whole(step, range, &[StepState::Running])?;
            entry.state = StepState::Waiting;
            entry.attempts = next.saturating_sub(1);
        }
        self.decidable.push_back(step);
        Ok(())
    }

    fn carried(&mut self, step: StepIndex, range: ItemRange, output: &OutputRef) -> Result<(), &'static str> {
        if let Some(items) = &mut self.entry(step)?.items {
            items.carry(range, output.clone())?;
            self.decidable.push_back(step);
            return Ok(());
        }
        self.expect_whole(step, range, &[StepState::Waiting])?.output = Some(output.clone());
        self.end_step(step, StepState::Succeeded);
        Ok(())
    }

    fn entry(&mut self, step: StepIndex) -> Result<&mut Step, &'static str> {
        self.steps.get_mut(step.get()).ok_or("the plan has no such step")
    }

    fn expect(&mut self, step: StepIndex, states: &[StepState]) -> Result<&mut Step, &'static str> {
        let entry = self.entry(step)?;
        if states.contains(&entry.state) { Ok(entry) } else { Err("the step is not in a state for it") }
    }

    fn expect_whole(
        &mut self,
        step: StepIndex,
        range: ItemRange,
        states: &[StepState],
    ) -> Result<&mut Step, &'static str> {
        if range != ItemRange::WHOLE {
            return Err("it is about items, but the step has none");
        }
        self.expect(step, states)
    }

    fn fail_step(&mut self, index: StepIndex) {
        let plan = Arc::clone(&self.plan);
        let step = plan.step(index);
        self.any_failed |= !step.allow_failure;
        self.end_step(index, StepState::Failed);
        // Nothing depends on a `finally` step but others of its sort, which run in any case.
        if step.on_error == OnError::Fail && !step.finally && self.ending.is_none() {
            self.begin_ending(CancelReason::StepFailed { step: index });
        }
    }

    /// Each edge is looked at twice in the life of a run, from either end: never a scan over all steps.
    fn end_step(&mut self, index: StepIndex, state: StepState) {
        let plan = Arc::clone(&self.plan);
        let entry = &mut self.steps[index.get()];
        entry.state = state;
        entry.items = None;
        self.unfinished -= 1;
        if !plan.step(index).finally {
            self.unfinished_main -= 1;
            if self.unfinished_main == 0 {
                let may_begin = |index: &StepIndex| plan.step(*index).finally && self.steps[index.get()].pending == 0;
                self.decidable.extend(plan.indices().filter(may_begin));
            }
        }
        for down in &plan.step(index).downstreams {
            let entry = &mut self.steps[down.get()];
            entry.pending -= 1;
            if entry.pending == 0 && entry.state == StepState::Waiting {
                self.decidable.push_back(*down);
            }
        }
        for up in &plan.step(index).upstreams {
            let entry = &mut self.steps[up.get()];
            entry.consumers -= 1;
            if entry.consumers == 0 {
                entry.output = None;
            }
        }
        if plan.step(index).downstreams.is_empty() {
            self.steps[index.get()].output = None;
        }
    }

    /// Nothing starts any more but `finally` steps: every other waiting step becomes decidable, whatever is above it.
    fn begin_ending(&mut self, reason: CancelReason) {
        let open = |index: &StepIndex| !self.state(*index).is_terminal();
        self.decidable = self.plan.indices().filter(open).collect();
        self.ending = Some(reason);
    }

    fn cancel(&mut self) {
        self.forced = self.is_cancelled();
        self.begin_ending(CancelReason::RunCancelled);
    }

    /// Decides again about a step: a time that it waited for has come.
    pub fn look_at(&mut self, step: StepIndex) {
        self.decidable.push_back(step);
    }

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
