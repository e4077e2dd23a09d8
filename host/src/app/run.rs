//! The runs of this process: each has a task from its acceptance to its end, which takes requests all the time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use super::{
    control::{Request, Response},
    order::Order,
};
use crate::{
    effects::Mutex,
    event::Outcome,
    execute::{
        dispatcher::RunError,
        requests::{self, CancelError, RunHandle, RunRequests},
    },
    ids::{RunId, Timestamp},
    plan::Plan,
};

/// How long a request to cancel from another process waits for the run to end, once it is recorded.
const CANCEL_PATIENCE: Duration = Duration::from_secs(4);

/// A run that was started or resumed here. It continues when this is dropped.
pub struct Run {
    id: RunId,
    plan: Arc<Plan>,
    handle: RunHandle,
    task: JoinHandle<Result<Outcome, RunError>>,
}

impl Run {
    pub(super) fn new(id: RunId, plan: Arc<Plan>, (handle, task): Begun) -> Self {
        Self { id, plan, handle, task }
    }

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

    /// Asks it to end as cancelled, without waiting until the request is recorded.
    pub fn cancel(&self) {
        drop(self.handle.cancel(false));
    }

    /// What asks it to end as cancelled, to be kept elsewhere.
    pub fn canceller(&self) -> impl Fn() + Send + Sync + 'static {
        let handle = self.handle.clone();
        move || drop(handle.cancel(false))
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

/// A run's task, and how to ask it something.
pub(super) type Begun = (RunHandle, JoinHandle<Result<Outcome, RunError>>);

/// Why a run does not continue at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interruption {
    /// What keeps it from continuing.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// The runs that are active in this process: queued, driven, or interrupted.
#[derive(Default)]
pub(super) struct ActiveRuns(Mutex<BTreeMap<RunId, Active>>);

/// A run that is active.
struct Active {
    handle: RunHandle,
    interruption: Option<Interruption>,
    /// Closed with the end of its task.
    end: watch::Receiver<()>,
}

impl ActiveRuns {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<RunId, Active>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn contains(&self, run: RunId) -> bool {
        self.lock().contains_key(&run)
    }

    /// Starts the task of a run, unless it has one.
    pub(super) fn begin<F>(
        self: &Arc<Self>,
        id: RunId,
        spawn: impl FnOnce(F) -> JoinHandle<Result<Outcome, RunError>>,
        task: impl FnOnce(RunRequests, Registration) -> F,
    ) -> Option<Begun> {
        let (handle, requests) = requests::channel();
        let (goes_on, end) = watch::channel(());
        {
            let mut active = self.lock();
            if active.contains_key(&id) {
                return None;
            }
            active.insert(id, Active { handle: handle.clone(), interruption: None, end });
        }
        let registration = Registration { active: Arc::clone(self), id, _goes_on: goes_on };
        Some((handle, spawn(task(requests, registration))))
    }

    /// Asks a run to end as cancelled. The request is made by the call itself; the future waits until it is durable.
    pub(super) fn cancel(
        &self,
        run: RunId,
        force: bool,
    ) -> impl Future<Output = Result<(), CancelError>> + Send + use<> {
        let asked = self.lock().get(&run).map(|active| active.handle.cancel(force));
        async move {
            match asked {
                Some(asked) => asked.await,
                None => Err(CancelError::NotActive),
            }
        }
    }

    /// Asks all runs to stop where they are, and waits until they have.
    pub(super) async fn stop(&self) {
        let runs: Vec<_> = {
            let active = self.lock();
            active.values().for_each(|active| active.handle.stop());
            active.keys().copied().collect()
        };
        self.ended(&runs).await;
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

    /// Ends when no run before a place in an order is active any more. All of them must have begun when it is polled first.
    pub(super) fn ended_before(
        self: &Arc<Self>,
        order: Arc<Order>,
        place: u64,
    ) -> impl Future<Output = ()> + Send + use<> {
        let active = Arc::clone(self);
        async move {
            // In a queue the last one ends last, unless it was cancelled while it waited for others.
            while let Some(last) = order.last_before(place, |run| active.contains(run)) {
                active.ended(&[last]).await;
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Why a run does not continue, if it does not.
    pub(super) fn interruption(&self, run: RunId) -> Option<Interruption> {
        self.lock().get(&run)?.interruption.clone()
    }

    /// The runs that do not continue, and why.
    pub(super) fn interruptions(&self) -> HashMap<RunId, Interruption> {
        let interrupted = |(run, active): (&RunId, &Active)| Some((*run, active.interruption.clone()?));
        self.lock().iter().filter_map(interrupted).collect()
    }

    /// Answers another process. A run that is cancelled has usually ended when this returns.
    pub(super) fn answer(&self, request: &Request, runtime: &Handle) -> Response {
        let Request::Cancel { run, force } = *request;
        runtime.block_on(async {
            if let Err(error) = self.cancel(run, force).await {
                return Response::Refused(format!("the run {run} was not cancelled: {error}"));
            }
            // It may well take longer: what was asked holds either way.
            let _ = tokio::time::timeout(CANCEL_PATIENCE, self.ended(&[run])).await;
            Response::Done
        })
    }
}

/// Takes a run off the list when its task ends, however it ends.
pub(super) struct Registration {
    active: Arc<ActiveRuns>,
    id: RunId,
    _goes_on: watch::Sender<()>,
}

impl Registration {
    /// Notes that the run does not continue, or that it does again.
    pub(super) fn interrupted(&self, reason: Option<String>) {
        if let Some(active) = self.active.lock().get_mut(&self.id) {
            let since = active.interruption.as_ref().map_or_else(Timestamp::now, |known| known.since);
            active.interruption = reason.map(|reason| Interruption { reason, since });
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.active.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::effects;

    #[test]
    fn a_run_has_one_task_at_a_time_and_has_ended_when_it_is_off_the_list() {
        let runtime = Arc::new(tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap());
        effects::in_any_order(300, move || {
            let (active, run) = (Arc::new(ActiveRuns::default()), RunId::generate());
            let driving = Arc::new(Mutex::new(0));
            let begins = || {
                let (active, driving, runtime) = (Arc::clone(&active), Arc::clone(&driving), Arc::clone(&runtime));
                shuttle::thread::spawn(move || {
                    let mut registered = None;
                    let spawn = |registration| {
                        registered = Some(registration);
                        runtime.spawn(async { Ok(Outcome::Succeeded) })
                    };
                    active.begin(run, spawn, |_, registration| registration);
                    let Some(registration) = registered else { return false };
                    let count = |by: i32| {
                        let mut driving = driving.lock().unwrap();
                        *driving += by;
                        *driving
                    };
                    assert_eq!(count(1), 1);
                    registration.interrupted(Some("a reason".to_owned()));
                    assert!(active.interruption(run).is_some());
                    let ended = active.ended(&[run]);
                    count(-1);
                    drop(registration);
                    assert!(ended.now_or_never().is_some());
                    true
                })
            };
            let began = [begins(), begins(), begins()].map(|thread| thread.join().unwrap());
            assert!(began.contains(&true));
            assert_eq!((active.count(), active.interruptions().len()), (0, 0));
        });
    }
}
