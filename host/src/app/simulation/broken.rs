//! Hosts that are broken on purpose: an invariant that was never seen to fail proves nothing.

use std::path::Path;

use super::{invariants::repeated_successes, simulate, world::DATA};
use crate::{
    disk::sim::SimDisk,
    event::{EventKind, RunEvent},
    failure::Usage,
    ids::{ContentHash, RunId, StepIndex, Timestamp},
    module::Form,
    output::{ItemRange, OutputRef, Place},
    persist::{self, DataDir},
};

/// How many worlds may go by until an invariant notices a flaw.
const SEEDS: u64 = 60;

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The task of a run ends, and the run does not.
    DropsRuns,
    /// An attempt that has ended is executed once more.
    RepeatsSteps,
    /// The disk says that something is durable, and it is not: what is acknowledged was not committed.
    AcknowledgesTooEarly,
    /// A stored output is removed.
    SweepsOutputs,
    /// One run more is active than may be.
    AdmitsOneMore,
    /// A key that was given is not looked at.
    ForgetsKeys,
    /// A request to cancel is acknowledged, and nothing more.
    ForgetsCancels,
    /// What a trigger has been given is forgotten.
    ForgetsEvents,
    /// A trigger takes ends for seen that it has not seen.
    PassesEnds,
    /// Runs of a trigger do not wait for each other.
    AllowsOverlap,
    /// The row of a run is not what its events say.
    MisleadsLists,
    /// A secret is lost.
    LosesSecrets,
    /// A trigger that is paused goes on.
    IgnoresPauses,
    /// Modules are lost with the first trouble, and stay so.
    LosesModules,
    /// No pipeline is started: the disk is never empty enough.
    RefusesStarts,
}

impl Flaw {
    /// What makes it so in the database.
    fn sql(self) -> Option<&'static str> {
        match self {
            Self::ForgetsEvents => Some("DELETE FROM requests; UPDATE triggers SET seen_end = 0"),
            Self::PassesEnds => Some("UPDATE triggers SET seen_end = seen_end + 1000"),
            Self::MisleadsLists => Some(
                "UPDATE runs SET cancel_requested = NOT cancel_requested, events = events + 1;
                 UPDATE runs SET finished_at = NULL WHERE key % 2 = 0",
            ),
            Self::LosesSecrets => Some("DELETE FROM secrets"),
            _ => None,
        }
    }

    /// Breaks what is on the disk, between two processes.
    pub(super) fn tamper(self, disk: &SimDisk) {
        let Ok(dir) = DataDir::open_reader_on(&disk.disk(), DATA) else { return };
        if let Some(sql) = self.sql() {
            persist::tamper(&dir, sql);
        }
        if self == Self::SweepsOutputs {
            let disk = dir.disk();
            let names = |folder: &Path| disk.list(folder).unwrap_or_default();
            let stored = names(&dir.blobs()).into_iter().map(|shard| dir.blobs().join(shard));
            for blob in stored.flat_map(|shard| names(&shard).into_iter().map(move |name| shard.join(name))) {
                let _ = disk.remove(&blob);
            }
        }
    }
}

/// Some world shows this with a flaw.
fn is_noticed(flaw: Flaw, what: &str) {
    let notices = |seed| {
        let violations = simulate(seed, Some(flaw)).violations;
        violations.iter().any(|violation| violation.contains(what))
    };
    assert!((0..SEEDS).any(notices), "no invariant says that something {what}, with {flaw:?}");
}

#[test]
fn a_run_that_is_dropped_does_not_end() {
    is_noticed(Flaw::DropsRuns, "was accepted and does not end");
}

#[test]
fn a_run_that_is_dropped_is_not_active() {
    is_noticed(Flaw::DropsRuns, "has ended: false, and is active: false");
    is_noticed(Flaw::DropsRuns, "have not ended, and");
}

#[test]
fn a_step_that_is_repeated_has_succeeded_before() {
    is_noticed(Flaw::RepeatsSteps, "although it has succeeded before");
}

#[test]
fn what_is_acknowledged_too_early_does_not_stay() {
    is_noticed(Flaw::AcknowledgesTooEarly, "what was committed of the run");
    is_noticed(Flaw::AcknowledgesTooEarly, "is gone before it has ended");
    is_noticed(Flaw::AcknowledgesTooEarly, "it cannot be opened");
}

#[test]
fn an_output_that_is_swept_is_missing() {
    is_noticed(Flaw::SweepsOutputs, "file is missing");
}

#[test]
fn more_runs_than_may_execute() {
    is_noticed(Flaw::AdmitsOneMore, "runs execute at once");
}

#[test]
fn a_key_that_is_forgotten_has_two_runs() {
    is_noticed(Flaw::ForgetsKeys, "has two runs");
}

#[test]
fn a_cancel_that_is_forgotten_ends_nothing() {
    is_noticed(Flaw::ForgetsCancels, "although its run was cancelled");
}

#[test]
fn an_event_that_is_forgotten_has_two_runs() {
    is_noticed(Flaw::ForgetsEvents, "of a trigger of");
}

#[test]
fn an_end_that_is_passed_is_no_event() {
    is_noticed(Flaw::PassesEnds, "was no event of");
}

#[test]
fn runs_that_overlap_execute_together() {
    is_noticed(Flaw::AllowsOverlap, "of the same trigger, executes");
    is_noticed(Flaw::AllowsOverlap, "is accepted while");
}

#[test]
fn a_row_that_misleads_does_not_agree() {
    is_noticed(Flaw::MisleadsLists, "was cancelled:");
    is_noticed(Flaw::MisleadsLists, "events, and its row says");
    is_noticed(Flaw::MisleadsLists, "has ended: true, and its row says");
}

#[test]
fn a_secret_that_is_lost_is_not_what_it_was() {
    is_noticed(Flaw::LosesSecrets, "the secret is None");
}

#[test]
fn a_pause_that_is_ignored_leaves_a_trigger_waiting() {
    is_noticed(Flaw::IgnoresPauses, "is paused: Some(true), and waits: true");
}

#[test]
fn modules_that_are_lost_keep_runs_from_continuing() {
    is_noticed(Flaw::LosesModules, "it was healed");
    is_noticed(Flaw::LosesModules, "active runs");
}

#[test]
fn a_start_that_is_refused_has_no_reason() {
    is_noticed(Flaw::RefusesStarts, "is refused without a reason");
}

#[test]
fn a_success_that_is_committed_twice_is_repeated() {
    let output = OutputRef {
        form: Form::Value,
        hash: ContentHash([0; 32]),
        size: 1,
        items: None,
        place: Place::Blob,
        files: Vec::new(),
    };
    let (step, items) = (StepIndex(0), ItemRange { first: 2, count: 2 });
    let usage = Usage::default();
    let kind = EventKind::AttemptSucceeded { step, items, attempt: 1, output, usage, cache: None, reused: None };
    let event = RunEvent { run: RunId::generate(), seq: 0, at: Timestamp(0), kind };
    assert_eq!(repeated_successes(event.run, [&event].into_iter()).len(), 0);
    assert_eq!(repeated_successes(event.run, [&event, &event].into_iter()).len(), 2);
}
