//! Questions about runs as a whole.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::{
    MAX_ROWS, PipelineRow, QueryError, RUN_COUNTS, Reader, RunCursor, RunFilter, RunPage, RunRow, StepCounts, cap,
    codec, columns,
};
use crate::{
    event::RunState,
    ids::{ModuleDigest, PlanHash, RunId, Timestamp},
    persist::{Artifact, StoreError},
    plan::Plan,
};

/// The columns of a [`RunRow`].
const RUN: &str = "r.id, r.pipeline, p.hash, r.state, r.cancel_requested, r.created_at, r.finished_at, r.steps, \
     r.trigger, r.scheduled_for, r.key";

/// Where its plan is. A run without one is damaged, and not to be passed over in silence.
const PLAN: &str = "LEFT JOIN plans p ON p.key = r.plan";

/// How many runs are looked at for a page of those that have a text.
const SEARCHED: u32 = 5_000;

/// How many runs an ambiguous prefix names as examples.
const EXAMPLES: usize = 5;

impl Reader {
    /// A page of the list of runs, newest first, behind `after`. At most [`MAX_ROWS`]. Damaged runs are left out and
    /// counted.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn runs(&self, filter: &RunFilter, after: Option<RunCursor>, limit: u32) -> Result<RunPage, StoreError> {
        self.query(|connection, _| {
            let limit = cap(limit);
            match filter.text.as_deref() {
                None => self.list(connection, filter, after, limit),
                Some(text) => self.search(connection, filter, after, limit, text),
            }
        })
    }

    /// One run.
    ///
    /// # Errors
    /// If there is none with that id, or the database cannot be read.
    pub fn run(&self, run: RunId) -> Result<RunRow, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached(&format!("SELECT {RUN}, {RUN_COUNTS} {PLAN} WHERE r.id = ?"))?;
            let found = select.query_row([run.as_bytes()], run_row).optional()?;
            found.ok_or_else(|| StoreError::NoSuchRun(run.to_string()).into())
        })
    }

    /// The run that a user means: an id, the beginning of one, or `latest`.
    ///
    /// # Errors
    /// If no run or several runs fit, or the database cannot be read.
    pub fn find_run(&self, text: &str) -> Result<RunId, StoreError> {
        let unknown = || StoreError::NoSuchRun(text.to_owned());
        if text == "latest" {
            let mut page = self.runs(&RunFilter::default(), None, 1)?;
            while let (None, Some(after)) = (page.runs.first(), page.next) {
                page = self.runs(&RunFilter::default(), Some(after), MAX_ROWS)?;
            }
            return page.runs.first().map(|run| run.id).ok_or_else(unknown);
        }
        let (first, last) = prefix_bounds(text).ok_or_else(unknown)?;
        let matches = self.query(|connection, _| {
            let mut select =
                connection.prepare_cached("SELECT id FROM runs WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?")?;
            let ids = select.query_map(params![first, last, EXAMPLES as u32], |row| id(row, 0))?;
            Ok(ids.collect::<Result<Vec<_>, _>>()?)
        })?;
        match matches.as_slice() {
            [] => Err(unknown()),
            [run] => Ok(*run),
            _ => Err(StoreError::Ambiguous { prefix: text.to_owned(), matches }),
        }
    }

    /// The runs that have not ended, oldest first: what a new writer resumes. One without a readable id is left out.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn unfinished(&self) -> Result<Vec<RunId>, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached("SELECT id FROM runs WHERE state IN (?, ?) ORDER BY key")?;
            let ids = select.query_map(RunState::ACTIVE.map(RunState::as_str), |row| id(row, 0))?;
            self.readable("runs", ids)
        })
    }

    /// The plan that a run follows.
    ///
    /// # Errors
    /// If there is no such run, or the database cannot be read.
    pub fn plan(&self, run: RunId) -> Result<Plan, StoreError> {
        self.query(|connection, path| {
            let mut select = connection
                .prepare_cached("SELECT p.hash, p.json FROM runs r JOIN plans p ON p.key = r.plan WHERE r.id = ?")?;
            let found = select.query_row([run.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let (hash, json): ([u8; 32], String) = found.ok_or_else(|| StoreError::NoSuchRun(run.to_string()))?;
            if blake3::hash(json.as_bytes()) != hash {
                return Err(StoreError::damaged(path, format!("the plan of run {run} does not have its hash")).into());
            }
            let plan = serde_json::from_str(&json);
            plan.map_err(|error| StoreError::damaged(path, format!("the plan of run {run}: {error}")).into())
        })
    }

    /// The pipelines that have runs, by name. Runs whose pipeline has no readable name are left out.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn pipelines(&self) -> Result<Vec<PipelineRow>, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached(
                // The columns beside `max` are those of its row.
                "SELECT pipeline, count(*), created_at, max(key) FROM runs GROUP BY pipeline ORDER BY pipeline LIMIT ?",
            )?;
            let found = select.query_map([MAX_ROWS], |row| {
                let last_created_at = Timestamp(row.get(2)?);
                Ok(PipelineRow { name: columns::name(row, 0)?, runs: codec::count(row, 1)?, last_created_at })
            })?;
            self.readable("runs", found)
        })
    }

    /// The compiled form of a module for an engine.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn artifact(&self, module: ModuleDigest, engine: &str) -> Result<Option<Artifact>, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT info, code_hash, code_size, created_at FROM artifacts WHERE module = ? AND engine = ?",
            )?;
            let found = select.query_row(params![module.0, engine], |row| {
                Ok(Artifact {
                    info: codec::json(row, 0)?,
                    engine: engine.to_owned(),
                    code_hash: row.get(1)?,
                    code_size: codec::count(row, 2)?,
                    created_at: Timestamp(row.get(3)?),
                })
            });
            Ok(found.optional()?)
        })
    }

    fn list(
        &self,
        connection: &Connection,
        filter: &RunFilter,
        after: Option<RunCursor>,
        limit: u32,
    ) -> Result<RunPage, QueryError> {
        let (sql, values) = listing(filter, after, limit);
        let mut select = connection.prepare_cached(&sql)?;
        let mut rows = select.query(rusqlite::params_from_iter(values))?;
        let (mut runs, mut damaged, mut last) = (Vec::new(), 0, None);
        while let Some(row) = rows.next()? {
            match run_row(row) {
                Ok(run) => {
                    last = Some(run.cursor);
                    runs.push(run);
                }
                Err(error) => {
                    self.left_out("runs", id(row, 0).ok(), error)?;
                    damaged += 1;
                    last = Some(cursor(row)?);
                }
            }
        }
        let full = runs.len() + damaged == limit as usize;
        Ok(RunPage { runs, next: last.filter(|_| full), damaged: damaged as u64 })
    }

    /// Looks for a text in a bounded number of runs: the page may be short, or empty, although there are more.
    fn search(
        &self,
        connection: &Connection,
        filter: &RunFilter,
        after: Option<RunCursor>,
        limit: u32,
        text: &str,
    ) -> Result<RunPage, QueryError> {
        let mut page = self.list(connection, filter, after, SEARCHED)?;
        let ids = prefix_bounds(text);
        let mut failed = connection.prepare_cached(
            "SELECT 1 FROM runs r JOIN steps s ON s.run = r.key \
             WHERE r.id = ?1 AND s.state = 'failed' AND instr(lower(s.reason), ?2) > 0",
        )?;
        let lower = text.to_lowercase();
        for run in std::mem::take(&mut page.runs) {
            let named = run.pipeline.as_str().contains(&lower)
                || run.trigger.as_ref().is_some_and(|trigger| trigger.as_str().contains(&lower))
                || ids.is_some_and(|(first, last)| (first..=last).contains(run.id.as_bytes()));
            if named || (run.counts.failed > 0 && failed.exists(params![run.id.as_bytes(), lower])?) {
                page.runs.push(run);
                if u32::try_from(page.runs.len()).is_ok_and(|len| len == limit) {
                    page.next = page.runs.last().map(|run| run.cursor);
                    break;
                }
            }
        }
        Ok(page)
    }
}

