//! What is known of a world from outside: what users were answered, what was said to be committed, what sandboxes did.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard},
};

use super::{invariants, pipelines};
use crate::{
    effects::simulation::{current, note},
    event::{EventKind, Origin, RunEvent},
    execute::ports::{AttemptJob, LogLine, Observer, Progress},
    ids::{Name, RunId, StepIndex},
    output::AttemptName,
    plan::{Overlap, Plan},
};

/// All that is known.
#[derive(Default)]
pub(super) struct Known {
    pub(super) max_active: usize,
    /// Whether runs are removed that have ended.
    pub(super) removes: bool,
    pub(super) plans: BTreeMap<RunId, Arc<Plan>>,
    /// The events that were said to be committed, by their seq.
    pub(super) committed: BTreeMap<RunId, BTreeMap<u64, RunEvent>>,
    /// The runs that users were given.
    pub(super) accepted: BTreeSet<RunId>,
    /// The keys that users have used, and the run that they were given for them.
    pub(super) keys: BTreeMap<String, Option<RunId>>,
    /// The runs that users were told are cancelled, and whether that was forced.
    pub(super) cancelled: BTreeMap<RunId, bool>,
    pub(super) succeeded: BTreeSet<(RunId, StepIndex, u32)>,
    /// The runs that have attempts in sandboxes, and how many.
    pub(super) running: BTreeMap<RunId, usize>,
    pub(super) violations: Vec<String>,
    pub(super) events: u64,
    pub(super) trouble: Trouble,
    pub(super) modules_are_gone: bool,
    /// How many calls of what the simulation brings along return until one panics.
    pub(super) panics_after: Option<u64>,
    /// What becomes of the events of each deployed trigger while a run of it goes on.
    pub(super) overlaps: BTreeMap<Name, Overlap>,
    /// The pipelines whose triggers wait.
    pub(super) waiting: BTreeSet<Name>,
    /// The runs of triggers, and the pipelines that they are of.
    pub(super) triggered: BTreeMap<RunId, Name>,
    /// The run that each event of a trigger has, by the pipeline and the event's key.
    pub(super) runs_of_events: BTreeMap<(Name, String), RunId>,
    pub(super) ended: BTreeSet<RunId>,
    /// The ends that triggers have waited for: where each is to be found among what asked for runs.
    pub(super) expected: BTreeSet<(String, RunId)>,
    /// What a secret may be: the last value that was acknowledged, if any was, and those that were tried since.
    pub(super) secret: (Option<String>, Vec<String>),
}

/// Whether something is wrong with the disk or the modules, which excuses most refusals.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trouble {
    times: u64,
    on: bool,
}

impl Trouble {
    pub(super) fn begin(&mut self) {
        *self = Self { times: self.times + 1, on: true };
    }

    pub(super) fn end(&mut self) {
        self.on = false;
    }

    pub(super) fn is_on(self) -> bool {
        self.on
    }

    pub(super) fn was_ever(self) -> bool {
        self.times > 0
    }

    /// Whether there was any since it was like `earlier`.
    pub(super) fn was_on_since(self, earlier: Self) -> bool {
        earlier.on || self.times != earlier.times
    }
}

impl Known {
    pub(super) fn step(&self, job: &AttemptJob) -> Option<StepIndex> {
        self.plans.get(&job.name.run)?.find(job.name.step.as_str())
    }

    /// A run has ended, of this pipeline.
    pub(super) fn note_end(&mut self, run: RunId, pipeline: &Name) {
        if self.ended.insert(run)
            && let Some((waits, scope)) = pipelines::after(pipeline)
            && self.waiting.contains(&waits)
        {
            self.expected.insert((scope, run));
        }
    }

    fn note_event(&mut self, plan: &Plan, event: &RunEvent) {
        self.events += 1;
        let mut wrong = Vec::new();
        match &event.kind {
            EventKind::Created { origin: Origin::Trigger { key, .. }, .. } => {
                wrong.extend(invariants::one_run_for_an_event(self, &plan.pipeline, key, event.run));
                wrong.extend(invariants::skips(self, &plan.pipeline, event.run));
                self.triggered.insert(event.run, plan.pipeline.clone());
                self.runs_of_events.insert((plan.pipeline.clone(), key.clone()), event.run);
            }
            EventKind::AttemptSucceeded { step, items, .. } => {
                self.succeeded.extend((items.first..items.end()).map(|item| (event.run, *step, item)));
            }
            EventKind::Finished { .. } => self.note_end(event.run, &plan.pipeline),
            _ => {}
        }
        let before = self.committed.entry(event.run).or_default().insert(event.seq, event.clone());
        if let Some(before) = before.filter(|before| before != event) {
            wrong.push(format!("{before:?} was committed, and then {event:?} in its place"));
        }
        self.violations.extend(wrong);
    }
}

