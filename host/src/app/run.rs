//! Runs that are active in this process: each a task that drives it, a way to cancel it, a way to await its end.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle};

use super::control::{Request, Response};
use crate::{
    event::Outcome,
    execute::{dispatcher::RunError, ports::Cancel},
    ids::RunId,
    plan::Plan,
    runtime::Modules,
};

/// How long a request to cancel waits for the run to end before it is answered.
const CANCEL_PATIENCE: Duration = Duration::from_secs(4);

/// A run that was started or resumed here. It goes on when this is dropped.
pub struct Run {
    id: RunId,
    plan: Arc<Plan>,
    cancel: Arc<watch::Sender<bool>>,
    task: JoinHandle<Result<Outcome, RunError>>,
}

impl Run {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.id
    }

    /// What it executes.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Asks it to end as cancelled.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    /// What asks it to end as cancelled, to be kept elsewhere.
    pub fn canceller(&self) -> impl Fn() + Send + Sync + 'static {
        let cancel = Arc::clone(&self.cancel);
        move || {
            cancel.send_replace(true);
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// If what happened cannot be stored. The run stopped where it was, and can be resumed.
    pub async fn finished(self) -> Result<Outcome, RunError> {
        self.task.await.unwrap_or_else(|ended| match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(RunError::Stopped),
        })
    }
}

/// The runs that are active in this process.
#[derive(Default)]
pub(super) struct ActiveRuns(Mutex<HashMap<RunId, Active>>);

/// A run that is active.
struct Active {
    cancel: Arc<watch::Sender<bool>>,
    /// Closed with the end of its task.
    end: watch::Receiver<()>,
}

impl ActiveRuns {
    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Active>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn contains(&self, run: RunId) -> bool {
        self.lock().contains_key(&run)
    }

    /// Starts the task that drives a run, where its guests run: what one of them returned is then handed to the next
    /// without another thread, which would have to wake up first.
    pub(super) fn begin<F>(
        self: &Arc<Self>,
        id: RunId,
        plan: Arc<Plan>,
        modules: &Modules,
        drive: impl FnOnce(Cancel) -> F,
    ) -> Run
    where
        F: Future<Output = Result<Outcome, RunError>> + Send + 'static,
    {
        let (cancel, cancelled) = watch::channel(false);
        let cancel = Arc::new(cancel);
        let (goes_on, end) = watch::channel(());
        self.lock().insert(id, Active { cancel: Arc::clone(&cancel), end });
        let (active, driven) = (Arc::clone(self), drive(cancelled));
        let task = modules.spawn(async move {
            let _active = Registration { active, id, _goes_on: goes_on };
            driven.await
        });
        Run { id, plan, cancel, task }
    }

    /// Asks a run to end as cancelled; whether it is active.
    pub(super) fn cancel(&self, run: RunId) -> bool {
        match self.lock().get(&run) {
            Some(active) => {
                active.cancel.send_replace(true);
                true
            }
            None => false,
        }
    }

    /// Ends when none of these runs is active any more.
    pub(super) fn ended(&self, runs: &[RunId]) -> impl Future<Output = ()> + Send + use<> {
        let active = self.lock();
        let ends: Vec<_> = runs.iter().filter_map(|run| active.get(run)).map(|active| active.end.clone()).collect();
        async move {
            for mut end in ends {
                // It never changes: an error says that its sender has gone.
                while end.changed().await.is_ok() {}
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Answers another process. A run that is cancelled has usually ended when this returns.
    pub(super) fn answer(&self, request: &Request) -> Response {
        let Request::Cancel(run) = request;
        if !self.cancel(*run) {
            return Response::Refused(format!("the run {run} is not active"));
        }
        let deadline = Instant::now() + CANCEL_PATIENCE;
        while self.contains(*run) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        Response::Done
    }
}

/// Takes a run off the list when its task ends, however it ends.
struct Registration {
    active: Arc<ActiveRuns>,
    id: RunId,
    _goes_on: watch::Sender<()>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.active.lock().remove(&self.id);
    }
}
