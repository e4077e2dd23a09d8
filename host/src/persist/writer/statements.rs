//! The statements that write, each in a function that says what it is for.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Artifact, LogEntry, NewRun, projection::to_json};
use crate::{
    event::{EventKind, RunEvent, StepState},
    failure::{StepFailure, Usage},
    ids::{StepIndex, Timestamp},
    output::{ItemRange, OutputRef},
    persist::{
        codec::{self, EncodedEvent, int},
        reader::{AttemptState, RunState, form_word, place_word},
    },
};

/// Why a run cannot be made.
pub(super) enum Refusal {
    /// There is one with that id.
    Exists,
}

/// Makes a run with all its steps; returns its key.
pub(super) fn insert_run(
    connection: &Connection,
    run: &NewRun,
    at: Timestamp,
) -> rusqlite::Result<Result<i64, Refusal>> {
    let mut exists = connection.prepare_cached("SELECT 1 FROM runs WHERE id = ?")?;
    if exists.exists([run.id.as_bytes()])? {
        return Ok(Err(Refusal::Exists));
    }
    let plan = plan_key(connection, run)?;
    let mut insert = connection
        .prepare_cached("INSERT INTO runs (id, pipeline, plan, state, created_at, steps) VALUES (?, ?, ?, ?, ?, ?)")?;
    let steps = int(run.steps.len() as u64);
    let key = insert.insert(params![
        run.id.as_bytes(),
        run.pipeline.as_str(),
        plan,
        RunState::Running.as_str(),
        at.0,
        steps
    ])?;
    let mut insert = connection.prepare_cached("INSERT INTO steps (run, step, name, state) VALUES (?, ?, ?, ?)")?;
    for (step, name) in (0_i64..).zip(&run.steps) {
        insert.execute(params![key, step, name.as_str(), StepState::Waiting.as_str()])?;
    }
    Ok(Ok(key))
}

/// The key of the run's plan, which is stored once however often it runs.
fn plan_key(connection: &Connection, run: &NewRun) -> rusqlite::Result<i64> {
    let mut select = connection.prepare_cached("SELECT key FROM plans WHERE hash = ?")?;
    if let Some(key) = select.query_row([&run.plan_hash.0], |row| row.get(0)).optional()? {
        return Ok(key);
    }
    let mut insert = connection.prepare_cached("INSERT INTO plans (hash, json) VALUES (?, ?)")?;
    insert.insert(params![&run.plan_hash.0, run.plan_json])
}

pub(super) fn insert_event(connection: &Connection, key: i64, encoded: &EncodedEvent) -> rusqlite::Result<()> {
    let EncodedEvent { event, body } = encoded;
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (run, seq, at, kind, version, checksum, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        key,
        int(event.seq),
        event.at.0,
        codec::kind_word(&event.kind),
        codec::EVENT_VERSION,
        codec::checksum(event.run, event.seq, event.at, body),
        body,
    ])?;
    Ok(())
}

pub(super) fn start_attempt(
    connection: &Connection,
    key: i64,
    step: StepIndex,
    items: ItemRange,
    attempt: u32,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO attempts (run, step, item, attempt, items, state, started_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    let state = AttemptState::Running.as_str();
    insert.execute(params![key, step.0, items.first, attempt, items.count, state, at.0])?;
    Ok(())
}

/// How an attempt ended, out of the event that says so.
struct End<'a> {
    step: StepIndex,
    items: ItemRange,
    attempt: u32,
    state: AttemptState,
    failure: Option<&'a StepFailure>,
    usage: Option<Usage>,
    output: Option<&'a OutputRef>,
}

impl<'a> End<'a> {
    fn of(kind: &'a EventKind) -> Option<Self> {
        let end = |step, items, attempt, state| Self {
            step,
            items,
            attempt,
            state,
            failure: None,
            usage: None,
            output: None,
        };
        match kind {
            EventKind::AttemptSucceeded { step, items, attempt, output, usage, .. } => Some(Self {
                output: Some(output),
                usage: Some(*usage),
                ..end(*step, *items, *attempt, AttemptState::Succeeded)
            }),
            EventKind::AttemptFailed { step, items, attempt, failure, usage, .. } => Some(Self {
                failure: Some(failure),
                usage: Some(*usage),
                ..end(*step, *items, *attempt, AttemptState::Failed)
            }),
            EventKind::AttemptLost { step, items, attempt } => Some(end(*step, *items, *attempt, AttemptState::Lost)),
            _ => None,
        }
    }
}

