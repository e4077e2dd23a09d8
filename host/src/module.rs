//! What a module says of itself: the host's side of `types.wit`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::ids::{ModuleDigest, Name};

/// A module as its upload found it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModuleInfo {
    /// The sha256 of its bytes.
    pub digest: ModuleDigest,
    /// Its size in bytes.
    pub size: u64,
    /// What it is called, as its package says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Its version, as its package says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The SDK and ABI it says it was built with, such as `abi=0.1.0 sdk=rust/0.1.0`.
    pub sdk: Option<String>,
    /// The interfaces that it imports, sorted.
    pub imports: Vec<String>,
    /// Its steps, sorted by name.
    pub steps: Vec<StepInfo>,
}

impl ModuleInfo {
    /// The step of that name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&StepInfo> {
        self.steps.iter().find(|step| step.name == *name)
    }
}

/// One step of a module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepInfo {
    /// Unique within the module.
    pub name: Name,
    /// Markdown; its first line is shown in lists.
    pub description: String,
    /// Inputs and config, in the order of the function's parameters.
    pub parameters: Vec<Parameter>,
    /// What it returns.
    pub output: OutputInfo,
}

impl StepInfo {
    /// The parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == *name)
    }
}

/// How data crosses the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One MessagePack value.
    Value,
    /// A stream of them.
    Rows,
}

/// Where the data of a parameter comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
// A token has a role, too.
#[schema(as = ParameterRole)]
pub enum Role {
    /// Another step's output, or a parameter of the run.
    Input,
    /// The step's `config`.
    Config,
}

/// One named parameter of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Unique within the step.
    pub name: Name,
    /// Markdown, may be empty.
    pub description: String,
    /// Input or config.
    pub role: Role,
    /// Value or rows.
    pub form: Form,
    /// Whether the step runs without it.
    pub optional: bool,
    /// For config: what the step takes when it is left out.
    pub default: Option<Json>,
    /// A JSON Schema: of the value, or of one item.
    pub schema: Json,
}

/// What a step returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputInfo {
    /// Value or rows.
    pub form: Form,
    /// A JSON Schema: of the value, or of one item.
    pub schema: Json,
}

/// How a version of a module differs from the one that is active.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Difference {
    /// Interfaces that it imports, and the other does not: it can do more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added_imports: Vec<String>,
    /// Interfaces that it does not import any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_imports: Vec<String>,
    /// Steps that are new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added_steps: Vec<Name>,
    /// Steps that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_steps: Vec<Name>,
    /// Steps that take or return something else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_steps: Vec<Name>,
}

impl Difference {
    /// Between the version that is active and another one.
    #[must_use]
    pub fn between(old: &ModuleInfo, new: &ModuleInfo) -> Self {
        let missing = |of: &ModuleInfo, from: &ModuleInfo| {
            of.imports.iter().filter(|import| !from.imports.contains(import)).cloned().collect()
        };
        let steps = |of: &ModuleInfo, keep: &dyn Fn(&StepInfo) -> bool| {
            of.steps.iter().filter(|step| keep(step)).map(|step| step.name.clone()).collect()
        };
        Self {
            added_imports: missing(new, old),
            removed_imports: missing(old, new),
            added_steps: steps(new, &|step| old.step(step.name.as_str()).is_none()),
            removed_steps: steps(old, &|step| new.step(step.name.as_str()).is_none()),
            changed_steps: steps(new, &|step| {
                old.step(step.name.as_str())
                    .is_some_and(|before| before.parameters != step.parameters || before.output != step.output)
            }),
        }
    }

    /// Whether the new version can do more than the old one.
    #[must_use]
    pub fn asks_for_more(&self) -> bool {
        !self.added_imports.is_empty()
    }
}
