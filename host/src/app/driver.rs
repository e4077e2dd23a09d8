//! Drives runs: each in a task of its own, from before it is accepted until it has ended. Whoever asks for a run only waits
//! for that task, so that one who goes away leaves nothing half done.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::sync::{Semaphore, oneshot};

use super::{
    Run, StartError, Submitted,
    keeper::{InUse, Keeper},
    parts::ModuleSource,
    run::{ActiveRuns, Begun, Registration},
};
use crate::{
    effects::{self, Backoff},
    event::{EventKind, Outcome, RunEvent},
    execute::{
        dispatcher::{self, Entry, Ports, RunError},
        ports::RequestKey,
        queued,
        requests::{CancelError, CancelRequest, RunRequest, RunRequests},
        state::RunState,
    },
    ids::RunId,
    persist::{Reader, SqliteJournal, StoreError},
    plan::Plan,
    runtime::ModuleError,
};

/// How long an interrupted run waits before it is tried again, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a run waits for before its turn comes.
pub(super) type After = Shared<BoxFuture<'static, ()>>;

/// What the tasks of runs need of their host.
pub(super) struct Driver {
    pub(super) ports: Ports,
    /// How many attempts of one run run at once.
    pub(super) parallelism: usize,
    pub(super) journal: Arc<SqliteJournal>,
    pub(super) reader: Arc<Reader>,
    pub(super) modules: Arc<dyn ModuleSource>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) active: Arc<ActiveRuns>,
    /// As many permits as runs may be active at once.
    pub(super) admission: Arc<Semaphore>,
    /// Whether an interrupted run is tried again until it continues. Else it ends its task with the error.
    pub(super) persistent: bool,
    /// How runs that another process left come to be driven.
    pub(super) left: Entry,
}

/// A new run.
pub(super) struct NewRun {
    pub(super) plan: Arc<Plan>,
    pub(super) first: Vec<EventKind>,
    pub(super) key: Option<RequestKey>,
    pub(super) after: Option<BoxFuture<'static, ()>>,
    pub(super) in_use: InUse,
}

/// What a run's task begins with.
enum Start {
    /// It was left by another process in this state.
    Left(Box<RunState>, InUse),
    /// It was left by another process, and cannot continue yet for this reason.
    Interrupted(String),
}

impl Driver {
    /// Accepts a run and drives it. The run is durable when this returns, and is driven also if nobody waits for it.
    pub(super) async fn accept(self: &Arc<Self>, new: NewRun) -> Result<Submitted, StartError> {
        let (id, plan) = (RunId::generate(), Arc::clone(&new.plan));
        let (answer, accepted) = oneshot::channel();
        let begun = self.begin(id, None, |task| task.accept(new, answer));
        let begun = begun.ok_or(StartError::Active(id))?;
        match accepted.await {
            Ok(Ok(None)) => Ok(Submitted::New(Run::new(id, plan, begun))),
            Ok(Ok(Some(before))) => Ok(Submitted::Before(before)),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(RunError::Stopped.into()),
        }
    }

    /// Continues a run that another process left.
    pub(super) fn resume(self: &Arc<Self>, state: RunState, in_use: InUse, after: Option<After>) -> Option<Run> {
        let (id, plan) = (state.run(), Arc::clone(state.plan()));
        let begun = self.begin(id, after, |task| task.execute(Start::Left(Box::new(state), in_use)));
        Some(Run::new(id, plan, begun?))
    }

    /// Takes a run up that another process left and that cannot continue yet.
    pub(super) fn await_recovery(self: &Arc<Self>, id: RunId, reason: String, after: Option<After>) {
        self.begin(id, after, |task| task.execute(Start::Interrupted(reason)));
    }

    /// Starts the task of a run.
    fn begin<F>(self: &Arc<Self>, id: RunId, after: Option<After>, work: impl FnOnce(RunTask) -> F) -> Option<Begun>
    where
        F: Future<Output = Result<Outcome, RunError>> + Send + 'static,
    {
        let driver = Arc::clone(self);
        let task = |requests, registration| {
            let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
            work(RunTask { driver, id, requests, registration, after, in_use: None, backoff })
        };
        self.active.begin(id, |task| self.modules.drive(Box::pin(task)), task)
    }

    /// What is known of a run, read after everything that was queued for it is committed or lost.
    async fn read(&self, run: RunId) -> Result<RunState, StartError> {
        self.journal.barrier().await.map_err(RunError::from)?;
        let reader = Arc::clone(&self.reader);
        effects::blocking_or_panic(move || {
            let plan = Arc::new(reader.plan(run)?);
            let events = reader.history(run)?;
            let mut state = RunState::replay(run, plan, &events).map_err(RunError::from)?;
            state.came_with(reader.copy_of(run)?);
            Ok(state)
        })
        .await
    }

