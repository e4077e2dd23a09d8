//! Collects problems, so that all of them are told at once, but no more than a person would read.

use std::{collections::HashSet, sync::Arc};

use super::{
    Source,
    problem::{Problem, Problems},
};

/// The most problems that are kept; the rest is only counted.
pub(super) const MAX_PROBLEMS: usize = 256;

/// Proof that a problem was reported: what takes the place of a value that is not there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reported(());

/// The problems found so far.
#[derive(Debug)]
pub(super) struct Report {
    text: Arc<str>,
    list: Vec<Problem>,
    more: usize,
    /// Where the lines begin that are not TOML.
    broken_lines: HashSet<usize>,
    /// Up to where the text was read as it was meant.
    trusted: usize,
}

impl Report {
    /// No problems yet in this text.
    pub(super) fn new(text: Arc<str>) -> Self {
        Self { text, list: Vec::new(), more: 0, broken_lines: HashSet::new(), trusted: usize::MAX }
    }

    /// Adds a problem with what is there. On a line that is not TOML it would only repeat what is known.
    pub(super) fn push(&mut self, problem: Problem) -> Reported {
        if self.broken_lines.is_empty() || !self.is_on_broken_line(&problem) {
            self.keep(problem);
        }
        Reported(())
    }

    /// Adds a problem with what is missing. In a text with a syntax error nothing can be said to be missing.
    pub(super) fn push_absence(&mut self, problem: Problem) -> Reported {
        if self.broken_lines.is_empty() {
            self.keep(problem);
        }
        Reported(())
    }

    /// Adds a syntax error. All of them come before other problems.
    pub(super) fn push_syntax(&mut self, problem: Problem) {
        let start = problem.labels.first().map_or(0, |(span, _)| span.start);
        self.broken_lines.insert(self.line_of(start));
        self.keep(problem);
    }

    /// Has no problems told from here on but syntax errors: the text was not read as it was meant.
    pub(super) fn distrust(&mut self, position: usize) {
        self.trusted = self.trusted.min(position);
    }

    /// Whether a further problem would only be counted, so that nothing need be computed for it.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MAX_PROBLEMS
    }

    /// The problems in the order of the text, if there are any.
    pub(super) fn into_problems(mut self, source: &Source) -> Option<Problems> {
        if self.list.is_empty() {
            return None;
        }
        self.list.sort_by_key(|problem| problem.labels.first().map_or(0, |(span, _)| span.start));
        if self.more > 0 {
            let message = format!("{} more problems were found", self.more);
            let problem = Problem::error("stepmill::definition::too_many_problems", message, 0..0);
            self.list.push(problem.help("correct these first"));
        }
        Some(Problems::new(source, self.list))
    }

    fn keep(&mut self, problem: Problem) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.list.push(problem);
        }
    }

    fn is_on_broken_line(&self, problem: &Problem) -> bool {
        problem.labels.first().is_none_or(|(span, _)| {
            // What the parser made up in place of a missing value has no place.
            span.is_empty() || span.start >= self.trusted || self.broken_lines.contains(&self.line_of(span.start))
        })
    }

    fn line_of(&self, position: usize) -> usize {
        self.text.as_bytes()[..position.min(self.text.len())].iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1)
    }
}
