//! What the user wrote: a pipeline by names, from TOML or from the builder, with every mistake's place.

pub mod builder;
pub mod condition;
pub mod cron;
pub mod problem;
pub mod reference;
pub mod toml;
pub mod trigger;

mod check;
mod draft;
mod mistake;
mod quantity;
mod report;
pub(crate) mod suggest;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

use serde_json::Value as Json;

pub use cron::{CronExpr, TimeZone};
pub use quantity::{QuantityError, parse_size};

use crate::{event::Join, grants::Grant, ids::Name, limits::Limits};
use condition::Condition;
use trigger::TriggerDecl;

/// A pipeline as written. Names are not resolved yet; [`crate::plan`] does that.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// Its name.
    pub name: Spanned<Name>,
    /// What it is for, in Markdown.
    pub description: String,
    /// The step whose output is the run's.
    pub output: Option<Spanned<Name>>,
    /// Where modules come from.
    pub modules: Vec<ModuleDecl>,
    /// What a run is given.
    pub params: Vec<ParamDecl>,
    /// The steps, in the order written.
    pub steps: Vec<StepDecl>,
    /// The branches, in the order written.
    pub branches: Vec<BranchDecl>,
    /// What starts runs, in the order written.
    pub triggers: Vec<TriggerDecl>,
    /// The text that spans point into; empty for a built pipeline.
    pub source: Source,
}

/// The file that a pipeline was read from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Source {
    /// Its path, for messages and as the base of relative paths.
    pub path: PathBuf,
    /// Its text.
    pub text: std::sync::Arc<str>,
}

/// A value with its place in [`Source::text`], in bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written; empty for a built pipeline.
    pub span: std::ops::Range<usize>,
}

impl<T> Spanned<T> {
    /// A value that was not written in a file.
    pub fn built(value: T) -> Self {
        Self { value, span: 0..0 }
    }
}

/// `[modules]`: where a module comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleDecl {
    /// What steps call it.
    pub name: Spanned<Name>,
    /// A step crate's folder or a `.wasm` file, made absolute or relative to the working directory.
    pub path: Spanned<PathBuf>,
}

/// `[params]`: a parameter of the pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamDecl {
    /// Its name.
    pub name: Spanned<Name>,
    /// What values it takes.
    pub kind: ParamKind,
    /// What it is for.
    pub description: String,
    /// What it is when a run is not given it. Without a default it is required.
    pub default: Option<Spanned<Json>>,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParamKind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A file, given by its path on the command line.
    File,
    /// Anything that JSON can say.
    Json,
}

/// `[steps.NAME]`: one step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepDecl {
    /// Its name in the pipeline.
    pub name: Spanned<Name>,
    /// `module/step`.
    pub uses: Spanned<UseRef>,
    /// `inputs.PARAMETER = "reference"`.
    pub inputs: Vec<(Spanned<Name>, Spanned<Reference>)>,
    /// `config.PARAMETER = literal` or `{ from = "params.x" }`.
    pub config: Vec<(Spanned<Name>, Spanned<ConfigValue>)>,
    /// Steps that must be terminal before this one, without data.
    pub needs: Vec<Spanned<Name>>,
    /// What its failure does to the run.
    pub on_error: OnError,
    /// The limits, with what the step changes of the defaults; `timeout` included.
    pub limits: Limits,
    /// Which states of its upstreams let it run, if it says so.
    pub join: Option<Spanned<Join>>,
    /// `branch = "NAME.CASE"`, or several, the outermost first.
    pub branches: Vec<Spanned<CaseName>>,
    /// `when`: what must be true for it to run.
    pub when: Option<Spanned<Condition>>,
    /// `for_each`: it runs once for each item of this.
    pub for_each: Option<Spanned<Reference>>,
    /// How many items run at once.
    pub max_parallel: Option<Spanned<u32>>,
    /// `retry`: how often an attempt is repeated, and when.
    pub retry: Option<Spanned<Retry>>,
    /// Whether the run may succeed although it failed.
    pub allow_failure: bool,
    /// Whether it runs once all other steps have ended, however they did.
    pub finally: bool,
    /// `grants.GRANT = true`: what it may use outside its sandbox.
    pub grants: Vec<Spanned<Grant>>,
    /// Whether it may take results of earlier attempts.
    pub cache: bool,
}

/// `[branches.NAME]`: of its cases the first one whose condition is true is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct BranchDecl {
    /// Its name.
    pub name: Spanned<Name>,
    /// `CASE = "condition"`, in the order written; `CASE = "else"` has no condition and comes last.
    pub cases: Vec<(Spanned<Name>, Option<Spanned<Condition>>)>,
}

/// `NAME.CASE`: a case of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseName {
    /// The branch.
    pub branch: Name,
    /// Its case.
    pub case: Name,
}

/// How often an attempt is repeated, and when: `initial`, then each time `factor` as long, never longer than `max`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Retry {
    /// How many attempts there are at most, the first one included.
    pub max_attempts: u32,
    /// How long to wait behind the first attempt, in milliseconds.
    pub initial_ms: u64,
    /// How much longer each wait is than the one before.
    pub factor: f64,
    /// The longest wait, in milliseconds.
    pub max_ms: u64,
    /// Whether waits are shortened at random, by up to half, so that many steps do not come back at once.
    pub jitter: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self { max_attempts: 1, initial_ms: 1_000, factor: 2.0, max_ms: 60_000, jitter: true }
    }
}

impl Retry {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A fact of the run that an input can be given: `run.NAME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunFact {
    /// `run.id`: its id, as text.
    Id,
    /// `run.scheduled_for`: when it was due, as RFC 3339 text in UTC; for a run that was not scheduled, when it was
    /// accepted.
    ScheduledFor,
}

impl RunFact {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Id, Self::ScheduledFor];

    /// What it is called behind `run.`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::ScheduledFor => "scheduled_for",
        }
    }
}

/// Which step of which module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseRef {
    /// The module's name.
    pub module: Name,
    /// The version or digest asked for.
    pub version: Option<VersionRef>,
    /// The step's name in the module.
    pub step: Name,
}

/// `@1.2` or `@sha256:…` behind a module's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionRef {
    /// Exactly these bytes.
    Digest(crate::ids::ModuleDigest),
    /// The newest version that begins so.
    Version(String),
}

/// Where an input's data comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `step` or `step.path`: the output of a step, or a part of it.
    Step(Name, crate::value::path::ValuePath),
    /// `params.name` or `params.name.path`.
    Param(Name, crate::value::path::ValuePath),
    /// `item` or `item.path`: the item of a `for_each` step, or a part of it.
    Item(crate::value::path::ValuePath),
    /// `run.name`.
    Run(RunFact),
}

/// What a `config` key holds.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigValue {
    /// A literal.
    Literal(Json),
    /// `{ from = "params.name" }`.
    Reference(Reference),
}

/// What a step's failure does to the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// Running steps finish, the others are cancelled, the run fails.
    #[default]
    Fail,
    /// Only what depends on the step is affected; the run still ends failed.
    Continue,
}

/// The longest `timeout`.
pub const MAX_TIMEOUT: Duration = Limits::CEILING.wall;
