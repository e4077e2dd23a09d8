//! What the events of a run add up to. Pure: no clock, no I/O, no randomness.

mod attempts;
mod crashes;
mod decide;
mod items;
mod view;

use std::{collections::VecDeque, sync::Arc};

use uuid::Uuid;

pub use self::{decide::Decision, items::Items};
use crate::{
    event::{CancelReason, EventKind, Outcome, ParamValue, RunEvent, RunOptions, StepState},
    ids::{RunId, StepIndex, Timestamp},
    output::OutputRef,
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
    scheduled_for: Option<Timestamp>,
    copy: Option<Uuid>,
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
    /// Whether anything has happened since it was accepted.
    begun: bool,
    crashes: crashes::Crashes,
    /// The latest time of an event.
    last_at: Timestamp,
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
    /// How often the host died while this step's attempt was all that ran on it.
    lost_alone: u32,
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
                lost_alone: 0,
            })
            .collect();
        let decidable = plan.indices().filter(|index| plan.step(*index).upstreams.is_empty()).collect();
        Self {
            run,
            params: Vec::new(),
            options: RunOptions::default(),
            created_at: Timestamp(0),
            scheduled_for: None,
            copy: None,
            next_seq: 0,
            unfinished: steps.len(),
            unfinished_main: plan.steps.iter().filter(|step| !step.finally).count(),
            any_failed: false,
            ending: None,
            forced: false,
            outcome: None,
            begun: false,
            crashes: crashes::Crashes::default(),
            last_at: Timestamp(i64::MIN),
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
        self.crashes.follow(&event.kind, self.begun);
        self.begun |= event.kind.begins();
        self.last_at = self.last_at.max(event.at);
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
            EventKind::Created { params, options, origin } => {
                self.params.clone_from(params);
                self.scheduled_for = origin.scheduled_for();
                self.options = options.clone();
                self.created_at = event.at;
            }
            EventKind::Resumed | EventKind::Stopped => {}
            EventKind::CancelRequested => self.cancel(),
            EventKind::Finished { outcome } => {
                if self.unfinished > 0 {
                    return Err("a step has not ended");
                }
                self.outcome = Some(*outcome);
            }
            EventKind::AttemptStarted { step, items, attempt } => self.attempt_started(*step, *items, *attempt)?,
            EventKind::AttemptSucceeded { step, items, output, .. } => {
                self.result(*step, *items, output, StepState::Running)?;
            }
            EventKind::AttemptFailed { step, items, attempt, failure, retry_at, .. } => {
                self.attempt_failed(*step, *items, *attempt, failure, *retry_at)?;
            }
            EventKind::AttemptLost { step, items, attempt, alone } => {
                self.attempt_undone(*step, *items, attempt + 1)?;
                self.entry(*step)?.lost_alone += u32::from(*alone);
            }
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
            EventKind::Carried { step, items, output, .. } => {
                self.result(*step, *items, output, StepState::Waiting)?;
            }
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

    fn entry(&mut self, step: StepIndex) -> Result<&mut Step, &'static str> {
        self.steps.get_mut(step.get()).ok_or("the plan has no such step")
    }

    fn expect(&mut self, step: StepIndex, states: &[StepState]) -> Result<&mut Step, &'static str> {
        let entry = self.entry(step)?;
        if states.contains(&entry.state) { Ok(entry) } else { Err("the step is not in a state for it") }
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
}
