//! Driving a run that seems to kill its host: one attempt at a time, with nothing else on the host, each start durable
//! before it. So the attempt that was lost alone is the one to blame.

use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

use super::{Dispatcher, StateError};
use crate::{
    event::EventKind,
    execute::ports::{AttemptJob, BoxFuture},
    failure::StepFailure,
    ids::StepIndex,
    output::ItemRange,
};

/// Held while nothing else runs on the host.
pub(super) type AloneGuard = OwnedRwLockWriteGuard<()>;

/// Held while an attempt runs beside others.
pub(super) type Place = OwnedRwLockReadGuard<()>;

/// What a run waits for: to have the host to itself, or, with nothing, that nobody else has.
pub(super) type Turn = Option<AloneGuard>;

/// An attempt that begins as soon as its start is durable.
pub(super) struct Beginning {
    pub(super) step: StepIndex,
    pub(super) items: ItemRange,
    pub(super) attempt: u32,
    pub(super) prepared: Result<AttemptJob, StepFailure>,
}

/// Ends when the turn of the run has come; never, if it waits for none.
pub(super) async fn turn(turn: &mut Option<BoxFuture<'static, Turn>>) -> Turn {
    match turn {
        Some(waiting) => {
            let come = waiting.await;
            *turn = None;
            come
        }
        None => std::future::pending().await,
    }
}

impl Dispatcher {
    /// Waits for the host to be idle if an attempt may begin and none of this run has begun.
    pub(super) fn fill_alone(&mut self) {
        let idle = self.attempts.is_empty() && self.beginning.is_none() && self.alone.is_none() && self.turn.is_none();
        if idle && (!self.ready.is_empty() || !self.fans.is_empty()) {
            let gate = Arc::clone(&self.ports.gate);
            self.turn = Some(Box::pin(async move { Some(gate.write_owned().await) }));
        }
    }

    /// Takes a place beside others for the next attempt, if there is one to begin. While another run has the host to
    /// itself, there is none, and this run's turn comes after it.
    pub(super) fn take_place(&mut self) -> bool {
        if self.turn.is_some() || (self.ready.is_empty() && self.fans.is_empty()) {
            return false;
        }
        if self.place.is_none() {
            match Arc::clone(&self.ports.gate).try_read_owned() {
                Ok(place) => self.place = Some(place),
                Err(_) => {
                    let gate = Arc::clone(&self.ports.gate);
                    self.turn = Some(Box::pin(async move {
                        drop(gate.read_owned().await);
                        None
                    }));
                }
            }
        }
        self.place.is_some()
    }

    /// Nothing else runs on the host now: the next attempt begins, if there still is one.
    pub(super) fn begin_alone(&mut self, guard: AloneGuard) -> Result<(), StateError> {
        self.alone = Some(guard);
        self.start_next()?;
        if let Some(Beginning { step, .. }) = &self.beginning {
            let (run, step) = (self.state.run(), &self.state.plan().step(*step).name);
            tracing::warn!(%run, %step, "hosts died while this run went on: its step runs alone, and all others wait for it");
        }
        if self.beginning.is_none() {
            self.alone = None;
        }
        Ok(())
    }

    /// Records the start of the attempt, which begins when that is durable.
    pub(super) fn begin_durably(&mut self, beginning: Beginning) {
        let Beginning { step, items, attempt, .. } = beginning;
        self.beginning = Some(beginning);
        self.append(vec![EventKind::AttemptStarted { step, items, attempt }]);
    }

    /// What an event that is durable now means for the attempt that runs alone: it begins, or others may run again.
    pub(super) fn alone_went_on(&mut self, event: &EventKind) {
        match event {
            EventKind::AttemptStarted { .. } => {
                if let Some(beginning) = self.beginning.take() {
                    self.launch(beginning);
                }
            }
            EventKind::AttemptSucceeded { .. }
            | EventKind::AttemptFailed { .. }
            | EventKind::AttemptReturned { .. } => self.alone = None,
            _ => {}
        }
    }
}
