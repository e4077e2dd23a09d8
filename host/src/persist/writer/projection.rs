//! Keeps `runs`, `steps` and `attempts` in step with the events, within their transaction.
//!
//! What is needed of a run to do so is held in memory while the run is written to, so that an event costs its own rows
//! and no query. Total: any sequence of events that the journal accepts has a projection.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::{LogEntry, statements};
use crate::{
    event::{EventKind, Outcome, RunEvent, StepState},
    failure::FailureKind,
    ids::{RunId, StepIndex, Timestamp},
    persist::{
        codec::{self, EncodedEvent, int},
        reader::{RunState, StepCounts, StepReason},
        sequence::Position,
    },
};

/// A run that is written to.
pub(super) struct ActiveRun {
    /// `runs.key`.
    pub(super) key: i64,
    next: u64,
    state: RunState,
    cancel_requested: bool,
    finished_at: Option<Timestamp>,
    steps: Vec<StepState>,
    counts: StepCounts,
    /// The next chunk of each step's log, where known.
    chunks: HashMap<StepIndex, u64>,
    /// Whether `runs` does not say this yet.
    dirty: bool,
}

impl ActiveRun {
    pub(super) fn new(key: i64, steps: usize) -> Self {
        Self {
            key,
            next: 0,
            state: RunState::Running,
            cancel_requested: false,
            finished_at: None,
            steps: vec![StepState::Waiting; steps],
            counts: StepCounts::default(),
            chunks: HashMap::new(),
            dirty: true,
        }
    }

    /// Takes a run up where the database has it.
    pub(super) fn load(connection: &Connection, id: RunId) -> rusqlite::Result<Option<Self>> {
        let mut select = connection
            .prepare_cached("SELECT key, events, state, cancel_requested, finished_at, steps FROM runs WHERE id = ?")?;
        let run = select.query_row([id.as_bytes()], |row| {
            let mut run = Self::new(row.get(0)?, codec::count(row, 5)?);
            run.next = codec::count(row, 1)?;
            run.state = codec::word(row, 2, RunState::from_word)?;
            run.cancel_requested = row.get(3)?;
            run.finished_at = row.get::<_, Option<i64>>(4)?.map(Timestamp);
            run.dirty = false;
            Ok(run)
        });
        let Some(mut run) = run.optional()? else { return Ok(None) };
        let mut select = connection.prepare_cached("SELECT step, state FROM steps WHERE run = ?")?;
        let mut rows = select.query([run.key])?;
        while let Some(row) = rows.next()? {
            let step: usize = codec::count(row, 0)?;
            let state = codec::word(row, 1, codec::step_state)?;
            if let Some(old) = run.steps.get_mut(step) {
                *old = state;
                run.counts.enter(state);
            }
        }
        Ok(Some(run))
    }

    pub(super) fn position(&self) -> Position {
        Position { next: self.next, steps: self.steps.len(), finished: self.is_finished() }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.state != RunState::Running
    }

    /// Writes checked events and what follows from them; returns how many.
    pub(super) fn apply(&mut self, connection: &Connection, events: &[EncodedEvent]) -> rusqlite::Result<u64> {
        for encoded in events {
            statements::insert_event(connection, self.key, encoded)?;
            self.project(connection, &encoded.event)?;
            self.next += 1;
        }
        self.dirty |= !events.is_empty();
        Ok(events.len() as u64)
    }

    /// Writes the run's own row, once for all events of a group.
    pub(super) fn save(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if !std::mem::take(&mut self.dirty) {
            return Ok(());
        }
        let mut update = connection.prepare_cached(
            "UPDATE runs SET state = ?, cancel_requested = ?, finished_at = ?, events = ?, \
             running = ?, succeeded = ?, failed = ?, skipped = ?, cancelled = ? WHERE key = ?",
        )?;
        update.execute(params![
            self.state.as_str(),
            self.cancel_requested,
            self.finished_at.map(|at| at.0),
            int(self.next),
            self.counts.running,
            self.counts.succeeded,
            self.counts.failed,
            self.counts.skipped,
            self.counts.cancelled,
            self.key,
        ])?;
        Ok(())
    }

    pub(super) fn write_log(&mut self, connection: &Connection, entry: &LogEntry) -> rusqlite::Result<()> {
        let next = match self.chunks.get(&entry.step) {
            Some(next) => *next,
            None => statements::next_chunk(connection, self.key, entry.step)?,
        };
        statements::insert_log(connection, self.key, next, entry)?;
        self.chunks.insert(entry.step, next + 1);
        Ok(())
    }

    fn project(&mut self, connection: &Connection, event: &RunEvent) -> rusqlite::Result<()> {
        let at = event.at;
        match &event.kind {
            EventKind::Created { params, .. } => {
                params.iter().try_for_each(|param| statements::insert_blobs(connection, self.key, &param.value))
            }
            EventKind::Resumed => Ok(()),
            EventKind::AttemptStarted { step, items, attempt } => {
                statements::start_attempt(connection, self.key, *step, *items, *attempt, at)?;
                self.enter(*step, StepState::Running);
                statements::start_step(connection, self.key, *step, *attempt, at)
            }
            EventKind::AttemptSucceeded { step, output, .. } => {
                statements::end_attempt(connection, self.key, event)?;
                statements::insert_blobs(connection, self.key, output)?;
                self.end_step(connection, *step, StepState::Succeeded, None, at)
            }
            EventKind::AttemptFailed { step, failure, .. } => {
                statements::end_attempt(connection, self.key, event)?;
                let cancelled = failure.kind == FailureKind::Cancelled;
                let state = if cancelled { StepState::Cancelled } else { StepState::Failed };
                self.end_step(connection, *step, state, Some(StepReason::Failed(failure.clone())), at)
            }
            EventKind::AttemptLost { step, .. } => {
                statements::end_attempt(connection, self.key, event)?;
                self.enter(*step, StepState::Waiting);
                statements::wait_step(connection, self.key, *step)
            }
            EventKind::StepSkipped { step, reason } => {
                let reason = StepReason::Skipped(reason.clone());
                self.end_step(connection, *step, StepState::Skipped, Some(reason), at)
            }
            EventKind::StepCancelled { step, reason } => {
                let reason = StepReason::Cancelled(reason.clone());
                self.end_step(connection, *step, StepState::Cancelled, Some(reason), at)
            }
            EventKind::AttemptReturned { .. }
            | EventKind::ConditionHeld { .. }
            | EventKind::FannedOut { .. }
            | EventKind::Carried { .. }
            | EventKind::StepSucceeded { .. }
            | EventKind::StepFailed { .. } => Ok(()),
            EventKind::CancelRequested => {
                self.cancel_requested = true;
                Ok(())
            }
            EventKind::Finished { outcome } => {
                self.finished_at = Some(at);
                self.state = RunState::from(*outcome);
                Ok(())
            }
        }
    }

    fn end_step(
        &mut self,
        connection: &Connection,
        step: StepIndex,
        state: StepState,
        reason: Option<StepReason>,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        self.enter(step, state);
        let reason = reason.as_ref().map(to_json).transpose()?;
        statements::end_step(connection, self.key, step, state, reason.as_deref(), at)
    }

    fn enter(&mut self, step: StepIndex, state: StepState) {
        // The index was checked against the plan before.
        if let Some(old) = self.steps.get_mut(step.get()) {
            self.counts.leave(*old);
            self.counts.enter(state);
            *old = state;
        }
    }
}

pub(super) fn to_json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

impl From<Outcome> for RunState {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}
