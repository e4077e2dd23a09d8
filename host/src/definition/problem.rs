//! What is wrong with a pipeline, with its place: the one form in which `definition` and `plan` report to users.

use std::{fmt, ops::Range, sync::Arc};

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};

use super::Source;

/// One thing that is wrong, or doubtful.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What sort of problem, such as `stepmill::plan::cycle`; stable, for tests and tools.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The places in the pipeline's text that it is about, the main one first, each with a few words or none.
    pub labels: Vec<(Range<usize>, String)>,
    /// Whether the pipeline can run all the same.
    pub warning: bool,
}

impl Problem {
    /// An error at a place.
    pub fn error(code: &'static str, message: impl Into<String>, span: Range<usize>) -> Self {
        Self { code, message: message.into(), help: None, labels: vec![(span, String::new())], warning: false }
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, message: impl Into<String>, span: Range<usize>) -> Self {
        Self { warning: true, ..Self::error(code, message, span) }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, with words at its main place.
    #[must_use]
    pub fn says(mut self, words: impl Into<String>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.1 = words.into();
        }
        self
    }

    /// The same, with one more place.
    #[must_use]
    pub fn also(mut self, span: Range<usize>, words: impl Into<String>) -> Self {
        self.labels.push((span, words.into()));
        self
    }
}

/// Everything that is wrong with one pipeline.
#[derive(Debug, Clone)]
pub struct Problems {
    source: Arc<NamedSource<Arc<str>>>,
    list: Vec<Problem>,
}

impl Problems {
    /// The problems of a pipeline that was read from `source`.
    #[must_use]
    pub fn new(source: &Source, list: Vec<Problem>) -> Self {
        let name = source.path.display().to_string();
        Self { source: Arc::new(NamedSource::new(name, Arc::clone(&source.text)).with_language("toml")), list }
    }

    /// The text that they are about.
    #[must_use]
    pub fn text(&self) -> &str {
        self.source.inner()
    }

    /// The problems, in the order of the text.
    #[must_use]
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// Each problem as a diagnostic that can be rendered on its own.
    pub fn diagnostics(&self) -> impl Iterator<Item = ProblemReport> + '_ {
        self.list.iter().map(|problem| ProblemReport { source: Arc::clone(&self.source), problem: problem.clone() })
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.list.as_slice() {
            [] => f.write_str("no problems"),
            [one] => f.write_str(&one.message),
            [first, rest @ ..] => write!(f, "{} (and {} more)", first.message, rest.len()),
        }
    }
}

impl std::error::Error for Problems {}

/// A problem together with the text it points into.
#[derive(Debug, Clone)]
pub struct ProblemReport {
    source: Arc<NamedSource<Arc<str>>>,
    problem: Problem,
}

impl fmt::Display for ProblemReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for ProblemReport {}

impl Diagnostic for ProblemReport {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.problem.code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(if self.problem.warning { Severity::Warning } else { Severity::Error })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.help.as_deref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let placed = self.problem.labels.iter().any(|(span, _)| !span.is_empty());
        placed.then_some(self.source.as_ref() as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(
            self.problem.labels.iter().filter(|(span, _)| !span.is_empty()).map(|(span, words)| {
                LabeledSpan::new_with_span((!words.is_empty()).then(|| words.clone()), span.clone())
            }),
        ))
    }
}
