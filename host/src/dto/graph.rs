//! A plan's graph.

use serde::{Deserialize, Serialize};

use super::Versioned;
use crate::{
    event::Join,
    grants::Grant,
    ids::{ModuleDigest, Name, StepIndex},
    plan::{ArgumentSource, CaseRef, OnError, Plan, PlanArgument, PlanBranch, PlanCase, Retry},
};

/// A pipeline as nodes and edges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GraphView {
    /// The pipeline's name.
    pub pipeline: Name,
    /// The step whose output is the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Name>,
    /// The steps, in topological order.
    pub nodes: Vec<NodeView>,
    /// What leads to what.
    pub edges: Vec<EdgeView>,
    /// The branches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<BranchView>,
}

/// A step. What is the default is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeView {
    /// Its name in the pipeline.
    pub name: Name,
    /// `module/step`.
    pub uses: String,
    /// The version of the module that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<ModuleDigest>,
    /// What it is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputView>,
    /// Which states of its upstreams let it run, if not `all_success`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<Join>,
    /// The cases that must be taken for it to run, as `BRANCH.CASE`, the outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<String>,
    /// What must be true for it to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What it runs once for each of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_each: Option<String>,
    /// How many items run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
    /// How often it is tried, if more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryView>,
    /// Whether its failure leaves the other steps alone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub continues_on_error: bool,
    /// Whether the run may succeed although it failed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_failure: bool,
    /// Whether it runs once all other steps have ended.
    #[serde(default, skip_serializing_if = "is_false")]
    pub finally: bool,
    /// What it asks for outside its sandbox.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// Whether it never takes results of earlier attempts, because it says so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub uncached: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What a step is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InputView {
    /// The step's parameter.
    pub name: Name,
    /// Where its value comes from, as the pipeline writes it: `STEP.path`, `params.NAME`, `item.path`, or the value itself.
    pub from: String,
    /// Of which sort that is.
    pub source: InputSource,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputSource {
    /// What another step returned, or a part of it.
    Step,
    /// What the run was given, or a part of it.
    Param,
    /// It is written in the pipeline.
    Literal,
    /// The item that the step runs for, or a part of it.
    Item,
    /// A fact about the run.
    Run,
}

/// How often an attempt is repeated, and when.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetryView {
    /// How many attempts there are at most.
    pub max_attempts: u32,
    /// How long it waits behind the first attempt.
    pub initial_ms: u64,
    /// How much longer each wait is than the one before.
    pub factor: f64,
    /// The longest wait.
    pub max_ms: u64,
    /// Whether waits are shortened at random, by up to half.
    pub jitter: bool,
}

/// A branch: the first case whose condition is true is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BranchView {
    /// Its name.
    pub name: Name,
    /// Its cases, in their order.
    pub cases: Vec<CaseView>,
}

/// A case of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CaseView {
    /// Its name.
    pub name: Name,
    /// When it is taken; always, if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// One step before another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EdgeView {
    /// The earlier step.
    pub from: Name,
    /// The later one.
    pub to: Name,
    /// Why.
    pub kind: EdgeKind,
}

/// Why a step comes before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// Its output is an input of the later one, or what that runs for each of.
    Data,
    /// Only the order was asked for.
    Order,
    /// A condition of the later one reads its output or state.
    Condition,
}

impl Versioned for GraphView {
    const SCHEMA: &'static str = "stepmill.graph/1";
}

impl GraphView {
    /// A plan's graph.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let edges = plan.indices().flat_map(|to| {
            plan.step(to).upstreams.iter().map(move |&from| EdgeView {
                from: plan.step(from).name.clone(),
                to: plan.step(to).name.clone(),
                kind: edge_kind(plan, from, to),
            })
        });
        Self {
            pipeline: plan.pipeline.clone(),
            output: plan.output.map(|step| plan.step(step).name.clone()),
            nodes: plan.indices().map(|step| NodeView::of(plan, step)).collect(),
            edges: edges.collect(),
            branches: plan.branches.iter().map(BranchView::of).collect(),
        }
    }
}

