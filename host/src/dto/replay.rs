//! From the events of a run to the run in full.

use std::collections::BTreeMap;

use super::{
    cache::{CacheResult, CacheView},
    items::ItemTally,
    reason::ReasonView,
    run::RunDetail,
    step::{AttemptState, AttemptView, OutputView, ParamView, StepView},
    waits::WaitView,
};
use crate::{
    event::{CancelReason, EventKind, Origin, RunEvent, RunOptions, RunState, StepState},
    failure::{FailureKind, StepFailure, Usage},
    ids::{RunId, StepIndex, Timestamp},
    output::{AttemptName, ItemRange},
    plan::Plan,
};

/// The most attempts of a step that a document holds: of a step with a hundred thousand items nobody reads each.
const MAX_ATTEMPTS: usize = 1_000;

/// A run while its events are read.
pub(super) struct Replay<'a> {
    plan: &'a Plan,
    detail: RunDetail,
    options: RunOptions,
    steps: Vec<Progress>,
}

/// What a step's view does not hold.
#[derive(Default)]
struct Progress {
    /// Attempts that run, by their first item.
    running: BTreeMap<u32, Running>,
    items: Option<ItemTally>,
}

struct Running {
    range: ItemRange,
    attempt: u32,
    started_at: Timestamp,
}

