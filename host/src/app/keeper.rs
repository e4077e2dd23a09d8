//! Keeps the data directory within bounds: a pass of retention behind each run, when no run is active.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    sync::{OwnedRwLockReadGuard, RwLock},
    task::JoinHandle,
};

use crate::{
    ids::Timestamp,
    persist::{
        Reader, SqliteJournal, WriterDir,
        retention::{self, RetentionPolicy},
    },
};

/// Held from before a run stores or looks up its first value until it has ended: what it uses stays.
pub(super) type InUse = OwnedRwLockReadGuard<()>;

/// Removes what the policy lets go.
pub(super) struct Keeper {
    dir: WriterDir,
    reader: Arc<Reader>,
    journal: Arc<SqliteJournal>,
    policy: Option<RetentionPolicy>,
    gate: Arc<RwLock<()>>,
    pass: Mutex<Option<JoinHandle<()>>>,
    /// The host is closing: a run that ends now is followed by no pass.
    resting: AtomicBool,
}

impl Keeper {
    pub(super) fn new(
        dir: WriterDir,
        reader: Arc<Reader>,
        journal: Arc<SqliteJournal>,
        policy: Option<RetentionPolicy>,
    ) -> Arc<Self> {
        let (gate, pass, resting) = (Arc::default(), Mutex::default(), AtomicBool::new(false));
        Arc::new(Self { dir, reader, journal, policy, gate, pass, resting })
    }

    /// Nothing is removed while this is held. Waits for a pass that is at work.
    pub(super) async fn in_use(&self) -> InUse {
        Arc::clone(&self.gate).read_owned().await
    }

    /// Begins a pass in the background, unless runs are active: the last of them begins one.
    pub(super) fn tidy(self: &Arc<Self>) {
        let Some(policy) = self.policy else { return };
        if self.resting.load(Ordering::SeqCst) {
            return;
        }
        let Ok(alone) = Arc::clone(&self.gate).try_write_owned() else { return };
        let keeper = Arc::clone(self);
        let pass = tokio::task::spawn_blocking(move || {
            keeper.pass(policy);
            drop(alone);
        });
        *self.pass.lock().unwrap_or_else(PoisonError::into_inner) = Some(pass);
    }

    /// What goes wrong here is no run's fault: the next pass tries again.
    fn pass(&self, policy: RetentionPolicy) {
        match retention::tidy(&self.dir, &self.reader, &self.journal, policy, Timestamp::now()) {
            Ok(done) if done.total().files > 0 || !done.runs.is_empty() => {
                let total = done.total();
                tracing::info!(
                    runs = done.runs.len(),
                    files = total.files,
                    bytes = total.bytes,
                    "old runs were removed"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "old runs cannot be removed; `stepmill gc` tries again"),
        }
    }

    /// Waits for a pass that is at work; there are no more.
    pub(super) async fn rest(&self) {
        self.resting.store(true, Ordering::SeqCst);
        let pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(pass) = pass
            && let Err(error) = pass.await
        {
            tracing::warn!(%error, "a pass of retention did not end well");
        }
    }
}
