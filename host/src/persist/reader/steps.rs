//! Questions about the steps of a run: their states, attempts and logs.

use rusqlite::{OptionalExtension, Row, params, types::Type};

use super::{
    AttemptFilter, AttemptRow, AttemptState, LogChunk, LogFilter, Reader, StepRow, StepStateRow, cap, codec, columns,
    run_key,
};
use crate::{
    ids::{RunId, StepIndex},
    output::ItemRange,
    persist::StoreError,
};

impl Reader {
    /// Steps of a run in the plan's order, from `first` on. At most [`MAX_ROWS`](super::MAX_ROWS).
    ///
    /// # Errors
    /// If there is no such run, or the database cannot be read.
    pub fn steps(&self, run: RunId, first: StepIndex, limit: u32) -> Result<Vec<StepRow>, StoreError> {
        self.query(|connection, _| {
            let key = run_key(connection, run)?;
            let mut select = connection.prepare_cached(&format!(
                "SELECT s.step, s.name, s.state, s.reason, s.attempts, s.started_at, s.finished_at, s.retry_at, \
                 s.items, s.items_running, s.items_succeeded, s.items_failed, {} FROM current_steps s \
                 LEFT JOIN attempts a ON a.run = s.run AND a.step = s.step AND a.item = 0 AND a.attempt = s.attempts \
                 AND s.items IS NULL WHERE s.run = ? AND s.step >= ? ORDER BY s.step LIMIT ?",
                columns::USAGE_AND_STEP_OUTPUT
            ))?;
            let steps = select.query_map(params![key, first.0, cap(limit)], step_row)?;
            Ok(steps.collect::<Result<_, _>>()?)
        })
    }

    /// How all steps of a run stand, in the plan's order.
    ///
    /// # Errors
    /// If there is no such run, or the database cannot be read.
    pub fn step_states(&self, run: RunId) -> Result<Vec<StepStateRow>, StoreError> {
        self.query(|connection, _| {
            let key = run_key(connection, run)?;
            let mut select = connection.prepare_cached(
                "SELECT name, state, finished_at - started_at FROM current_steps WHERE run = ? ORDER BY step",
            )?;
            let steps = select.query_map([key], |row| {
                let duration: Option<i64> = row.get(2)?;
                Ok(StepStateRow {
                    name: columns::name(row, 0)?,
                    state: codec::word(row, 1, codec::step_state)?,
                    duration_ms: duration.and_then(|milliseconds| u64::try_from(milliseconds).ok()),
                })
            })?;
            Ok(steps.collect::<Result<_, _>>()?)
        })
    }

    /// The step of that name, if the run has one.
    ///
    /// # Errors
    /// If there is no such run, or the database cannot be read.
    pub fn find_step(&self, run: RunId, name: &str) -> Result<Option<StepIndex>, StoreError> {
        self.query(|connection, _| {
            let key = run_key(connection, run)?;
            let mut select = connection.prepare_cached("SELECT step FROM steps WHERE run = ? AND name = ?")?;
            Ok(select.query_row(params![key, name], |row| row.get(0).map(StepIndex)).optional()?)
        })
    }

    /// The attempts at a step, by item and number. At most [`MAX_ROWS`](super::MAX_ROWS).
    ///
    /// # Errors
    /// If there is no such run, or the database cannot be read.
    pub fn attempts(&self, run: RunId, step: StepIndex, limit: u32) -> Result<Vec<AttemptRow>, StoreError> {
        self.attempt_page(run, step, AttemptFilter::default(), limit)
    }

    /// The same, of some of them. Of a fanned-out step, a row is a range of items that began or ended alike.
    ///
    /// # Errors
    /// If there is no such run, or the database cannot be read.
    pub fn attempt_page(
        &self,
        run: RunId,
        step: StepIndex,
        filter: AttemptFilter,
        limit: u32,
    ) -> Result<Vec<AttemptRow>, StoreError> {
        self.query(|connection, _| {
            let key = run_key(connection, run)?;
            let mut select = connection.prepare_cached(&format!(
                "SELECT a.step, a.item, a.items, a.attempt, a.state, a.started_at, a.finished_at, a.failure, \
                 a.retry_at, a.reused_from, {} FROM attempts a WHERE a.run = ?1 AND a.step = ?2 \
                 AND (a.item, a.attempt) > (?3, ?4) AND (?5 IS NULL OR a.state = ?5) \
                 ORDER BY a.item, a.attempt LIMIT ?6",
                columns::USAGE_AND_OUTPUT
            ))?;
            let (item, attempt) = filter.after.map_or((-1, 0), |(item, attempt)| (i64::from(item), attempt));
            let state = filter.state.map(AttemptState::as_str);
            let rows = select.query_map(params![key, step.0, item, attempt, state, cap(limit)], attempt_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// A step's log in the order it was written, from a chunk on. At most [`MAX_ROWS`](super::MAX_ROWS) chunks. Whoever
    /// follows a log asks again from the chunk behind the last one.
    ///
    /// # Errors
    /// If there is no such run, or the database cannot be read.
    pub fn logs(
        &self,
        run: RunId,
        step: StepIndex,
        filter: LogFilter,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LogChunk>, StoreError> {
        self.query(|connection, _| {
            let key = run_key(connection, run)?;
            let mut select = connection.prepare_cached(
                "SELECT chunk, item, attempt, lines FROM logs WHERE run = ?1 AND step = ?2 AND chunk >= ?3 \
                 AND (?4 IS NULL OR item = ?4) AND (?5 IS NULL OR attempt = ?5) ORDER BY chunk LIMIT ?6",
            )?;
            let values = params![key, step.0, codec::int(from), filter.item, filter.attempt, cap(limit)];
            let chunks = select.query_map(values, log_chunk)?;
            Ok(chunks.collect::<Result<_, _>>()?)
        })
    }
}

fn step_row(row: &Row<'_>) -> rusqlite::Result<StepRow> {
    let (usage, output) = columns::usage_and_output(row, 12)?;
    Ok(StepRow {
        step: StepIndex(row.get(0)?),
        name: columns::name(row, 1)?,
        state: codec::word(row, 2, codec::step_state)?,
        reason: codec::json_opt(row, 3)?,
        attempts: row.get(4)?,
        started_at: columns::time(row, 5)?,
        finished_at: columns::time(row, 6)?,
        retry_at: columns::time(row, 7)?,
        items: columns::item_counts(row, 8)?,
        usage,
        output,
    })
}

fn attempt_row(row: &Row<'_>) -> rusqlite::Result<AttemptRow> {
    let (usage, output) = columns::usage_and_output(row, 10)?;
    Ok(AttemptRow {
        step: StepIndex(row.get(0)?),
        items: ItemRange { first: row.get(1)?, count: row.get(2)? },
        attempt: row.get(3)?,
        state: columns::attempt_state(row, 4)?,
        started_at: columns::time(row, 5)?,
        finished_at: columns::time(row, 6)?,
        failure: codec::json_opt(row, 7)?,
        usage,
        output,
        retry_at: columns::time(row, 8)?,
        reused_from: codec::json_opt(row, 9)?,
    })
}

fn log_chunk(row: &Row<'_>) -> rusqlite::Result<LogChunk> {
    let lines = row.get_ref(3)?.as_blob()?;
    Ok(LogChunk {
        chunk: codec::count(row, 0)?,
        item: row.get(1)?,
        attempt: row.get(2)?,
        lines: rmp_serde::from_slice(lines).map_err(|error| codec::unfit(3, Type::Blob, error))?,
    })
}
