//! What is deployed: modules with their versions, and pipelines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ProblemView, StepSignature, Versioned};
use crate::{
    ids::{ModuleDigest, Name},
    module::Difference,
    persist::service::{RevisionRow, VersionRow, VersionState},
    plan::{ParamKind, Plan, PlanParam},
};

/// A version of a module.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ModuleVersionView {
    /// Its version, as its package says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The sha256 of its bytes.
    pub digest: ModuleDigest,
    /// Its size.
    pub size_bytes: u64,
    /// Where it stands.
    pub state: VersionState,
    /// Whether the module's name means it now.
    pub active: bool,
    /// When it came.
    pub uploaded_at: String,
    /// From whom.
    pub uploaded_by: String,
    /// The SDK and ABI it says it was built with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// Its steps.
    pub steps: Vec<StepSignature>,
}

impl ModuleVersionView {
    /// A version; `active` is what its name means.
    #[must_use]
    pub fn of(row: &VersionRow, active: Option<ModuleDigest>) -> Self {
        let info = &row.info;
        Self {
            version: row.version.clone(),
            digest: info.digest,
            size_bytes: info.size,
            state: row.state,
            active: Some(info.digest) == active,
            uploaded_at: row.uploaded_at.rfc3339(),
            uploaded_by: row.uploaded_by.clone(),
            sdk: info.sdk.clone(),
            imports: info.imports.clone(),
            steps: info.steps.iter().map(StepSignature::from).collect(),
        }
    }
}

/// A module in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ModuleSummary {
    /// Its name.
    pub name: Name,
    /// The active version, as its package says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The active bytes; none if it was removed, or waits for its first approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<ModuleDigest>,
    /// How many versions there are.
    pub versions: u64,
    /// How many of them wait for an approval.
    pub waiting: u64,
    /// The steps of the active version.
    pub steps: Vec<Name>,
    /// The pipelines that use it.
    pub used_by: Vec<Name>,
}

/// All modules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ModuleList {
    /// By name.
    pub modules: Vec<ModuleSummary>,
}

impl Versioned for ModuleList {
    const SCHEMA: &'static str = "stepmill.modules/1";
}

/// A module with its versions.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct DeployedModule {
    /// Its name.
    pub name: Name,
    /// The newest first.
    pub versions: Vec<ModuleVersionView>,
    /// The pipelines that use it.
    pub used_by: Vec<Name>,
}

impl Versioned for DeployedModule {
    const SCHEMA: &'static str = "stepmill.deployed_module/1";
}

/// What became of an upload, or of a choice between versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UploadReport {
    /// The module.
    pub name: Name,
    /// Its version, as its package says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its bytes.
    pub digest: ModuleDigest,
    /// Where it stands.
    pub state: VersionState,
    /// Whether the name means it now.
    pub active: bool,
    /// How it differs from the version that was active before.
    pub difference: Difference,
    /// The pipelines that do not work with it: it was forced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<Name>,
}

impl Versioned for UploadReport {
    const SCHEMA: &'static str = "stepmill.upload/1";
}

/// A deployed pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct DeployedPipeline {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: String,
    /// Its revision, from 1.
    pub revision: u32,
    /// When that was deployed.
    pub deployed_at: String,
    /// By whom.
    pub deployed_by: String,
    /// Whether its triggers start no runs.
    pub paused: bool,
    /// The text that was deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The digests of the modules that its text takes from paths.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub modules: BTreeMap<Name, ModuleDigest>,
    /// Why it cannot run, and what is doubtful.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<ProblemView>,
}

impl Versioned for DeployedPipeline {
    const SCHEMA: &'static str = "stepmill.deployed_pipeline/1";
}

/// All deployed pipelines.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct DeployedPipelines {
    /// By name.
    pub pipelines: Vec<DeployedPipeline>,
}

impl Versioned for DeployedPipelines {
    const SCHEMA: &'static str = "stepmill.deployed_pipelines/1";
}

/// A revision of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevisionView {
    /// Counts from 1.
    pub revision: u32,
    /// When it was deployed.
    pub deployed_at: String,
    /// By whom.
    pub deployed_by: String,
    /// The text.
    pub text: String,
}

impl From<RevisionRow> for RevisionView {
    fn from(row: RevisionRow) -> Self {
        Self {
            revision: row.revision,
            deployed_at: row.deployed_at.rfc3339(),
            deployed_by: row.deployed_by,
            text: row.text,
        }
    }
}

/// The revisions of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevisionList {
    /// The newest first.
    pub revisions: Vec<RevisionView>,
}

impl Versioned for RevisionList {
    const SCHEMA: &'static str = "stepmill.revisions/1";
}

/// What a run of a pipeline is given.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PipelineParams {
    /// In the order of the pipeline.
    pub params: Vec<PipelineParam>,
}

/// A parameter of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PipelineParam {
    /// Its name.
    pub name: Name,
    /// What values it takes.
    pub kind: ParamKind,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it is when a run is not given it; without one it is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
}

impl PipelineParams {
    /// Those of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let view = |param: &PlanParam| PipelineParam {
            name: param.name.clone(),
            kind: param.kind,
            description: param.description.clone(),
            default: param.default.clone(),
        };
        Self { params: plan.params.iter().map(view).collect() }
    }
}

impl Versioned for PipelineParams {
    const SCHEMA: &'static str = "stepmill.params/1";
}
