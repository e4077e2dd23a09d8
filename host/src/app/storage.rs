//! What a data directory holds, as a whole: what can go, and whether it is all still there.

use std::path::PathBuf;

pub use crate::persist::{
    retention::{Collected, PassClock, Reason, RemovedRun, RetentionError, RetentionPolicy, Tally},
    verify::{Finding, Listener, Verified, VerifyError},
};
use crate::{
    effects,
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

/// What [`collect`] would remove. Works beside a host. `confirmed`: as there.
///
/// # Errors
/// If there is no data directory, or it cannot be read.
pub async fn preview(
    data: impl Into<PathBuf>,
    policy: RetentionPolicy,
    confirmed: bool,
) -> Result<Collected, StorageError> {
    let data = data.into();
    blocking(move || {
        let dir = DataDir::open_reader(data)?;
        let reader = Reader::open(&dir)?;
        Ok(retention::preview(&dir, &reader, policy, clock(confirmed))?)
    })
    .await
}

/// Removes what the policy lets go, and what nothing refers to. `confirmed`: an operator vouches for the wall clock, so that
/// time counts in which the data directory was not in use.
///
/// # Errors
/// If there is no data directory, a host has it, or something cannot be removed.
pub async fn collect(
    data: impl Into<PathBuf>,
    policy: RetentionPolicy,
    confirmed: bool,
) -> Result<Collected, StorageError> {
    let data = data.into();
    blocking(move || {
        // Looked at by a reader first: a mistyped path must not make a data directory.
        let dir = DataDir::open_reader(data)?;
        drop(Reader::open(&dir)?);
        let dir = DataDir::open_writer_on(dir.disk(), dir.root())?;
        let journal = SqliteJournal::open(&dir)?;
        let reader = Reader::open(dir.dir())?;
        let collected = retention::collect(&dir, &reader, &journal, policy, clock(confirmed))?;
        // The last connection folds the log into the database, and only a writer can.
        drop(reader);
        journal.close().map_err(RetentionError::from)?;
        Ok(collected)
    })
    .await
}

/// Reads everything and compares it with its hashes and references. Works beside a host, and changes nothing.
///
/// # Errors
/// If there is no data directory, or something cannot be read at all.
pub async fn verify<L: Listener + Send + 'static>(
    data: impl Into<PathBuf>,
    mut listener: L,
) -> Result<(Verified, L), StorageError> {
    let data = data.into();
    blocking(move || {
        let dir = DataDir::open_reader(data)?;
        let reader = Reader::open(&dir)?;
        let verified = verify::verify(&dir, &reader, &mut listener)?;
        Ok((verified, listener))
    })
    .await
}

fn clock(is_confirmed: bool) -> PassClock {
    PassClock { now: Timestamp::now(), is_confirmed }
}

/// Reading and waiting for the disk has a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    effects::blocking_or_panic(work).await
}
