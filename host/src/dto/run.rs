//! Runs, in lists and in full.

use serde::Serialize;

use super::{
    Versioned,
    graph::uses,
    step::{AttemptState, AttemptView, OutputView, ParamView, ReasonView, StepView},
};
use crate::{
    event::{CancelReason, EventKind, Outcome, RunEvent, StepState},
    failure::{FailureKind, Usage},
    ids::{Name, PlanHash, RunId, StepIndex, Timestamp},
    output::AttemptName,
    plan::Plan,
};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It has not ended. If its host has stopped, it waits to be resumed.
    Running,
    /// Every step succeeded.
    Succeeded,
    /// A step failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl RunState {
    /// The state of a run that ended so, or has not.
    #[must_use]
    pub fn of(outcome: Option<Outcome>) -> Self {
        match outcome {
            None => Self::Running,
            Some(Outcome::Succeeded) => Self::Succeeded,
            Some(Outcome::Failed) => Self::Failed,
            Some(Outcome::Cancelled) => Self::Cancelled,
        }
    }

    /// The word that users read.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// The pipeline's name.
    pub pipeline: Name,
    /// Where it stands.
    pub state: RunState,
    /// Whether it is running only by name: its host has stopped, and nobody has resumed it yet.
    #[serde(skip_serializing_if = "is_false")]
    pub interrupted: bool,
    /// When it was accepted.
    pub created_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// From its beginning to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// How many steps stand where.
    pub steps: StepCounts,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// How many steps stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the states")]
pub struct StepCounts {
    pub waiting: u64,
    pub running: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub skipped: u64,
    pub cancelled: u64,
}

impl StepCounts {
    /// Counts one more step.
    pub fn add(&mut self, state: StepState) {
        *match state {
            StepState::Waiting => &mut self.waiting,
            StepState::Running => &mut self.running,
            StepState::Succeeded => &mut self.succeeded,
            StepState::Failed => &mut self.failed,
            StepState::Skipped => &mut self.skipped,
            StepState::Cancelled => &mut self.cancelled,
        } += 1;
    }

    /// All steps.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.waiting + self.running + self.succeeded + self.failed + self.skipped + self.cancelled
    }
}

/// Runs, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunList {
    /// The runs.
    pub runs: Vec<RunSummary>,
}

/// A pipeline that has run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipelineSummary {
    /// Its name.
    pub name: Name,
    /// How often it has run.
    pub runs: u64,
    /// The latest run.
    pub latest: RunSummary,
}

/// Pipelines, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipelineList {
    /// The pipelines.
    pub pipelines: Vec<PipelineSummary>,
}

/// A run in full.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunDetail {
    /// What lists show of it.
    pub run: RunSummary,
    /// The pipeline's revision.
    pub plan: PlanHash,
    /// What it was given.
    pub params: Vec<ParamView>,
    /// Its steps, in topological order.
    pub steps: Vec<StepView>,
    /// The step whose output is the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Name>,
}

impl Versioned for RunList {
    const SCHEMA: &'static str = "stepmill.runs/1";
}

impl Versioned for PipelineList {
    const SCHEMA: &'static str = "stepmill.pipelines/1";
}

impl Versioned for RunDetail {
    const SCHEMA: &'static str = "stepmill.run/1";
}

impl RunDetail {
    /// A run of which nothing is known yet.
    #[must_use]
    pub fn new(id: RunId, plan: &Plan) -> Self {
        let steps = plan.indices().map(|index| StepView {
            name: plan.step(index).name.clone(),
            uses: uses(plan, index),
            state: StepState::Waiting,
            reason: None,
            attempts: Vec::new(),
            output: None,
        });
        let run = RunSummary {
            id,
            pipeline: plan.pipeline.clone(),
            state: RunState::Running,
            interrupted: false,
            created_at: String::new(),
            finished_at: None,
            duration_ms: None,
            steps: StepCounts::default(),
        };
        let output = plan.output.map(|step| plan.step(step).name.clone());
        let mut detail = Self { run, plan: plan.hash(), params: Vec::new(), steps: steps.collect(), output };
        detail.count();
        detail
    }

