//! The events of a run, for resuming and following it, and the outputs that they hold.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{AttemptState, QueryError, Reader, StoredOutput, cap, codec, run_key};
use crate::{
    event::{EventKind, RunEvent},
    ids::{RunId, StepIndex, Timestamp},
    output::OutputRef,
    persist::{StoreError, codec::EventRow},
};

impl Reader {
    /// Events of a run in order, from a seq on. At most [`MAX_ROWS`](super::MAX_ROWS); there are no more when fewer than
    /// `limit` come back. Whoever follows a run asks again from the seq behind the last one.
    ///
    /// # Errors
    /// If there is no such run, an event is damaged, or the database cannot be read.
    pub fn events(&self, run: RunId, from: u64, limit: u32) -> Result<Vec<RunEvent>, StoreError> {
        self.query(|connection, path| {
            let key = run_key(connection, run)?;
            let mut select = connection.prepare_cached(
                "SELECT seq, at, version, checksum, body FROM events WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?",
            )?;
            let (first, last) = (codec::event_key(key, codec::int(from)), codec::event_key(key, codec::MAX_SEQ));
            let mut rows = select.query(params![first, last, cap(limit)])?;
            let mut events = Vec::new();
            while let Some(row) = rows.next()? {
                let event = codec::decode(run, &event_row(row)?);
                events.push(event.map_err(|detail| StoreError::damaged(path, detail))?);
            }
            Ok(events)
        })
    }

    /// All events of a run, in order: what it is resumed from.
    ///
    /// # Errors
    /// If there is no such run, an event is damaged or missing, or the database cannot be read.
    pub fn history(&self, run: RunId) -> Result<Vec<RunEvent>, StoreError> {
        let mut history: Vec<RunEvent> = Vec::new();
        loop {
            let next = history.len() as u64;
            let page = self.events(run, next, super::MAX_ROWS)?;
            if let Some((_, event)) = (next..).zip(&page).find(|(seq, event)| *seq != event.seq) {
                let detail = format!("an event before {} of run {run} is missing", event.seq);
                return Err(StoreError::damaged(&self.path, detail));
            }
            if page.is_empty() {
                return Ok(history);
            }
            history.extend(page);
        }
    }

    /// The events of a run as far as they are whole, and what is wrong with the next one.
    ///
    /// # Errors
    /// If there is no such run, or the database cannot be read.
    pub fn readable_history(&self, run: RunId) -> Result<(Vec<RunEvent>, Option<StoreError>), StoreError> {
        let damage = match self.history(run) {
            Ok(history) => return Ok((history, None)),
            Err(damage @ StoreError::Damaged { .. }) => damage,
            Err(error) => return Err(error),
        };
        let mut history = Vec::new();
        loop {
            let next = history.len() as u64;
            match self.events(run, next, 1) {
                Ok(event) if event.first().is_some_and(|event| event.seq == next) => history.extend(event),
                Ok(_) | Err(StoreError::Damaged { .. }) => return Ok((history, Some(damage))),
                Err(error) => return Err(error),
            }
        }
    }

    /// What a step or one of its items returned: the named attempt, or else the latest that succeeded. Without an item,
    /// a fanned-out step answers with what all items together returned. `None` if that has not succeeded.
    ///
    /// # Errors
    /// If there is no such run, the output is damaged, or the database cannot be read.
    pub fn output(
        &self,
        run: RunId,
        step: StepIndex,
        item: Option<u32>,
        attempt: Option<u32>,
    ) -> Result<Option<StoredOutput>, StoreError> {
        self.query(|connection, path| {
            let key = run_key(connection, run)?;
            let mut select =
                connection.prepare_cached("SELECT output_event, items FROM steps WHERE run = ? AND step = ?")?;
            let found = select.query_row(params![key, step.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let (whole, items): (Option<i64>, Option<i64>) = found.unwrap_or_default();
            let fanned_out = items.is_some();
            let place = match (item, whole) {
                (None, whole) if fanned_out || (whole.is_some() && attempt.is_none()) => whole.map(|seq| (seq, 0)),
                _ => attempt_place(connection, key, step, item.unwrap_or(0), attempt)?,
            };
            let Some((seq, first)) = place else { return Ok(None) };
            let output = output_at(connection, run, key, seq).map_err(|error| error.naming(path))?;
            let index = item.filter(|_| fanned_out).map(|item| u64::from(item.saturating_sub(first)));
            Ok(Some(StoredOutput { output, index }))
        })
    }
}

/// The event that holds the output of an item, and the first item of its range.
fn attempt_place(
    connection: &Connection,
    key: i64,
    step: StepIndex,
    item: u32,
    attempt: Option<u32>,
) -> rusqlite::Result<Option<(i64, u32)>> {
    let mut select = connection.prepare_cached(
        "SELECT output_event, item FROM attempts WHERE run = ?1 AND step = ?2 AND item <= ?3 AND item + items > ?3 \
         AND state = ?4 AND (?5 IS NULL OR attempt = ?5) ORDER BY attempt DESC, item DESC LIMIT 1",
    )?;
    let values = params![key, step.0, item, AttemptState::Succeeded.as_str(), attempt];
    select.query_row(values, |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

fn output_at(connection: &Connection, run: RunId, key: i64, seq: i64) -> Result<OutputRef, Unfit> {
    let none = || Unfit::Detail(format!("event {seq} of run {run} holds no output"));
    match event_at(connection, run, key, seq)?.ok_or_else(none)?.kind {
        EventKind::AttemptSucceeded { output, .. }
        | EventKind::Carried { output, .. }
        | EventKind::StepSucceeded { output, .. } => Ok(output),
        _ => Err(none()),
    }
}

/// Reads one event of a run, if it is there.
pub(super) fn event_at(connection: &Connection, run: RunId, key: i64, seq: i64) -> Result<Option<RunEvent>, Unfit> {
    let mut select = connection.prepare_cached("SELECT seq, at, version, checksum, body FROM events WHERE key = ?")?;
    let row = select.query_row([codec::event_key(key, seq)], event_row).optional()?;
    row.map(|row| codec::decode(run, &row)).transpose().map_err(Unfit::Detail)
}

/// Why an event cannot be used.
pub(super) enum Unfit {
    Sqlite(rusqlite::Error),
    /// What is wrong with it.
    Detail(String),
}

impl Unfit {
    pub(super) fn naming(self, path: &Path) -> QueryError {
        match self {
            Self::Sqlite(error) => error.into(),
            Self::Detail(detail) => StoreError::damaged(path, detail).into(),
        }
    }
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

pub(super) fn event_row(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        seq: codec::count(row, 0)?,
        at: Timestamp(row.get(1)?),
        version: row.get(2)?,
        checksum: row.get(3)?,
        body: row.get(4)?,
    })
}