/// How attempts ended.
struct End<'e> {
    state: AttemptState,
    usage: Option<&'e Usage>,
    failure: Option<&'e StepFailure>,
    retry_at: Option<Timestamp>,
    reused: Option<&'e AttemptName>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(id: RunId, plan: &'a Plan) -> Self {
        let steps = plan.indices().map(|_| Progress::default()).collect();
        Self { plan, detail: RunDetail::new(id, plan), options: RunOptions::default(), steps }
    }

    pub(super) fn apply(&mut self, event: &RunEvent) {
        let run = &mut self.detail.run;
        if run.state == RunState::Queued && event.kind.begins() {
            run.state = RunState::Running;
        }
        match &event.kind {
            EventKind::Created { params, origin, options } => {
                self.options = options.clone();
                let detail = &mut self.detail;
                detail.run.created_at = event.at.rfc3339();
                if let Origin::Rerun { of } = origin {
                    detail.rerun_of = Some(*of);
                }
                if let Origin::Trigger { trigger, .. } = origin {
                    detail.run.trigger = Some(trigger.clone());
                    detail.run.scheduled_for = origin.scheduled_for().map(Timestamp::rfc3339);
                }
                let view = |param: &crate::event::ParamValue| ParamView {
                    name: param.name.clone(),
                    value: OutputView::from(&param.value),
                };
                detail.params = params.iter().map(view).collect();
            }
            EventKind::Resumed | EventKind::Stopped => {}
            EventKind::CancelRequested => {
                self.detail.cancel_requested = true;
                self.detail.run.cancel_requested = true;
            }
            EventKind::Finished { outcome } => {
                self.detail.run.state = RunState::from(*outcome);
                self.detail.run.finished_at = Some(event.at.rfc3339());
            }
            kind => self.apply_to_step(event.at, kind),
        }
    }

    fn apply_to_step(&mut self, at: Timestamp, kind: &EventKind) {
        let plan = self.plan;
        match kind {
            EventKind::AttemptStarted { step, items, attempt } => self.start(at, *step, *items, *attempt),
            EventKind::AttemptSucceeded { .. } => self.succeed(at, kind),
            EventKind::AttemptFailed { .. } => self.fail(at, kind),
            EventKind::AttemptLost { step, items, attempt, .. } => {
                self.end(at, *step, *items, *attempt, &End::of(AttemptState::Lost));
                self.wait(*step);
            }
            EventKind::AttemptReturned { step, items, .. } => {
                self.take(*step, *items);
                self.wait(*step);
            }
            EventKind::ConditionHeld { step, values } => self.with(*step, |view| view.values.clone_from(values)),
            EventKind::FannedOut { step, items } => {
                self.with(*step, |view| view.state = StepState::Running);
                if let Some(progress) = self.steps.get_mut(step.get()) {
                    progress.items = Some(ItemTally::new(items.items.unwrap_or_default(), at));
                }
            }
            EventKind::Carried { step, items, output, from } => {
                self.with(*step, |view| {
                    view.carried_from.get_or_insert_with(|| from.to_string());
                });
                match self.tally(*step) {
                    Some(tally) => tally.carried(*items),
                    None => self.succeeded(*step, output.into()),
                }
            }
            EventKind::StepSucceeded { step, output } => self.succeeded(*step, output.into()),
            EventKind::StepFailed { step, failure } => self.with(*step, |view| {
                view.state = StepState::Failed;
                view.failure = Some(failure.into());
            }),
            EventKind::StepSkipped { step, reason } => {
                let reason = ReasonView::skipped(plan, *step, reason);
                self.with(*step, |view| (view.state, view.reason) = (StepState::Skipped, Some(reason)));
            }
            EventKind::StepCancelled { step, reason } => {
                let reason = ReasonView::cancelled(plan, reason);
                self.with(*step, |view| (view.state, view.reason) = (StepState::Cancelled, Some(reason)));
            }
            EventKind::Created { .. }
            | EventKind::Resumed
            | EventKind::Stopped
            | EventKind::CancelRequested
            | EventKind::Finished { .. } => {}
        }
    }

    fn with(&mut self, step: StepIndex, change: impl FnOnce(&mut StepView)) {
        if let Some(view) = self.detail.steps.get_mut(step.get()) {
            change(view);
        }
    }

    fn tally(&mut self, step: StepIndex) -> Option<&mut ItemTally> {
        self.steps.get_mut(step.get())?.items.as_mut()
    }

    fn succeeded(&mut self, step: StepIndex, output: OutputView) {
        self.with(step, |view| {
            view.state = StepState::Succeeded;
            view.output = Some(output);
        });
    }

    /// A step without items waits again.
    fn wait(&mut self, step: StepIndex) {
        if self.tally(step).is_none() {
            self.with(step, |view| view.state = StepState::Waiting);
        }
    }

    fn start(&mut self, at: Timestamp, step: StepIndex, range: ItemRange, attempt: u32) {
        if let Some(progress) = self.steps.get_mut(step.get()) {
            progress.running.insert(range.first, Running { range, attempt, started_at: at });
            if let Some(tally) = &mut progress.items {
                tally.started(range);
            }
        }
        self.with(step, |view| {
            view.state = StepState::Running;
            view.retry_at = None;
        });
    }

    fn succeed(&mut self, at: Timestamp, kind: &EventKind) {
        let EventKind::AttemptSucceeded { step, items, attempt, output, usage, cache, reused } = kind else { return };
        let reused = reused.as_deref();
        let end = End { usage: Some(usage), reused, ..End::of(AttemptState::Succeeded) };
        self.end(at, *step, *items, *attempt, &end);
        if let Some(entry) = cache {
            let computed = |view: &StepView| view.cache.as_ref().is_some_and(|cache| cache.result == CacheResult::Miss);
            self.with(*step, |view| match reused {
                // One item that was computed makes the step one that was.
                Some(_) if computed(view) => {}
                Some(from) => {
                    let first = view.cache.as_ref().and_then(|cache| cache.reused_from.clone());
                    view.cache = Some(CacheView::hit(&entry.parts, first.unwrap_or_else(|| from.to_string())));
                }
                None => view.cache = Some(CacheView::miss(&entry.parts)),
            });
        }
        match self.tally(*step) {
            Some(tally) => tally.succeeded(*items, reused.is_some()),
            None => self.succeeded(*step, output.into()),
        }
    }

    fn fail(&mut self, at: Timestamp, kind: &EventKind) {
        let EventKind::AttemptFailed { step, items, attempt, failure, usage, retry_at } = kind else { return };
        let (failure_of, retry_at) = (Some(failure), *retry_at);
        let end = End { usage: Some(usage), failure: failure_of, retry_at, ..End::of(AttemptState::Failed) };
        self.end(at, *step, *items, *attempt, &end);
        let cancelled = failure.kind == FailureKind::Cancelled;
        if let Some(tally) = self.tally(*step) {
            match retry_at {
                Some(at) => tally.retried(*items, at),
                None if cancelled => tally.cancelled(*items),
                None => tally.failed(*items, *attempt, failure),
            }
            return;
        }
        let reason = cancelled.then(|| ReasonView::cancelled(self.plan, &CancelReason::RunCancelled));
        self.with(*step, |view| match retry_at {
            Some(_) => (view.state, view.retry_at) = (StepState::Waiting, retry_at),
            None if cancelled => (view.state, view.reason) = (StepState::Cancelled, reason),
            None => view.state = StepState::Failed,
        });
    }

    /// Takes attempts out of those that run; what is left of a range goes on.
    fn take(&mut self, step: StepIndex, range: ItemRange) -> Option<Timestamp> {
        let progress = self.steps.get_mut(step.get())?;
        let (&first, running) = progress.running.range(..=range.first).next_back()?;
        if running.range.end() < range.end() {
            return None;
        }
        let (end, attempt, started_at) = (running.range.end(), running.attempt, running.started_at);
        progress.running.remove(&first);
        for (first, end) in [(first, range.first), (range.end(), end)] {
            if first < end {
                let range = ItemRange { first, count: end - first };
                progress.running.insert(first, Running { range, attempt, started_at });
            }
        }
        if let Some(tally) = &mut progress.items {
            tally.stopped(range);
        }
        Some(started_at)
    }

    fn end(&mut self, at: Timestamp, step: StepIndex, range: ItemRange, attempt: u32, end: &End<'_>) {
        let started_at = self.take(step, range).unwrap_or(at);
        if let Some(tally) = self.tally(step) {
            tally.ended(at);
            if let Some(usage) = end.usage {
                tally.used(usage);
            }
        }
        let mut ended = self.attempt(step, range, attempt, started_at);
        ended.state = end.state;
        ended.finished_at = Some(at.rfc3339());
        ended.usage = end.usage.map(Into::into);
        ended.failure = end.failure.map(Into::into);
        ended.retry_at = end.retry_at;
        ended.reused = end.reused.map(ToString::to_string);
        self.with(step, |view| view.push(ended));
    }

    fn attempt(&mut self, step: StepIndex, range: ItemRange, attempt: u32, started_at: Timestamp) -> AttemptView {
        let items = self.tally(step).map(|_| range);
        let item = items.map(|range| range.first);
        let step = self.plan.step(step).name.clone();
        AttemptView {
            name: AttemptName { run: self.detail.run.id, step, item, attempt }.to_string(),
            attempt,
            items: items.map(Into::into),
            state: AttemptState::Running,
            started_at: started_at.rfc3339(),
            finished_at: None,
            usage: None,
            failure: None,
            retry_at: None,
            reused: None,
        }
    }

    pub(super) fn finish(mut self) -> RunDetail {
        let plan = self.plan;
        for index in plan.indices() {
            for Running { range, attempt, started_at } in
                std::mem::take(&mut self.steps[index.get()].running).into_values()
            {
                let running = self.attempt(index, range, attempt, started_at);
                self.with(index, |view| view.push(running));
            }
            let (items, options) = (self.steps[index.get()].items.take(), &self.options);
            let view = &mut self.detail.steps[index.get()];
            view.attempts.sort_by_key(|attempt| (attempt.items.map(|items| items.first), attempt.attempt));
            if let Some(tally) = items {
                let ended = view.state.is_terminal();
                view.retry_at = tally.next_retry().filter(|_| !ended);
                let items = tally.finish(ended);
                if let Some(cache) = &mut view.cache {
                    cache.of_items(&items);
                }
                view.items = Some(items);
            } else if view.state.is_terminal() {
                view.retry_at = None;
            }
            if view.cache.is_none() && view.state != StepState::Skipped {
                view.cache = CacheView::off(plan.step(index), options);
            }
        }
        if !self.detail.run.state.is_terminal() {
            let waits: Vec<_> = plan.indices().map(|index| WaitView::of(plan, index, &self.detail.steps)).collect();
            for (view, waits) in self.detail.steps.iter_mut().zip(waits) {
                view.waits = waits;
            }
        }
        self.detail
    }
}

impl StepView {
    fn push(&mut self, attempt: AttemptView) {
        if self.attempts.len() < MAX_ATTEMPTS {
            self.attempts.push(attempt);
        } else {
            self.attempts_omitted += 1;
        }
    }
}

impl End<'_> {
    fn of(state: AttemptState) -> Self {
        Self { state, usage: None, failure: None, retry_at: None, reused: None }
    }
}
