//! What a data directory holds, as a whole: what can go, and whether it is all still there.

use std::path::Path;

pub use crate::persist::{
    retention::{Collected, Policy, Reason, RemovedRun, RetentionError, Tally},
    verify::{Finding, Listener, Verified, VerifyError},
};
use crate::{
    ids::Timestamp,
    persist::{DataDir, DataDirError, Reader, SqliteJournal, StoreError, retention, verify},
};

/// Why retention or verification could not be done.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is no data directory, it cannot be used, or nobody else may write to it now.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something cannot be removed.
    #[error(transparent)]
    Retention(#[from] RetentionError),
    /// Something cannot be read.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// What [`collect`] would remove. Works beside a host.
///
/// # Errors
/// If there is no data directory, or it cannot be read.
pub fn preview(data: &Path, policy: Policy) -> Result<Collected, StorageError> {
    let dir = DataDir::open_reader(data)?;
    let reader = Reader::open(&dir)?;
    Ok(retention::preview(&dir, &reader, policy, Timestamp::now())?)
}

/// Removes what the policy lets go, and what nothing refers to.
///
/// # Errors
/// If there is no data directory, a host has it, or something cannot be removed.
pub fn collect(data: &Path, policy: Policy) -> Result<Collected, StorageError> {
    // Looked at by a reader first: a mistyped path must not make a data directory.
    let dir = DataDir::open_reader(data)?;
    drop(Reader::open(&dir)?);
    let dir = DataDir::open_writer(data)?;
    let journal = SqliteJournal::open(&dir)?;
    let reader = Reader::open(dir.dir())?;
    let collected = retention::collect(&dir, &reader, &journal, policy, Timestamp::now())?;
    journal.close().map_err(RetentionError::from)?;
    Ok(collected)
}

/// Reads everything and compares it with its hashes and references. Works beside a host, and changes nothing.
///
/// # Errors
/// If there is no data directory, or something cannot be read at all.
pub fn verify(data: &Path, listener: &mut dyn Listener) -> Result<Verified, StorageError> {
    let dir = DataDir::open_reader(data)?;
    let reader = Reader::open(&dir)?;
    Ok(verify::verify(&dir, &reader, listener)?)
}
