//! What will run: every name resolved to a digest, every edge checked, the graph built; immutable from here on.

mod bind;
pub mod catalog;
mod check;
mod compile;
mod conditions;
mod edges;
mod graph;
mod joins;
mod resolve;
pub mod schema;
mod suggest;
#[cfg(test)]
pub(crate) mod testing;
mod trigger;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use self::{
    compile::{Compiled, compile},
    edges::{EdgeStart, PlanEdge},
    trigger::PlanTrigger,
};
pub use crate::definition::{
    CronExpr, OnError, ParamKind, Retry, RunFact, TimeZone,
    condition::{Condition, EvaluationError, Read},
    trigger::{CatchUp, FilePattern, Overlap, TriggerKind, WebhookAuth},
};
use crate::{
    event::Join,
    grants::Grants,
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
    /// The branches that its steps are in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<PlanBranch>,
}

/// A branch: of its cases the first one whose condition is true is taken, and the steps in the others are skipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanBranch {
    /// Its name.
    pub name: Name,
    /// Its cases, in their order.
    pub cases: Vec<PlanCase>,
}

/// One case of a branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanCase {
    /// Its name.
    pub name: Name,
    /// When it is taken; always, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
}

/// A case of a branch that a step is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRef {
    /// A place in [`Plan::branches`].
    pub branch: u32,
    /// A place in [`PlanBranch::cases`].
    pub case: u32,
}

/// The items of a `for_each` step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForEach {
    /// Where they come from: never [`ArgumentSource::Item`].
    pub source: ArgumentSource,
    /// How many run at once, if not as many as the run allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
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
    /// What an attempt returns. With `for_each` the step as a whole returns a stream of that.
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
    /// Which states of its upstreams let it run.
    #[serde(default, skip_serializing_if = "Join::is_default")]
    pub join: Join,
    /// Upstreams that only its conditions name: it waits for them, but they do not count in `join`. Ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order_only: Vec<StepIndex>,
    /// The cases that must be taken for it to run, the outermost first; before `when`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<CaseRef>,
    /// What must be true for it to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// It runs once for each of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<ForEach>,
    /// How often an attempt is repeated, and when.
    #[serde(default, skip_serializing_if = "Retry::is_default")]
    pub retry: Retry,
    /// Whether the run may succeed although it failed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_failure: bool,
    /// Whether it runs once all other steps have ended, however they did.
    #[serde(default, skip_serializing_if = "is_false")]
    pub finally: bool,
    /// What it may use outside its sandbox.
    #[serde(default, skip_serializing_if = "Grants::is_pure")]
    pub grants: Grants,
    /// Whether it never takes results of earlier attempts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub uncached: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl PlanStep {
    /// The upstreams that count in its join.
    pub fn joined(&self) -> impl Iterator<Item = StepIndex> + '_ {
        self.upstreams.iter().copied().filter(|up| self.order_only.binary_search(up).is_err())
    }

    /// Whether something must be true for it to run.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        self.when.is_some() || !self.branches.is_empty()
    }
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
    /// The item of a `for_each` step, or a part of it.
    Item {
        /// Which part.
        #[serde(default)]
        path: ValuePath,
    },
    /// A fact of the run.
    Run(RunFact),
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
