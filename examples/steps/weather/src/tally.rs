//! Counts trouble by its kind and remembers the first examples.

use std::collections::BTreeMap;

use crate::model::{Example, Finding};

/// How many lines are shown for each kind.
const EXAMPLES: usize = 3;

/// Counts by kind.
#[derive(Default)]
pub struct Tally(BTreeMap<String, Finding>);

impl Tally {
    pub fn add(&mut self, what: &str, example: Example) {
        let new = || Finding { what: what.to_owned(), count: 0, examples: Vec::new() };
        let finding = self.0.entry(what.to_owned()).or_insert_with(new);
        finding.count += 1;
        if finding.examples.len() < EXAMPLES {
            finding.examples.push(example);
        }
    }

    /// The most frequent first.
    pub fn sorted(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.0.into_values().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.count));
        findings
    }
}
