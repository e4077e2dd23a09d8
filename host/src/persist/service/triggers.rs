//! The triggers of deployed pipelines: whether they are paused, and up to which time they have been dealt with.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{ServiceStore, audit};
use crate::{
    event::Outcome,
    execute::ports::JournalError,
    ids::{Name, RunId, Timestamp},
    limits::MAX_REMEMBERED_TRIGGERS,
    persist::{StoreError, codec},
};

/// What is kept of a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerRow {
    /// Its pipeline.
    pub pipeline: Name,
    /// Its name.
    pub name: Name,
    /// When it was first deployed.
    pub created_at: Timestamp,
    /// Whether it starts no runs.
    pub paused: bool,
    /// Up to when every time has been dealt with.
    pub decided_until: Option<Timestamp>,
    /// How many times no run was started for, since nobody was there.
    pub missed: u64,
    /// Of one that waits for runs: every end up to this one has been dealt with.
    pub seen_end: i64,
}

/// A trigger that a pipeline has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerEntry {
    /// Its name.
    pub name: Name,
    /// Its kind.
    pub kind: String,
    /// Whether it begins paused.
    pub paused: bool,
}

/// A run that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedRun {
    /// Which one.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
    /// Its place among all that have ended.
    pub place: i64,
}

/// What asks for runs of a trigger, as the scope of [`RequestKey`](crate::execute::ports::RequestKey)s.
#[must_use]
pub fn trigger_scope(pipeline: &Name, trigger: &Name) -> String {
    format!("trigger/{pipeline}/{trigger}")
}

impl ServiceStore {
    /// Notes which triggers the deployed pipelines have. Those that are new or come back begin now; what was known of the
    /// others stays, also of those that are gone, within limits.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn keep_triggers(
        &self,
        deployed: Vec<(Name, Vec<TriggerEntry>)>,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        let changed = self.journal.change(move |connection| {
            note_removed(connection, &deployed)?;
            for (pipeline, triggers) in &deployed {
                for trigger in triggers {
                    let mut put = connection.prepare_cached(
                        "INSERT INTO triggers (pipeline, name, kind, created_at, paused, decided_until, seen_end) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?4, (SELECT value FROM counters WHERE name = 'ended')) \
                         ON CONFLICT (pipeline, name) DO UPDATE SET kind = excluded.kind, deployed = 1, \
                         decided_until = iif(deployed, decided_until, excluded.decided_until), \
                         seen_end = iif(deployed, seen_end, excluded.seen_end) \
                         WHERE kind <> excluded.kind OR NOT deployed",
                    )?;
                    put.execute(params![pipeline.as_str(), trigger.name.as_str(), trigger.kind, at.0, trigger.paused])?;
                }
                if !triggers.is_empty() {
                    forget(connection, pipeline)?;
                }
            }
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        changed.await.map(|Ok(())| ())
    }

    /// Notes that every time of a trigger up to this one has been dealt with, and how many of them started no run.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn decided(
        &self,
        pipeline: Name,
        trigger: Name,
        until: Timestamp,
        missed: u64,
    ) -> Result<(), JournalError> {
        let changed = self.journal.change(move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE triggers SET decided_until = max(coalesce(decided_until, ?1), ?1), missed = missed + ?2 \
                 WHERE pipeline = ?3 AND name = ?4",
            )?;
            update.execute(params![until.0, codec::int(missed), pipeline.as_str(), trigger.as_str()])?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        changed.await.map(|Ok(())| ())
    }

