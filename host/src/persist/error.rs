//! Why the database cannot be opened or read.

use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};

use super::data_dir::DataDirError;
use crate::{execute::ports::JournalError, ids::RunId};

/// Why the database cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database yet.
    #[error("`{0}` holds no runs yet: run a pipeline first, or name another data directory with --data-dir")]
    Empty(PathBuf),
    /// The file is something else.
    #[error("`{0}` is not a stepmill database: name another data directory with --data-dir")]
    NotStepmill(PathBuf),
    /// There is none, and there was one.
    #[error(
        "`{0}` is missing or empty, though results are stored beside it: restore the data directory from a backup, or \
         move it away to start afresh; nothing was changed"
    )]
    Lost(PathBuf),
    /// A later version of stepmill wrote it.
    #[error(
        "`{path}` was written by a newer stepmill (schema {found}, this one knows up to {known}): use that version; \
         nothing was changed"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// An earlier version wrote it, and only a writer may bring it up to date.
    #[error("`{path}` has the older schema {found}: a `stepmill run` there brings it up to date")]
    Older {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// Stored data is not what was written.
    #[error(
        "`{path}` is damaged, or the disk cannot read it: {detail}. If `stepmill verify` finds that again, restore the data \
         directory from a backup"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// No run has that name.
    #[error("there is no run `{0}`: `stepmill runs list` shows all")]
    NoSuchRun(String),
    /// Several runs have that name.
    #[error("`{prefix}` is the beginning of several runs: {}", matches.iter().map(RunId::to_string).collect::<Vec<_>>().join(", "))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// Some of the runs that it fits.
        matches: Vec<RunId>,
    },
    /// The folder cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// SQLite refused.
    #[error("cannot use `{path}`: {source}")]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// Sorts an error of SQLite.
    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotStepmill(path.to_owned()),
            Some(ErrorCode::DatabaseCorrupt) => Self::damaged(path, &source),
            _ if is_undecodable(&source) => Self::damaged(path, &source),
            _ => Self::Sqlite { path: path.to_owned(), source },
        }
    }

    /// Whether what cannot be read where it is may be readable elsewhere: SQLite makes files beside a database also for
    /// reading.
    pub(super) fn needs_copy(&self) -> bool {
        match self {
            Self::Older { .. } => true,
            Self::Sqlite { source, .. } => {
                matches!(source.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
            }
            _ => false,
        }
    }

    pub(super) fn damaged(path: &Path, detail: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), detail: detail.to_string() }
    }
}

/// Columns are typed and we wrote them: a value that does not fit is damage, not a mistake in a query.
pub(super) fn is_undecodable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..))
}

/// What an error of a write means for the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It belongs to what was written, and to nothing else.
    Call,
    /// Another program has the database locked. Nothing was written.
    Busy,
    /// The storage refused: what was written last may be there or not, until the database has been opened again.
    Stop,
    /// The same of a disk that failed, which may have damaged the file.
    Disk,
    /// The file is damaged, or the disk cannot read it: SQLite takes these for the same.
    Damage,
    /// The file was removed or replaced: what the host knows does not fit what it would find.
    Gone,
}

/// What an error of a write means for the writer. Whatever is not known to belong to the call stops the writer.
pub(super) fn fault(error: &rusqlite::Error) -> Fault {
    if matches!(error, rusqlite::Error::SqliteFailure(error, _) if error.extended_code == ffi::SQLITE_READONLY_DBMOVED)
    {
        return Fault::Gone;
    }
    match error.sqlite_error_code() {
        // A value or row that cannot be encoded or decoded.
        None => Fault::Call,
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch | ErrorCode::Unknown) => {
            Fault::Call
        }
        Some(ErrorCode::ParameterOutOfRange) => Fault::Call,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Busy,
        Some(ErrorCode::SystemIoFailure) => Fault::Disk,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault::Damage,
        Some(_) => Fault::Stop,
    }
}

/// What a run is told when the database cannot be written.
pub(super) fn write_error(path: &Path, error: &rusqlite::Error) -> JournalError {
    let path = path.display();
    JournalError(match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => format!("no room for `{path}`: free some space"),
        Some(ErrorCode::SystemIoFailure) => {
            format!("the disk failed under `{path}` ({error}): check it")
        }
        Some(ErrorCode::OutOfMemory) => format!("no memory left to write to `{path}`"),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            format!("`{path}` is damaged or cannot be read ({error}): check the disk, and what `stepmill verify` says")
        }
        _ => format!("`{path}`: {error}"),
    })
}

/// The answer to a call that cannot be written, where nothing else is wrong.
pub(super) fn call_error(path: &Path, error: &rusqlite::Error) -> JournalError {
    let path = path.display();
    JournalError(match error.sqlite_error_code() {
        Some(ErrorCode::TooBig) => format!("it is too large for a row of `{path}`; nothing of it was written"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("another program has `{path}` locked: stop it and try again; nothing was written")
        }
        _ if is_undecodable(error) => format!("a row in `{path}` is damaged ({error}); nothing was written"),
        _ => format!("it does not fit into `{path}` ({error}); nothing of it was written"),
    })
}
