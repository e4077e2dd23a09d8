//! A module and the steps in it.

use serde::Serialize;
use serde_json::Value as Json;

use super::Versioned;
use crate::{
    ids::{ModuleDigest, Name},
    module::{Form, ModuleInfo, Parameter, Role, StepInfo},
};

/// A module.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ModuleView {
    /// The file.
    pub path: String,
    /// The sha256 of its bytes.
    pub digest: ModuleDigest,
    /// Its size.
    pub size_bytes: u64,
    /// The SDK and ABI it says it was built with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// Its steps.
    pub steps: Vec<StepSignature>,
}

/// A step of a module.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct StepSignature {
    /// Its name in the module.
    pub name: Name,
    /// What it does, in Markdown.
    pub description: String,
    /// Inputs and config.
    pub parameters: Vec<ParameterView>,
    /// Whether it returns one value or a stream of them.
    pub output: Form,
    /// The JSON Schema of the output, or of one item.
    pub output_schema: Json,
}

/// A parameter of a step.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ParameterView {
    /// Its name.
    pub name: Name,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Input or config.
    pub role: Role,
    /// One value or a stream of them.
    pub form: Form,
    /// Whether the step runs without it.
    pub optional: bool,
    /// What it is when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
    /// The JSON Schema of the value, or of one item.
    pub schema: Json,
}

impl Versioned for ModuleView {
    const SCHEMA: &'static str = "stepmill.module/1";
}

impl ModuleView {
    /// A module that was read from a file.
    #[must_use]
    pub fn new(path: &std::path::Path, module: &ModuleInfo) -> Self {
        Self {
            path: path.display().to_string(),
            digest: module.digest,
            size_bytes: module.size,
            sdk: module.sdk.clone(),
            imports: module.imports.clone(),
            steps: module.steps.iter().map(StepSignature::from).collect(),
        }
    }
}

impl From<&StepInfo> for StepSignature {
    fn from(step: &StepInfo) -> Self {
        Self {
            name: step.name.clone(),
            description: step.description.clone(),
            parameters: step.parameters.iter().map(ParameterView::of).collect(),
            output: step.output.form,
            output_schema: step.output.schema.clone(),
        }
    }
}

impl ParameterView {
    fn of(parameter: &Parameter) -> Self {
        Self {
            name: parameter.name.clone(),
            description: parameter.description.clone(),
            role: parameter.role,
            form: parameter.form,
            optional: parameter.optional,
            default: parameter.default.clone(),
            schema: parameter.schema.clone(),
        }
    }
}