    /// The state of a run that another process left, with its modules loaded if it may need one.
    pub(super) async fn restore(&self, run: RunId) -> Result<RunState, StartError> {
        let restored = no_panic(async {
            let state = self.read(run).await?;
            self.load_modules_of(&state).await?;
            Ok(state)
        });
        restored.await.unwrap_or_else(|panic| Err(panic.into()))
    }

    /// The same for a run that is to end as cancelled, which is durable when this returns.
    pub(super) async fn restore_cancelled(&self, run: RunId, force: bool) -> Result<RunState, StartError> {
        let mut state = self.read(run).await?;
        if state.outcome().is_none() {
            queued::record_cancel(&mut state, &self.ports, CancelRequest::unanswered(force)).await?;
        }
        self.load_modules_of(&state).await?;
        Ok(state)
    }

    /// Ends a run whose events are damaged as cancelled, where it is: which `finally` steps it has is not known.
    pub(super) async fn end_damaged(&self, id: RunId, request: CancelRequest) -> Result<(), StartError> {
        let reader = Arc::clone(&self.reader);
        let (row, plan) = effects::blocking_or_panic(move || (reader.run(id), reader.plan(id))).await;
        let row = row?;
        let kinds = [EventKind::CancelRequested, EventKind::Finished { outcome: Outcome::Cancelled }];
        let at = self.ports.clock.now().max(row.created_at);
        let events: Vec<_> = (row.events..).zip(kinds).map(|(seq, kind)| RunEvent { run: id, seq, at, kind }).collect();
        let ended = self.ports.journal.append(events.clone()).await;
        request.into_reply().send(ended.clone().map_err(Into::into));
        ended.map_err(RunError::from)?;
        tracing::warn!(run = %id, "a damaged run was cancelled; its `finally` steps were not run");
        self.ports.observer.interrupted(id, None);
        if let Ok(plan) = plan {
            self.ports.observer.committed(&plan, &events);
        }
        Ok(())
    }

    async fn load_modules_of(&self, state: &RunState) -> Result<(), ModuleError> {
        if state.outcome().is_some() || state.only_has_to_end() {
            return Ok(());
        }
        self.load_modules(state.plan()).await
    }

    pub(super) async fn load_modules(&self, plan: &Plan) -> Result<(), ModuleError> {
        for module in &plan.modules {
            self.modules.restore(module.digest).await?;
        }
        Ok(())
    }
}

/// What the log says of a run that cannot continue.
const INTERRUPTED: &str = "a run is interrupted; it continues as soon as it can";
/// The same of one whose start was answered with an error, which does not say that nothing was stored.
const IN_DOUBT: &str = "a start was refused; should its run be stored nevertheless, it continues as soon as it can";

/// The task of one run.
struct RunTask {
    driver: Arc<Driver>,
    id: RunId,
    requests: RunRequests,
    registration: Registration,
    after: Option<After>,
    /// Held while the run may use what nothing refers to yet.
    in_use: Option<InUse>,
    /// Between its interruptions.
    backoff: Backoff,
}

/// What became of an attempt to accept a run.
type Accepted = Result<Option<crate::execute::ports::Before>, RunError>;

impl RunTask {
    /// Accepts the run, answers, and drives it.
    async fn accept(mut self, new: NewRun, answer: oneshot::Sender<Accepted>) -> Result<Outcome, RunError> {
        let NewRun { plan, first, key, after, in_use } = new;
        self.after = after.map(FutureExt::shared);
        self.in_use = Some(in_use);
        // Whether anybody still waits for an answer changes nothing.
        let accepted = no_panic(dispatcher::accept(self.id, plan, first, key, &self.driver.ports)).await;
        match accepted.unwrap_or_else(Err) {
            Ok(Ok(state)) => {
                let _ = answer.send(Ok(None));
                self.conclude(state, Entry::New).await
            }
            Ok(Err(before)) => {
                let _ = answer.send(Ok(Some(before)));
                Err(RunError::Stopped)
            }
            Err(error) => {
                let reason = error.to_string();
                let _ = answer.send(Err(error));
                self.accepted_after_all(reason).await
            }
        }
    }

    /// An error does not say that nothing was stored: if the run is there nevertheless, it is driven.
    async fn accepted_after_all(mut self, reason: String) -> Result<Outcome, RunError> {
        if !self.driver.persistent {
            return Err(RunError::Stopped);
        }
        let state = self.recover(reason, IN_DOUBT).await?;
        self.conclude(state, Entry::AfterInterruption).await
    }

    async fn execute(mut self, start: Start) -> Result<Outcome, RunError> {
        let state = match start {
            Start::Left(state, in_use) => {
                self.in_use = Some(in_use);
                *state
            }
            Start::Interrupted(reason) => self.recover(reason, INTERRUPTED).await?,
        };
        let entry = self.driver.left;
        self.conclude(state, entry).await
    }

