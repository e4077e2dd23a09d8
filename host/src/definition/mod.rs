//! What the user wrote: a pipeline by names, from TOML or from the builder, with every mistake's place.

pub mod builder;
pub mod problem;
pub mod reference;
pub mod toml;

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

use crate::{ids::Name, limits::Limits};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
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
