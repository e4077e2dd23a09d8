//! What has happened in a simulation, so that two can be compared.

use std::{collections::VecDeque, fmt};

use crate::ids::Timestamp;

/// How many lines are kept.
const KEPT: usize = 5_000;

/// The end of what has happened, and a hash of all of it.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    hash: blake3::Hasher,
    lines: VecDeque<String>,
}

impl Trace {
    pub(super) fn add(&mut self, at: i64, state: u64, what: fmt::Arguments<'_>) {
        let line = format!("{} {what}", Timestamp(at).rfc3339());
        self.hash.update(line.as_bytes());
        self.hash.update(&state.to_le_bytes());
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The same for two executions in which the same has happened, in the same order.
    pub(crate) fn hash(&self) -> blake3::Hash {
        self.hash.finalize()
    }

    /// The last lines.
    pub(crate) fn last(&self, lines: usize) -> String {
        let skipped = self.lines.len().saturating_sub(lines);
        self.lines.iter().skip(skipped).map(|line| format!("{line}\n")).collect()
    }
}
