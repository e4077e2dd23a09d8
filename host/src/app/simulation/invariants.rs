//! What is promised, and how each promise is looked at.
//!
//! - An accepted run ends, whatever happens: [`accepted_ends`].
//! - A completed step keeps exactly its output and is not executed again: [`completed_is_not_repeated`], [`committed_stays`].
//! - The journal, the memory and the answers of the API agree: [`all_agree`], [`deployments_agree`],
//!   [`triggers_wait`].
//! - Nothing that is referred to is swept: [`nothing_referenced_is_swept`].
//! - At most `max_active` runs execute: [`at_most_max_active`].
//! - There is one run for a key: [`one_run_for_a_key`].
//! - Every event of a trigger has at most one run: [`one_run_for_an_event`]. Every end that a `finished` trigger has waited
//!   for is decided: [`events_are_decided`].
//! - What `overlap` says holds: [`skips`], [`one_after_the_other`].
//! - A secret is what it was set to last: [`secrets_stay`].
//! - A run that was cancelled starts no sandbox any more, but those of `finally` steps: [`cancelled_starts_nothing`].

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::Known;
use crate::{
    access::Vault,
    app::{
        Host, Service,
        storage::{Finding, Listener, Verified},
    },
    event::{EventKind, RunEvent},
    execute::ports::{AttemptJob, Memory, RequestKey},
    ids::{Name, RunId},
    persist::{DataDir, Reader, StoreError, reader::RunFilter, service::RevisionRow, verify::verify},
    plan::Overlap,
};

/// What must hold of what is left when everything is over.
pub(super) fn at_the_end(known: &Known, dir: &DataDir, reader: &Reader) -> Vec<String> {
    [accepted_ends(known, reader), committed_stays(known, reader), nothing_referenced_is_swept(dir, reader)].concat()
}

/// An accepted run ends, whatever happens: also one whose client did not wait for the answer. Looked at when everything
/// that could happen has. Retention may have removed one that has ended.
fn accepted_ends(known: &Known, reader: &Reader) -> Vec<String> {
    let mut wrong = Vec::new();
    let unfinished = reader.unfinished().unwrap_or_else(|error| {
        wrong.push(format!("what has not ended cannot be read: {error}"));
        Vec::new()
    });
    wrong.extend(unfinished.iter().map(|run| format!("the run {run} was accepted and does not end")));
    for run in &known.accepted {
        let is_there = reader.run(*run).is_ok();
        if !is_there && !known.ended.contains(run) {
            wrong.push(format!("the run {run} was accepted, and is gone before it has ended"));
        }
    }
    wrong
}

/// A completed step is not executed again. Looked at when an attempt begins.
pub(super) fn completed_is_not_repeated(known: &Known, job: &AttemptJob, item: u32) -> Option<String> {
    let step = known.step(job)?;
    let is_completed = known.succeeded.contains(&(job.name.run, step, item));
    is_completed.then(|| format!("{} begins, although it has succeeded before", job.name))
}

/// What was committed once stays as it was: so a completed step keeps exactly its output.
fn committed_stays(known: &Known, reader: &Reader) -> Vec<String> {
    let mut wrong = Vec::new();
    for (run, seen) in &known.committed {
        let history = match reader.history(*run) {
            Ok(history) => history,
            // `accepted_ends` looks whether it was allowed to be removed.
            Err(StoreError::NoSuchRun(_)) if known.removes => continue,
            Err(error) => {
                wrong.push(format!("what was committed of the run {run} is lost: {error}"));
                continue;
            }
        };
        let history: BTreeMap<u64, &RunEvent> = history.iter().map(|event| (event.seq, event)).collect();
        for (seq, event) in seen {
            if history.get(seq) != Some(&event) {
                wrong.push(format!(
                    "event {seq} of the run {run} was committed as {event:?} and is now {:?}",
                    history.get(seq)
                ));
            }
        }
        wrong.extend(repeated_successes(*run, history.values().copied()));
    }
    wrong
}

