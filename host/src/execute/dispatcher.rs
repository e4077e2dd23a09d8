//! Owns the state of one run while it runs: it is told, it decides, it acts.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use futures_util::{
    FutureExt, StreamExt,
    stream::{FuturesOrdered, FuturesUnordered},
};
use tokio::{
    sync::watch,
    time::{Instant, Sleep},
};

use super::{
    job,
    ports::{
        AttemptEnd, AttemptJob, AttemptReport, Cancel, Clock, Journal, JournalError, LogSink, LogStore, Observer,
        StepRunner,
    },
    state::{Decision, RunState, StateError},
};
use crate::{
    event::{EventKind, Outcome, RunEvent, StepState},
    failure::{StepFailure, Usage},
    ids::StepIndex,
    output::{AttemptName, ItemRange},
    plan::Plan,
};

/// How long an event that follows from others waits for a commit to ride along with.
const LINGER: Duration = Duration::from_millis(20);
/// No step starts while so many facts wait for their commit.
const MAX_UNCOMMITTED: usize = 4096;

/// What a run needs of the world.
#[derive(Clone)]
pub struct Ports {
    /// Runs attempts.
    pub runner: Arc<dyn StepRunner>,
    /// Keeps events.
    pub journal: Arc<dyn Journal>,
    /// Keeps logs.
    pub logs: Arc<dyn LogStore>,
    /// Are told.
    pub observer: Arc<dyn Observer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Why a run stopped without having ended. What was committed is safe, and the run can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Outputs cannot be stored.
    #[error("an output cannot be stored: {0}")]
    Storage(String),
    /// The journal holds an event that cannot be.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Takes a run from where its events left it to its end. At most `parallelism` attempts run at once. When `cancel`
/// becomes true, the run ends as cancelled.
///
/// # Errors
/// If what happened cannot be stored. The run can be resumed.
pub async fn drive(state: RunState, ports: Ports, parallelism: usize, cancel: Cancel) -> Result<Outcome, RunError> {
    if let Some(outcome) = state.outcome() {
        return Ok(outcome);
    }
    let (stop, stopped) = watch::channel(state.is_cancelled());
    let dispatcher = Dispatcher {
        state,
        ports,
        parallelism: parallelism.max(1),
        attempts: FuturesUnordered::new(),
        commits: FuturesOrdered::new(),
        ready: std::collections::VecDeque::new(),
        outbox: Vec::new(),
        linger: None,
        alarm: None,
        next_seq: 0,
        stop,
        stopped,
    };
    dispatcher.run(cancel).await
}

type AttemptFuture = Pin<Box<dyn Future<Output = Ended> + Send>>;
type CommitFuture = Pin<Box<dyn Future<Output = Result<Vec<RunEvent>, JournalError>> + Send>>;

/// An attempt that ended.
struct Ended {
    step: StepIndex,
    attempt: u32,
    report: AttemptReport,
}

/// What can happen, named.
enum Happening {
    Ended(Box<Ended>),
    Committed(Result<Vec<RunEvent>, JournalError>),
    CancelAsked,
    AlarmRang,
}

struct Dispatcher {
    state: RunState,
    ports: Ports,
    parallelism: usize,
    attempts: FuturesUnordered<AttemptFuture>,
    commits: FuturesOrdered<CommitFuture>,
    /// Steps that may start as soon as there is room.
    ready: std::collections::VecDeque<(StepIndex, u32)>,
    /// Events that are applied already and wait for a commit to ride along with.
    outbox: Vec<RunEvent>,
    /// When they are committed at the latest.
    linger: Option<Instant>,
    /// Rings at `linger` or before: most commits come earlier, and to set it anew for each would wake a thread.
    alarm: Option<Pin<Box<Sleep>>>,
    next_seq: u64,
    stop: watch::Sender<bool>,
    stopped: Cancel,
}

impl Dispatcher {
    async fn run(mut self, mut cancel: Cancel) -> Result<Outcome, RunError> {
        self.next_seq = self.state.next_seq();
        self.recover()?;
        let mut cancel_asked = self.state.is_cancelled();
        loop {
            self.advance()?;
            if let Some(outcome) = self.state.outcome() {
                self.flush();
                return self.settle(outcome).await;
            }
            match self.next(&mut cancel, cancel_asked).await {
                Happening::Ended(ended) => self.attempts_ended(*ended)?,
                Happening::Committed(result) => self.committed(result?)?,
                Happening::AlarmRang => self.alarm_rang(),
                Happening::CancelAsked => {
                    cancel_asked = true;
                    self.append(vec![EventKind::CancelRequested]);
                }
            }
        }
    }

