//! Owns the state of one run while it runs: it is told, it decides, it acts.

mod attempts;
mod careful;
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
use tokio::{
    sync::{RwLock, oneshot},
    time::{Instant, Sleep},
};

use self::{
    attempts::{Ended, Signals},
    careful::{AloneGuard, Beginning, Place, Turn},
    fans::Fans,
    side::Errand,
    timers::{SteadyClock, Timers},
};
use super::{
    ports::{
        Accepted, AttemptReport, Before, BoxFuture, Cancel, Clock, Journal, JournalError, LogStore, Observer,
        OutputStore, RequestKey, StepRunner,
    },
    requests::{CancelRequest, Reply, RunRequest, RunRequests},
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
    /// Shared by all attempts of the host, and held alone by an attempt that may kill it.
    pub gate: Arc<RwLock<()>>,
}

/// How a run comes to be driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// It was accepted by this process and has not been driven before.
    New,
    /// Another process drove it before, or accepted it.
    AfterRestart,
    /// It was driven before until something could not be stored: by this process, or by one that ended by itself then.
    AfterInterruption,
}

/// Why a run stopped without having ended. What was committed is safe, and the run can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The host cannot go on: an output cannot be stored, or a sandbox not be made.
    #[error("{0}")]
    Interrupted(String),
    /// The host went away.
    #[error("the host was stopped")]
    Stopped,
    /// The journal holds an event that cannot be.
    #[error(transparent)]
    State(#[from] StateError),
    /// The host has a bug.
    #[error("the host itself failed: {0}; this is a bug of stepmill, please report it")]
    Panicked(String),
}

/// Drives a run from where its events left it to its end. At most `parallelism` attempts run at once.
///
/// # Errors
/// If what happened cannot be stored, or the run was asked to stop. It can be resumed.
pub async fn drive(
    state: RunState,
    entry: Entry,
    ports: Ports,
    parallelism: usize,
    requests: &mut RunRequests,
) -> Result<Outcome, RunError> {
    if let Some(outcome) = state.outcome() {
        return Ok(outcome);
    }
    let dispatcher = Dispatcher {
        signals: Signals::new(&state),
        cancels: state.cancels(),
        next_seq: state.next_seq(),
        clock: SteadyClock::new(ports.clock.now().max(state.last_at())),
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
        starts: Vec::new(),
        alarm: None,
        turn: None,
        place: None,
        alone: None,
        beginning: None,
    };
    dispatcher.run(entry, requests).await
}

type CommitFuture = BoxFuture<'static, Result<Vec<RunEvent>, JournalError>>;

/// What can happen, named.
enum Happening {
    Ended(Box<Ended>),
    Ran(Errand),
    Committed(Result<Vec<RunEvent>, JournalError>),
    Asked(RunRequest),
    AlarmRang,
    TurnCame(Turn),
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
    /// Told when what is in the outbox is durable.
    starts: Vec<oneshot::Sender<()>>,
    /// Rings at the next time that matters or before: most commits come earlier than `linger`, and to set it anew for
    /// each would wake a thread.
    alarm: Option<Pin<Box<Sleep>>>,
    next_seq: u64,
    signals: Signals,
    /// How many requests to cancel the run are recorded, or about to be.
    cancels: u8,
    clock: SteadyClock,
    /// Comes when attempts of this run may begin again.
    turn: Option<BoxFuture<'static, Turn>>,
    /// For the attempt that begins next.
    place: Option<Place>,
    /// Held while the only attempt of the host is begun, runs, and is recorded.
    alone: Option<AloneGuard>,
    /// The attempt that runs alone, once its start is durable.
    beginning: Option<Beginning>,
}

impl Dispatcher {
    async fn run(mut self, entry: Entry, requests: &mut RunRequests) -> Result<Outcome, RunError> {
        self.recover(entry).await?;
        loop {
            // What is known at once, such as reused results, must not keep other tasks from this thread.
            tokio::task::consume_budget().await;
            self.advance()?;
            if let Some(outcome) = self.state.outcome() {
                // Only what is durable has ended.
                self.flush();
                self.settle().await?;
                return Ok(outcome);
            }
            match self.next(requests).await {
                Happening::Ended(ended) => self.attempts_ended(*ended)?,
                Happening::Ran(errand) => self.errand_ran(errand)?,
                Happening::Committed(result) => self.committed(result?)?,
                Happening::AlarmRang => self.alarm_rang(),
                Happening::Asked(RunRequest::Cancel(request)) => self.cancel_asked(request),
                Happening::Asked(RunRequest::Stop) => return self.stop().await,
                Happening::TurnCame(Some(alone)) => self.begin_alone(alone)?,
                Happening::TurnCame(None) => {}
            }
        }
    }

    /// Waits for the next thing to happen.
    async fn next(&mut self, requests: &mut RunRequests) -> Happening {
        tokio::select! {
            biased;
            // What is rare comes first: attempts may end faster than they can be recorded.
            request = requests.next() => Happening::Asked(request),
            () = rings(&mut self.alarm) => Happening::AlarmRang,
            Some(result) = self.commits.next() => Happening::Committed(result),
            Some(errand) = self.errands.next() => Happening::Ran(errand),
            Some(ended) = self.attempts.next() => Happening::Ended(Box::new(ended)),
            turn = careful::turn(&mut self.turn) => Happening::TurnCame(turn),
        }
    }

