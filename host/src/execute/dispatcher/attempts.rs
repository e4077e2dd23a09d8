//! Attempts: which begin, and what their ends mean.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt};
use tokio::sync::{oneshot, watch};

use super::{
    AttemptReport, Beginning, BoxFuture, Cancel, Dispatcher, LogStore, MAX_UNCOMMITTED, Observer, RunError, StateError,
};
use crate::{
    event::{EventKind, StepState},
    execute::{
        job,
        ports::{AttemptEnd, AttemptJob, LogLine, LogSink, Progress},
        retry,
        state::RunState,
    },
    failure::{StepFailure, Usage},
    ids::StepIndex,
    output::{AttemptName, ItemRange},
};

/// A job that ended.
pub(super) struct Ended {
    step: StepIndex,
    items: ItemRange,
    attempt: u32,
    report: AttemptReport,
}

/// Tells running attempts that the run is being cancelled: first all but those of `finally` steps, then these too.
pub(super) struct Signals {
    main: (watch::Sender<bool>, Cancel),
    finally: (watch::Sender<bool>, Cancel),
}

impl Signals {
    pub(super) fn new(state: &RunState) -> Self {
        Self { main: watch::channel(state.is_cancelled()), finally: watch::channel(state.is_forced()) }
    }

    pub(super) fn follow(&self, state: &RunState) {
        if state.is_cancelled() {
            self.main.0.send_replace(true);
        }
        if state.is_forced() {
            self.finally.0.send_replace(true);
        }
    }

    pub(super) fn stop_all(&self) {
        self.main.0.send_replace(true);
        self.finally.0.send_replace(true);
    }

    fn of(&self, finally: bool) -> Cancel {
        if finally { self.finally.1.clone() } else { self.main.1.clone() }
    }
}

impl Dispatcher {
    /// Starts what may start, while there is room.
    pub(super) fn fill(&mut self) -> Result<(), StateError> {
        if self.state.is_careful() {
            self.fill_alone();
            return Ok(());
        }
        while self.attempts.len() < self.parallelism
            && self.commits.len() < MAX_UNCOMMITTED
            && self.alone.is_none()
            && self.take_place()
        {
            if !self.start_next()? {
                break;
            }
        }
        self.place = None;
        if !self.starts.is_empty() {
            self.flush();
        }
        Ok(())
    }