impl NodeView {
    /// A step of a plan.
    #[must_use]
    pub fn of(plan: &Plan, index: StepIndex) -> Self {
        let step = plan.step(index);
        // What a `finally` step joins by default is said by that word.
        let default = if step.finally { Join::AllDone } else { Join::default() };
        Self {
            name: step.name.clone(),
            uses: uses(plan, index),
            digest: plan.modules.get(step.module as usize).map(|module| module.digest),
            inputs: step.arguments.iter().map(|argument| InputView::of(plan, argument)).collect(),
            join: Some(step.join).filter(|join| *join != default),
            branches: step.branches.iter().filter_map(|place| case_name(plan, *place)).collect(),
            when: step.when.as_ref().map(ToString::to_string),
            for_each: step.for_each.as_ref().map(|for_each| source(plan, &for_each.source)),
            max_parallel: step.for_each.as_ref().and_then(|for_each| for_each.max_parallel),
            retry: (step.retry.max_attempts > 1).then(|| RetryView::from(&step.retry)),
            continues_on_error: step.on_error == OnError::Continue && !step.allow_failure,
            allow_failure: step.allow_failure,
            finally: step.finally,
            grants: step.grants.list().collect(),
            uncached: step.uncached,
        }
    }
}

impl InputView {
    fn of(plan: &Plan, argument: &PlanArgument) -> Self {
        let of = match &argument.source {
            ArgumentSource::Step { .. } => InputSource::Step,
            ArgumentSource::Param { .. } => InputSource::Param,
            ArgumentSource::Literal(_) => InputSource::Literal,
            ArgumentSource::Item { .. } => InputSource::Item,
            ArgumentSource::Run(_) => InputSource::Run,
        };
        Self { name: argument.name.clone(), from: source(plan, &argument.source), source: of }
    }
}

impl From<&Retry> for RetryView {
    fn from(retry: &Retry) -> Self {
        let Retry { max_attempts, initial_ms, factor, max_ms, jitter } = *retry;
        Self { max_attempts, initial_ms, factor, max_ms, jitter }
    }
}

impl BranchView {
    fn of(branch: &PlanBranch) -> Self {
        let case = |case: &PlanCase| CaseView {
            name: case.name.clone(),
            condition: case.condition.as_ref().map(ToString::to_string),
        };
        Self { name: branch.name.clone(), cases: branch.cases.iter().map(case).collect() }
    }
}

fn case_name(plan: &Plan, place: CaseRef) -> Option<String> {
    let branch = plan.branches.get(place.branch as usize)?;
    let case = branch.cases.get(place.case as usize)?;
    Some(format!("{}.{}", branch.name, case.name))
}

/// A reference, as the pipeline writes it.
fn source(plan: &Plan, source: &ArgumentSource) -> String {
    match source {
        ArgumentSource::Step { step, path } => format!("{}{path}", plan.step(*step).name),
        ArgumentSource::Param { name, path } => format!("params.{name}{path}"),
        ArgumentSource::Literal(value) => value.to_string(),
        ArgumentSource::Item { path } => format!("item{path}"),
        ArgumentSource::Run(fact) => format!("run.{}", fact.as_str()),
    }
}

/// Why a step comes before another: for its data, because a condition reads it, or only for the order.
#[must_use]
pub fn edge_kind(plan: &Plan, from: StepIndex, to: StepIndex) -> EdgeKind {
    let takes = |source: &ArgumentSource| matches!(source, ArgumentSource::Step { step, .. } if *step == from);
    let step = plan.step(to);
    let items = step.for_each.iter().map(|for_each| &for_each.source);
    if step.arguments.iter().map(|argument| &argument.source).chain(items).any(takes) {
        EdgeKind::Data
    } else if step.order_only.contains(&from) {
        EdgeKind::Condition
    } else {
        EdgeKind::Order
    }
}

/// `module/step`, as the pipeline calls it.
#[must_use]
pub fn uses(plan: &Plan, step: StepIndex) -> String {
    let planned = plan.step(step);
    match plan.modules.get(planned.module as usize) {
        Some(module) => format!("{}/{}", module.name, planned.function),
        None => planned.function.to_string(),
    }
}
