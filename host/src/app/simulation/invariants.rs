//! What is promised, and how each promise is looked at.
//!
//! - An accepted run ends, whatever happens: [`accepted_ends`].
//! - A completed step keeps exactly its output and is not executed again: [`completed_is_not_repeated`], [`committed_stays`].
//! - The journal, the memory and the answers of the API agree: [`all_agree`].
//! - Nothing that is referred to is swept: [`nothing_referenced_is_swept`].
//! - At most `max_active` runs execute: [`at_most_max_active`].
//! - There is one run for a key: [`one_run_for_a_key`].
//! - A run that was cancelled starts no sandbox any more, but those of `finally` steps: [`cancelled_starts_nothing`].

use std::collections::BTreeMap;

use super::ledger::Known;
use crate::{
    app::{
        Host,
        storage::{Finding, Listener, Verified},
    },
    event::{EventKind, RunEvent},
    execute::ports::AttemptJob,
    ids::RunId,
    persist::{DataDir, Reader, reader::RunFilter, verify::verify},
};

/// An accepted run ends, whatever happens: also one whose client did not wait for the answer. Looked at when everything
/// that could happen has. Retention may have removed one that has ended.
pub(super) fn accepted_ends(known: &Known, reader: &Reader) -> Vec<String> {
    let mut wrong = Vec::new();
    let unfinished = reader.unfinished().expect("a list");
    wrong.extend(unfinished.iter().map(|run| format!("the run {run} was accepted and does not end")));
    for run in &known.accepted {
        let is_there = reader.run(*run).is_ok();
        if !is_there && !known.has_ended(*run) {
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
pub(super) fn committed_stays(known: &Known, reader: &Reader) -> Vec<String> {
    let mut wrong = Vec::new();
    for (run, seen) in &known.committed {
        // Retention has removed it: `accepted_ends` looks whether it was allowed to.
        let Ok(history) = reader.history(*run) else { continue };
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

fn repeated_successes<'a>(run: RunId, history: impl Iterator<Item = &'a RunEvent>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
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
            wrong.push(format!("the run {} has ended: {ended}, and is active: {}", row.id, !ended));
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

/// Nothing that is referred to is swept, and everything can be read: the data directory is verified as a whole.
pub(super) fn nothing_referenced_is_swept(dir: &DataDir, reader: &Reader) -> Vec<String> {
    struct Findings(Vec<String>);
    impl Listener for Findings {
        fn found(&mut self, finding: Finding) {
            self.0.push(format!("{}: {}", finding.place, finding.problem));
        }
        fn reached(&mut self, _: &Verified) {}
    }
    let mut findings = Findings(Vec::new());
    verify(dir, reader, &mut findings).expect("a data directory that can be read");
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
