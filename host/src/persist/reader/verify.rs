//! Checks what is in the database: the file itself, and of each run whether its rows are what its events say.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::{QueryError, Reader, codec, columns, events};
use crate::{
    execute::state::RunState,
    ids::{ContentHash, ModuleDigest, Name, PlanHash, RunId, Timestamp},
    persist::{StoreError, writer::Shadow},
    plan::Plan,
};

/// How many events are in memory at a time. With their outputs they may have 64 KiB each.
const EVENTS: u32 = 100;
/// How many problems of the file SQLite names at most.
const PROBLEMS: u32 = 20;

/// A run as it is stored.
struct Stored {
    key: i64,
    pipeline: Name,
    created_at: Timestamp,
    plan: Option<Plan>,
}

/// What is known of a run after its events were read.
#[derive(Debug, Default)]
pub(in crate::persist) struct RunCheck {
    pub(in crate::persist) events: u64,
    /// What is wrong, in words.
    pub(in crate::persist) problems: Vec<String>,
    /// The modules that it is bound to.
    pub(in crate::persist) modules: Vec<ModuleDigest>,
}

impl Reader {
    /// What SQLite finds wrong with the file: every page, every index, every reference between tables.
    pub(in crate::persist) fn check_file(&self) -> Result<Vec<String>, StoreError> {
        self.query(|connection, _| {
            let mut problems = Vec::new();
            let mut check = connection.prepare(&format!("PRAGMA integrity_check({PROBLEMS})"))?;
            let mut rows = check.query([])?;
            while let Some(row) = rows.next()? {
                let line: String = row.get(0)?;
                if line != "ok" {
                    problems.push(line);
                }
            }
            let mut check = connection.prepare("PRAGMA foreign_key_check")?;
            let mut rows = check.query([])?;
            while let Some(row) = rows.next()? {
                let table: String = row.get(0)?;
                problems.push(format!("a row of `{table}` belongs to nothing"));
                if problems.len() >= PROBLEMS as usize {
                    break;
                }
            }
            Ok(problems)
        })
    }

    /// Runs in the order in which they are stored, behind a key.
    pub(in crate::persist) fn run_keys(&self, after: i64, limit: u32) -> Result<Vec<(i64, RunId)>, StoreError> {
        self.query(|connection, _| {
            let mut select =
                connection.prepare_cached("SELECT key, id FROM runs WHERE key > ? ORDER BY key LIMIT ?")?;
            let found =
                select.query_map(params![after, limit], |row| Ok((row.get(0)?, RunId::from_bytes(row.get(1)?))))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// Reads all events of a run and compares its rows with what follows from them. `None` if it has been removed.
    pub(in crate::persist) fn check_run(
        &self,
        run: RunId,
        shadow: &mut Shadow,
    ) -> Result<Option<RunCheck>, StoreError> {
        self.query(|connection, _| {
            // One view of the database: the run may go on meanwhile.
            let view = connection.transaction()?;
            let mut check = RunCheck::default();
            let Some(stored) = stored(&view, run, &mut check)? else { return Ok(None) };
            let Some(plan) = stored.plan else { return Ok(Some(check)) };
            check.modules = plan.modules.iter().map(|module| module.digest).collect();
            shadow.begin(run, &stored.pipeline, &plan, stored.created_at)?;
            let mut state = RunState::new(run, Arc::new(plan));
            if replay(&view, run, stored.key, &mut state, shadow, &mut check)?
                && let Some(table) = shadow.differs(&view, stored.key)?
            {
                check.problems.push(format!("the rows in `{table}` are not what its events say"));
            }
            Ok(Some(check))
        })
    }

    /// A run that keeps a blob.
    pub(in crate::persist) fn keeper(&self, hash: &ContentHash) -> Result<Option<RunId>, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT r.id FROM blob_refs b JOIN runs r ON r.key = b.run WHERE b.hash = ? \
                 ORDER BY r.key DESC LIMIT 1",
            )?;
            Ok(select.query_row([hash.0], |row| row.get(0).map(RunId::from_bytes)).optional()?)
        })
    }
}

fn stored(connection: &Connection, run: RunId, check: &mut RunCheck) -> Result<Option<Stored>, QueryError> {
    let mut select = connection.prepare_cached(
        "SELECT r.key, r.pipeline, r.created_at, p.hash, p.json FROM runs r JOIN plans p ON p.key = r.plan \
         WHERE r.id = ?",
    )?;
    let found = select.query_row([run.as_bytes()], |row| {
        let hash = PlanHash(row.get(3)?);
        let json: String = row.get(4)?;
        let plan = if hash.0 == *blake3::hash(json.as_bytes()).as_bytes() {
            serde_json::from_str(&json).map_err(|error| format!("its plan cannot be read: {error}"))
        } else {
            Err("its plan does not have its hash".to_owned())
        };
        Ok((row.get(0)?, columns::name(row, 1)?, Timestamp(row.get(2)?), plan))
    });
    let Some((key, pipeline, created_at, plan)) = found.optional()? else { return Ok(None) };
    let plan = plan.map_err(|problem| check.problems.push(problem)).ok();
    Ok(Some(Stored { key, pipeline, created_at, plan }))
}

/// Applies all events; whether all are whole and follow from one another.
fn replay(
    connection: &Connection,
    run: RunId,
    key: i64,
    state: &mut RunState,
    shadow: &mut Shadow,
    check: &mut RunCheck,
) -> Result<bool, QueryError> {
    let mut select = connection.prepare_cached(
        "SELECT seq, at, version, checksum, body FROM events WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?",
    )?;
    let last = codec::event_key(key, codec::MAX_SEQ);
    loop {
        let page = select
            .query_map(params![codec::event_key(key, codec::int(check.events)), last, EVENTS], events::event_row)?;
        let before = check.events;
        for row in page {
            let row = row?;
            if row.seq != check.events {
                check.problems.push(format!("event {} is missing", check.events));
                return Ok(false);
            }
            let event = match codec::decode(run, &row) {
                Ok(event) => event,
                Err(problem) => {
                    check.problems.push(problem);
                    return Ok(false);
                }
            };
            if let Err(error) = state.apply(&event) {
                check.problems.push(error.to_string());
                return Ok(false);
            }
            shadow.apply(&event)?;
            check.events += 1;
        }
        if check.events == before {
            return Ok(true);
        }
    }
}
