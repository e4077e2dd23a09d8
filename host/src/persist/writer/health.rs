//! Whether the journal works, and what the writer says about itself.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::request::Request;
use crate::{execute::ports::JournalError, ids::Timestamp, persist::error::Fault};

/// How long a database that is found damaged again and again may be one that the disk cannot read at the moment.
const DOUBT: Duration = Duration::from_secs(5 * 60);

/// Whether a journal takes calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Up,
    /// It does not, since its storage failed, and is being reopened. Calls that were under way when it failed may or may
    /// not have been committed: that is settled when it is up again.
    Down {
        /// Why.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
    /// It does not, and this process cannot change that: the database is damaged or gone.
    Dead {
        /// Why.
        reason: String,
    },
    /// It was closed.
    Closed,
}

impl Health {
    /// Whether calls are taken.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self == Self::Up
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up => f.write_str("the journal works"),
            Self::Down { reason, since } => {
                write!(
                    f,
                    "nothing can be stored since {}, and the journal is being reopened: {reason}",
                    since.rfc3339()
                )
            }
            Self::Dead { reason } => write!(f, "nothing can be stored any more: {reason}"),
            Self::Closed => f.write_str("the journal was closed"),
        }
    }
}

/// When the database was found damaged, the first and the last time of those that follow each other closely.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    since: Instant,
    last: Instant,
}

/// What the writer says about itself.
#[derive(Debug)]
pub(super) struct Shared {
    health: watch::Sender<Health>,
    /// Why calls were last refused or abandoned.
    last: Mutex<Option<JournalError>>,
    /// How often the writer failed.
    failures: AtomicU64,
    /// Whether the last failure was one of the disk: then the file is checked before it is used again.
    suspect: AtomicBool,
    doubt: Mutex<Option<Doubt>>,
    commits: AtomicU64,
    events: AtomicU64,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            health: watch::Sender::new(Health::Up),
            last: Mutex::default(),
            failures: AtomicU64::new(0),
            suspect: AtomicBool::new(false),
            doubt: Mutex::default(),
            commits: AtomicU64::new(0),
            events: AtomicU64::new(0),
        }
    }
}

impl Shared {
    pub(super) fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Whether calls are taken.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        if self.health.borrow().is_up() { Ok(()) } else { Err(self.reason()) }
    }

    /// Whether the writer is to be opened again.
    pub(super) fn is_down(&self) -> bool {
        matches!(*self.health.borrow(), Health::Down { .. })
    }

    /// The writer failed. Whoever is refused from now on learns why.
    pub(super) fn fail(&self, fault: Fault, reason: &JournalError) {
        self.failures.fetch_add(1, Ordering::SeqCst);
        self.suspect.store(fault == Fault::Disk, Ordering::SeqCst);
        self.remember(reason.clone());
        let text = reason.0.clone();
        if matches!(fault, Fault::Damage | Fault::Gone) {
            tracing::error!("the journal has failed, and cannot recover: {text}");
            self.health.send_replace(Health::Dead { reason: text });
        } else {
            tracing::error!("the journal is down and will be reopened: {text}");
            self.health.send_replace(Health::Down { reason: text, since: Timestamp::now() });
        }
    }

    /// The database was found damaged. Whether to look once more: it may only be that the disk could not read it.
    pub(super) fn doubts_damage(&self) -> bool {
        let now = Instant::now();
        let mut doubt = self.doubt.lock().unwrap_or_else(PoisonError::into_inner);
        let since = doubt.filter(|doubt| now - doubt.last < DOUBT).map_or(now, |doubt| doubt.since);
        *doubt = Some(Doubt { since, last: now });
        now - since < DOUBT
    }

    /// The writer works again.
    pub(super) fn recover(&self, after: Duration) {
        tracing::warn!("the journal is up again after {:.1} s", after.as_secs_f64());
        self.health.send_replace(Health::Up);
    }

    /// The writer was closed, with this as what later callers learn.
    pub(super) fn close(&self, reason: JournalError) {
        self.remember(reason);
        self.health.send_replace(Health::Closed);
    }

    fn remember(&self, reason: JournalError) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    /// Refuses calls; whether the journal was to be closed by one of them, and is now.
    pub(super) fn refuse(&self, requests: Vec<Request>) -> bool {
        let reason = self.reason();
        let closing = requests.iter().any(|request| matches!(request, Request::Close { .. }));
        if closing {
            self.close(reason.clone());
        }
        requests.into_iter().for_each(|request| request.refuse(&reason));
        closing
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.suspect.load(Ordering::SeqCst)
    }

    /// Why the writer does not answer, or did not.
    pub(super) fn reason(&self) -> JournalError {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.unwrap_or_else(stopped)
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::SeqCst)
    }

    pub(super) fn count(&self, events: u64) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.events.fetch_add(events, Ordering::Relaxed);
    }

    /// How many transactions were committed, and how many events in them.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.commits.load(Ordering::Relaxed), self.events.load(Ordering::Relaxed))
    }
}

/// Of a writer that panicked.
pub(super) fn stopped() -> JournalError {
    JournalError("its writer has stopped: look for the cause in the host's log".to_owned())
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn damage_that_stays_is_not_doubted_for_long() {
        let shared = Shared::default();
        for _ in 0..5 {
            assert!(shared.doubts_damage());
            advance(DOUBT / 5).await;
        }
        assert!(!shared.doubts_damage());
        // After a while without it, it may be the disk again.
        advance(DOUBT).await;
        assert!(shared.doubts_damage());
    }
}