/// No item of a step succeeds twice.
pub(super) fn repeated_successes<'a>(run: RunId, history: impl Iterator<Item = &'a RunEvent>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for event in history {
        let EventKind::AttemptSucceeded { step, items, .. } = &event.kind else { continue };
        for item in items.first..items.end() {
            if !seen.insert((*step, item)) {
                wrong.push(format!("step {step:?} of the run {run} succeeded twice with item {item}"));
            }
        }
    }
    wrong
}

/// The journal, the memory and the API agree: a run is active in this process if and only if it has not ended, and a list
/// says the same as a run's events. Looked at when nothing happens.
pub(super) fn all_agree(host: &Host, known: &Known) -> Vec<String> {
    let mut wrong = Vec::new();
    let reader = host.history().reader();
    let page = reader.runs(&RunFilter::default(), None, crate::app::reader::MAX_ROWS).expect("a list");
    let mut active = 0;
    for row in &page.runs {
        let events = reader.history(row.id).expect("its events");
        let ended = events.iter().any(|event| matches!(event.kind, EventKind::Finished { .. }));
        active += usize::from(!ended);
        if ended == host.is_active(row.id) {
            wrong.push(format!("the run {} has ended: {ended}, and is active: {ended}", row.id));
        }
        if ended != row.state.is_terminal() || ended != row.finished_at.is_some() {
            wrong.push(format!("the run {} has ended: {ended}, and its row says {:?}", row.id, row.state));
        }
        if row.events != events.len() as u64 {
            wrong.push(format!("the run {} has {} events, and its row says {}", row.id, events.len(), row.events));
        }
        let asked = events.iter().any(|event| event.kind == EventKind::CancelRequested);
        if asked != row.cancel_requested || (known.cancelled.contains_key(&row.id) && !asked) {
            wrong.push(format!("the run {} was cancelled: {asked}, and its row says {}", row.id, row.cancel_requested));
        }
    }
    if host.active_runs() != active {
        wrong.push(format!("{active} runs have not ended, and {} are active", host.active_runs()));
    }
    wrong
}

/// What is deployed is what is stored. Looked at when nothing happens.
pub(super) fn deployments_agree(service: &Service) -> Vec<String> {
    let in_memory: Vec<_> = service.registry.pipelines().iter().map(|deployed| deployed.row().clone()).collect();
    let stored = service.store.deployed().expect("what is deployed");
    let show = |rows: &[RevisionRow]| {
        let row = |row: &RevisionRow| format!("{} {} paused: {}", row.pipeline, row.revision, row.paused);
        rows.iter().map(row).collect::<Vec<_>>().join(", ")
    };
    let (in_memory, stored) = (show(&in_memory), show(&stored));
    if in_memory == stored { Vec::new() } else { vec![format!("deployed is [{in_memory}], and stored [{stored}]")] }
}

/// What is deployed and not paused waits for its events, and nothing else does. Looked at when nothing happens.
pub(super) fn triggers_wait(service: &Service) -> Vec<String> {
    let mut wrong = Vec::new();
    for trigger in service.list_triggers().expect("the triggers") {
        let (pipeline, name) = (&trigger.pipeline, &trigger.trigger.name);
        let paused = trigger.row.as_ref().map(|row| trigger.pipeline_paused || row.paused);
        let waits = service.triggers.waits(pipeline, name);
        if paused != Some(!waits) {
            wrong.push(format!("the trigger {name} of {pipeline} is paused: {paused:?}, and waits: {waits}"));
        }
    }
    wrong
}

/// Nothing that is referred to is swept, and everything can be read: the data directory is verified as a whole.
fn nothing_referenced_is_swept(dir: &DataDir, reader: &Reader) -> Vec<String> {
    struct Findings(Vec<String>);
    impl Listener for Findings {
        fn found(&mut self, finding: Finding) {
            self.0.push(format!("{}: {}", finding.place, finding.problem));
        }
        fn reached(&mut self, _: &Verified) {}
    }
    let mut findings = Findings(Vec::new());
    if let Err(error) = verify(dir, reader, &mut findings) {
        findings.0.push(format!("what is stored cannot be read: {error}"));
    }
    // The modules are pretended, so their files are not there.
    findings.0.retain(|finding| !finding.contains("module"));
    findings.0
}