    /// Lets a trigger start no runs, or start them again: from now on, not for the times that went by.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn pause_trigger(
        &self,
        pipeline: Name,
        trigger: Name,
        paused: bool,
        by: String,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        let changed = self.journal.change(move |connection| {
            let mut update = connection
                .prepare_cached("UPDATE triggers SET paused = ?1 WHERE pipeline = ?2 AND name = ?3 AND paused <> ?1")?;
            let is_change = update.execute(params![paused, pipeline.as_str(), trigger.as_str()])? > 0;
            if is_change && !paused {
                skip_the_past(connection, &pipeline, Some(&trigger), at)?;
            }
            let action = if paused { "trigger.pause" } else { "trigger.resume" };
            audit::insert(connection, at, &by, action, &format!("{pipeline}/{trigger}"), None)?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        changed.await.map(|Ok(())| ())
    }

    /// What is kept of all triggers.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn triggers(&self) -> Result<Vec<TriggerRow>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT pipeline, name, created_at, paused, decided_until, missed, seen_end FROM triggers ORDER BY pipeline, name",
            )?;
            let found = select.query_map([], row)?;
            self.reader.readable("triggers", found)
        })
    }

    /// Notes that a trigger has dealt with every end up to this one.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn seen_end(&self, pipeline: Name, trigger: Name, place: i64) -> Result<(), JournalError> {
        let changed = self.journal.change(move |connection| {
            let mut update = connection
                .prepare_cached("UPDATE triggers SET seen_end = max(seen_end, ?1) WHERE pipeline = ?2 AND name = ?3")?;
            update.execute(params![place, pipeline.as_str(), trigger.as_str()])?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        changed.await.map(|Ok(())| ())
    }

    /// Up to which end a trigger has dealt with.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn end_seen_by(&self, pipeline: &Name, trigger: &Name) -> Result<Option<i64>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select =
                connection.prepare_cached("SELECT seen_end FROM triggers WHERE pipeline = ? AND name = ?")?;
            Ok(select.query_row([pipeline.as_str(), trigger.as_str()], |row| row.get(0)).optional()?)
        })
    }

    /// Runs of a pipeline that ended after that place, in the order in which their ends were committed. Damaged ones are
    /// left out.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn ended_after(&self, pipeline: &Name, place: i64, limit: u32) -> Result<Vec<EndedRun>, StoreError> {
        let outcome = |word: &str| {
            [Outcome::Succeeded, Outcome::Failed, Outcome::Cancelled].into_iter().find(|known| known.as_str() == word)
        };
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT id, state, ended FROM runs WHERE pipeline = ? AND ended > ? ORDER BY ended LIMIT ?",
            )?;
            let found = select.query_map(params![pipeline.as_str(), place, limit], |row| {
                let run = RunId::from_bytes(row.get(0)?);
                Ok(EndedRun { run, outcome: codec::word(row, 1, outcome)?, place: row.get(2)? })
            })?;
            self.reader.readable("runs", found)
        })
    }
}

/// Lets one trigger of a pipeline, or each, take what went by as dealt with.
pub(super) fn skip_the_past(
    connection: &Connection,
    pipeline: &Name,
    trigger: Option<&Name>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE triggers SET decided_until = ?1, seen_end = (SELECT value FROM counters WHERE name = 'ended') \
         WHERE pipeline = ?2 AND (?3 IS NULL OR name = ?3)",
    )?;
    update.execute(params![now.0, pipeline.as_str(), trigger.map(Name::as_str)]).map(drop)
}

/// Notes which triggers are gone.
fn note_removed(connection: &Connection, deployed: &[(Name, Vec<TriggerEntry>)]) -> rusqlite::Result<()> {
    let there: HashSet<_> = deployed
        .iter()
        .flat_map(|(pipeline, triggers)| triggers.iter().map(|trigger| (pipeline.as_str(), trigger.name.as_str())))
        .collect();
    let mut select = connection.prepare_cached("SELECT pipeline, name FROM triggers WHERE deployed")?;
    let known = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let known = known.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    let mut update = connection.prepare_cached("UPDATE triggers SET deployed = 0 WHERE pipeline = ? AND name = ?")?;
    for (pipeline, name) in known {
        if !there.contains(&(pipeline.as_str(), name.as_str())) {
            update.execute([pipeline, name])?;
        }
    }
    Ok(())
}

/// Forgets triggers that a pipeline has no more, where too many are known.
fn forget(connection: &Connection, pipeline: &Name) -> rusqlite::Result<()> {
    let mut count = connection.prepare_cached("SELECT count(*) FROM triggers WHERE pipeline = ?")?;
    let count: u64 = count.query_row([pipeline.as_str()], |row| codec::count(row, 0))?;
    let excess = count.saturating_sub(MAX_REMEMBERED_TRIGGERS);
    if excess == 0 {
        return Ok(());
    }
    let mut delete = connection.prepare_cached(
        "DELETE FROM triggers WHERE pipeline = ?1 AND name IN (SELECT name FROM triggers \
         WHERE pipeline = ?1 AND NOT deployed ORDER BY created_at, name LIMIT ?2)",
    )?;
    delete.execute(params![pipeline.as_str(), codec::int(excess)])?;
    Ok(())
}

fn row(row: &Row<'_>) -> rusqlite::Result<TriggerRow> {
    let name = |text: &str| Name::new(text).ok();
    Ok(TriggerRow {
        pipeline: codec::word(row, 0, name)?,
        name: codec::word(row, 1, name)?,
        created_at: Timestamp(row.get(2)?),
        paused: row.get(3)?,
        decided_until: row.get::<_, Option<i64>>(4)?.map(Timestamp),
        missed: codec::count(row, 5)?,
        seen_end: row.get(6)?,
    })
}
