//! The tables of one run made again from its events, to compare with those that are stored.

use rusqlite::{Connection, Row, Rows, params, types::Value};

use super::{projection::ActiveRun, request::NewRun, statements};
use crate::{
    event::RunEvent,
    ids::{Name, PlanHash, RunId, Timestamp},
    persist::{reader::RUN_COUNTS, schema},
    plan::Plan,
};

/// What is compared row by row, in the order of its key; `run` aside, which is another number here. Where it is read, and
/// the table that is wrong where that differs: what a row of a step says depends on what was committed together.
const TABLES: [(&str, &str, &str); 3] = [
    ("attempts", "step, item, attempt", "attempts"),
    ("current_steps", "step", "steps"),
    ("blob_refs", "hash", "blob_refs"),
];

/// The columns of `runs` that follow from events.
const RUN: &str = "r.pipeline, r.state, r.cancel_requested, r.created_at, r.finished_at, r.steps";

/// A database of its own for one run at a time.
pub(in crate::persist) struct Shadow {
    connection: Connection,
    active: Option<ActiveRun>,
}

impl Shadow {
    pub(in crate::persist) fn new() -> rusqlite::Result<Self> {
        Ok(Self { connection: schema::open_scratch()?, active: None })
    }

    /// Begins with a run that was made then.
    pub(in crate::persist) fn begin(
        &mut self,
        id: RunId,
        pipeline: &Name,
        plan: &Plan,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        self.connection.execute_batch("BEGIN")?;
        let run = NewRun {
            id,
            pipeline: pipeline.clone(),
            plan_hash: PlanHash([0; 32]),
            plan_json: String::new(),
            steps: plan.steps.iter().map(|step| step.name.clone()).collect(),
        };
        let key = statements::insert_run(&self.connection, &run, at)?.ok();
        self.active = key.map(|key| ActiveRun::new(key, run.steps.len()));
        Ok(())
    }

    pub(in crate::persist) fn apply(&mut self, event: &RunEvent) -> rusqlite::Result<()> {
        match &mut self.active {
            Some(active) => active.replay(&self.connection, event),
            None => Ok(()),
        }
    }

    /// The first table that is not what follows from the events.
    pub(in crate::persist) fn differs(
        &mut self,
        stored: &Connection,
        key: i64,
    ) -> rusqlite::Result<Option<&'static str>> {
        let Some(active) = &mut self.active else { return Ok(None) };
        active.save(&self.connection, 0)?;
        let ours = active.key;
        if !same(&self.connection, ours, stored, key, &format!("SELECT {RUN}, {RUN_COUNTS} WHERE r.key = ?"))? {
            return Ok(Some("runs"));
        }
        for (rows, order, table) in TABLES {
            let sql = format!("SELECT * FROM {rows} WHERE run = ? ORDER BY {order}");
            if !same(&self.connection, ours, stored, key, &sql)? {
                return Ok(Some(table));
            }
        }
        Ok((!self.holds_results(stored, ours, key)?).then_some("cache"))
    }

    /// Whether all results that are found are results of the run. Others may have taken its place in the index.
    fn holds_results(&self, stored: &Connection, ours: i64, key: i64) -> rusqlite::Result<bool> {
        let mut select = stored.prepare_cached("SELECT key, seq, idx FROM cache WHERE run = ?")?;
        let mut rows = select.query([key])?;
        let mut exists =
            self.connection.prepare_cached("SELECT 1 FROM cache WHERE run = ? AND key = ? AND seq = ? AND idx = ?")?;
        while let Some(row) = rows.next()? {
            let (hash, seq, index): (Value, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if !exists.exists(params![ours, hash, seq, index])? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a query answers the same for one run here and another there.
fn same(ours: &Connection, our_key: i64, theirs: &Connection, their_key: i64, sql: &str) -> rusqlite::Result<bool> {
    let (mut our_select, mut their_select) = (ours.prepare_cached(sql)?, theirs.prepare_cached(sql)?);
    let columns: Vec<usize> =
        our_select.column_names().enumerate().filter(|(_, name)| *name != "run").map(|(at, _)| at).collect();
    let (mut our_rows, mut their_rows) = (our_select.query([our_key])?, their_select.query([their_key])?);
    loop {
        match (next(&mut our_rows, &columns)?, next(&mut their_rows, &columns)?) {
            (None, None) => return Ok(true),
            (ours, theirs) if ours == theirs => {}
            _ => return Ok(false),
        }
    }
}

fn next(rows: &mut Rows<'_>, columns: &[usize]) -> rusqlite::Result<Option<Vec<Value>>> {
    let values = |row: &Row<'_>| columns.iter().map(|column| row.get(*column)).collect();
    rows.next()?.map(values).transpose()
}
