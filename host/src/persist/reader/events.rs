//! The events of a run, for resuming and following it, and the outputs that they hold.

use rusqlite::{OptionalExtension, Row, params};

use super::{AttemptState, Reader, cap, codec, run_key};
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
                "SELECT seq, at, version, checksum, body FROM events WHERE run = ? AND seq >= ? ORDER BY seq LIMIT ?",
            )?;
            let mut rows = select.query(params![key, codec::int(from), cap(limit)])?;
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

    /// What an attempt returned; of the latest that succeeded if none is named. `None` if there is no such attempt or
    /// it has not succeeded.
    ///
    /// # Errors
    /// If there is no such run, the output is damaged, or the database cannot be read.
    pub fn output(
        &self,
        run: RunId,
        step: StepIndex,
        item: u32,
        attempt: Option<u32>,
    ) -> Result<Option<OutputRef>, StoreError> {
        self.query(|connection, path| {
            let key = run_key(connection, run)?;
            let mut select = connection.prepare_cached(
                "SELECT e.seq, e.at, e.version, e.checksum, e.body \
                 FROM attempts a JOIN events e ON e.run = a.run AND e.seq = a.output_event \
                 WHERE a.run = ?1 AND a.step = ?2 AND a.item <= ?3 AND a.item + a.items > ?3 \
                 AND a.state = ?4 AND (?5 IS NULL OR a.attempt = ?5) ORDER BY a.attempt DESC LIMIT 1",
            )?;
            let values = params![key, step.0, item, AttemptState::Succeeded.as_str(), attempt];
            let Some(row) = select.query_row(values, event_row).optional()? else { return Ok(None) };
            let event = codec::decode(run, &row).map_err(|detail| StoreError::damaged(path, detail))?;
            let EventKind::AttemptSucceeded { output, .. } = event.kind else {
                let detail = format!("event {} of run {run} holds no output", event.seq);
                return Err(StoreError::damaged(path, detail).into());
            };
            Ok(Some(output))
        })
    }
}

fn event_row(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        seq: codec::count(row, 0)?,
        at: Timestamp(row.get(1)?),
        version: row.get(2)?,
        checksum: row.get(3)?,
        body: row.get(4)?,
    })
}