/// The statement of a list of runs, and its values.
fn listing(filter: &RunFilter, after: Option<RunCursor>, limit: u32) -> (String, Vec<Box<dyn ToSql>>) {
    let mut conditions = Vec::new();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    if let Some(pipeline) = &filter.pipeline {
        conditions.push("r.pipeline = ?");
        values.push(Box::new(pipeline.as_str().to_owned()));
    }
    if let Some(state) = filter.state {
        conditions.push("r.state = ?");
        values.push(Box::new(state.as_str()));
    }
    if let Some(trigger) = &filter.trigger {
        conditions.push("r.trigger = ?");
        values.push(Box::new(trigger.as_str().to_owned()));
    }
    // Where the clock was set, other runs are between those of a span. Where it was not, none are, and none are looked at.
    // `+` and `likely` keep SQLite from taking a span for the best way to find runs.
    for (time, span, keys) in [
        (filter.from, "+r.created_at >= ?", "likely(r.key >= (SELECT min(+key) FROM runs WHERE created_at >= ?))"),
        (filter.until, "+r.created_at < ?", "likely(r.key <= (SELECT max(+key) FROM runs WHERE created_at < ?))"),
    ] {
        if let Some(Timestamp(at)) = time {
            conditions.extend([span, keys]);
            values.extend([Box::new(at) as Box<dyn ToSql>, Box::new(at)]);
        }
    }
    if let Some(RunCursor(key)) = after {
        conditions.push("r.key < ?");
        values.push(Box::new(key));
    }
    let filter = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    values.push(Box::new(limit));
    let sql = format!("SELECT {RUN}, {RUN_COUNTS} {PLAN} {filter} ORDER BY r.key DESC LIMIT ?");
    (sql, values)
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: id(row, 0)?,
        pipeline: columns::name(row, 1)?,
        plan: PlanHash(row.get(2)?),
        state: codec::word(row, 3, RunState::from_word)?,
        cancel_requested: row.get(4)?,
        created_at: Timestamp(row.get(5)?),
        finished_at: columns::time(row, 6)?,
        steps: codec::count(row, 7)?,
        trigger: columns::optional_name(row, 8)?,
        scheduled_for: columns::time(row, 9)?,
        cursor: cursor(row)?,
        events: codec::count(row, 11)?,
        counts: StepCounts {
            running: codec::count(row, 12)?,
            succeeded: codec::count(row, 13)?,
            failed: codec::count(row, 14)?,
            skipped: codec::count(row, 15)?,
            cancelled: codec::count(row, 16)?,
        },
    })
}

