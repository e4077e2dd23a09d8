//! What the events of a run add up to. Pure: no clock, no I/O, no randomness.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    event::{CancelReason, EventKind, Join, Outcome, ParamValue, RunEvent, SkipReason, StepState},
    failure::FailureKind,
    ids::{RunId, StepIndex},
    output::{ItemRange, OutputRef},
    plan::{OnError, Plan},
};

/// A run, as its events left it.
#[derive(Debug, Clone)]
pub struct RunState {
    run: RunId,
    plan: Arc<Plan>,
    params: Vec<ParamValue>,
    steps: Vec<Step>,
    next_seq: u64,
    unfinished: usize,
    any_failed: bool,
    ending: Option<CancelReason>,
    outcome: Option<Outcome>,
    /// Waiting steps whose upstreams are all terminal; may hold steps that have been decided since.
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
}

/// An event that cannot follow those before it: the journal is damaged, or was written by a newer version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {seq} of run {run} cannot be applied: {problem}")]
pub struct StateError {
    run: RunId,
    seq: u64,
    problem: &'static str,
}

/// What is to be done about a step whose upstreams are terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It runs: this attempt, counted from 1.
    Start(StepIndex, u32),
    /// It does not run, because of what happened above it.
    Skip(StepIndex, SkipReason),
    /// It does not run, because the run is ending.
    Cancel(StepIndex, CancelReason),
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
            })
            .collect();
        let decidable = plan.indices().filter(|index| plan.step(*index).upstreams.is_empty()).collect();
        Self {
            run,
            params: Vec::new(),
            next_seq: 0,
            unfinished: steps.len(),
            any_failed: false,
            ending: None,
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
        if let Err(problem) = self.transition(&event.kind) {
            return Err(self.error(event.seq, problem));
        }
        self.next_seq = self.next_seq.max(event.seq + 1);
        Ok(())
    }

    fn error(&self, seq: u64, problem: &'static str) -> StateError {
        StateError { run: self.run, seq, problem }
    }

    fn transition(&mut self, kind: &EventKind) -> Result<(), &'static str> {
        if self.outcome.is_some() {
            return Err("the run has ended");
        }
        match kind {
            EventKind::Created { params, .. } => self.params.clone_from(params),
            EventKind::Resumed => {}
            EventKind::AttemptStarted { step, items, attempt } => {
                let entry = self.expect(*step, *items, &[StepState::Waiting])?;
                entry.state = StepState::Running;
                entry.attempts = *attempt;
            }
            EventKind::AttemptSucceeded { step, items, output, .. } => {
                let entry = self.expect(*step, *items, &[StepState::Running])?;
                entry.output = Some(output.clone());
                self.end_step(*step, StepState::Succeeded);
            }
            EventKind::AttemptFailed { step, items, failure, .. } => {
                self.expect(*step, *items, &[StepState::Running])?;
                if failure.kind == FailureKind::Cancelled {
                    self.end_step(*step, StepState::Cancelled);
                    return Ok(());
                }
                self.any_failed = true;
                self.end_step(*step, StepState::Failed);
                if self.plan.step(*step).on_error == OnError::Fail && self.ending.is_none() {
                    self.begin_ending(CancelReason::StepFailed { step: *step });
                }
            }
            EventKind::AttemptLost { step, items, .. } => {
                self.expect(*step, *items, &[StepState::Running])?.state = StepState::Waiting;
                self.decidable.push_back(*step);
            }
            EventKind::StepSkipped { step, .. } => {
                self.expect(*step, ItemRange::WHOLE, &[StepState::Waiting])?;
                self.end_step(*step, StepState::Skipped);
            }
            EventKind::StepCancelled { step, .. } => {
                self.expect(*step, ItemRange::WHOLE, &[StepState::Waiting, StepState::Running])?;
                self.end_step(*step, StepState::Cancelled);
            }
            EventKind::AttemptReturned { .. }
            | EventKind::ConditionHeld { .. }
            | EventKind::FannedOut { .. }
            | EventKind::Carried { .. }
            | EventKind::StepSucceeded { .. }
            | EventKind::StepFailed { .. } => {}
            EventKind::CancelRequested => self.begin_ending(CancelReason::RunCancelled),
            EventKind::Finished { outcome } => {
                if self.unfinished > 0 {
                    return Err("a step has not ended");
                }
                self.outcome = Some(*outcome);
            }
        }
        Ok(())
    }

    fn expect(&mut self, step: StepIndex, items: ItemRange, states: &[StepState]) -> Result<&mut Step, &'static str> {
        let entry = self.steps.get_mut(step.get()).ok_or("the plan has no such step")?;
        if items != ItemRange::WHOLE {
            return Err("it is about items, but the step has none; use the version of stepmill that wrote it");
        }
        if !states.contains(&entry.state) {
            return Err("the step is not in a state for it");
        }
        Ok(entry)
    }

    /// Each edge is looked at twice in the life of a run, from either end: never a scan over all steps.
    fn end_step(&mut self, index: StepIndex, state: StepState) {
        self.steps[index.get()].state = state;
        self.unfinished -= 1;
        let plan = Arc::clone(&self.plan);
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

    /// Nothing starts any more: every waiting step becomes decidable, whatever is above it.
    fn begin_ending(&mut self, reason: CancelReason) {
        if self.ending.is_none() {
            let waiting = |index: &StepIndex| self.state(*index) == StepState::Waiting;
            self.decidable = self.plan.indices().filter(waiting).collect();
        }
        self.ending = Some(reason);
    }

    /// The next step that can be decided now, and what is to be done about it. The caller turns it into an event and
    /// applies that before it asks again.
    pub fn decide(&mut self) -> Option<Decision> {
        while let Some(index) = self.decidable.pop_front() {
            if self.state(index) == StepState::Waiting {
                return Some(match &self.ending {
                    Some(reason) => Decision::Cancel(index, reason.clone()),
                    None => self.decide_join(index),
                });
            }
        }
        None
    }

    fn decide_join(&self, index: StepIndex) -> Decision {
        let failed_upstream =
            self.plan.step(index).upstreams.iter().find(|up| self.state(**up) != StepState::Succeeded).copied();
        match failed_upstream {
            Some(step) => {
                Decision::Skip(index, SkipReason::Upstream { step, state: self.state(step), join: Join::AllSuccess })
            }
            None => Decision::Start(index, self.steps[index.get()].attempts + 1),
        }
    }

    /// How the run ends, once every step has.
    #[must_use]
    pub fn conclusion(&self) -> Option<Outcome> {
        (self.unfinished == 0 && self.outcome.is_none()).then_some(match self.ending {
            Some(CancelReason::RunCancelled) => Outcome::Cancelled,
            _ if self.any_failed => Outcome::Failed,
            _ => Outcome::Succeeded,
        })
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

    /// The steps that run, as far as the events tell.
    pub fn running(&self) -> impl Iterator<Item = StepIndex> + '_ {
        self.plan.indices().filter(|index| self.state(*index) == StepState::Running)
    }
}
