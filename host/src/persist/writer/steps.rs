//! The rows of steps, written once for each commit, together with those of the attempts that it says began: most of these
//! end in it, too, and then one row says both.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::attempts;
use crate::{
    event::StepState,
    ids::{StepIndex, Timestamp},
    output::ItemRange,
};

/// What happened to steps and is not yet in their rows.
#[derive(Default)]
pub(super) struct ChangedSteps(BTreeMap<StepIndex, Change>);

/// What happened to one of them.
#[derive(Default)]
struct Change {
    /// How many attempts there were at least.
    attempts: u32,
    /// When the first of those in this commit began.
    started_at: Option<Timestamp>,
    standing: Option<Standing>,
    /// The attempt that began and has no row yet.
    begun: Option<Begun>,
}

/// Where a step is now. Its state is the run's to know.
#[derive(Default)]
struct Standing {
    /// JSON.
    reason: Option<String>,
    retry_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

/// An attempt that began.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    pub(super) items: ItemRange,
    pub(super) attempt: u32,
    pub(super) at: Timestamp,
}

impl ChangedSteps {
    /// An attempt at a step began.
    pub(super) fn start(
        &mut self,
        connection: &Connection,
        key: i64,
        step: StepIndex,
        begun: Begun,
    ) -> rusqlite::Result<()> {
        self.write_begun(connection, key, step)?;
        self.start_items(step, begun.attempt, begun.at);
        let change = self.0.entry(step).or_default();
        change.standing = Some(Standing::default());
        change.begun = Some(begun);
        Ok(())
    }

    /// Items of a fanned-out step began. Their rows are others' to write, as is the step's state.
    pub(super) fn start_items(&mut self, step: StepIndex, attempt: u32, at: Timestamp) {
        let change = self.0.entry(step).or_default();
        change.attempts = change.attempts.max(attempt);
        change.started_at.get_or_insert(at);
    }

    /// An attempt ended. Says when it began, if no row does.
    pub(super) fn end_attempt(&mut self, step: StepIndex, item: u32, attempt: u32) -> Option<Timestamp> {
        let begun = &mut self.0.get_mut(&step)?.begun;
        begun.take_if(|begun| begun.items.first == item && begun.attempt == attempt).map(|begun| begun.at)
    }

    /// A step waits again, after an attempt that was lost, or that is tried again later.
    pub(super) fn wait(&mut self, step: StepIndex, reason: Option<String>, retry_at: Option<Timestamp>) {
        self.0.entry(step).or_default().standing = Some(Standing { reason, retry_at, finished_at: None });
    }

    /// A step ended.
    pub(super) fn end(&mut self, step: StepIndex, reason: Option<String>, at: Timestamp) {
        self.0.entry(step).or_default().standing = Some(Standing { reason, retry_at: None, finished_at: Some(at) });
    }

    /// Writes the row of the attempt at a step that began and has none.
    pub(super) fn write_begun(&mut self, connection: &Connection, key: i64, step: StepIndex) -> rusqlite::Result<()> {
        match self.0.get_mut(&step).and_then(|change| change.begun.take()) {
            Some(begun) => attempts::start(connection, key, step, begun),
            None => Ok(()),
        }
    }

    /// Writes all rows.
    pub(super) fn save(
        &mut self,
        connection: &Connection,
        key: i64,
        state: impl Fn(StepIndex) -> StepState,
    ) -> rusqlite::Result<()> {
        while let Some((step, change)) = self.0.pop_first() {
            if let Some(begun) = change.begun {
                attempts::start(connection, key, step, begun)?;
            }
            change.save(connection, key, step, &state)?;
        }
        Ok(())
    }
}

impl Change {
    fn save(
        &self,
        connection: &Connection,
        key: i64,
        step: StepIndex,
        state: impl Fn(StepIndex) -> StepState,
    ) -> rusqlite::Result<()> {
        let started_at = self.started_at.map(|at| at.0);
        let Some(standing) = &self.standing else {
            let mut update = connection.prepare_cached(
                "UPDATE steps SET attempts = max(attempts, ?), started_at = coalesce(started_at, ?) \
                 WHERE run = ? AND step = ?",
            )?;
            return update.execute(params![self.attempts, started_at, key, step.0]).map(drop);
        };
        let mut update = connection.prepare_cached(
            "UPDATE steps SET state = ?, reason = ?, retry_at = ?, finished_at = ?, attempts = max(attempts, ?), \
             started_at = coalesce(started_at, ?) WHERE run = ? AND step = ?",
        )?;
        let (state, Standing { reason, retry_at, finished_at }) = (state(step).as_str(), standing);
        let (retry_at, finished_at) = (retry_at.map(|at| at.0), finished_at.map(|at| at.0));
        let values = params![state, reason, retry_at, finished_at, self.attempts, started_at, key, step.0];
        update.execute(values).map(drop)
    }
}