fn cursor(row: &Row<'_>) -> rusqlite::Result<RunCursor> {
    row.get(10).map(RunCursor)
}

fn id(row: &Row<'_>, index: usize) -> rusqlite::Result<RunId> {
    row.get(index).map(RunId::from_bytes)
}

/// The first and the last id that begin with a text, hyphens left out; `None` if no id does.
fn prefix_bounds(text: &str) -> Option<([u8; 16], [u8; 16])> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    if digits.is_empty() || digits.len() > 32 || !is_hex {
        return None;
    }
    let filled = |with: char| {
        let mut bytes = [0; 16];
        let padding: String = std::iter::repeat_n(with, 32 - digits.len()).collect();
        hex::decode_to_slice(format!("{digits}{padding}"), &mut bytes).ok().map(|()| bytes)
    };
    Some((filled('0')?, filled('f')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_ranges_of_ids() {
        let (first, last) = prefix_bounds("0190-a").unwrap();
        assert_eq!(first[..3], [0x01, 0x90, 0xa0]);
        assert_eq!(last[..3], [0x01, 0x90, 0xaf]);
        assert_eq!((first[15], last[15]), (0, 0xff));
        let id = RunId::generate();
        assert_eq!(prefix_bounds(&id.to_string()), Some((*id.as_bytes(), *id.as_bytes())));
        for bad in ["", "-", "g", "ä", "last run", &"0".repeat(33)] {
            assert_eq!(prefix_bounds(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_filter_has_an_index() {
        let connection = crate::persist::schema::open_scratch().unwrap();
        let [pipeline, trigger] = ["p", "t"].map(|name| Some(crate::ids::Name::new(name).unwrap()));
        let (state, all) = (Some(RunState::Failed), RunFilter::default());
        let filters = [
            (all.clone(), "PRIMARY KEY"),
            (RunFilter { pipeline: pipeline.clone(), ..all.clone() }, "runs_by_pipeline (pipeline=?"),
            (RunFilter { state, ..all.clone() }, "runs_by_state (state=?"),
            (RunFilter { pipeline: pipeline.clone(), state, ..all.clone() }, "(pipeline=? AND state=?"),
            (RunFilter { pipeline, trigger, ..all.clone() }, "(pipeline=? AND trigger=?"),
        ];
        for (filter, index) in filters {
            let span = RunFilter { from: Some(Timestamp(2)), until: Some(Timestamp(5)), ..filter.clone() };
            for (filter, after, bound) in [
                (&filter, Some(RunCursor(9)), "rowid<?)"),
                (&span, None, "rowid>? AND rowid<?)"),
                (&span, Some(RunCursor(9)), "rowid>? AND rowid<?)"),
            ] {
                let (sql, values) = listing(filter, after, 10);
                let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
                let plan = explained.query_map(rusqlite::params_from_iter(values), |row| row.get(3)).unwrap();
                let plan: Vec<String> = plan.map(Result::unwrap).collect();
                let first = &plan[0];
                assert!(first.starts_with("SEARCH r ") && first.contains(index) && first.ends_with(bound), "{plan:?}");
                assert!(!plan.iter().any(|line| line.contains("SCAN") || line.contains("TEMP")), "{plan:?}");
            }
        }
    }
}