    /// A run as its events tell it.
    #[must_use]
    pub fn replay(id: RunId, plan: &Plan, events: &[RunEvent]) -> Self {
        let mut detail = Self::new(id, plan);
        for event in events {
            detail.apply(plan, event);
        }
        if let (Some(first), Some(last)) = (events.first(), events.last())
            && detail.run.state != RunState::Running
        {
            detail.run.duration_ms = u64::try_from(last.at.0 - first.at.0).ok();
        }
        detail.count();
        detail
    }

    /// The step of that name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&StepView> {
        self.steps.iter().find(|step| step.name == *name)
    }

    fn count(&mut self) {
        self.run.steps = StepCounts::default();
        self.steps.iter().for_each(|step| self.run.steps.add(step.state));
    }

    fn apply(&mut self, plan: &Plan, event: &RunEvent) {
        match &event.kind {
            EventKind::Created { params, .. } => {
                self.run.created_at = event.at.rfc3339();
                self.params = params
                    .iter()
                    .map(|param| ParamView { name: param.name.clone(), value: OutputView::from(&param.value) })
                    .collect();
            }
            EventKind::Resumed
            | EventKind::CancelRequested
            | EventKind::AttemptReturned { .. }
            | EventKind::ConditionHeld { .. }
            | EventKind::FannedOut { .. }
            | EventKind::Carried { .. }
            | EventKind::StepSucceeded { .. }
            | EventKind::StepFailed { .. } => {}
            EventKind::AttemptStarted { step, attempt, .. } => self.start(event, *step, *attempt),
            EventKind::AttemptSucceeded { step, attempt, output, usage, .. } => {
                self.end(event.at, *step, *attempt, AttemptState::Succeeded, Some(usage));
                self.with_step(*step, |view| {
                    view.state = StepState::Succeeded;
                    view.output = Some(output.into());
                });
            }
            EventKind::AttemptFailed { step, attempt, failure, usage, .. } => {
                self.end(event.at, *step, *attempt, AttemptState::Failed, Some(usage));
                self.with_step(*step, |view| {
                    let cancelled = failure.kind == FailureKind::Cancelled;
                    view.state = if cancelled { StepState::Cancelled } else { StepState::Failed };
                    view.reason = cancelled.then(|| ReasonView::cancelled(plan, &CancelReason::RunCancelled));
                    if let Some(attempt) = view.attempts.iter_mut().rfind(|view| view.attempt == *attempt) {
                        attempt.failure = Some(failure.into());
                    }
                });
            }
            EventKind::AttemptLost { step, attempt, .. } => {
                self.end(event.at, *step, *attempt, AttemptState::Lost, None);
                self.with_step(*step, |view| view.state = StepState::Waiting);
            }
            EventKind::StepSkipped { step, reason } => {
                let reason = ReasonView::skipped(plan, reason);
                self.with_step(*step, |view| (view.state, view.reason) = (StepState::Skipped, Some(reason)));
            }
            EventKind::StepCancelled { step, reason } => {
                let reason = ReasonView::cancelled(plan, reason);
                self.with_step(*step, |view| (view.state, view.reason) = (StepState::Cancelled, Some(reason)));
            }
            EventKind::Finished { outcome } => {
                self.run.state = RunState::of(Some(*outcome));
                self.run.finished_at = Some(event.at.rfc3339());
            }
        }
    }

    fn with_step(&mut self, step: StepIndex, change: impl FnOnce(&mut StepView)) {
        if let Some(view) = self.steps.get_mut(step.get()) {
            change(view);
        }
    }

    fn start(&mut self, event: &RunEvent, step: StepIndex, attempt: u32) {
        let run = event.run;
        let started_at = event.at.rfc3339();
        self.with_step(step, |view| {
            let name = AttemptName { run, step: view.name.clone(), item: None, attempt }.to_string();
            let state = AttemptState::Running;
            let view_of =
                AttemptView { name, attempt, state, started_at, finished_at: None, usage: None, failure: None };
            view.state = StepState::Running;
            view.attempts.push(view_of);
        });
    }

    fn end(&mut self, at: Timestamp, step: StepIndex, attempt: u32, state: AttemptState, usage: Option<&Usage>) {
        self.with_step(step, |view| {
            if let Some(view) = view.attempts.iter_mut().rfind(|view| view.attempt == attempt) {
                view.state = state;
                view.finished_at = Some(at.rfc3339());
                view.usage = usage.map(Into::into);
            }
        });
    }
}