    /// Waits for the next thing to happen.
    async fn next(&mut self, cancel: &mut Cancel, cancel_asked: bool) -> Happening {
        tokio::select! {
            biased;
            Some(result) = self.commits.next() => Happening::Committed(result),
            Some(ended) = self.attempts.next() => Happening::Ended(Box::new(ended)),
            () = asked(cancel), if !cancel_asked => Happening::CancelAsked,
            () = rings(&mut self.alarm) => Happening::AlarmRang,
        }
    }

    /// Attempts that an earlier host began and never ended are lost; their steps are tried again.
    fn recover(&mut self) -> Result<(), StateError> {
        if self.next_seq > 1 {
            self.decided(EventKind::Resumed)?;
        }
        let lost: Vec<_> = self.state.running().collect();
        for step in lost {
            let attempt = self.state.attempts(step);
            self.decided(EventKind::AttemptLost { step, items: ItemRange::WHOLE, attempt })?;
        }
        Ok(())
    }

    /// Does everything that follows from what is known.
    fn advance(&mut self) -> Result<(), StateError> {
        while let Some(decision) = self.state.decide() {
            match decision {
                Decision::Start(step, attempt) => self.ready.push_back((step, attempt)),
                Decision::Skip(step, reason) => self.decided(EventKind::StepSkipped { step, reason })?,
                Decision::Cancel(step, reason) => self.decided(EventKind::StepCancelled { step, reason })?,
            }
        }
        while self.attempts.len() < self.parallelism && self.commits.len() < MAX_UNCOMMITTED {
            let Some((step, attempt)) = self.ready.pop_front() else { break };
            if self.state.state(step) == StepState::Waiting {
                self.start(step, attempt)?;
            }
        }
        if let Some(outcome) = self.state.conclusion() {
            self.decided(EventKind::Finished { outcome })?;
        }
        Ok(())
    }

    fn start(&mut self, step: StepIndex, attempt: u32) -> Result<(), StateError> {
        let prepared = job::prepare(&self.state, step, attempt);
        self.decided(EventKind::AttemptStarted { step, items: ItemRange::WHOLE, attempt })?;
        let report = match prepared {
            Ok(job) => self.begin(step, job),
            Err(failure) => std::future::ready(AttemptReport::failed(failure)).boxed(),
        };
        self.attempts.push(Box::pin(async move { Ended { step, attempt, report: report.await } }));
        Ok(())
    }

    fn begin(&self, step: StepIndex, job: AttemptJob) -> super::ports::BoxFuture<'static, AttemptReport> {
        let sink = AttemptLog {
            step,
            attempt: job.name.clone(),
            store: Arc::clone(&self.ports.logs),
            observer: Arc::clone(&self.ports.observer),
        };
        self.ports.runner.run(job, Arc::new(sink), self.stopped.clone())
    }

    /// Records the attempt that ended, and all others that have ended meanwhile, in one append.
    fn attempts_ended(&mut self, first: Ended) -> Result<(), RunError> {
        let mut facts = Vec::new();
        let mut next = Some(first);
        while let Some(ended) = next {
            facts.extend(self.name_ends(ended)?);
            next = self.attempts.next().now_or_never().flatten();
        }
        self.append(facts);
        Ok(())
    }

    fn name_ends(&self, Ended { step, attempt, report }: Ended) -> Result<Vec<EventKind>, RunError> {
        if let Some(problem) = report.storage {
            return Err(RunError::Storage(problem));
        }
        let name = |AttemptEnd { items, result, usage, cache, reused }| match result {
            Ok(output) => EventKind::AttemptSucceeded { step, items, attempt, output, usage, cache, reused },
            Err(failure) => EventKind::AttemptFailed { step, items, attempt, failure, usage, retry_at: None },
        };
        Ok(report.ended.into_iter().map(name).collect())
    }

    /// Appends facts: they are applied once they are committed.
    fn append(&mut self, facts: Vec<EventKind>) {
        let facts: Vec<_> = facts.into_iter().map(|kind| self.event(kind)).collect();
        self.commit(facts);
    }

