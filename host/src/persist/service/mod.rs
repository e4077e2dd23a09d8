//! What a service keeps besides runs: what is deployed, what asked for runs, who may do what.
//!
//! Every change goes through the journal's writer, so that it is durable, and in order with the runs, when it is told.

pub(super) mod audit;
pub(super) mod forgetting;
mod modules;
mod pipelines;
pub(super) mod requests;
mod secrets;
mod tokens;
mod triggers;

use std::sync::Arc;

use super::{Reader, SqliteJournal};
use crate::execute::ports::JournalError;

pub use audit::{AuditFilter, AuditRow};
pub use forgetting::ForgetError;
pub use modules::{ActiveRow, ModuleChange, VersionRow, VersionState};
pub use pipelines::{Pins, RevisionRow};
pub use requests::{RequestPage, RequestRow};
pub use secrets::{NoSecret, SealedSecret, SecretRow};
pub use tokens::{NewToken, SecretHash, SessionKind, TokenError, TokenRow};
pub use triggers::{EndedRun, TriggerEntry, TriggerRow, trigger_scope};

/// Reads and changes what a service keeps besides runs.
#[derive(Debug, Clone)]
pub struct ServiceStore {
    journal: Arc<SqliteJournal>,
    reader: Arc<Reader>,
}

impl ServiceStore {
    /// What is kept beside the runs of a journal.
    #[must_use]
    pub fn new(journal: Arc<SqliteJournal>, reader: Arc<Reader>) -> Self {
        Self { journal, reader }
    }

    /// Waits until every change before it is stored, or never will be.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn barrier(&self) -> Result<(), JournalError> {
        self.journal.barrier().await
    }
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError<E: std::error::Error> {
    /// The database cannot be written.
    #[error(transparent)]
    Journal(#[from] crate::execute::ports::JournalError),
    /// It is not allowed as things are.
    #[error(transparent)]
    Refused(E),
}