    /// Starts what is ready first, if it still may; whether there was anything.
    pub(super) fn start_next(&mut self) -> Result<bool, StateError> {
        if let Some((step, attempt)) = self.ready.pop_front() {
            if self.state.state(step) == StepState::Waiting {
                self.start(step, attempt)?;
            }
        } else if let Some(step) = self.fans.next() {
            self.start_items(step)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn start(&mut self, step: StepIndex, attempt: u32) -> Result<(), StateError> {
        let prepared = job::prepare(&self.state, step, attempt);
        self.begin(step, ItemRange::WHOLE, attempt, prepared)
    }

    /// Starts a batch of items, and lets the step wait for its next turn if it has more.
    fn start_items(&mut self, step: StepIndex) -> Result<(), StateError> {
        let Some(items) = self.state.items(step) else { return Ok(()) };
        let lanes = u32::try_from(self.parallelism).unwrap_or(u32::MAX);
        let for_each = self.state.plan().step(step).for_each.as_ref();
        let lanes = for_each.and_then(|for_each| for_each.max_parallel).map_or(lanes, |most| most.min(lanes));
        if self.fans.in_flight(step) >= lanes {
            return Ok(());
        }
        let (waiting, next_retry) = items.waiting();
        let most = if self.state.is_careful() { 1 } else { self.fans.batch(step, waiting, lanes) };
        let Some((range, attempt)) = items.next(self.clock.now(), most) else {
            if let Some(due) = self.not_yet(next_retry) {
                self.wake(due, step);
            }
            return Ok(());
        };
        let prepared = job::prepare_items(&self.state, step, range, attempt);
        self.begin(step, range, attempt, prepared)?;
        self.fans.began(step);
        self.fans.add(step);
        Ok(())
    }

    fn begin(
        &mut self,
        step: StepIndex,
        items: ItemRange,
        attempt: u32,
        prepared: Result<AttemptJob, StepFailure>,
    ) -> Result<(), StateError> {
        let beginning = Beginning { step, items, attempt, prepared };
        if self.state.is_careful() {
            self.begin_durably(beginning);
            return Ok(());
        }
        self.decided(EventKind::AttemptStarted { step, items, attempt })?;
        self.launch(beginning);
        Ok(())
    }

    pub(super) fn launch(&mut self, beginning: Beginning) {
        let Beginning { step, items, attempt, prepared } = beginning;
        let report = match prepared {
            Ok(job) => self.run_job(step, job),
            Err(failure) => std::future::ready(AttemptReport::failed(items, failure)).boxed(),
        };
        self.attempts.push(Box::pin(async move { Ended { step, items, attempt, report: report.await } }));
    }

    fn run_job(&mut self, step: StepIndex, job: AttemptJob) -> BoxFuture<'static, AttemptReport> {
        let sink = AttemptLog {
            step,
            attempt: job.name.clone(),
            store: Arc::clone(&self.ports.logs),
            observer: Arc::clone(&self.ports.observer),
        };
        let cancel = self.signals.of(self.state.plan().step(step).finally);
        let job = AttemptJob { alone: self.only_waits(), ..job };
        let runner = Arc::clone(&self.ports.runner);
        if self.alone.is_some() {
            return runner.run(job, Arc::new(sink), cancel);
        }
        let place = self.place.take();
        if !self.state.plan().step(step).grants.acts_outside() {
            let report = runner.run(job, Arc::new(sink), cancel);
            return Box::pin(async move {
                let _place = place;
                report.await
            });
        }
        // What others may see must be known to have been done, also after a crash: else another attempt had its number.
        let (start, durable) = oneshot::channel();
        self.starts.push(start);
        Box::pin(async move {
            let _place = place;
            match durable.await {
                Ok(()) => runner.run(job, Arc::new(sink), cancel).await,
                Err(_) => AttemptReport::interrupted("its start could not be recorded"),
            }
        })
    }

    /// Records the job that ended, and all others that have ended meanwhile, in one append.
    pub(super) fn attempts_ended(&mut self, first: Ended) -> Result<(), RunError> {
        let mut facts = Vec::new();
        let mut next = Some(first);
        while let Some(mut ended) = next {
            // Where each attempt is alone, the next one waits until the end of this one is durable.
            let rides_along = !self.state.is_careful();
            if let Some(end) = rides_along.then(|| reused_whole(&mut ended.report)).flatten() {
                let event = self.name_end(ended.step, ended.attempt, end);
                self.decided(event)?;
            } else {
                self.name_ends(ended, &mut facts)?;
            }
            next = self.attempts.next().now_or_never().flatten();
        }
        if !facts.is_empty() {
            self.append(facts);
        }
        Ok(())
    }

    fn name_ends(&mut self, ended: Ended, facts: &mut Vec<EventKind>) -> Result<(), RunError> {
        let Ended { step, items, attempt, report } = ended;
        if let Some(problem) = report.interrupted {
            return Err(RunError::Interrupted(problem));
        }
        let (mut next, mut took_us, mut count) = (items.first, 0, 0);
        let returned = |from: u32, to: u32| {
            let items = ItemRange { first: from, count: to.saturating_sub(from) };
            (items.count > 0).then_some(EventKind::AttemptReturned { step, items, attempt })
        };
        for end in report.ended {
            facts.extend(returned(next, end.items.first));
            next = end.items.end();
            took_us += end.usage.wall_us;
            count += end.items.count;
            facts.push(self.name_end(step, attempt, end));
        }
        facts.extend(returned(next, items.end()));
        if self.state.items(step).is_some() {
            self.fans.ended(step, count, took_us);
        }
        Ok(())
    }

    fn name_end(&self, step: StepIndex, attempt: u32, end: AttemptEnd) -> EventKind {
        let AttemptEnd { items, result, usage, cache, reused } = end;
        match result {
            Ok(output) => EventKind::AttemptSucceeded { step, items, attempt, output, usage, cache, reused },
            Err(failure) => {
                let planned = self.state.plan().step(step);
                let salt = format!("{}/{}[{}]/{attempt}", self.state.run(), planned.name, items.first);
                let now = self.clock.now();
                let retry_at = retry::next_attempt(planned, attempt, &failure, now, &salt);
                let retry_at = retry_at.filter(|_| !self.state.is_ending() || planned.finally);
                EventKind::AttemptFailed { step, items, attempt, failure, usage, retry_at }
            }
        }
    }
}

/// The end of an attempt that took an earlier result. That result is durable already, so nothing has to wait for this
/// end to be so too: a host that stops in between finds the same result again.
fn reused_whole(report: &mut AttemptReport) -> Option<AttemptEnd> {
    match report.ended.as_slice() {
        [end] if end.reused.is_some() && end.items == ItemRange::WHOLE && report.interrupted.is_none() => {
            report.ended.pop()
        }
        _ => None,
    }
}

impl AttemptReport {
    fn failed(items: ItemRange, failure: StepFailure) -> Self {
        Self { ended: vec![AttemptEnd::of(items, Err(failure), Usage::default())], interrupted: None }
    }

    fn interrupted(problem: &str) -> Self {
        Self { ended: Vec::new(), interrupted: Some(problem.to_owned()) }
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
    fn line(&self, line: LogLine) {
        self.observer.logged(&self.attempt, &line);
        self.store.append(self.step, &self.attempt, line);
    }

    fn progress(&self, progress: Progress) {
        self.observer.progressed(&self.attempt, &progress);
    }

    fn of_item(self: Arc<Self>, item: u32) -> Arc<dyn LogSink> {
        let attempt = AttemptName { item: Some(item), ..self.attempt.clone() };
        let (store, observer) = (Arc::clone(&self.store), Arc::clone(&self.observer));
        Arc::new(Self { step: self.step, attempt, store, observer })
    }
}
