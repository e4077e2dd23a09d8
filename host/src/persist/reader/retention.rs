//! What retention asks: which runs have ended, and what they alone refer to.

use std::collections::{BTreeSet, HashSet};

use rusqlite::{OptionalExtension, params};

use super::{Reader, codec, columns};
use crate::{
    event::RunState,
    ids::{ContentHash, ModuleDigest, RunId, Timestamp},
    persist::{DataDir, StoreError, error::is_undecodable, retention::EndedRun},
    plan::Plan,
};

impl Reader {
    /// Whether nobody writes to the data directory.
    pub(in crate::persist) fn data_is_unheld(&self, dir: &DataDir) -> Result<bool, StoreError> {
        Ok(dir.holder()?.is_none())
    }

    /// Runs that have ended, in the order in which they were made, behind one of them. Damaged ones are left out, and stay.
    pub(in crate::persist) fn ended_runs(
        &self,
        after: Option<(Timestamp, RunId)>,
        limit: u32,
    ) -> Result<Vec<EndedRun>, StoreError> {
        let (at, id) = after.map_or((i64::MIN, [0; 16]), |(at, run)| (at.0, *run.as_bytes()));
        self.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT id, pipeline, created_at, coalesce(finished_at, created_at) FROM runs \
                 WHERE state NOT IN (?1, ?2) AND (created_at, id) > (?3, ?4) ORDER BY created_at, id LIMIT ?5",
            )?;
            let [queued, running] = RunState::ACTIVE.map(RunState::as_str);
            let found = select.query_map(params![queued, running, at, id, limit], |row| {
                Ok(EndedRun {
                    run: row.get(0).map(RunId::from_bytes)?,
                    pipeline: columns::name(row, 1)?,
                    created_at: Timestamp(row.get(2)?),
                    finished_at: Timestamp(row.get(3)?),
                })
            })?;
            self.readable("runs", found)
        })
    }

    /// How many runs of its pipeline were made after a run, counted up to a limit.
    pub(in crate::persist) fn newer_runs(&self, run: &EndedRun, limit: u32) -> Result<u32, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM runs \
                 WHERE pipeline = ?1 AND (created_at, id) > (?2, ?3) LIMIT ?4)",
            )?;
            let values = params![run.pipeline.as_str(), run.created_at.0, run.run.as_bytes(), limit];
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
