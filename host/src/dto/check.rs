//! What `check` found.

use serde::Serialize;

use super::Versioned;
use crate::{
    definition::{
        Source,
        problem::{Problem, Problems},
    },
    ids::Name,
};

/// What is wrong with a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CheckReport {
    /// The file.
    pub path: String,
    /// The pipeline's name, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Name>,
    /// Whether it can run: there may be warnings.
    pub ok: bool,
    /// The problems, in the order of the text.
    pub problems: Vec<ProblemView>,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ProblemView {
    /// What sort of problem; stable.
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The places it is about, the main one first.
    pub places: Vec<PlaceView>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The pipeline cannot run.
    Error,
    /// It can, but something is doubtful.
    Warning,
}

/// A place in the file. Lines and columns count from 1, columns in characters; the end is behind the last character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PlaceView {
    /// Where it begins.
    pub line: usize,
    /// Where it begins.
    pub column: usize,
    /// Where it ends.
    pub end_line: usize,
    /// Where it ends.
    pub end_column: usize,
    /// What is said at this place.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
}

impl Versioned for CheckReport {
    const SCHEMA: &'static str = "stepmill.check/1";
}

impl CheckReport {
    /// The report on a file. `problems` may be warnings only, or none.
    #[must_use]
    pub fn new(source: &Source, pipeline: Option<Name>, problems: &Problems) -> Self {
        let list = problems.list();
        Self {
            path: source.path.display().to_string(),
            pipeline,
            ok: list.iter().all(|problem| problem.warning),
            problems: list.iter().map(|problem| ProblemView::of(problem, &source.text)).collect(),
        }
    }
}

impl ProblemView {
    /// All problems of a pipeline.
    #[must_use]
    pub fn all(problems: &Problems) -> Vec<Self> {
        problems.list().iter().map(|problem| Self::of(problem, problems.text())).collect()
    }

    fn of(problem: &Problem, text: &str) -> Self {
        let placed = problem.labels.iter().filter(|(span, _)| !span.is_empty());
        Self {
            code: problem.code,
            severity: if problem.warning { Severity::Warning } else { Severity::Error },
            message: problem.message.clone(),
            help: problem.help.clone(),
            places: placed.map(|(span, label)| PlaceView::of(text, span, label)).collect(),
        }
    }
}

impl PlaceView {
    fn of(text: &str, span: &std::ops::Range<usize>, label: &str) -> Self {
        let (line, column) = line_and_column(text, span.start);
        let (end_line, end_column) = line_and_column(text, span.end);
        Self { line, column, end_line, end_column, label: label.to_owned() }
    }
}

/// The line and column, from 1, of a place in a text. A place outside is the text's end.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
