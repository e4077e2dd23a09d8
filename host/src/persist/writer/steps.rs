//! The rows of steps, written once for each commit, together with those of the attempts that it says began: most of these
//! end in it, too, and then one row says both. A step that only does what its newest attempt does needs no row of its
//! own: the view `current_steps` reads it from the attempt.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::attempts;
use crate::{
    event::{EventKind, StepState},
    ids::{StepIndex, Timestamp},
    output::ItemRange,
    persist::reader::ItemCounts,
};

/// A step of a run that is written to.
#[derive(Debug, Clone, Copy)]
pub(super) struct ActiveStep {
    pub(super) state: StepState,
    /// Once it has been fanned out: from then on its items come and go, and only events about the step end it.
    pub(super) items: Option<ItemCounts>,
    /// How many attempts there were.
    pub(super) attempts: u32,
    /// When the first of them began.
    pub(super) started_at: Option<Timestamp>,
    /// How many attempts its row knows of.
    pub(super) row_attempts: u32,
    /// Whether its row knows when the first began.
    pub(super) row_started: bool,
    /// Whether the newest attempt says all that there is to say of it, and is newer than its row.
    pub(super) is_as_attempt: bool,
}

impl Default for ActiveStep {
    fn default() -> Self {
        Self {
            state: StepState::Waiting,
            items: None,
            attempts: 0,
            started_at: None,
            row_attempts: 0,
            row_started: false,
            is_as_attempt: false,
        }
    }
}

impl ActiveStep {
    /// Counts an attempt that began.
    pub(super) fn begin(&mut self, begun: Begun) {
        let Begun { items, attempt, at } = begun;
        self.attempts = self.attempts.max(attempt);
        let started_at = *self.started_at.get_or_insert(at);
        self.is_as_attempt = self.items.is_none()
            && items.first == 0
            && attempt == self.attempts
            && attempt > self.row_attempts
            && (self.row_started || started_at == at);
    }

    /// Counts an attempt that ended. Only one that succeeded can go on to speak for the step.
    pub(super) fn end(&mut self, end: &EventKind, items: ItemRange, attempt: u32) {
        let succeeded = matches!(end, EventKind::AttemptSucceeded { .. });
        self.is_as_attempt &= succeeded && items.first == 0 && attempt == self.attempts;
        // One that was given back has no row.
        if !matches!(end, EventKind::AttemptReturned { .. }) {
            self.attempts = self.attempts.max(attempt);
        }
    }
}

/// What happened to steps and is not yet in their rows.
#[derive(Default)]
pub(super) struct ChangedSteps(BTreeMap<StepIndex, Change>);

/// What happened to one of them.
#[derive(Default)]
struct Change {
    standing: Option<Standing>,
    /// The attempt that began and has no row yet.
    begun: Option<Begun>,
}

/// Where a step is now, besides its state.
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
        self.0.insert(step, Change { standing: Some(Standing::default()), begun: Some(begun) });
        Ok(())
    }

    /// A step was fanned out, or items of it began. Their rows are others' to write, as is the step's state.
    pub(super) fn count(&mut self, step: StepIndex) {
        self.0.entry(step).or_default();
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

    /// Writes all rows that are needed.
    pub(super) fn save(&mut self, connection: &Connection, key: i64, steps: &mut [ActiveStep]) -> rusqlite::Result<()> {
        while let Some((step, change)) = self.0.pop_first() {
            if let Some(begun) = change.begun {
                attempts::start(connection, key, step, begun)?;
            }
            if let Some(active) = steps.get_mut(step.get()).filter(|active| !active.is_as_attempt) {
                write(connection, key, step, active, change.standing)?;
                active.row_attempts = active.attempts;
                active.row_started = active.started_at.is_some();
            }
        }
        Ok(())
    }
}

fn write(
    connection: &Connection,
    key: i64,
    step: StepIndex,
    active: &ActiveStep,
    standing: Option<Standing>,
) -> rusqlite::Result<()> {
    let (attempts, started_at) = (active.attempts, active.started_at.map(|at| at.0));
    let Some(Standing { reason, retry_at, finished_at }) = standing else {
        let mut update =
            connection.prepare_cached("UPDATE steps SET attempts = ?, started_at = ? WHERE run = ? AND step = ?")?;
        return update.execute(params![attempts, started_at, key, step.0]).map(drop);
    };
    let mut update = connection.prepare_cached(
        "UPDATE steps SET state = ?, reason = ?, retry_at = ?, finished_at = ?, attempts = ?, started_at = ? \
         WHERE run = ? AND step = ?",
    )?;
    let (retry_at, finished_at) = (retry_at.map(|at| at.0), finished_at.map(|at| at.0));
    let values = params![active.state.as_str(), reason, retry_at, finished_at, attempts, started_at, key, step.0];
    update.execute(values).map(drop)
}
