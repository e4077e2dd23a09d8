//! The rows of attempts. A batch of items begins as one row and ends as one row for each range that ended alike; what is
//! neither ended nor given back stays `running`, so no row says so of an item that does not run.

use rusqlite::{Connection, params};

use super::{projection::to_json, steps::Begun};
use crate::{
    event::{EventKind, RunEvent},
    failure::{StepFailure, Usage},
    ids::{StepIndex, Timestamp},
    output::{AttemptName, ItemRange, OutputRef},
    persist::{
        codec::{self, int},
        reader::{AttemptState, form_word, place_word},
    },
};

/// Items of a fanned-out step that run. Few at a time: as many as there are batches.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunningItems {
    pub(super) step: StepIndex,
    pub(super) attempt: u32,
    pub(super) items: ItemRange,
    pub(super) started_at: Option<Timestamp>,
}

/// Reads what runs, for a run that is taken up again.
pub(super) fn load_running(connection: &Connection, key: i64) -> rusqlite::Result<Vec<RunningItems>> {
    let mut select = connection.prepare_cached(
        "SELECT a.step, a.attempt, a.item, a.items, a.started_at FROM steps s \
         JOIN attempts a ON a.run = s.run AND a.step = s.step \
         WHERE s.run = ? AND s.items_running > 0 AND a.state = ?",
    )?;
    let rows = select.query_map(params![key, AttemptState::Running.as_str()], |row| {
        Ok(RunningItems {
            step: StepIndex(row.get(0)?),
            attempt: row.get(1)?,
            items: ItemRange { first: codec::count(row, 2)?, count: codec::count(row, 3)? },
            started_at: row.get::<_, Option<i64>>(4)?.map(Timestamp),
        })
    })?;
    rows.collect()
}

/// How many items of a step run.
pub(super) fn count_running(running: &[RunningItems], step: StepIndex) -> u64 {
    running.iter().filter(|row| row.step == step).map(|row| u64::from(row.items.count)).sum()
}

/// Notes that an attempt began.
pub(super) fn start(connection: &Connection, key: i64, step: StepIndex, begun: Begun) -> rusqlite::Result<()> {
    let Begun { items, attempt, at } = begun;
    insert_running(connection, key, &RunningItems { step, attempt, items, started_at: Some(at) })
}

/// Notes that items of a fanned-out step began.
pub(super) fn start_items(
    connection: &Connection,
    key: i64,
    running: &mut Vec<RunningItems>,
    begun: RunningItems,
) -> rusqlite::Result<()> {
    take_out(connection, key, running, begun.step, begun.items, begun.attempt)?;
    running.push(begun);
    insert_running(connection, key, &begun)
}

/// Cuts items out of the rows that say that they run; returns when they began.
pub(super) fn take_out(
    connection: &Connection,
    key: i64,
    running: &mut Vec<RunningItems>,
    step: StepIndex,
    items: ItemRange,
    attempt: u32,
) -> rusqlite::Result<Option<Timestamp>> {
    let overlaps = |row: &RunningItems| {
        row.step == step && row.attempt == attempt && row.items.first < items.end() && items.first < row.items.end()
    };
    let mut began = None;
    for row in running.extract_if(.., |row| overlaps(row)).collect::<Vec<_>>() {
        began = began.into_iter().chain(row.started_at).min();
        remove(connection, key, step, row.items.first, attempt)?;
        for rest in [(row.items.first, items.first), (items.end(), row.items.end())] {
            let (first, end) = rest;
            if first < end {
                let rest = RunningItems { items: ItemRange { first, count: end - first }, ..row };
                insert_running(connection, key, &rest)?;
                running.push(rest);
            }
        }
    }
    Ok(began)
}

/// Takes a row away: of attempts that were given back.
pub(super) fn remove(
    connection: &Connection,
    key: i64,
    step: StepIndex,
    item: u32,
    attempt: u32,
) -> rusqlite::Result<()> {
    let mut delete = connection
        .prepare_cached("DELETE FROM attempts WHERE run = ? AND step = ? AND item = ? AND attempt = ? AND state = ?")?;
    delete.execute(params![key, step.0, item, attempt, AttemptState::Running.as_str()])?;
    Ok(())
}

fn insert_running(connection: &Connection, key: i64, row: &RunningItems) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO attempts (run, step, item, attempt, items, state, started_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    let state = AttemptState::Running.as_str();
    let started_at = row.started_at.map(|at| at.0);
    insert.execute(params![key, row.step.0, row.items.first, row.attempt, row.items.count, state, started_at])?;
    Ok(())
}

/// How attempts ended, out of the event that says so.
struct End<'a> {
    step: StepIndex,
    items: ItemRange,
    attempt: u32,
    state: AttemptState,
    failure: Option<&'a StepFailure>,
    usage: Option<Usage>,
    output: Option<&'a OutputRef>,
    retry_at: Option<Timestamp>,
    reused: Option<&'a AttemptName>,
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
            retry_at: None,
            reused: None,
        };
        match kind {
            EventKind::AttemptSucceeded { step, items, attempt, output, usage, reused, .. } => Some(Self {
                output: Some(output),
                usage: Some(*usage),
                reused: reused.as_deref(),
                ..end(*step, *items, *attempt, AttemptState::Succeeded)
            }),
            EventKind::AttemptFailed { step, items, attempt, failure, usage, retry_at } => Some(Self {
                failure: Some(failure),
                usage: Some(*usage),
                retry_at: *retry_at,
                ..end(*step, *items, *attempt, AttemptState::Failed)
            }),
            EventKind::AttemptLost { step, items, attempt, .. } => {
                Some(end(*step, *items, *attempt, AttemptState::Lost))
            }
            // Nothing was tried in this run, so it is attempt 0.
            EventKind::Carried { step, items, output, from } => Some(Self {
                output: Some(output),
                reused: Some(from),
                ..end(*step, *items, 0, AttemptState::Succeeded)
            }),
            _ => None,
        }
    }
}

/// Records how attempts ended; does nothing for other events. They began at `began`, or when their row says.
pub(super) fn end(
    connection: &Connection,
    key: i64,
    event: &RunEvent,
    began: Option<Timestamp>,
) -> rusqlite::Result<()> {
    let Some(end) = End::of(&event.kind) else { return Ok(()) };
    let (usage, output) = (end.usage, end.output);
    let mut upsert = connection.prepare_cached(
        "INSERT INTO attempts (run, step, item, attempt, items, state, finished_at, failure, \
         wall_us, cpu_us, memory, log_lines, log_lines_dropped, \
         output_form, output_hash, output_size, output_items, output_place, output_event, \
         retry_at, reused_from, started_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22) \
         ON CONFLICT DO UPDATE SET items = ?5, state = ?6, finished_at = ?7, failure = ?8, \
         wall_us = ?9, cpu_us = ?10, memory = ?11, log_lines = ?12, log_lines_dropped = ?13, output_form = ?14, \
         output_hash = ?15, output_size = ?16, output_items = ?17, output_place = ?18, output_event = ?19, \
         retry_at = ?20, reused_from = ?21, started_at = coalesce(?22, started_at)",
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
        end.retry_at.map(|at| at.0),
        end.reused.map(to_json).transpose()?,
        began.map(|at| at.0),
    ])?;
    Ok(())
}
