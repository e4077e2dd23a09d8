//! What the writer's thread does while the writer is down.

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::RecvTimeoutError,
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{health::Shared, request::Request, turn::Turns};
use crate::{
    effects::{Backoff, Receiver},
    execute::ports::JournalError,
    persist::error::{Fault, StoreError},
};

/// How long the first attempt waits.
const FIRST: Duration = Duration::from_millis(100);
/// How long each attempt waits at most: each takes twice as long as the one before.
const LONGEST: Duration = Duration::from_secs(5);

/// Opens the database again, less and less often.
#[derive(Debug)]
pub(super) struct Recovery(Backoff);

impl Default for Recovery {
    fn default() -> Self {
        Self(Backoff::new(FIRST, LONGEST))
    }
}

impl Recovery {
    /// Refuses all calls until the database is open again; whether it is. It is not if the journal was closed, or is
    /// damaged.
    pub(super) async fn run(&mut self, turns: &Turns, queue: &mut Receiver<Request>, queued: &AtomicUsize) -> bool {
        let since = Instant::now();
        while turns.shared().is_down() {
            if refuse_until(Instant::now() + self.0.next(), turns.shared(), queue, queued).await {
                return false;
            }
            match turns.reopen(since) {
                Ok(()) => return true,
                Err(StoreError::Damaged { detail, .. }) if turns.shared().doubts_damage() => {
                    tracing::warn!(detail, "the journal is damaged or cannot be read; it is opened once more");
                }
                Err(error) if is_final(&error) => {
                    turns.shared().fail(Fault::Damage, &JournalError(error.to_string()));
                }
                Err(error) => tracing::warn!(%error, "the journal cannot be reopened yet"),
            }
        }
        refuse(turns.shared(), queue.waiting(), queued);
        false
    }
}

/// Refuses calls until then; whether the journal was closed.
async fn refuse_until(until: Instant, shared: &Shared, queue: &mut Receiver<Request>, queued: &AtomicUsize) -> bool {
    loop {
        match queue.next(Some(until.saturating_duration_since(Instant::now()))).await {
            Ok(request) => {
                if refuse(shared, [request], queued) {
                    return true;
                }
            }
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => return true,
        }
    }
}

fn refuse(shared: &Shared, requests: impl IntoIterator<Item = Request>, queued: &AtomicUsize) -> bool {
    let requests: Vec<_> = requests.into_iter().collect();
    queued.fetch_sub(requests.len(), Ordering::Relaxed);
    shared.refuse(requests)
}

/// Whether opening it once more cannot help.
fn is_final(error: &StoreError) -> bool {
    match error {
        StoreError::Damaged { .. }
        | StoreError::NotStepmill(_)
        | StoreError::Newer { .. }
        | StoreError::Older { .. }
        | StoreError::Lost(_)
        | StoreError::Empty(_) => true,
        StoreError::NoSuchRun(_)
        | StoreError::Ambiguous { .. }
        | StoreError::DataDir(_)
        | StoreError::Sqlite { .. } => false,
    }
}