/// What a panic says that belongs to a world.
struct OnPurpose;

pub(super) fn is_on_purpose(panic: &(dyn Any + Send)) -> bool {
    panic.is::<OnPurpose>()
}

/// The same, for everybody in a world.
#[derive(Default, Clone)]
pub(super) struct Ledger(Arc<Mutex<Known>>);

impl Ledger {
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("nobody panics with it")
    }

    /// Panics, if it is this call's turn to. Without a report, since many do.
    pub(super) fn may_panic(&self) {
        let calls = self.known().panics_after.take();
        if calls == Some(0) {
            note(format_args!("it panics"));
            resume_unwind(Box::new(OnPurpose));
        }
        self.known().panics_after = calls.map(|calls| calls - 1);
    }

    /// Something that must not be, unless the process is dead: what it still does does not count.
    pub(super) fn violated(&self, what: impl IntoIterator<Item = String>) {
        if current().is_some_and(|simulation| simulation.is_dead()) {
            return;
        }
        for what in what {
            note(format_args!("VIOLATED: {what}"));
            self.known().violations.push(what);
        }
    }

    /// A sandbox begins an attempt, for as long as the result lives.
    pub(super) fn begins(&self, job: &AttemptJob, item: u32) -> Running {
        let run = job.name.run;
        let wrong = {
            let mut known = self.known();
            *known.running.entry(run).or_default() += 1;
            [
                invariants::completed_is_not_repeated(&known, job, item),
                invariants::at_most_max_active(&known),
                invariants::cancelled_starts_nothing(&known, job),
                invariants::one_after_the_other(&known, job),
            ]
        };
        self.violated(wrong.into_iter().flatten());
        Running(self.clone(), run)
    }

    /// A user was answered that there is a run.
    pub(super) fn accepted(&self, run: RunId, key: Option<&str>) {
        let wrong = {
            let mut known = self.known();
            known.accepted.insert(run);
            let wrong = key.and_then(|key| invariants::one_run_for_a_key(&known, key, run));
            if let Some(key) = key {
                known.keys.insert(key.to_owned(), Some(run));
            }
            wrong
        };
        self.violated(wrong);
    }

    /// A user was answered that a run is cancelled.
    pub(super) fn cancelled(&self, run: RunId, force: bool) {
        *self.known().cancelled.entry(run).or_default() |= force;
    }

    /// The process is gone, and its sandboxes with it.
    pub(super) fn killed(&self) {
        self.known().running.clear();
    }
}

/// A sandbox that executes an attempt.
pub(super) struct Running(Ledger, RunId);

impl Drop for Running {
    fn drop(&mut self) {
        let mut known = self.0.known();
        if let Some(running) = known.running.get_mut(&self.1) {
            *running -= 1;
            if *running == 0 {
                known.running.remove(&self.1);
            }
        }
    }
}

impl Observer for Ledger {
    fn committed(&self, plan: &Plan, events: &[RunEvent]) {
        let mut known = self.known();
        for event in events {
            note(format_args!("{} {}: {}", event.run, event.seq, short(&event.kind)));
            known.plans.entry(event.run).or_insert_with(|| Arc::new(plan.clone()));
            known.note_event(plan, event);
        }
        drop(known);
        self.may_panic();
    }

    fn logged(&self, _: &AttemptName, _: &LogLine) {}

    fn progressed(&self, _: &AttemptName, _: &Progress) {}

    fn interrupted(&self, run: RunId, reason: Option<&str>) {
        note(format_args!("{run} is interrupted: {reason:?}"));
        self.may_panic();
    }
}

/// An event on a line.
fn short(kind: &EventKind) -> String {
    match kind {
        EventKind::AttemptStarted { step, items, attempt } => {
            format!("attempt {attempt} at {step:?} {}+{} starts", items.first, items.count)
        }
        EventKind::AttemptSucceeded { step, items, attempt, output, reused, .. } => {
            let reused = if reused.is_some() { "reused " } else { "" };
            let hash = &output.hash.hex()[..8];
            format!("attempt {attempt} at {step:?} {}+{} succeeded: {reused}{hash}", items.first, items.count)
        }
        EventKind::AttemptFailed { step, items, attempt, failure, retry_at, .. } => {
            let (first, count) = (items.first, items.count);
            format!("attempt {attempt} at {step:?} {first}+{count} failed: {:?}, again at {retry_at:?}", failure.kind)
        }
        other => {
            let mut text = format!("{other:?}");
            text.truncate(text.floor_char_boundary(160));
            text
        }
    }
}