    /// Drives the run to its end, again after each interruption.
    async fn conclude(mut self, mut state: RunState, mut entry: Entry) -> Result<Outcome, RunError> {
        loop {
            let mut error = match self.drive(state, entry).await {
                Ok(outcome) => {
                    self.in_use = None;
                    self.driver.keeper.tidy();
                    return Ok(outcome);
                }
                Err(error) => error,
            };
            let interrupted = !matches!(error, RunError::Stopped);
            if interrupted && self.driver.persistent {
                // What the state is ahead of the journal is discarded with it.
                match self.recover(error.to_string(), INTERRUPTED).await {
                    Ok(recovered) => {
                        (state, entry) = (recovered, Entry::AfterInterruption);
                        continue;
                    }
                    Err(stopped) => error = stopped,
                }
            }
            if interrupted || entry == Entry::AfterInterruption {
                self.leave().await;
            }
            return Err(error);
        }
    }

    /// Leaves a run that was interrupted to the next process. Where nothing can be recorded, the data directory says that
    /// this one was not killed.
    async fn leave(&self) {
        let left = no_panic(async {
            let mut state = self.driver.read(self.id).await?;
            queued::record_stop(&mut state, &self.driver.ports).await.map_err(StartError::from)
        });
        if let Ok(Err(error)) = left.await {
            tracing::debug!(run = %self.id, %error, "that a run stopped is not recorded");
        }
    }

    /// Drives the run until it ends or something goes wrong, once it is its turn.
    async fn drive(&mut self, mut state: RunState, entry: Entry) -> Result<Outcome, RunError> {
        let (ports, parallelism) = (self.driver.ports.clone(), self.driver.parallelism);
        let (after, admission) = (self.after.clone(), Arc::clone(&self.driver.admission));
        let turn = async move {
            if let Some(after) = after {
                after.await;
            }
            admission.acquire_owned().await.ok()
        };
        let driven = async {
            let _permit = queued::wait_for_turn(&mut state, &ports, &mut self.requests, turn).await?;
            dispatcher::drive(state, entry, ports.clone(), parallelism, &mut self.requests).await
        };
        no_panic(driven).await.unwrap_or_else(Err)
    }

    /// Waits until the run can continue, and reads what is known of it.
    async fn recover(&mut self, mut reason: String, what: &'static str) -> Result<RunState, RunError> {
        loop {
            tracing::error!(run = %self.id, reason, "{what}");
            self.registration.interrupted(Some(reason.clone()));
            self.driver.ports.observer.interrupted(self.id, Some(&reason));
            // A request to cancel is a reason to try at once.
            let asked = tokio::select! {
                biased;
                request = self.requests.next() => Some(request),
                () = tokio::time::sleep(self.backoff.next()) => None,
            };
            if matches!(asked, Some(RunRequest::Stop)) {
                return Err(RunError::Stopped);
            }
            match no_panic(self.try_again(asked)).await.unwrap_or_else(|panic| Err(panic.into())) {
                Ok(Some(state)) => {
                    self.registration.interrupted(None);
                    self.driver.ports.observer.interrupted(self.id, None);
                    return Ok(state);
                }
                // It was never accepted, or has ended as it was.
                Ok(None) => return Err(RunError::Stopped),
                Err(error) => reason = error.to_string(),
            }
        }
    }

    /// Reads what is known of the run, if it is there and has not ended, and makes ready what it needs.
    async fn try_again(&mut self, asked: Option<RunRequest>) -> Result<Option<RunState>, StartError> {
        let read = self.read_again().await;
        let state = match (read, asked) {
            (Ok(Some(state)), None) => state,
            (Ok(Some(mut state)), Some(RunRequest::Cancel(request))) => {
                queued::record_cancel(&mut state, &self.driver.ports, request).await?;
                state
            }
            (Ok(state), _) => return Ok(state),
            (Err(error), Some(RunRequest::Cancel(request))) if error.is_damage() => {
                self.driver.end_damaged(self.id, request).await?;
                return Ok(None);
            }
            (Err(error), Some(RunRequest::Cancel(request))) => {
                request.into_reply().send(Err(CancelError::Unreadable(error.to_string())));
                return Err(error);
            }
            (Err(error), _) => return Err(error),
        };
        // Until here it holds nothing: runs that cannot continue must not keep retention from its work.
        self.driver.load_modules_of(&state).await?;
        self.in_use = Some(self.driver.keeper.in_use().await);
        Ok(Some(state))
    }

    async fn read_again(&mut self) -> Result<Option<RunState>, StartError> {
        self.in_use = None;
        match self.driver.read(self.id).await {
            Ok(state) => Ok(Some(state)),
            Err(StartError::Store(StoreError::NoSuchRun(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Turns a panic into an error: it must neither end the task of a run that was accepted, nor keep a service from opening.
async fn no_panic<T>(work: impl Future<Output = T>) -> Result<T, RunError> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        RunError::Panicked(text.unwrap_or_else(|| "a panic".to_owned()))
    })
}