    /// Applies an event that follows from others, and lets it ride along with the next commit.
    fn decided(&mut self, kind: EventKind) -> Result<(), StateError> {
        let event = self.event(kind);
        self.state.apply(&event)?;
        self.outbox.push(event);
        let due = *self.linger.get_or_insert_with(|| Instant::now() + LINGER);
        self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        Ok(())
    }

    fn alarm_rang(&mut self) {
        self.alarm = None;
        match self.linger {
            Some(due) if due > Instant::now() => self.alarm = Some(Box::pin(tokio::time::sleep_until(due))),
            Some(_) => self.flush(),
            None => {}
        }
    }

    fn flush(&mut self) {
        self.linger = None;
        if !self.outbox.is_empty() {
            self.commit(Vec::new());
        }
    }

    fn event(&mut self, kind: EventKind) -> RunEvent {
        let event = RunEvent { run: self.state.run(), seq: self.next_seq, at: self.ports.clock.now(), kind };
        self.next_seq += 1;
        event
    }

    /// Commits what waits in the outbox and these facts behind it.
    fn commit(&mut self, facts: Vec<RunEvent>) {
        self.linger = None;
        let mut batch = std::mem::take(&mut self.outbox);
        batch.extend(facts.iter().cloned());
        let (plan, observer) = (Arc::clone(self.state.plan()), Arc::clone(&self.ports.observer));
        let committed = self.ports.journal.append(batch.clone());
        self.commits.push_back(Box::pin(async move {
            committed.await?;
            observer.committed(&plan, &batch);
            Ok(facts)
        }));
    }

    fn committed(&mut self, facts: Vec<RunEvent>) -> Result<(), RunError> {
        for fact in facts {
            self.state.apply(&fact)?;
        }
        if self.state.is_cancelled() {
            self.stop.send_replace(true);
        }
        Ok(())
    }

    /// Waits until everything is committed: only then has the run ended.
    async fn settle(mut self, outcome: Outcome) -> Result<Outcome, RunError> {
        while let Some(result) = self.commits.next().await {
            result?;
        }
        Ok(outcome)
    }
}

impl Drop for Dispatcher {
    /// Whoever gives up on a run takes its attempts along.
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Ends when the alarm rings; never, if none is set.
async fn rings(alarm: &mut Option<Pin<Box<Sleep>>>) {
    match alarm {
        Some(alarm) => alarm.await,
        None => std::future::pending().await,
    }
}

/// Ends when somebody asks for the run to be cancelled; never, if nobody can any more.
async fn asked(cancel: &mut Cancel) {
    if cancel.wait_for(|asked| *asked).await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl AttemptReport {
    fn failed(failure: StepFailure) -> Self {
        Self { ended: vec![AttemptEnd::of(ItemRange::WHOLE, Err(failure), Usage::default())], storage: None }
    }
}

/// Stores what an attempt says, and tells the observer.
struct AttemptLog {
    step: StepIndex,
    attempt: AttemptName,
    store: Arc<dyn LogStore>,
    observer: Arc<dyn Observer>,
}

impl LogSink for AttemptLog {
    fn of_item(self: Arc<Self>, item: u32) -> Arc<dyn LogSink> {
        let attempt = AttemptName { item: Some(item), ..self.attempt.clone() };
        let (store, observer) = (Arc::clone(&self.store), Arc::clone(&self.observer));
        Arc::new(Self { step: self.step, attempt, store, observer })
    }

    fn line(&self, line: super::ports::LogLine) {
        self.observer.logged(&self.attempt, &line);
        self.store.append(self.step, &self.attempt, line);
    }

    fn progress(&self, progress: super::ports::Progress) {
        self.observer.progressed(&self.attempt, &progress);
    }
}

/// Accepts a new run: it is durable when this returns.
///
/// # Errors
/// If the journal cannot be written.
pub async fn accept(
    run: crate::ids::RunId,
    plan: Arc<Plan>,
    created: EventKind,
    ports: &Ports,
) -> Result<RunState, RunError> {
    let event = RunEvent { run, seq: 0, at: ports.clock.now(), kind: created };
    let mut state = RunState::new(run, Arc::clone(&plan));
    state.apply(&event)?;
    ports.journal.create(run, Arc::clone(&plan), vec![event.clone()]).await?;
    ports.observer.committed(&plan, &[event]);
    Ok(state)
}
