//! The statements that write, each in a function that says what it is for.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Artifact, LogEntry, projection::to_json, request::NewRun};
use crate::{
    event::{CacheEntry, RunState, StepState},
    ids::{Name, RunId, StepIndex, Timestamp},
    limits::{MAX_ARTIFACTS, MAX_ENGINES},
    output::OutputRef,
    persist::{
        codec::{self, EncodedEvent, int},
        reader::{ItemCounts, StepCounts, form_word, place_word},
        service::forgetting,
    },
};

/// How many pages of the database are given back to the file system in one transaction.
const PAGES_GIVEN_BACK: u32 = 1_024;

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
        RunState::Queued.as_str(),
        at.0,
        steps
    ])?;
    // One statement for all of them: nothing of a large run begins before its rows are there.
    let mut insert = connection
        .prepare_cached("INSERT INTO steps (run, step, name, state) SELECT ?1, key, value, ?2 FROM json_each(?3)")?;
    insert.execute(params![key, StepState::Waiting.as_str(), to_json(&run.steps)?])?;
    Ok(Ok(key))
}

/// Notes what started a run.
pub(super) fn set_trigger(
    connection: &Connection,
    key: i64,
    trigger: &Name,
    scheduled_for: Option<Timestamp>,
) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached("UPDATE runs SET trigger = ?, scheduled_for = ? WHERE key = ?")?;
    update.execute(params![trigger.as_str(), scheduled_for.map(|at| at.0), key])?;
    Ok(())
}

/// Removes a run with all that is about it, and its plan with the last run that follows it. The file shrinks a little:
/// giving all room back at once would move much of it.
pub(super) fn remove_run(connection: &Connection, run: RunId) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached("SELECT key, plan FROM runs WHERE id = ?")?;
    let found = select.query_row([run.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((key, plan)): Option<(i64, i64)> = found else { return Ok(()) };
    connection.prepare_cached("DELETE FROM runs WHERE key = ?")?.execute([key])?;
    forgetting::run_is_gone(connection, run)?;
    let mut delete = connection.prepare_cached("DELETE FROM events WHERE key BETWEEN ? AND ?")?;
    delete.execute([codec::event_key(key, 0), codec::event_key(key, codec::MAX_SEQ)])?;
    let mut delete = connection
        .prepare_cached("DELETE FROM plans WHERE key = ?1 AND NOT EXISTS (SELECT 1 FROM runs WHERE plan = ?1)")?;
    delete.execute([plan])?;
    shrink(connection)
}

/// Gives some pages that hold nothing back to the file system.
pub(super) fn shrink(connection: &Connection) -> rusqlite::Result<()> {
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES_GIVEN_BACK})"))?;
    // Each step gives one page back.
    let mut pages = vacuum.query([])?;
    while pages.next()?.is_some() {}
    Ok(())
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

/// Writes an event, and how many steps are in each state behind it, if it is the last of those that are appended together.
pub(super) fn insert_event(
    connection: &Connection,
    key: i64,
    encoded: &EncodedEvent,
    counts: Option<&StepCounts>,
) -> rusqlite::Result<()> {
    let EncodedEvent { event, body } = encoded;
    let mut insert = connection.prepare_cached(
        "INSERT INTO events \
         (key, at, kind, version, checksum, body, running, succeeded, failed, skipped, cancelled) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        codec::event_key(key, int(event.seq)),
        event.at.0,
        codec::kind_word(&event.kind),
        codec::EVENT_VERSION,
        codec::checksum(event.run, event.seq, event.at, body),
        body,
        counts.map(|counts| counts.running),
        counts.map(|counts| counts.succeeded),
        counts.map(|counts| counts.failed),
        counts.map(|counts| counts.skipped),
        counts.map(|counts| counts.cancelled),
    ])?;
    Ok(())
}

/// Notes where the items of a fanned-out step are, and the state that follows for the step.
pub(super) fn count_items(
    connection: &Connection,
    key: i64,
    step: StepIndex,
    state: StepState,
    items: ItemCounts,
) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE steps SET state = ?, items = ?, items_running = ?, items_succeeded = ?, items_failed = ? \
         WHERE run = ? AND step = ?",
    )?;
    update.execute(params![
        state.as_str(),
        int(items.total),
        int(items.running),
        int(items.succeeded),
        int(items.failed),
        key,
        step.0
    ])?;
    Ok(())
}

/// Notes what all items of a step together returned.
pub(super) fn set_step_output(
    connection: &Connection,
    key: i64,
    step: StepIndex,
    output: &OutputRef,
    seq: u64,
) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE steps SET output_form = ?, output_hash = ?, output_size = ?, output_items = ?, output_place = ?, \
         output_event = ? WHERE run = ? AND step = ?",
    )?;
    update.execute(params![
        form_word(output.form),
        output.hash.0,
        int(output.size),
        output.items.map(int),
        place_word(&output.place),
        int(seq),
        key,
        step.0
    ])?;
    Ok(())
}

/// Makes results findable. The newest wins, also when it was itself taken from an earlier one: its run holds the output,
/// so the earlier run can go.
pub(super) fn insert_cache(connection: &Connection, key: i64, seq: u64, entry: &CacheEntry) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT OR REPLACE INTO cache (key, run, seq, idx) VALUES (?, ?, ?, ?)")?;
    for (index, hash) in (0_i64..).zip(&entry.keys) {
        insert.execute(params![hash.0, key, int(seq), index])?;
    }
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
    let newest = insert.insert(params![
        artifact.info.digest.0,
        artifact.engine,
        artifact.code_hash,
        int(artifact.code_size),
        info,
        artifact.created_at.0,
    ])?;
    // What is forgotten is compiled again when it is needed.
    let mut delete = connection.prepare_cached(
        "DELETE FROM artifacts WHERE module = ?1 AND rowid NOT IN \
         (SELECT rowid FROM artifacts WHERE module = ?1 ORDER BY rowid DESC LIMIT ?2)",
    )?;
    delete.execute(params![artifact.info.digest.0, MAX_ENGINES])?;
    let mut delete = connection.prepare_cached("DELETE FROM artifacts WHERE rowid <= ?")?;
    delete.execute([newest - MAX_ARTIFACTS])?;
    Ok(())
}

/// Notes the place of a run that ends now among all that have ended, and for how long the data directory has been in use.
pub(super) fn count_end(connection: &Connection, key: i64, observed: i64) -> rusqlite::Result<()> {
    let mut count =
        connection.prepare_cached("UPDATE counters SET value = value + 1 WHERE name = 'ended' RETURNING value")?;
    let place: i64 = count.query_row([], |row| row.get(0))?;
    let mut update = connection.prepare_cached("UPDATE runs SET ended = ?, observed = ? WHERE key = ?")?;
    update.execute([place, observed, key]).map(drop)
}