    /// Attempts that were begun earlier and never ended are lost; their steps are tried again. All of this is durable
    /// before anything of the run starts: a run that kills its host must be seen to do so, also if it did that before
    /// anything of it could be recorded.
    async fn recover(&mut self, entry: Entry) -> Result<(), RunError> {
        match entry {
            Entry::New => return Ok(()),
            Entry::AfterInterruption if !self.state.has_begun() => return Ok(()),
            Entry::AfterInterruption if !self.state.was_stopped() => self.decided(EventKind::Stopped)?,
            Entry::AfterInterruption | Entry::AfterRestart => {}
        }
        let lost: Vec<_> = self.state.running().collect();
        let alone =
            lost.len() == 1 && self.state.is_careful() && !self.state.was_stopped() && entry == Entry::AfterRestart;
        self.decided(EventKind::Resumed)?;
        for (step, items, attempt) in lost {
            self.decided(EventKind::AttemptLost { step, items, attempt, alone })?;
        }
        self.flush();
        self.settle().await
    }

    /// Records a request to cancel the run, and answers it when it is durable.
    fn cancel_asked(&mut self, request: CancelRequest) {
        let missing = request.events().saturating_sub(self.cancels);
        self.cancels += missing;
        let facts = (0..missing).map(|_| self.event(EventKind::CancelRequested)).collect();
        // Also without a new event: an earlier request may not be durable yet.
        self.commit(facts, Some(request.into_reply()));
    }

    /// Stops where the run is. What its attempts have not returned is lost.
    async fn stop(mut self) -> Result<Outcome, RunError> {
        if self.state.has_begun() {
            self.decided(EventKind::Stopped)?;
        }
        self.flush();
        self.settle().await?;
        Err(RunError::Stopped)
    }

    /// Does everything that follows from what is known. Nothing does while an attempt waits for its start to be durable: its
    /// step is about to run, and the state does not say so yet.
    fn advance(&mut self) -> Result<(), StateError> {
        if self.beginning.is_some() {
            return Ok(());
        }
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
        // A request to cancel that is being recorded comes before the end.
        if let Some(outcome) = self.state.conclusion().filter(|_| self.cancels == self.state.cancels()) {
            self.decided(EventKind::Finished { outcome })?;
        }
        Ok(())
    }

    /// When a time comes, if it has not come yet.
    fn not_yet(&self, at: Option<Timestamp>) -> Option<Instant> {
        let wait = u64::try_from(at?.0 - self.clock.now().0).ok().filter(|wait| *wait > 0)?;
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
        self.commit(facts, None);
    }

    /// Applies an event that follows from others, and lets it ride along with the next commit.
    fn decided(&mut self, kind: EventKind) -> Result<(), StateError> {
        let event = self.event(kind);
        self.state.apply(&event)?;
        self.alone_went_on(&event.kind);
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
            self.commit(Vec::new(), None);
        }
    }

    fn event(&mut self, kind: EventKind) -> RunEvent {
        let event = RunEvent { run: self.state.run(), seq: self.next_seq, at: self.clock.now(), kind };
        self.next_seq += 1;
        event
    }

    /// Commits what waits in the outbox and then these facts, and answers who waits for that.
    fn commit(&mut self, facts: Vec<RunEvent>, reply: Option<Reply>) {
        self.linger = None;
        let mut batch = std::mem::take(&mut self.outbox);
        batch.extend(facts.iter().cloned());
        let starts = std::mem::take(&mut self.starts);
        let (plan, observer) = (Arc::clone(self.state.plan()), Arc::clone(&self.ports.observer));
        let journal = &self.ports.journal;
        let committed =
            if self.only_waits() { journal.append_at_once(batch.clone()) } else { journal.append(batch.clone()) };
        self.commits.push_back(Box::pin(async move {
            let committed = committed.await;
            if let Some(reply) = reply {
                reply.send(committed.clone().map_err(Into::into));
            }
            committed?;
            // Whoever does not wait any more was cancelled.
            for start in starts {
                let _ = start.send(());
            }
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
            && !self.state.is_careful()
    }

    fn committed(&mut self, facts: Vec<RunEvent>) -> Result<(), RunError> {
        for fact in facts {
            self.state.apply(&fact)?;
            self.alone_went_on(&fact.kind);
        }
        self.signals.follow(&self.state);
        Ok(())
    }

    /// Waits until everything is committed.
    async fn settle(&mut self) -> Result<(), RunError> {
        while let Some(result) = self.commits.next().await {
            let facts = result?;
            if self.state.outcome().is_none() {
                self.committed(facts)?;
            }
        }
        Ok(())
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

/// Accepts a new run, of an id that is used for nothing else, with its first events: it is durable when this returns. If
/// what asks for it did so before, there is no new run.
///
/// # Errors
/// If the journal cannot be written, or the events do not fit the plan.
pub async fn accept(
    run: RunId,
    plan: Arc<Plan>,
    first: Vec<EventKind>,
    request: Option<RequestKey>,
    ports: &Ports,
) -> Result<Result<RunState, Before>, RunError> {
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
