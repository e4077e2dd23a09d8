//! Owns the state of one run while it runs: it is told, it decides, it acts.

mod attempts;
mod fans;
mod side;
mod timers;

use std::{
    collections::{HashSet, VecDeque},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use futures_util::{
    StreamExt,
    stream::{FuturesOrdered, FuturesUnordered},
};
use tokio::time::{Instant, Sleep};

use self::{
    attempts::{Ended, Signals},
    fans::Fans,
    side::Errand,
    timers::Timers,
};
use super::{
    ports::{
        Accepted, AttemptReport, Before, BoxFuture, Cancel, Clock, Journal, JournalError, LogStore, Observer,
        OutputStore, RequestKey, StepRunner,
    },
    state::{Decision, RunState, StateError},
};
use crate::{
    event::{EventKind, Outcome, RunEvent},
    ids::{RunId, StepIndex, Timestamp},
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
    /// Keeps outputs.
    pub outputs: Arc<dyn OutputStore>,
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
    /// The host went away.
    #[error("the host was stopped")]
    Stopped,
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
    let dispatcher = Dispatcher {
        signals: Signals::new(&state),
        next_seq: state.next_seq(),
        state,
        ports,
        parallelism: parallelism.max(1),
        attempts: FuturesUnordered::new(),
        errands: FuturesUnordered::new(),
        on_errand: HashSet::new(),
        commits: FuturesOrdered::new(),
        ready: VecDeque::new(),
        fans: Fans::default(),
        timers: Timers::default(),
        outbox: Vec::new(),
        linger: None,
        alarm: None,
    };
    dispatcher.run(cancel).await
}

type CommitFuture = BoxFuture<'static, Result<Vec<RunEvent>, JournalError>>;

/// What can happen, named.
enum Happening {
    Ended(Box<Ended>),
    Ran(Errand),
    Committed(Result<Vec<RunEvent>, JournalError>),
    CancelAsked,
    AlarmRang,
}

struct Dispatcher {
    state: RunState,
    ports: Ports,
    parallelism: usize,
    attempts: FuturesUnordered<BoxFuture<'static, Ended>>,
    /// What is to be done before a step can begin or end, and takes time.
    errands: FuturesUnordered<BoxFuture<'static, Errand>>,
    /// The steps that they are for.
    on_errand: HashSet<StepIndex>,
    commits: FuturesOrdered<CommitFuture>,
    /// Steps that may start as soon as there is room.
    ready: VecDeque<(StepIndex, u32)>,
    fans: Fans,
    /// Steps that wait for their next attempt.
    timers: Timers,
    /// Events that are applied already and wait for a commit to ride along with.
    outbox: Vec<RunEvent>,
    /// When they are committed at the latest.
    linger: Option<Instant>,
    /// Rings at the next time that matters or before: most commits come earlier than `linger`, and to set it anew for
    /// each would wake a thread.
    alarm: Option<Pin<Box<Sleep>>>,
    next_seq: u64,
    signals: Signals,
}

impl Dispatcher {
    async fn run(mut self, mut cancel: Cancel) -> Result<Outcome, RunError> {
        self.recover()?;
        let mut asked = u8::from(self.state.is_cancelled());
        loop {
            // What is known at once, such as reused results, must not keep other tasks from this thread.
            tokio::task::consume_budget().await;
            self.advance()?;
            if let Some(outcome) = self.state.outcome() {
                self.flush();
                return self.settle(outcome).await;
            }
            match self.next(&mut cancel, asked).await {
                Happening::Ended(ended) => self.attempts_ended(*ended)?,
                Happening::Ran(errand) => self.errand_ran(errand)?,
                Happening::Committed(result) => self.committed(result?)?,
                Happening::AlarmRang => self.alarm_rang(),
                Happening::CancelAsked => {
                    asked += 1;
                    self.append(vec![EventKind::CancelRequested]);
                }
            }
        }
    }

    /// Waits for the next thing to happen.
    async fn next(&mut self, cancel: &mut Cancel, asked: u8) -> Happening {
        tokio::select! {
            biased;
            // What is rare comes first: attempts may end faster than they can be recorded.
            () = cancel_asked(cancel, asked), if asked < 2 => Happening::CancelAsked,
            () = rings(&mut self.alarm) => Happening::AlarmRang,
            Some(result) = self.commits.next() => Happening::Committed(result),
            Some(errand) = self.errands.next() => Happening::Ran(errand),
            Some(ended) = self.attempts.next() => Happening::Ended(Box::new(ended)),
        }
    }

    /// Attempts that an earlier host began and never ended are lost; their steps are tried again.
    fn recover(&mut self) -> Result<(), StateError> {
        if self.next_seq > 1 {
            self.decided(EventKind::Resumed)?;
        }
        let lost: Vec<_> = self.state.running().collect();
        for (step, items, attempt) in lost {
            self.decided(EventKind::AttemptLost { step, items, attempt })?;
        }
        Ok(())
    }

    /// Does everything that follows from what is known.
    fn advance(&mut self) -> Result<(), StateError> {
        while let Some(decision) = self.state.decide() {
            match decision {
                Decision::Start(step, attempt, at) => match self.not_yet(at) {
                    Some(due) => self.wake(due, step),
                    None => self.ready.push_back((step, attempt)),
                },
                Decision::RunItems(step) => self.fans.add(step),
                Decision::Evaluate(step) => self.evaluate(step),
                Decision::FanOut(step) => self.fan_out(step)?,
                Decision::Gather(step) => self.gather(step),
                Decision::Fail(step, failure) => self.decided(EventKind::StepFailed { step, failure })?,
                Decision::Skip(step, reason) => self.decided(EventKind::StepSkipped { step, reason })?,
                Decision::Cancel(step, reason) => self.decided(EventKind::StepCancelled { step, reason })?,
            }
        }
        self.fill()?;
        if let Some(outcome) = self.state.conclusion() {
            self.decided(EventKind::Finished { outcome })?;
        }
        Ok(())
    }

    /// When a time comes, if it has not come yet.
    fn not_yet(&self, at: Option<Timestamp>) -> Option<Instant> {
        let wait = u64::try_from(at?.0 - self.ports.clock.now().0).ok().filter(|wait| *wait > 0)?;
        Some(Instant::now() + Duration::from_millis(wait))
    }

    /// Looks at a step again at a time.
    fn wake(&mut self, due: Instant, step: StepIndex) {
        self.timers.add(due, step);
        self.ring_by(due);
    }

    fn ring_by(&mut self, due: Instant) {
        if self.alarm.as_ref().is_none_or(|alarm| alarm.deadline() > due) {
            self.alarm = Some(Box::pin(tokio::time::sleep_until(due)));
        }
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
        self.ring_by(due);
        Ok(())
    }

    fn alarm_rang(&mut self) {
        self.alarm = None;
        let now = Instant::now();
        while let Some(step) = self.timers.next(now) {
            self.state.look_at(step);
        }
        if self.linger.is_some_and(|due| due <= now) {
            self.flush();
        }
        if let Some(due) = self.linger.into_iter().chain(self.timers.due()).min() {
            self.ring_by(due);
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
        let journal = &self.ports.journal;
        let committed =
            if self.only_waits() { journal.append_at_once(batch.clone()) } else { journal.append(batch.clone()) };
        self.commits.push_back(Box::pin(async move {
            committed.await?;
            observer.committed(&plan, &batch);
            Ok(facts)
        }));
    }

    /// Whether nothing of this run goes on, or could: what is begun now may be done on the spot. So it is in a chain.
    fn only_waits(&self) -> bool {
        self.attempts.is_empty()
            && self.errands.is_empty()
            && self.commits.is_empty()
            && self.ready.is_empty()
            && self.fans.is_empty()
    }

    fn committed(&mut self, facts: Vec<RunEvent>) -> Result<(), RunError> {
        for fact in facts {
            self.state.apply(&fact)?;
        }
        self.signals.follow(&self.state);
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
        self.signals.stop_all();
    }
}

/// Ends when the alarm rings; never, if none is set.
async fn rings(alarm: &mut Option<Pin<Box<Sleep>>>) {
    match alarm {
        Some(alarm) => alarm.await,
        None => std::future::pending().await,
    }
}

/// Ends when somebody asks for the run to be cancelled, or once more after so many times; never, if nobody can any more.
async fn cancel_asked(cancel: &mut Cancel, asked: u8) {
    let answer = if asked == 0 { cancel.wait_for(|asked| *asked).await.map(|_| ()) } else { cancel.changed().await };
    if answer.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Accepts a new run with its first events: it is durable when this returns. If what asks for it did so before, there is
/// no new run.
///
/// # Errors
/// If the journal cannot be written, or the events do not fit the plan.
pub async fn accept(
    plan: Arc<Plan>,
    first: Vec<EventKind>,
    request: Option<RequestKey>,
    ports: &Ports,
) -> Result<Result<RunState, Before>, RunError> {
    let run = RunId::generate();
    let at = ports.clock.now();
    let events: Vec<_> = (0..).zip(first).map(|(seq, kind)| RunEvent { run, seq, at, kind }).collect();
    let mut state = RunState::new(run, Arc::clone(&plan));
    for event in &events {
        state.apply(event)?;
    }
    if let Accepted::Before(before) = ports.journal.create(run, Arc::clone(&plan), events.clone(), request).await? {
        return Ok(Err(before));
    }
    ports.observer.committed(&plan, &events);
    Ok(Ok(state))
}
