//! Keeps `runs`, `steps` and `attempts` in step with the events, within their transaction.
//!
//! What is needed of a run to do so is held in memory while the run is written to, so that an event costs its own rows
//! and no query. Total: any sequence of events that the journal accepts has a projection.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::{
    LogEntry,
    attempts::{self, RunningItems},
    statements,
    steps::{ActiveStep, Begun, ChangedSteps},
};
use crate::{
    event::{EventKind, Origin, RunEvent, RunState, StepState},
    failure::FailureKind,
    ids::{RunId, StepIndex, Timestamp},
    output::ItemRange,
    persist::{
        codec::{self, EncodedEvent, int},
        reader::{ItemCounts, StepCounts, StepReason, item_counts},
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
    /// Its end is in the table, with its place among all that have ended.
    is_counted: bool,
    steps: Vec<ActiveStep>,
    changed: ChangedSteps,
    counts: StepCounts,
    /// The items of fanned-out steps that run.
    running: Vec<RunningItems>,
    /// The next chunk of each step's log, where known.
    chunks: HashMap<StepIndex, u64>,
    /// Whether `runs` does not say this yet. What it says of events and counts is made up for by the newest event.
    dirty: bool,
}

impl ActiveRun {
    pub(super) fn new(key: i64, steps: usize) -> Self {
        Self {
            key,
            next: 0,
            state: RunState::Queued,
            cancel_requested: false,
            finished_at: None,
            is_counted: false,
            steps: vec![ActiveStep::default(); steps],
            changed: ChangedSteps::default(),
            counts: StepCounts::default(),
            running: Vec::new(),
            chunks: HashMap::new(),
            dirty: true,
        }
    }

    /// Takes a run up where the database has it.
    pub(super) fn load(connection: &Connection, id: RunId) -> rusqlite::Result<Option<Self>> {
        let mut select = connection.prepare_cached(
            "SELECT r.key, coalesce((SELECT (max(e.key) & 4294967295) + 1 FROM events e \
             WHERE e.key BETWEEN r.key << 32 AND r.key << 32 | 4294967295), r.events), \
             r.state, r.cancel_requested, r.finished_at, r.steps, r.ended FROM runs r WHERE r.id = ?",
        )?;
        let run = select.query_row([id.as_bytes()], |row| {
            let mut run = Self::new(row.get(0)?, codec::count(row, 5)?);
            run.next = codec::count(row, 1)?;
            run.state = codec::word(row, 2, RunState::from_word)?;
            run.cancel_requested = row.get(3)?;
            run.finished_at = row.get::<_, Option<i64>>(4)?.map(Timestamp);
            run.is_counted = row.get::<_, Option<i64>>(6)?.is_some();
            run.dirty = false;
            Ok(run)
        });
        let Some(mut run) = run.optional()? else { return Ok(None) };
        let mut select = connection.prepare_cached(
            "SELECT c.step, c.state, c.items, c.items_running, c.items_succeeded, c.items_failed, \
             c.attempts, c.started_at, s.attempts, s.started_at IS NOT NULL \
             FROM current_steps c JOIN steps s ON s.run = c.run AND s.step = c.step WHERE c.run = ?",
        )?;
        let mut rows = select.query([run.key])?;
        while let Some(row) = rows.next()? {
            let step: usize = codec::count(row, 0)?;
            let (attempts, row_attempts) = (row.get(6)?, row.get(8)?);
            let active = ActiveStep {
                state: codec::word(row, 1, codec::step_state)?,
                items: item_counts(row, 2)?,
                attempts,
                started_at: row.get::<_, Option<i64>>(7)?.map(Timestamp),
                row_attempts,
                row_started: row.get(9)?,
                is_as_attempt: attempts > row_attempts,
            };
            if let Some(old) = run.steps.get_mut(step) {
                *old = active;
                run.counts.enter(active.state);
            }
        }
        run.running = attempts::load_running(connection, run.key)?;
        Ok(Some(run))
    }

    pub(super) fn position(&self) -> Position {
        Position { next: self.next, steps: self.steps.len(), finished: self.is_finished() }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.state.is_terminal()
    }

    /// Writes checked events and what follows from them; returns how many.
    pub(super) fn apply(&mut self, connection: &Connection, events: &[EncodedEvent]) -> rusqlite::Result<u64> {
        for (left, encoded) in (0..events.len()).rev().zip(events) {
            self.project(connection, &encoded.event)?;
            self.next += 1;
            let counts = (left == 0).then_some(&self.counts);
            statements::insert_event(connection, self.key, encoded, counts)?;
        }
        Ok(events.len() as u64)
    }

    /// Writes what follows from an event, without the event.
    pub(super) fn replay(&mut self, connection: &Connection, event: &RunEvent) -> rusqlite::Result<()> {
        self.project(connection, event)?;
        self.next += 1;
        self.dirty = true;
        Ok(())
    }

    /// Whether its end is to be written.
    pub(super) fn ends(&self) -> bool {
        self.is_finished() && !self.is_counted
    }

    /// Writes the run's own row and those of its steps, once for all events of a group. `observed` is how long the data
    /// directory has been in use, for a run that ends.
    pub(super) fn save(&mut self, connection: &Connection, observed: i64) -> rusqlite::Result<()> {
        self.changed.save(connection, self.key, &mut self.steps)?;
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
        if self.ends() {
            statements::count_end(connection, self.key, observed)?;
            self.is_counted = true;
        }
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
        for output in codec::outputs_of(&event.kind) {
            statements::insert_blobs(connection, self.key, output)?;
        }
        let at = event.at;
        if self.state == RunState::Queued && event.kind.begins() {
            self.state = RunState::Running;
            self.dirty = true;
        }
        match &event.kind {
            EventKind::Created { origin: Origin::Trigger { trigger, scheduled_for, .. }, .. } => {
                statements::set_trigger(connection, self.key, trigger, *scheduled_for)
            }
            EventKind::Created { .. } | EventKind::Resumed | EventKind::Stopped | EventKind::ConditionHeld { .. } => {
                Ok(())
            }
            EventKind::AttemptStarted { step, items, attempt } => self.start(connection, *step, *items, *attempt, at),
            EventKind::AttemptSucceeded { cache, .. } => {
                if let Some(entry) = cache {
                    statements::insert_cache(connection, self.key, event.seq, entry)?;
                }
                self.end_attempt(connection, event)
            }
            EventKind::AttemptFailed { .. }
            | EventKind::AttemptLost { .. }
            | EventKind::AttemptReturned { .. }
            | EventKind::Carried { .. } => self.end_attempt(connection, event),
            EventKind::FannedOut { step, items } => {
                if let Some(active) = self.steps.get_mut(step.get()) {
                    active.items = Some(ItemCounts { total: items.items.unwrap_or(0), ..ItemCounts::default() });
                    active.is_as_attempt = false;
                    self.changed.count(*step);
                }
                self.count_items(connection, *step, |_| {})
            }
            EventKind::StepSucceeded { step, output } => {
                statements::set_step_output(connection, self.key, *step, output, event.seq)?;
                self.end_step(*step, StepState::Succeeded, None, at)
            }
            EventKind::StepFailed { step, failure } => {
                let reason = StepReason::Failed(failure.clone());
                self.end_step(*step, StepState::Failed, Some(&reason), at)
            }
            EventKind::StepSkipped { step, reason } => {
                let reason = StepReason::Skipped(reason.clone());
                self.end_step(*step, StepState::Skipped, Some(&reason), at)
            }
            EventKind::StepCancelled { step, reason } => {
                let reason = StepReason::Cancelled(reason.clone());
                self.end_step(*step, StepState::Cancelled, Some(&reason), at)
            }
            EventKind::CancelRequested => {
                self.cancel_requested = true;
                self.dirty = true;
                Ok(())
            }
            EventKind::Finished { outcome } => {
                self.finished_at = Some(at);
                self.state = RunState::from(*outcome);
                self.dirty = true;
                Ok(())
            }
        }
    }

    fn start(
        &mut self,
        connection: &Connection,
        step: StepIndex,
        items: ItemRange,
        attempt: u32,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        let begun = Begun { items, attempt, at };
        if let Some(active) = self.steps.get_mut(step.get()) {
            active.begin(begun);
        }
        if self.is_fanned_out(step) {
            let begun = RunningItems { step, attempt, items, started_at: Some(at) };
            attempts::start_items(connection, self.key, &mut self.running, begun)?;
            self.changed.count(step);
            return self.count_items(connection, step, |_| {});
        }
        self.enter(step, StepState::Running);
        self.changed.start(connection, self.key, step, begun)
    }

    /// Attempts ended, were given back, or were taken over from another run.
    fn end_attempt(&mut self, connection: &Connection, event: &RunEvent) -> rusqlite::Result<()> {
        let (step, items, attempt) = match &event.kind {
            EventKind::AttemptSucceeded { step, items, attempt, .. }
            | EventKind::AttemptFailed { step, items, attempt, .. }
            | EventKind::AttemptLost { step, items, attempt, .. }
            | EventKind::AttemptReturned { step, items, attempt } => (*step, *items, *attempt),
            EventKind::Carried { step, items, .. } => (*step, *items, 0),
            _ => return Ok(()),
        };
        if self.is_fanned_out(step) {
            let began = attempts::take_out(connection, self.key, &mut self.running, step, items, attempt)?;
            attempts::end(connection, self.key, event, began)?;
            let count = u64::from(items.count);
            return self.count_items(connection, step, |counts| counts.end(&event.kind, count));
        }
        if matches!(event.kind, EventKind::AttemptReturned { .. }) {
            self.changed.write_begun(connection, self.key, step)?;
            attempts::remove(connection, self.key, step, items.first, attempt)?;
        }
        let began = self.changed.end_attempt(step, items.first, attempt);
        attempts::end(connection, self.key, event, began)?;
        if let Some(active) = self.steps.get_mut(step.get()) {
            active.end(&event.kind, items, attempt);
        }
        match &event.kind {
            EventKind::AttemptFailed { failure, retry_at: Some(retry_at), .. } => {
                self.wait(step, Some(&StepReason::Failed(failure.clone())), Some(*retry_at))
            }
            EventKind::AttemptFailed { failure, .. } => {
                let cancelled = failure.kind == FailureKind::Cancelled;
                let state = if cancelled { StepState::Cancelled } else { StepState::Failed };
                self.end_step(step, state, Some(&StepReason::Failed(failure.clone())), event.at)
            }
            EventKind::AttemptLost { .. } | EventKind::AttemptReturned { .. } => self.wait(step, None, None),
            _ => {
                self.enter(step, StepState::Succeeded);
                self.changed.end(step, None, event.at);
                Ok(())
            }
        }
    }

    fn wait(
        &mut self,
        step: StepIndex,
        reason: Option<&StepReason>,
        retry_at: Option<Timestamp>,
    ) -> rusqlite::Result<()> {
        self.enter(step, StepState::Waiting);
        self.changed.wait(step, reason.map(to_json).transpose()?, retry_at);
        Ok(())
    }

    fn is_fanned_out(&self, step: StepIndex) -> bool {
        self.steps.get(step.get()).is_some_and(|active| active.items.is_some())
    }

    /// Counts what happened to items. A step that has ended stays so: its last items may be told of later.
    fn count_items(
        &mut self,
        connection: &Connection,
        step: StepIndex,
        change: impl FnOnce(&mut ItemCounts),
    ) -> rusqlite::Result<()> {
        let Some(ActiveStep { state, items: Some(counts), .. }) = self.steps.get_mut(step.get()) else {
            return Ok(());
        };
        change(counts);
        counts.running = attempts::count_running(&self.running, step);
        let (counts, state) = (*counts, counts.state_of_step(*state));
        self.enter(step, state);
        statements::count_items(connection, self.key, step, state, counts)
    }

    /// A step ended in another way than by an attempt that succeeded.
    fn end_step(
        &mut self,
        step: StepIndex,
        state: StepState,
        reason: Option<&StepReason>,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        if let Some(active) = self.steps.get_mut(step.get()) {
            active.is_as_attempt = false;
        }
        self.enter(step, state);
        self.changed.end(step, reason.map(to_json).transpose()?, at);
        Ok(())
    }

    fn enter(&mut self, step: StepIndex, state: StepState) {
        // The index was checked against the plan before.
        if let Some(old) = self.steps.get_mut(step.get()) {
            self.counts.leave(old.state);
            self.counts.enter(state);
            old.state = state;
        }
    }
}

pub(super) fn to_json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