/// Records how an attempt ended; does nothing for other events.
pub(super) fn end_attempt(connection: &Connection, key: i64, event: &RunEvent) -> rusqlite::Result<()> {
    let Some(end) = End::of(&event.kind) else { return Ok(()) };
    let usage = end.usage;
    let output = end.output;
    let mut upsert = connection.prepare_cached(
        "INSERT INTO attempts (run, step, item, attempt, items, state, finished_at, failure, \
         wall_us, cpu_us, memory, log_lines, log_lines_dropped, \
         output_form, output_hash, output_size, output_items, output_place, output_event) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) \
         ON CONFLICT DO UPDATE SET items = ?5, state = ?6, finished_at = ?7, failure = ?8, \
         wall_us = ?9, cpu_us = ?10, memory = ?11, log_lines = ?12, log_lines_dropped = ?13, output_form = ?14, \
         output_hash = ?15, output_size = ?16, output_items = ?17, output_place = ?18, output_event = ?19",
    )?;
    upsert.execute(params![
        key,
        end.step.0,
        end.items.first,
        end.attempt,
        end.items.count,
        end.state.as_str(),
        event.at.0,
        end.failure.map(to_json).transpose()?,
        usage.map(|usage| int(usage.wall_us)),
        usage.map(|usage| int(usage.cpu_us)),
        usage.map(|usage| int(usage.memory)),
        usage.map(|usage| int(usage.log_lines)),
        usage.map(|usage| int(usage.log_lines_dropped)),
        output.map(|output| form_word(output.form)),
        output.map(|output| output.hash.0),
        output.map(|output| int(output.size)),
        output.and_then(|output| output.items).map(int),
        output.map(|output| place_word(&output.place)),
        output.map(|_| int(event.seq)),
    ])?;
    Ok(())
}

pub(super) fn start_step(
    connection: &Connection,
    key: i64,
    step: StepIndex,
    attempt: u32,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE steps SET state = ?, reason = NULL, attempts = max(attempts, ?), \
         started_at = coalesce(started_at, ?), finished_at = NULL WHERE run = ? AND step = ?",
    )?;
    update.execute(params![StepState::Running.as_str(), attempt, at.0, key, step.0])?;
    Ok(())
}

/// Puts a step back to where it was before an attempt that was lost.
pub(super) fn wait_step(connection: &Connection, key: i64, step: StepIndex) -> rusqlite::Result<()> {
    let mut update = connection
        .prepare_cached("UPDATE steps SET state = ?, reason = NULL, finished_at = NULL WHERE run = ? AND step = ?")?;
    update.execute(params![StepState::Waiting.as_str(), key, step.0])?;
    Ok(())
}

pub(super) fn end_step(
    connection: &Connection,
    key: i64,
    step: StepIndex,
    state: StepState,
    reason: Option<&str>,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let mut update = connection
        .prepare_cached("UPDATE steps SET state = ?, reason = ?, finished_at = ? WHERE run = ? AND step = ?")?;
    update.execute(params![state.as_str(), reason, at.0, key, step.0])?;
    Ok(())
}

/// Notes which blobs an output keeps alive.
pub(super) fn insert_blobs(connection: &Connection, key: i64, output: &OutputRef) -> rusqlite::Result<()> {
    for hash in codec::blobs_of(output) {
        let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO blob_refs (run, hash) VALUES (?, ?)")?;
        insert.execute(params![key, hash.0])?;
    }
    Ok(())
}

/// The number of the next chunk of a step's log.
pub(super) fn next_chunk(connection: &Connection, key: i64, step: StepIndex) -> rusqlite::Result<u64> {
    let mut select =
        connection.prepare_cached("SELECT coalesce(max(chunk) + 1, 0) FROM logs WHERE run = ? AND step = ?")?;
    select.query_row(params![key, step.0], |row| codec::count(row, 0))
}

pub(super) fn insert_log(connection: &Connection, key: i64, chunk: u64, entry: &LogEntry) -> rusqlite::Result<()> {
    let lines = rmp_serde::to_vec_named(&entry.lines)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let mut insert = connection
        .prepare_cached("INSERT INTO logs (run, step, chunk, item, attempt, lines) VALUES (?, ?, ?, ?, ?, ?)")?;
    insert.execute(params![key, entry.step.0, int(chunk), entry.item, entry.attempt, lines])?;
    Ok(())
}

pub(super) fn put_artifact(connection: &Connection, artifact: &Artifact, info: &str) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO artifacts (module, engine, code_hash, code_size, info, created_at) \
         VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        artifact.info.digest.0,
        artifact.engine,
        artifact.code_hash,
        int(artifact.code_size),
        info,
        artifact.created_at.0,
    ])?;
    Ok(())
}
