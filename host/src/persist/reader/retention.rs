//! What retention asks: which runs have ended, and what they alone refer to.

use std::collections::{BTreeSet, HashSet};

use rusqlite::{OptionalExtension, params};

use super::{Reader, RunCursor, codec, columns};
use crate::{
    ids::{ContentHash, ModuleDigest, RunId, Timestamp},
    persist::{
        DataDir, StoreError,
        error::is_undecodable,
        retention::{EndedRun, ObservedTime},
    },
    plan::Plan,
};

impl Reader {
    /// Whether nobody writes to the data directory.
    pub(in crate::persist) fn data_is_unheld(&self, dir: &DataDir) -> Result<bool, StoreError> {
        Ok(dir.holder()?.is_none())
    }

    /// Runs in the order in which they ended, after a place in it. Damaged ones are left out, and stay.
    pub(in crate::persist) fn ended_runs(&self, after: i64, limit: u32) -> Result<Vec<EndedRun>, StoreError> {
        self.ended("ended > ?1 ORDER BY ended", after, limit)
    }

    /// Runs that have ended, in the order in which they were accepted, after a place in it. Damaged ones are left out, and
    /// stay.
    pub(in crate::persist) fn oldest_runs(&self, after: RunCursor, limit: u32) -> Result<Vec<EndedRun>, StoreError> {
        self.ended("key > ?1 AND +ended IS NOT NULL ORDER BY key", after.0, limit)
    }

    fn ended(&self, condition: &str, after: i64, limit: u32) -> Result<Vec<EndedRun>, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT id, pipeline, key, created_at, coalesce(finished_at, created_at), ended, coalesce(observed, 0) \
                 FROM runs WHERE {condition} LIMIT ?2"
            ))?;
            let found = select.query_map(params![after, limit], |row| {
                Ok(EndedRun {
                    run: row.get(0).map(RunId::from_bytes)?,
                    pipeline: columns::name(row, 1)?,
                    place: RunCursor(row.get(2)?),
                    created_at: Timestamp(row.get(3)?),
                    finished_at: Timestamp(row.get(4)?),
                    end: row.get(5)?,
                    observed: row.get(6)?,
                })
            })?;
            self.readable("runs", found)
        })
    }

    /// For how long the data directory has been observed in use.
    pub(in crate::persist) fn observed_time(&self) -> Result<ObservedTime, StoreError> {
        self.query(|connection, _| {
            let mut select =
                connection.prepare_cached("SELECT total, steady_offset FROM observed_time WHERE id = 1")?;
            Ok(select.query_row([], |row| Ok(ObservedTime { total: row.get(0)?, steady_offset: row.get(1)? }))?)
        })
    }

    /// How many runs of its pipeline were accepted after a run, counted up to a limit.
    pub(in crate::persist) fn newer_runs(&self, run: &EndedRun, limit: u32) -> Result<u32, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM runs WHERE pipeline = ?1 AND key > ?2 LIMIT ?3)",
            )?;
            let values = params![run.pipeline.as_str(), run.place.0, limit];
            Ok(select.query_row(values, |row| codec::count(row, 0))?)
        })
    }

    /// The blobs that a run keeps.
    pub(in crate::persist) fn references_of(&self, run: RunId) -> Result<Vec<ContentHash>, StoreError> {
        self.query(|connection, _| {
            let mut select = connection
                .prepare_cached("SELECT b.hash FROM runs r JOIN blob_refs b ON b.run = r.key WHERE r.id = ?")?;
            let found = select.query_map([run.as_bytes()], |row| row.get(0).map(ContentHash))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// How many runs keep a blob.
    pub(in crate::persist) fn reference_count(&self, hash: &ContentHash) -> Result<u64, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached("SELECT count(*) FROM blob_refs WHERE hash = ?")?;
            Ok(select.query_row([hash.0], |row| codec::count(row, 0))?)
        })
    }

    /// How many pages of the database hold nothing.
    pub(in crate::persist) fn free_pages(&self) -> Result<u64, StoreError> {
        self.query(|connection, _| Ok(connection.query_row("PRAGMA freelist_count", [], |row| codec::count(row, 0))?))
    }

    /// The blobs that any run keeps, of those whose hash begins with a byte.
    pub(in crate::persist) fn references_in(&self, shard: u8) -> Result<BTreeSet<ContentHash>, StoreError> {
        let (mut first, mut last) = ([0; 32], [0xff; 32]);
        (first[0], last[0]) = (shard, shard);
        self.query(|connection, _| {
            let mut select =
                connection.prepare_cached("SELECT DISTINCT hash FROM blob_refs WHERE hash BETWEEN ? AND ?")?;
            let found = select.query_map([first, last], |row| row.get(0).map(ContentHash))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// The files of machine code that may be loaded.
    pub(in crate::persist) fn artifact_files(&self) -> Result<HashSet<String>, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached("SELECT module, engine FROM artifacts")?;
            let found = select.query_map([], |row| {
                Ok(format!("{}-{}.cwasm", row.get(0).map(ModuleDigest)?.hex(), row.get::<_, String>(1)?))
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// The modules that are deployed, and those that runs are bound to, other than these runs. `None` if a plan is damaged.
    pub(in crate::persist) fn bound_modules(
        &self,
        without: &HashSet<RunId>,
    ) -> Result<Option<Vec<ModuleDigest>>, StoreError> {
        self.query(|connection, _| {
            let mut bound = BTreeSet::new();
            let mut select = connection.prepare_cached("SELECT plan, id FROM runs")?;
            let mut rows = select.query([])?;
            let mut plans: BTreeSet<i64> = BTreeSet::new();
            while let Some(row) = rows.next()? {
                // A run whose id cannot be read stays.
                let stays = row.get(1).map(RunId::from_bytes).map_or(true, |run| !without.contains(&run));
                if stays {
                    plans.insert(row.get(0)?);
                }
            }
            let mut select = connection.prepare_cached("SELECT json FROM plans WHERE key = ?")?;
            for key in plans {
                let json = select.query_row([key], |row| row.get::<_, String>(0)).optional();
                let plan: Option<Plan> = match json {
                    Ok(json) => json.and_then(|json| serde_json::from_str(&json).ok()),
                    Err(error) if is_undecodable(&error) => None,
                    Err(error) => return Err(error.into()),
                };
                let Some(plan) = plan else {
                    tracing::error!(key, "a plan is damaged, and no module is removed; `stepmill verify` says more");
                    return Ok(None);
                };
                bound.extend(plan.modules.iter().map(|module| module.digest));
            }
            let mut select = connection.prepare_cached("SELECT digest FROM module_versions")?;
            for digest in select.query_map([], |row| row.get(0).map(ModuleDigest))? {
                bound.insert(digest?);
            }
            Ok(Some(bound.into_iter().collect()))
        })
    }
}
