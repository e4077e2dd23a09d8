//! What asked for runs, each at most once.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{ServiceStore, forgetting};
use crate::{
    execute::ports::{Before, JournalError, Memory, RequestKey},
    failure,
    ids::{RunId, Timestamp},
    limits,
    persist::StoreError,
};

/// Something that asked for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Unique within its scope.
    pub key: String,
    /// When it was answered.
    pub at: Timestamp,
    /// When the run was due, if it was scheduled.
    pub scheduled_for: Option<Timestamp>,
    /// The run that it started; it may have been removed since.
    pub run: Option<RunId>,
    /// Why it started none.
    pub reason: Option<String>,
}

/// A part of the list of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPage {
    /// The newest first.
    pub requests: Vec<RequestRow>,
    /// The last one's number, if there may be a next page.
    pub next: Option<i64>,
}

/// How a request was answered before, if it was.
pub(in crate::persist) fn find(connection: &Connection, request: &RequestKey) -> rusqlite::Result<Option<Before>> {
    let mut select =
        connection.prepare_cached("SELECT run, reason, fingerprint FROM requests WHERE scope = ? AND key = ?")?;
    let found = select.query_row([&request.scope, &request.key], |row| {
        let fingerprint: Option<[u8; 32]> = row.get(2)?;
        Ok(Before { run: run(row, 0)?, reason: row.get(1)?, same: fingerprint == request.fingerprint })
    });
    match found.optional()? {
        None => forgetting::forgotten(connection, request),
        found => Ok(found),
    }
}

/// Notes how a request was answered: with a run, or why not.
pub(in crate::persist) fn insert(
    connection: &Connection,
    request: &RequestKey,
    at: Timestamp,
    answer: Result<RunId, &str>,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO requests (scope, key, memory, kept, at, scheduled_for, fingerprint, run, reason) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        request.scope,
        request.key,
        forgetting::word(request.memory),
        answer.is_ok(),
        at.0,
        request.scheduled_for.map(|at| at.0),
        request.fingerprint,
        answer.ok().as_ref().map(RunId::as_bytes),
        answer.err(),
    ])?;
    match answer {
        Err(_) if request.memory != Memory::File => forgetting::forget_earliest(connection, &request.scope),
        _ => Ok(()),
    }
}

impl ServiceStore {
    /// Notes that a request is answered without a run. If it was answered before, that stands.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn refuse(
        &self,
        request: RequestKey,
        at: Timestamp,
        reason: String,
    ) -> Result<Option<Before>, JournalError> {
        let reason = failure::cut(reason, limits::MAX_MESSAGE);
        let changed = self.journal.change(move |connection| {
            let before = find(connection, &request)?;
            if before.is_none() {
                insert(connection, &request, at, Err(&reason))?;
            }
            Ok(Ok::<_, std::convert::Infallible>(before))
        });
        changed.await.map(|Ok(before)| before)
    }

    /// How a request was answered before, if it was.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn answered(&self, request: &RequestKey) -> Result<Option<Before>, StoreError> {
        self.reader.query(|connection, _| Ok(find(connection, request)?))
    }

    /// A page of what asked for runs in a scope, newest first; only what was numbered before `before`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn requests(&self, scope: &str, before: Option<i64>, limit: u32) -> Result<RequestPage, StoreError> {
        let limit = limit.clamp(1, crate::persist::reader::MAX_ROWS);
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT key, at, scheduled_for, run, reason, number FROM requests \
                 WHERE scope = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3",
            )?;
            let (mut rows, mut last) = (0, None);
            let found = select.query_map(params![scope, before.unwrap_or(i64::MAX), limit], |row| {
                (rows, last) = (rows + 1, Some(row.get(5)?));
                Ok(RequestRow {
                    key: row.get(0)?,
                    at: Timestamp(row.get(1)?),
                    scheduled_for: row.get::<_, Option<i64>>(2)?.map(Timestamp),
                    run: run(row, 3)?,
                    reason: row.get(4)?,
                })
            })?;
            let requests = self.reader.readable("requests", found)?;
            Ok(RequestPage { requests, next: last.filter(|_| rows == limit) })
        })
    }
}

fn run(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<RunId>> {
    Ok(row.get::<_, Option<[u8; 16]>>(index)?.map(RunId::from_bytes))
}
