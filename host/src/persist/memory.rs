//! A journal that forgets: for tests, and for hosts that need no history.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::sequence::{self, Position};
use crate::{
    event::{EventKind, RunEvent},
    execute::ports::{Accepted, Before, BoxFuture, Journal, JournalError, RequestKey},
    ids::RunId,
    plan::Plan,
};

/// Which run a request got, and the fingerprint of what it asked for.
type Answer = (RunId, Option<[u8; 32]>);

/// A journal in memory. Keeps the rules of the durable one, and everything as long as it lives.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    runs: Mutex<HashMap<RunId, MemoryRun>>,
    /// What asked for a run, and which one it got.
    requests: Mutex<HashMap<(String, String), Answer>>,
}

#[derive(Debug)]
struct MemoryRun {
    plan: Arc<Plan>,
    events: Vec<RunEvent>,
}

impl MemoryJournal {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The events of a run, in order; none if there is no such run.
    #[must_use]
    pub fn events(&self, run: RunId) -> Vec<RunEvent> {
        self.lock().get(&run).map(|run| run.events.clone()).unwrap_or_default()
    }

    /// The plan that a run follows.
    #[must_use]
    pub fn plan(&self, run: RunId) -> Option<Arc<Plan>> {
        self.lock().get(&run).map(|run| Arc::clone(&run.plan))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, MemoryRun>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_create(
        &self,
        run: RunId,
        plan: Arc<Plan>,
        events: Vec<RunEvent>,
        request: Option<RequestKey>,
    ) -> Result<Accepted, JournalError> {
        let position = Position { next: 0, steps: plan.steps.len(), finished: false };
        sequence::check(run, position, events.iter())?;
        if events.is_empty() {
            return Err(JournalError(format!("run {run} was refused: it has no first event")));
        }
        let mut runs = self.lock();
        if runs.contains_key(&run) {
            return Err(JournalError(format!("run {run} exists already")));
        }
        if let Some(request) = request {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            match requests.entry((request.scope, request.key)) {
                Entry::Occupied(before) => {
                    let (run, fingerprint) = *before.get();
                    let same = fingerprint == request.fingerprint;
                    return Ok(Accepted::Before(Before { run: Some(run), reason: None, same }));
                }
                Entry::Vacant(entry) => entry.insert((run, request.fingerprint)),
            };
        }
        runs.insert(run, MemoryRun { plan, events });
        Ok(Accepted::New)
    }

    fn try_append(&self, events: Vec<RunEvent>) -> Result<(), JournalError> {
        let Some(id) = events.first().map(|event| event.run) else { return Ok(()) };
        let mut runs = self.lock();
        let run = runs.get_mut(&id).ok_or_else(|| JournalError(format!("there is no run {id}")))?;
        sequence::check(id, run.position(), events.iter())?;
        run.events.extend(events);
        Ok(())
    }
}

impl MemoryRun {
    fn position(&self) -> Position {
        Position {
            next: self.events.len() as u64,
            steps: self.plan.steps.len(),
            finished: matches!(self.events.last().map(|event| &event.kind), Some(EventKind::Finished { .. })),
        }
    }
}

impl Journal for MemoryJournal {
    fn create(
        &self,
        run: RunId,
        plan: Arc<Plan>,
        events: Vec<RunEvent>,
        request: Option<RequestKey>,
    ) -> BoxFuture<'static, Result<Accepted, JournalError>> {
        Box::pin(std::future::ready(self.try_create(run, plan, events, request)))
    }

    fn append(&self, events: Vec<RunEvent>) -> BoxFuture<'static, Result<(), JournalError>> {
        Box::pin(std::future::ready(self.try_append(events)))
    }
}
