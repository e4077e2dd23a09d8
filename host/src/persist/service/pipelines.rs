//! Deployed pipelines: the latest texts that were deployed, and which one counts.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{ServiceStore, audit, triggers};
use crate::{
    execute::ports::JournalError,
    ids::{ModuleDigest, Name, Timestamp},
    limits::{MAX_PIPELINES, MAX_REVISIONS},
    persist::{StoreError, codec},
};

/// Modules by the name that a pipeline gives them.
pub type Pins = BTreeMap<Name, ModuleDigest>;

/// A revision of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionRow {
    /// The pipeline.
    pub pipeline: Name,
    /// Counts from 1.
    pub revision: u32,
    /// The text that was deployed.
    pub text: String,
    /// The bytes of the modules that the text takes from paths.
    pub pins: Pins,
    /// When.
    pub deployed_at: Timestamp,
    /// By whom.
    pub deployed_by: String,
    /// Whether its triggers start no runs.
    pub paused: bool,
}

const REVISION: &str = "r.pipeline, r.revision, r.text, r.deployed_at, r.deployed_by, p.paused, r.pins \
     FROM revisions r JOIN pipelines p ON p.name = r.pipeline";

impl ServiceStore {
    /// Deploys a text as the next revision of a pipeline; returns its number, and whether the pipeline is paused.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn deploy(
        &self,
        pipeline: Name,
        text: String,
        pins: Pins,
        by: String,
        at: Timestamp,
    ) -> Result<(u32, bool), JournalError> {
        let changed = self.journal.change(move |connection| {
            let name = pipeline.as_str();
            let pins = serde_json::to_string(&pins)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
            let mut last = connection.prepare_cached("SELECT max(revision) FROM revisions WHERE pipeline = ?")?;
            let last: Option<u32> = last.query_row([name], |row| row.get(0))?;
            let revision = last.unwrap_or(0) + 1;
            connection.execute("INSERT INTO pipelines (name) VALUES (?) ON CONFLICT (name) DO NOTHING", [name])?;
            connection.execute(
                "INSERT INTO revisions (pipeline, revision, text, pins, deployed_at, deployed_by) \
                 VALUES (?, ?, ?, ?, ?, ?)",
                params![name, revision, text, pins, at.0, by],
            )?;
            connection.execute("UPDATE pipelines SET revision = ? WHERE name = ?", params![revision, name])?;
            forget(connection, name, revision)?;
            let detail = format!("{{\"revision\":{revision}}}");
            audit::insert(connection, at, &by, "pipeline.deploy", name, Some(&detail))?;
            let mut paused = connection.prepare_cached("SELECT paused FROM pipelines WHERE name = ?")?;
            let paused = paused.query_row([name], |row| row.get(0))?;
            Ok(Ok::<_, std::convert::Infallible>((revision, paused)))
        });
        changed.await.map(|Ok(deployed)| deployed)
    }

    /// Removes a pipeline; its latest revisions and its runs stay.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn remove_pipeline(&self, pipeline: Name, by: String, at: Timestamp) -> Result<(), JournalError> {
        let changed = self.journal.change(move |connection| {
            connection.execute("UPDATE pipelines SET revision = NULL WHERE name = ?", [pipeline.as_str()])?;
            audit::insert(connection, at, &by, "pipeline.remove", pipeline.as_str(), None)?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        changed.await.map(|Ok(())| ())
    }

    /// Lets the triggers of a pipeline start no runs, or start them again: from now on, not for what went by.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn pause_pipeline(
        &self,
        pipeline: Name,
        paused: bool,
        by: String,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        let changed = self.journal.change(move |connection| {
            let mut update =
                connection.prepare_cached("UPDATE pipelines SET paused = ?1 WHERE name = ?2 AND paused <> ?1")?;
            let is_change = update.execute(params![paused, pipeline.as_str()])? > 0;
            if is_change && !paused {
                triggers::skip_the_past(connection, &pipeline, None, at)?;
            }
            let action = if paused { "pipeline.pause" } else { "pipeline.resume" };
            audit::insert(connection, at, &by, action, pipeline.as_str(), None)?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        changed.await.map(|Ok(())| ())
    }

    /// The active revision of each pipeline, by name.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn deployed(&self) -> Result<Vec<RevisionRow>, StoreError> {
        self.reader.query(|connection, _| {
            let sql = format!("SELECT {REVISION} WHERE r.revision = p.revision ORDER BY p.name");
            let mut select = connection.prepare_cached(&sql)?;
            let found = select.query_map([], revision)?;
            self.reader.readable("revisions", found)
        })
    }

    /// The revisions of a pipeline, the newest first, those before a number.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn revisions(&self, pipeline: &Name, before: u32, limit: u32) -> Result<Vec<RevisionRow>, StoreError> {
        let limit = limit.clamp(1, crate::persist::reader::MAX_ROWS);
        self.reader.query(|connection, _| {
            let sql =
                format!("SELECT {REVISION} WHERE r.pipeline = ? AND r.revision < ? ORDER BY r.revision DESC LIMIT ?");
            let mut select = connection.prepare_cached(&sql)?;
            let found = select.query_map(params![pipeline.as_str(), before, limit], revision)?;
            self.reader.readable("revisions", found)
        })
    }

    /// Whether a text is one of a pipeline's revisions.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn was_deployed(&self, pipeline: &Name, text: &str) -> Result<bool, StoreError> {
        self.reader.query(|connection, _| {
            let sql = "SELECT EXISTS (SELECT 1 FROM revisions WHERE pipeline = ? AND text = ?)";
            Ok(connection.prepare_cached(sql)?.query_row(params![pipeline.as_str(), text], |row| row.get(0))?)
        })
    }

    /// One revision of a pipeline.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn revision(&self, pipeline: &Name, number: u32) -> Result<Option<RevisionRow>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select =
                connection.prepare_cached(&format!("SELECT {REVISION} WHERE r.pipeline = ? AND r.revision = ?"))?;
            Ok(select.query_row(params![pipeline.as_str(), number], revision).optional()?)
        })
    }
}

