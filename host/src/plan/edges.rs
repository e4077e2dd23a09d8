//! The edges of a plan, for whoever draws or lists them.

use super::{ArgumentSource, Plan};
use crate::{
    ids::{Name, StepIndex},
    value::path::ValuePath,
};

/// One line from a step or a parameter of the run to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanEdge<'a> {
    /// Where it begins.
    pub from: EdgeStart<'a>,
    /// The step that it leads to.
    pub to: StepIndex,
    /// The parameter that takes the data, and which part it takes; nothing if the edge only orders.
    pub data: Option<(&'a Name, &'a ValuePath)>,
}

/// Where an edge begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeStart<'a> {
    /// At a step.
    Step(StepIndex),
    /// At a parameter of the run.
    Param(&'a Name),
}

impl Plan {
    /// All edges by the steps that they lead to: first the arguments in their order, then what only orders.
    pub fn edges(&self) -> impl Iterator<Item = PlanEdge<'_>> {
        self.indices().flat_map(|to| self.data_edges(to).chain(self.order_edges(to)))
    }

    fn data_edges(&self, to: StepIndex) -> impl Iterator<Item = PlanEdge<'_>> {
        self.step(to).arguments.iter().filter_map(move |argument| {
            let (from, path) = match &argument.source {
                ArgumentSource::Step { step, path } => (EdgeStart::Step(*step), path),
                ArgumentSource::Param { name, path } => (EdgeStart::Param(name), path),
                ArgumentSource::Literal(_) | ArgumentSource::Item { .. } | ArgumentSource::Run(_) => return None,
            };
            Some(PlanEdge { from, to, data: Some((&argument.name, path)) })
        })
    }

    fn order_edges(&self, to: StepIndex) -> impl Iterator<Item = PlanEdge<'_>> {
        let step = self.step(to);
        let gives_data = |upstream: &StepIndex| {
            step.arguments
                .iter()
                .any(|argument| matches!(&argument.source, ArgumentSource::Step { step, .. } if step == upstream))
        };
        step.upstreams.iter().filter(move |upstream| !gives_data(upstream)).map(move |upstream| PlanEdge {
            from: EdgeStart::Step(*upstream),
            to,
            data: None,
        })
    }
}
