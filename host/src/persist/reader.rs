//! The reading side: what lists, pages and commands ask. Works beside a writer, also one in another process, and after
//! one was killed. Calls block for as long as SQLite reads; async code gives them a thread.

mod cache;
mod columns;
mod events;
mod retention;
mod rows;
mod runs;
mod steps;
mod verify;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension};

use super::{
    codec,
    copy::Copy,
    data_dir::DataDir,
    error::{self, StoreError},
    schema,
};
use crate::{disk::Disk, ids::RunId};

pub(super) use columns::{RUN_COUNTS, form_word, item_counts, place_word};
pub use rows::{
    AttemptFilter, AttemptRow, AttemptState, ItemCounts, LogChunk, LogFilter, OutputRow, PipelineRow, RunCursor,
    RunFilter, RunPage, RunRow, StepCounts, StepReason, StepRow, StepStateRow, StoredOutput,
};

/// The most rows that one call returns.
pub const MAX_ROWS: u32 = 1_000;

/// How many damaged rows the log names.
const MAX_NAMED: usize = 1_000;

/// How many connections are kept for later calls.
const POOL: usize = 4;

/// Answers questions about runs.
#[derive(Debug)]
pub struct Reader {
    disk: Disk,
    path: PathBuf,
    pool: Mutex<Vec<Connection>>,
    /// The damaged rows that the log has named: once is enough.
    damaged: Mutex<HashSet<String>>,
    /// What is read instead, where the database is of an older schema or cannot be opened where it is.
    copy: Option<Copy>,
}

impl Reader {
    /// Opens the database of a data directory for reading, and changes nothing. One that an older version wrote, or that is
    /// in a folder where nothing may be written, is copied to a folder for temporary files, and read there.
    ///
    /// # Errors
    /// If there is none yet, or it is another program's, of a newer version, of an older one that is still in use,
    /// damaged, or unreadable.
    pub fn open(dir: &DataDir) -> Result<Self, StoreError> {
        let (disk, path) = (dir.disk().clone(), dir.database());
        // Not even opened where it is: that alone makes a file beside it.
        if schema::looks_older(dir)? && dir.holder()?.is_none() {
            return Self::open_copy(dir);
        }
        match schema::open_reader(&disk, &path) {
            Err(error) if error.needs_copy() => {
                tracing::debug!(%error, "a copy of the database is read");
                Self::open_copy(dir)
            }
            Err(StoreError::Empty(path)) if dir.holds_results()? => Err(StoreError::Lost(path)),
            opened => Ok(Self::with(dir, opened?, None)),
        }
    }

    fn open_copy(dir: &DataDir) -> Result<Self, StoreError> {
        let copy = Copy::of(dir)?;
        let first = schema::open_reader(&Disk::default(), &copy.database())?;
        Ok(Self::with(dir, first, Some(copy)))
    }

    fn with(dir: &DataDir, first: Connection, copy: Option<Copy>) -> Self {
        let (disk, path) = (dir.disk().clone(), dir.database());
        Self { disk, path, pool: Mutex::new(vec![first]), damaged: Mutex::default(), copy }
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        match &self.copy {
            Some(copy) => schema::open_reader(&Disk::default(), &copy.database()),
            None => schema::open_reader(&self.disk, &self.path),
        }
    }

    /// Runs a query on a connection of the pool.
    pub(super) fn query<T>(
        &self,
        query: impl FnOnce(&mut Connection, &Path) -> Result<T, QueryError>,
    ) -> Result<T, StoreError> {
        let pooled = self.pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = pooled.map_or_else(|| self.connect(), Ok)?;
        let result = query(&mut connection, &self.path).map_err(|error| match error {
            QueryError::Sqlite(error) => StoreError::sqlite(&self.path, error),
            QueryError::Store(error) => error,
        });
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < POOL {
            pool.push(connection);
        }
        result
    }

    /// The rows that can be read. A damaged one is left out, and the log says so: it must not take the others along.
    pub(super) fn readable<T>(
        &self,
        table: &str,
        rows: impl Iterator<Item = rusqlite::Result<T>>,
    ) -> Result<Vec<T>, QueryError> {
        let mut readable = Vec::new();
        for row in rows {
            match row {
                Ok(row) => readable.push(row),
                Err(error) => self.left_out(table, None, error)?,
            }
        }
        Ok(readable)
    }

    /// Leaves a row out if it is damaged; passes every other error on.
    fn left_out(&self, table: &str, run: Option<RunId>, error: rusqlite::Error) -> Result<(), QueryError> {
        if !error::is_undecodable(&error) {
            return Err(error.into());
        }
        let run = run.map_or_else(|| "one that cannot be named".to_owned(), |run| run.to_string());
        let mut named = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() < MAX_NAMED && named.insert(format!("{table} {run} {error}")) {
            tracing::error!(%run, %error, "a row of `{table}` is damaged and left out; `stepmill verify` says more");
        }
        Ok(())
    }
}

/// Lets queries use `?` on both.
pub(super) enum QueryError {
    Sqlite(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for QueryError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The key of a run.
fn run_key(connection: &Connection, run: RunId) -> Result<i64, QueryError> {
    let mut select = connection.prepare_cached("SELECT key FROM runs WHERE id = ?")?;
    let key = select.query_row([run.as_bytes()], |row| row.get(0)).optional()?;
    key.ok_or_else(|| StoreError::NoSuchRun(run.to_string()).into())
}

/// A limit within what one call may return.
fn cap(limit: u32) -> u32 {
    limit.clamp(1, MAX_ROWS)
}