/// Forgets revisions of a pipeline that has a new one, and a pipeline that was removed, where there are too many.
fn forget(connection: &Connection, pipeline: &str, newest: u32) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM revisions WHERE pipeline = ? AND revision <= ?")?;
    delete.execute(params![pipeline, newest.saturating_sub(MAX_REVISIONS)])?;
    let count: u64 = connection.query_row("SELECT count(*) FROM pipelines", [], |row| codec::count(row, 0))?;
    if count <= MAX_PIPELINES {
        return Ok(());
    }
    let removed = connection.query_row(
        "SELECT p.name FROM pipelines p JOIN revisions r ON r.pipeline = p.name WHERE p.revision IS NULL \
         GROUP BY p.name ORDER BY max(r.deployed_at) LIMIT 1",
        [],
        |row| row.get::<_, String>(0),
    );
    if let Some(removed) = removed.optional()? {
        connection.execute("DELETE FROM triggers WHERE pipeline = ?", [&removed])?;
        connection.execute("DELETE FROM revisions WHERE pipeline = ?", [&removed])?;
        connection.execute("DELETE FROM pipelines WHERE name = ?", [&removed])?;
    }
    Ok(())
}

fn revision(row: &Row<'_>) -> rusqlite::Result<RevisionRow> {
    Ok(RevisionRow {
        pipeline: codec::word(row, 0, |text| Name::new(text).ok())?,
        revision: codec::count(row, 1)?,
        text: row.get(2)?,
        deployed_at: Timestamp(row.get(3)?),
        deployed_by: row.get(4)?,
        paused: row.get(5)?,
        pins: codec::json(row, 6)?,
    })
}
