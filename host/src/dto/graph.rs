//! A plan's graph.

use serde::Serialize;

use super::Versioned;
use crate::{
    ids::{Name, StepIndex},
    plan::{ArgumentSource, Plan},
};

/// A pipeline as nodes and edges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeView {
    /// Its name in the pipeline.
    pub name: Name,
    /// `module/step`.
    pub uses: String,
}

/// One step before another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EdgeView {
    /// The earlier step.
    pub from: Name,
    /// The later one.
    pub to: Name,
    /// Why.
    pub kind: EdgeKind,
}

/// Why a step comes before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// Its output is an input of the later one.
    Data,
    /// Only the order was asked for.
    Order,
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
            nodes: plan
                .indices()
                .map(|step| NodeView { name: plan.step(step).name.clone(), uses: uses(plan, step) })
                .collect(),
            edges: edges.collect(),
        }
    }
}

/// Whether a step takes data of an upstream, or only waits for it.
#[must_use]
pub fn edge_kind(plan: &Plan, from: StepIndex, to: StepIndex) -> EdgeKind {
    let takes = |source: &ArgumentSource| matches!(source, ArgumentSource::Step { step, .. } if *step == from);
    let data = plan.step(to).arguments.iter().any(|argument| takes(&argument.source));
    if data { EdgeKind::Data } else { EdgeKind::Order }
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
