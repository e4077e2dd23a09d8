//! What will run: every name resolved to a digest, every edge checked, the graph built; immutable from here on.

mod bind;
pub mod catalog;
mod check;
mod compile;
mod edges;
mod graph;
mod resolve;
pub mod schema;
mod suggest;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use self::{
    compile::{Compiled, compile},
    edges::{EdgeStart, PlanEdge},
};
pub use crate::definition::{OnError, ParamKind};
use crate::{
    ids::{ModuleDigest, Name, PlanHash, StepIndex},
    limits::Limits,
    module::Form,
    value::path::ValuePath,
};

/// A pipeline, ready to run. Stored with every run as JSON: fields may be added, with defaults, but not changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The pipeline's name.
    pub pipeline: Name,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What a run is given.
    pub params: Vec<PlanParam>,
    /// The modules that its steps use, each once.
    pub modules: Vec<PlanModule>,
    /// The steps, in topological order: a [`StepIndex`] is a place in this list.
    pub steps: Vec<PlanStep>,
    /// The step whose output is the run's.
    pub output: Option<StepIndex>,
}

/// A module that a plan uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanModule {
    /// The name that the pipeline calls it by.
    pub name: Name,
    /// Its bytes.
    pub digest: ModuleDigest,
}

/// A parameter of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanParam {
    /// Its name.
    pub name: Name,
    /// What values it takes.
    pub kind: ParamKind,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it is when a run is not given it.
    pub default: Option<Json>,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanStep {
    /// Its name in the pipeline.
    pub name: Name,
    /// The module it is in: a place in [`Plan::modules`].
    pub module: u32,
    /// Its name in the module.
    pub function: Name,
    /// What it is given, config included.
    pub arguments: Vec<PlanArgument>,
    /// What it returns.
    pub output: Form,
    /// The steps that must be terminal before it, each once, ascending; data and order alike.
    pub upstreams: Vec<StepIndex>,
    /// The steps that have it among their upstreams, each once, ascending.
    pub downstreams: Vec<StepIndex>,
    /// What its failure does to the run.
    #[serde(default)]
    pub on_error: OnError,
    /// What an attempt may use.
    #[serde(default)]
    pub limits: Limits,
}

/// One argument of a planned step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanArgument {
    /// The parameter's name.
    pub name: Name,
    /// How the step wants the data.
    pub form: Form,
    /// Where the data comes from.
    pub source: ArgumentSource,
}

/// Where an argument's data comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentSource {
    /// The output of a step, or a part of it.
    Step {
        /// Which step.
        step: StepIndex,
        /// Which part.
        #[serde(default)]
        path: ValuePath,
    },
    /// A parameter of the run, or a part of it.
    Param {
        /// Which parameter.
        name: Name,
        /// Which part.
        #[serde(default)]
        path: ValuePath,
    },
    /// A value from the pipeline.
    Literal(Json),
}

impl Plan {
    /// The step at an index.
    ///
    /// # Panics
    /// If the index belongs to another plan.
    #[must_use]
    pub fn step(&self, index: StepIndex) -> &PlanStep {
        &self.steps[index.get()]
    }

    /// The step of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<StepIndex> {
        let position = self.steps.iter().position(|step| step.name == *name)?;
        u32::try_from(position).ok().map(StepIndex)
    }

    /// All indices, in topological order.
    pub fn indices(&self) -> impl DoubleEndedIterator<Item = StepIndex> + use<> {
        (0..u32::try_from(self.steps.len()).unwrap_or(u32::MAX)).map(StepIndex)
    }

    /// Identifies what will run: the blake3 of the plan's JSON.
    #[must_use]
    pub fn hash(&self) -> PlanHash {
        let json = serde_json::to_vec(self).unwrap_or_default();
        PlanHash(*blake3::hash(&json).as_bytes())
    }
}