/// At most `max_active` runs execute. Looked at when an attempt begins.
pub(super) fn at_most_max_active(known: &Known) -> Option<String> {
    let executing = known.running.len();
    (executing > known.max_active).then(|| format!("{executing} runs execute at once; {} may", known.max_active))
}

/// There is one run for a key, whoever asks, and however often. Looked at with every answer.
pub(super) fn one_run_for_a_key(known: &Known, key: &str, run: RunId) -> Option<String> {
    let first = known.keys.get(key).copied().flatten()?;
    (first != run).then(|| format!("the key {key} has two runs: {first} and {run}"))
}

/// Once it is answered that a run is cancelled, it starts no sandbox: none at all if that was forced, else only those of
/// its `finally` steps. So a run that is cancelled while it is queued never executes. Looked at when an attempt begins.
pub(super) fn cancelled_starts_nothing(known: &Known, job: &AttemptJob) -> Option<String> {
    let force = *known.cancelled.get(&job.name.run)?;
    let step = known.step(job)?;
    let finally = known.plans.get(&job.name.run)?.step(step).finally;
    (force || !finally).then(|| format!("{} begins, although its run was cancelled", job.name))
}

/// An event of a trigger has one run, however often it is offered. Looked at when a run is accepted.
pub(super) fn one_run_for_an_event(known: &Known, pipeline: &Name, key: &str, run: RunId) -> Option<String> {
    let first = *known.runs_of_events.get(&(pipeline.clone(), key.to_owned()))?;
    (first != run).then(|| format!("the event {key} of a trigger of {pipeline} has two runs: {first} and {run}"))
}

/// The end of every run that a `finished` trigger has waited for has a run of its own, or a reason why not; unless retention
/// has removed the run before the trigger looked. Looked at when nothing happens.
pub(super) fn events_are_decided(service: &Service, known: &Known) -> Vec<String> {
    let mut wrong = Vec::new();
    for (scope, run) in &known.expected {
        let key = RequestKey {
            scope: scope.clone(),
            key: run.to_string(),
            scheduled_for: None,
            fingerprint: None,
            memory: Memory::Latest,
        };
        let is_decided = service.store.answered(&key).expect("an answer").is_some();
        if !is_decided && service.host.history().reader().run(*run).is_ok() {
            wrong.push(format!("the end of the run {run} was no event of {scope}"));
        }
    }
    wrong
}

/// With `overlap = "skip"`, no run of a trigger is accepted while another one goes on. Looked at when a run is accepted.
pub(super) fn skips(known: &Known, pipeline: &Name, run: RunId) -> Option<String> {
    if known.overlaps.get(pipeline) != Some(&Overlap::Skip) {
        return None;
    }
    let goes_on = |(other, of): &(&RunId, &Name)| *of == pipeline && !known.ended.contains(*other);
    let (other, _) = known.triggered.iter().find(goes_on)?;
    Some(format!("the run {run} of {pipeline} is accepted while {other} goes on"))
}

/// With `overlap = "queue"` and `"cancel_previous"`, a run of a trigger begins when those before it have ended. Looked at
/// when an attempt begins.
pub(super) fn one_after_the_other(known: &Known, job: &AttemptJob) -> Option<String> {
    let run = job.name.run;
    let pipeline = known.triggered.get(&run)?;
    if !matches!(known.overlaps.get(pipeline)?, Overlap::Queue | Overlap::CancelPrevious) {
        return None;
    }
    let other = known.running.keys().find(|other| **other != run && known.triggered.get(*other) == Some(pipeline))?;
    Some(format!("{} begins while {other}, of the same trigger, executes", job.name))
}

/// A secret is what it was set to last. Looked at when nothing happens.
pub(super) fn secrets_stay(vault: &Vault, name: &Name, known: &Known) -> Option<String> {
    let found = vault.values(name).expect("the values of a secret").into_iter().next();
    let (acknowledged, tried) = &known.secret;
    let may_be = match &found {
        None => acknowledged.is_none(),
        Some(found) => acknowledged.iter().chain(tried).any(|value| *value == **found),
    };
    (!may_be).then(|| format!("the secret is {found:?}; it was set to {acknowledged:?}, and perhaps to {tried:?}"))
}
