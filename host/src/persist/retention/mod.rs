//! What is kept and what goes: without this, a host that runs every minute fills its disk.
//!
//! Runs go by age and by how much their outputs take, the oldest first, in an order that no clock can change; what a run refers to goes with its last reference.
//! The rows go first, in one transaction for each run, and then the files: whenever this is interrupted, what is left over
//! is a file that nothing refers to, which the next pass removes, and never a reference without its file.

mod choice;
mod pass;
#[cfg(test)]
mod tests;

use std::io;

pub(in crate::persist) use choice::{EndedRun, ObservedTime};
pub use pass::{collect, preview, tidy};

use super::error::StoreError;
use crate::{
    execute::ports::JournalError,
    ids::{Name, RunId, Timestamp},
};

/// How much is kept. Runs that have not ended always are, and so is whatever a kept run refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Runs that ended longer ago go, both by the clock and by the time that was observed since. `None` keeps them.
    pub days: Option<u32>,
    /// When outputs take more than this, the oldest runs go. `None` sets no limit.
    pub bytes: Option<u64>,
    /// The newest runs of each pipeline, which stay whatever the other two say.
    pub runs: u32,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self { days: Some(30), bytes: Some(20 << 30), runs: 10 }
    }
}

/// The wall clock, as a pass takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassClock {
    /// What it says.
    pub now: Timestamp,
    /// Whether an operator vouches for it. Then time counts in which the data directory was not in use.
    pub is_confirmed: bool,
}

/// Why a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It ended too long ago.
    Age,
    /// Outputs took too much.
    Size,
}

/// A run that went, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedRun {
    /// The run.
    pub run: RunId,
    /// Its pipeline.
    pub pipeline: Name,
    /// When it was made.
    pub created_at: Timestamp,
    /// Why it went.
    pub reason: Reason,
}

/// So many files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub files: u64,
    /// Their bytes, as the file system counts them.
    pub bytes: u64,
}

impl Tally {
    pub(super) fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

/// What a pass removed, or would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// Runs, the oldest first of those that went for the same reason.
    pub runs: Vec<RemovedRun>,
    /// Runs that are too old by the clock alone: they go once enough time was observed, or an operator confirms the clock.
    /// Only counted by passes that look at all.
    pub held_back: u64,
    /// Stored outputs and files that only those runs referred to.
    pub outputs: Tally,
    /// Stored outputs and files that nothing referred to before: of attempts that never ended.
    pub orphans: Tally,
    /// Modules that no kept run is bound to, and what they were compiled to.
    pub modules: Tally,
    /// Copies that `run` made for people, of those runs.
    pub copies: Tally,
    /// Files that a killed process left half written, and damaged ones that were kept to be looked at for long enough.
    pub leftovers: Tally,
    /// Stored outputs and files that stay.
    pub kept: Tally,
}

impl Collected {
    /// All that went.
    #[must_use]
    pub fn total(&self) -> Tally {
        let parts = [self.outputs, self.orphans, self.modules, self.copies, self.leftovers];
        parts
            .iter()
            .fold(Tally::default(), |sum, part| Tally { files: sum.files + part.files, bytes: sum.bytes + part.bytes })
    }
}

/// Why a pass stopped. What it did until then is done.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database cannot be written.
    #[error("runs cannot be removed: {0}")]
    Journal(#[from] JournalError),
    /// A file cannot be removed or looked at.
    #[error("stored files cannot be removed: {0}")]
    Files(#[from] io::Error),
}
