//! What machines read: the documents behind `--json`, and later the API's.
//!
//! Each document names its schema and version in its first field, such as `"schema": "stepmill.run/1"`. Within a
//! version, fields are only added; what is not known is left out. Names follow the words of the documentation, times
//! are RFC 3339 in UTC with milliseconds, durations and sizes carry their unit in the field's name or are bytes.
//! Steps are named, never numbered. The committed snapshots in this module's tests are the contract.

mod cache;
mod check;
mod deployed;
mod event;
mod graph;
mod grid;
mod items;
mod module;
pub mod read;
mod reason;
mod replay;
mod run;
mod schema;
mod step;
mod storage;
mod system;
mod time;
mod trigger;
mod waits;

pub use crate::{event::RunState, persist::service::VersionState};
pub use cache::{CacheResult, CacheView, ChangeView};
pub use check::{CheckReport, PlaceView, ProblemView, Severity};
pub use deployed::{
    DeployedModule, DeployedPipeline, DeployedPipelines, ModuleList, ModuleSummary, ModuleVersionView, PipelineParam,
    PipelineParams, RevisionList, RevisionView, UploadReport,
};
pub use event::{EventBody, EventView, LogLineView, LogLines};
pub use graph::{
    BranchView, CaseView, EdgeKind, EdgeView, GraphView, InputSource, InputView, NodeView, RetryView, edge_kind, uses,
};
pub use grid::{GridRow, StepGrid};
pub use items::{ItemFailureView, ItemsView, MAX_FAILURES};
pub use module::{ModuleView, ParameterView, StepSignature};
pub use reason::{ReasonKind, ReasonView};
pub use run::{DisabledPipeline, PipelineList, PipelineSummary, RunBrief, RunDetail, RunList, RunSummary, StepCounts};
pub use step::{
    AttemptState, AttemptView, FailureView, FileView, OutputView, ParamView, RangeView, StepView, UsageView,
};
pub use storage::{FindingView, GcReport, RemovedRunView, TallyView, VerifyReport};
pub use system::{DiskView, SettingsView, SystemView};
pub use trigger::{RejectedView, TriggerEventPage, TriggerEventView, TriggerList, TriggerView};
pub use waits::{WaitKind, WaitView};

use serde::Serialize;

/// A document of a published schema.
pub trait Versioned: Serialize {
    /// Its schema and version.
    const SCHEMA: &'static str;
}

/// A document as it is written: the schema, then the body's fields.
#[derive(Debug, Serialize)]
pub struct Document<'a, T> {
    schema: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

impl<'a, T: Versioned> Document<'a, T> {
    /// The body with its schema.
    pub fn of(body: &'a T) -> Self {
        Self { schema: T::SCHEMA, body }
    }
}

#[cfg(test)]
mod tests;
