//! Runs, in lists and in full.

use serde::{Deserialize, Serialize};

use super::{
    Versioned,
    cache::CacheView,
    graph::uses,
    replay::Replay,
    step::{ParamView, StepView},
};
use crate::{
    event::{KeyPart, RunEvent, RunState, StepState},
    ids::{Name, PlanHash, RunId},
    plan::Plan,
};

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// The pipeline's name.
    pub pipeline: Name,
    /// Where it stands.
    pub state: RunState,
    /// Whether it is running only by name: its host has stopped, and nobody has resumed it yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub interrupted: bool,
    /// Why it does not continue, where a server tries to continue it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interruption: Option<String>,
    /// Whether a cancel was accepted. Until the run has ended as cancelled, it is still in another state.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cancel_requested: bool,
    /// When it was accepted.
    pub created_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// From its beginning to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The trigger of its pipeline that started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Name>,
    /// When it was due, if it was scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_for: Option<String>,
    /// How many steps stand where.
    pub steps: StepCounts,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// How many steps stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunList {
    /// The runs.
    pub runs: Vec<RunSummary>,
}

/// A pipeline that has run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PipelineSummary {
    /// Its name.
    pub name: Name,
    /// How often it has run.
    pub runs: u64,
    /// The latest run.
    pub latest: RunSummary,
    /// The latest runs, the newest first, if they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<RunBrief>,
}

/// What a bar among many says of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunBrief {
    /// Its id.
    pub id: RunId,
    /// Where it stands.
    pub state: RunState,
    /// When it was accepted.
    pub created_at: String,
    /// From its beginning to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

impl From<RunSummary> for RunBrief {
    fn from(run: RunSummary) -> Self {
        Self { id: run.id, state: run.state, created_at: run.created_at, duration_ms: run.duration_ms }
    }
}

/// Pipelines, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PipelineList {
    /// The pipelines.
    pub pipelines: Vec<PipelineSummary>,
    /// Deployed pipelines that start no runs because they cannot run, whether or not they have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disabled: Vec<DisabledPipeline>,
}

/// A deployed pipeline that cannot run: the policy or its modules have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisabledPipeline {
    /// Its name.
    pub name: Name,
    /// Why it cannot run.
    pub reason: String,
}

/// A run in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunDetail {
    /// What lists show of it.
    pub run: RunSummary,
    /// The run that it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<RunId>,
    /// Whether somebody asked for it to end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cancel_requested: bool,
    /// How many events this tells; who follows the run goes on from there.
    #[serde(default)]
    pub events: u64,
    /// The pipeline's revision.
    pub plan: PlanHash,
    /// What it was given.
    pub params: Vec<ParamView>,
    /// Its steps, in topological order.
    pub steps: Vec<StepView>,
    /// The step whose output is the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Name>,
    /// Which of its events is damaged, if one is: what its steps did from there on is missing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
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
            waits: None,
            values: Vec::new(),
            items: None,
            max_attempts: Some(plan.step(index).retry.max_attempts).filter(|&most| most > 1),
            retry_at: None,
            carried_from: None,
            cache: None,
            attempts: Vec::new(),
            attempts_omitted: 0,
            failure: None,
            output: None,
        });
        let run = RunSummary {
            id,
            pipeline: plan.pipeline.clone(),
            state: RunState::Queued,
            interrupted: false,
            interruption: None,
            cancel_requested: false,
            created_at: String::new(),
            finished_at: None,
            duration_ms: None,
            trigger: None,
            scheduled_for: None,
            steps: StepCounts::default(),
        };
        let output = plan.output.map(|step| plan.step(step).name.clone());
        let mut detail = Self {
            run,
            rerun_of: None,
            cancel_requested: false,
            events: 0,
            plan: plan.hash(),
            params: Vec::new(),
            steps: steps.collect(),
            output,
            damage: None,
        };
        detail.count();
        detail
    }

    /// A run as its events tell it.
    #[must_use]
    pub fn replay(id: RunId, plan: &Plan, events: &[RunEvent]) -> Self {
        let mut replay = Replay::new(id, plan);
        events.iter().for_each(|event| replay.apply(event));
        let mut detail = replay.finish();
        if let (Some(first), Some(last)) = (events.first(), events.last())
            && detail.run.state.is_terminal()
        {
            detail.run.duration_ms = u64::try_from(last.at.0 - first.at.0).ok();
        }
        detail.events = events.last().map_or(0, |last| last.seq + 1);
        detail.count();
        detail
    }

    /// The step of that name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&StepView> {
        self.steps.iter().find(|step| step.name == *name)
    }

    /// How many steps took an earlier result, all their items if they have some.
    #[must_use]
    pub fn cached(&self) -> u64 {
        self.steps.iter().filter(|step| step.is_cached()).count() as u64
    }

    /// Steps that were computed, and could have been taken from the cache.
    pub fn computed(&self) -> impl Iterator<Item = &Name> {
        let missed = |step: &&StepView| step.cache.as_ref().is_some_and(CacheView::is_computed);
        self.steps.iter().filter(missed).map(|step| &step.name)
    }

    /// Says why a step was computed, given what the key of its result was made of in an earlier run.
    pub fn explain(&mut self, step: &Name, previous: Option<&(RunId, Vec<KeyPart>)>) {
        if let Some(step) = self.steps.iter_mut().find(|view| view.name == *step)
            && let Some(cache) = &mut step.cache
        {
            cache.explain(step.items.is_some(), previous);
        }
    }

    fn count(&mut self) {
        self.run.steps = StepCounts::default();
        self.steps.iter().for_each(|step| self.run.steps.add(step.state));
    }
}
