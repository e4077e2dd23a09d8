//! Keeps the data directory within bounds: a pass of retention behind each run, when no run is active. Where some always
//! are, new runs wait now and then for a moment, in which those that are active may all end.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock},
    task::JoinHandle,
    time::Instant,
};

use super::Uploads;
use crate::{
    effects,
    ids::Timestamp,
    persist::{
        Reader, ServiceStore, SqliteJournal, WriterDir,
        retention::{self, RetentionPolicy},
    },
    schedule::file,
};

/// How long a busy host goes without a pass.
const BUSY: Duration = Duration::from_secs(10 * 60);
/// How long new runs wait then for the active ones to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// Held from before a run stores or looks up its first value until it has ended: what it uses stays.
pub(super) type InUse = OwnedRwLockReadGuard<()>;

/// Removes what the policy lets go.
pub(super) struct Keeper {
    dir: WriterDir,
    reader: Arc<Reader>,
    journal: Arc<SqliteJournal>,
    policy: Option<RetentionPolicy>,
    uploads: Arc<Uploads>,
    gate: Arc<RwLock<()>>,
    /// When a pass was made last, or tried in vain.
    last: Mutex<Instant>,
    /// When requests were forgotten last.
    forgot: Mutex<Option<Instant>>,
    forgetting: Mutex<Option<JoinHandle<()>>>,
    /// How long a busy host goes without one.
    busy: Duration,
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
        uploads: Arc<Uploads>,
    ) -> Arc<Self> {
        let (gate, pass, resting) = (Arc::default(), Mutex::default(), AtomicBool::new(false));
        let (last, forgot, forgetting) = (Mutex::new(Instant::now()), Mutex::default(), Mutex::default());
        Arc::new(Self {
            dir,
            reader,
            journal,
            policy,
            uploads,
            gate,
            last,
            forgot,
            forgetting,
            busy: BUSY,
            pass,
            resting,
        })
    }

    /// Nothing is removed while this is held. Waits for a pass that is at work.
    pub(super) async fn in_use(&self) -> InUse {
        Arc::clone(&self.gate).read_owned().await
    }

    /// Begins a pass in the background. While runs are active the last of them begins one, unless none has been made for
    /// long: then new runs wait for a moment, and a pass is made if the active ones end in it.
    pub(super) fn tidy(self: &Arc<Self>) {
        // While nothing can be stored, nothing is known of what was under way when that began.
        if self.resting.load(Ordering::SeqCst) || !self.journal.health().is_up() {
            return;
        }
        self.forget();
        let Some(policy) = self.policy else { return };
        let gate = Arc::clone(&self.gate);
        let patience = match Arc::clone(&gate).try_write_owned() {
            Ok(alone) => return self.begin(async { Some(alone) }, policy),
            Err(_) if self.is_due() => PATIENCE,
            Err(_) => return,
        };
        self.begin(async move { tokio::time::timeout(patience, gate.write_owned()).await.ok() }, policy);
    }

    /// Whether a busy host has gone without a pass for too long; once for each time.
    fn is_due(&self) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.elapsed() >= self.busy;
        if due {
            *last = Instant::now();
        }
        due
    }

    /// Makes a pass as soon as no run is active, if that comes to be.
    fn begin(
        self: &Arc<Self>,
        alone: impl Future<Output = Option<OwnedRwLockWriteGuard<()>>> + Send + 'static,
        policy: RetentionPolicy,
    ) {
        let keeper = Arc::clone(self);
        let pass = effects::spawn(async move {
            let Some(alone) = alone.await.filter(|_| !keeper.resting.load(Ordering::SeqCst)) else { return };
            let pass = effects::blocking(move || {
                keeper.pass(policy);
                *keeper.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                drop(alone);
            });
            if let Err(error) = pass.await {
                tracing::warn!(%error, "a pass of retention did not end well");
            }
        });
        *self.pass.lock().unwrap_or_else(PoisonError::into_inner) = Some(pass);
    }

    /// Forgets requests that cannot come again, now and then, whether runs are active or not. Nobody waits for it: it looks at
    /// folders that may be far away.
    fn forget(&self) {
        let mut forgot = self.forgot.lock().unwrap_or_else(PoisonError::into_inner);
        let mut forgetting = self.forgetting.lock().unwrap_or_else(PoisonError::into_inner);
        let at_work = forgetting.as_ref().is_some_and(|forgetting| !forgetting.is_finished());
        if at_work || forgot.is_some_and(|forgot| forgot.elapsed() < self.busy) {
            return;
        }
        *forgot = Some(Instant::now());
        let store = ServiceStore::new(Arc::clone(&self.journal), Arc::clone(&self.reader));
        *forgetting = Some(effects::spawn(async move {
            match store.forget_requests(file::may_come_again).await {
                Ok(0) => {}
                Ok(requests) => tracing::info!(requests, "requests that cannot come again were forgotten"),
                Err(error) => tracing::warn!(%error, "requests cannot be forgotten; it will be tried again"),
            }
        }));
    }

    /// What goes wrong here is no run's fault: the next pass tries again.
    fn pass(&self, policy: RetentionPolicy) {
        // Nothing is being stored now, so that these are all.
        let waiting = self.uploads.contents();
        match retention::tidy(&self.dir, &self.reader, &self.journal, policy, &waiting, Timestamp::now()) {
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

    /// Waits for a pass that is at work, and for a moment until requests are forgotten; there are no more.
    pub(super) async fn rest(&self) {
        self.resting.store(true, Ordering::SeqCst);
        let pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(pass) = pass
            && let Err(error) = pass.await
        {
            tracing::warn!(%error, "a pass of retention did not end well");
        }
        let forgetting = self.forgetting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(forgetting) = forgetting
            && tokio::time::timeout(PATIENCE, forgetting).await.is_err()
        {
            tracing::warn!("a file that a trigger has taken is still being looked for; it is left to itself");
        }
    }
}

#[cfg(test)]
impl Keeper {
    /// Waits for a pass that is at work.
    pub(super) async fn pass_has_ended(&self) {
        let pass = self.pass.lock().unwrap().take();
        if let Some(pass) = pass {
            pass.await.unwrap();
        }
    }

    /// What a pass holds.
    pub(super) async fn alone(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.gate).write_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Host;

    #[tokio::test]
    async fn a_host_that_is_always_busy_is_tidied_in_a_moment_between_its_runs() {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::builder(folder.path()).open().await.unwrap();
        let Keeper { dir, reader, journal, policy, .. } = &*host.keeper;
        let keeper = |busy| {
            let keeper = Keeper::new(dir.clone(), Arc::clone(reader), Arc::clone(journal), *policy, Arc::default());
            Arc::new(Keeper { busy, ..Arc::into_inner(keeper).unwrap() })
        };
        let swept = folder.path().join("SWEPT");

        let patient = keeper(BUSY);
        let run = patient.in_use().await;
        patient.tidy();
        // Nobody waits for it, and nothing happens.
        drop((patient.in_use().await, run));
        patient.rest().await;
        assert!(!swept.exists());

        let due = keeper(Duration::ZERO);
        let run = due.in_use().await;
        due.tidy();
        tokio::task::yield_now().await;
        let next = effects::spawn({
            let due = Arc::clone(&due);
            async move { drop(due.in_use().await) }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!next.is_finished() && !swept.exists());
        drop(run);
        next.await.unwrap();
        assert!(swept.exists());
        host.close().await.unwrap();
    }
}
