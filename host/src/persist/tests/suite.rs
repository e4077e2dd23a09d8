//! What every journal must do, run against each.

use super::*;
use crate::{
    event::{CacheEntry, CancelReason, Join, KeyPart, ParamValue, ReadValue, SkipReason, StepState},
    failure::{FailureKind, StepFailure},
    output::{AttemptName, FileRef},
    persist::MemoryJournal,
};

/// A journal and a way to look into it.
trait Subject {
    fn journal(&self) -> &dyn Journal;

    /// What is kept of a run, as somebody sees it who comes later.
    fn kept(&self, run: RunId) -> Vec<RunEvent>;
}

impl Subject for MemoryJournal {
    fn journal(&self) -> &dyn Journal {
        self
    }

    fn kept(&self, run: RunId) -> Vec<RunEvent> {
        self.events(run)
    }
}

struct Durable {
    folder: tempfile::TempDir,
    journal: SqliteJournal,
}

impl Subject for Durable {
    fn journal(&self) -> &dyn Journal {
        &self.journal
    }

    fn kept(&self, run: RunId) -> Vec<RunEvent> {
        let copy = tempfile::tempdir().unwrap();
        copy_database(self.folder.path(), copy.path());
        // Opened by the next writer first: what counts is what that one finds.
        open(copy.path()).1.close().unwrap();
        reader(copy.path()).history(run).unwrap_or_default()
    }
}

fn on_each(test: impl Fn(&dyn Subject)) {
    test(&MemoryJournal::new());
    let folder = tempfile::tempdir().unwrap();
    let (_, journal) = open(folder.path());
    test(&Durable { folder, journal });
}

fn items(first: u32, count: u32) -> EventKind {
    EventKind::AttemptStarted { step: StepIndex(0), items: ItemRange { first, count }, attempt: 1 }
}

#[test]
fn what_was_acknowledged_is_kept() {
    on_each(|subject| {
        let run = create(subject.journal(), "p", 1);
        let output = inline(&[0xc0; 60_000]);
        let more = events(run, 1, [started(0, 1), succeeded(0, 1, output), finished()]);
        append(subject.journal(), more.clone()).unwrap();
        assert_eq!(subject.kept(run), [events(run, 0, [created()]), more].concat());
    });
}

#[test]
fn the_order_of_calls_is_the_order_of_events_also_when_nobody_waits() {
    on_each(|subject| {
        let run = create(subject.journal(), "p", 1);
        let last = (1..500).map(|seq| subject.journal().append(events(run, seq, [EventKind::Resumed]))).last();
        wait(last.unwrap()).unwrap();
        assert_eq!(subject.kept(run).len(), 500);
    });
}

#[test]
fn an_append_at_once_comes_behind_what_was_asked_for_before() {
    on_each(|subject| {
        let (journal, run) = (subject.journal(), create(subject.journal(), "p", 1));
        let resumed = |seq| events(run, seq, [EventKind::Resumed]);
        for seq in (1..1_000).step_by(2) {
            drop(journal.append(resumed(seq)));
            // Often in the middle of the other's commit.
            wait(journal.append_at_once(resumed(seq + 1))).unwrap();
        }
        assert!(wait(journal.append_at_once(resumed(7))).is_err());
        assert_eq!(subject.kept(run).len(), 1_001);
    });
}

#[test]
fn an_empty_append_is_a_barrier() {
    on_each(|subject| {
        let run = create(subject.journal(), "p", 1);
        drop(subject.journal().append(events(run, 1, [EventKind::Resumed])));
        append(subject.journal(), Vec::new()).unwrap();
        assert_eq!(subject.kept(run).len(), 2);
    });
}

#[test]
fn what_does_not_continue_a_run_is_refused_whole() {
    on_each(|subject| {
        let journal = subject.journal();
        let run = create(journal, "p", 1);
        let other = create(journal, "p", 1);
        let mut mixed = events(run, 1, [EventKind::Resumed]);
        mixed.extend(events(other, 1, [EventKind::Resumed]));
        let bad = [
            ("gap", events(run, 2, [EventKind::Resumed])),
            ("again", events(run, 0, [EventKind::Resumed])),
            ("second start", events(run, 1, [created()])),
            ("late gap", [events(run, 1, [EventKind::Resumed]), events(run, 3, [EventKind::Resumed])].concat()),
            ("unknown run", events(RunId::generate(), 1, [EventKind::Resumed])),
            ("unknown step", events(run, 1, [EventKind::Resumed, started(1, 1)])),
            ("no items", events(run, 1, [items(0, 0)])),
            ("too many items", events(run, 1, [items(9_999_999, 2)])),
            ("more items than there are numbers", events(run, 1, [items(u32::MAX, 2)])),
            ("two runs", mixed),
            ("after the end", events(run, 1, [finished(), EventKind::Resumed])),
        ];
        for (what, events) in bad {
            assert!(append(journal, events).is_err(), "{what}");
        }
        append(journal, events(run, 1, [finished()])).unwrap();
        assert!(append(journal, events(run, 2, [EventKind::Resumed])).is_err());
        assert_eq!(subject.kept(run), events(run, 0, [created(), finished()]));
        assert_eq!(subject.kept(other), events(other, 0, [created()]));
    });
}

#[test]
fn a_run_begins_once_and_with_its_creation() {
    on_each(|subject| {
        let journal = subject.journal();
        let run = create(journal, "p", 1);
        let again = journal.create(run, plan("p", 1), events(run, 0, [created()]), None);
        assert!(wait(again).unwrap_err().to_string().contains("exists already"));
        let id = RunId::generate();
        for bad in
            [Vec::new(), events(id, 0, [EventKind::Resumed]), events(id, 1, [created()]), events(run, 0, [created()])]
        {
            assert!(wait(journal.create(id, plan("p", 1), bad, None)).is_err());
        }
        assert_eq!(subject.kept(id), []);
        wait(journal.create(id, plan("p", 1), events(id, 0, [created()]), None)).unwrap();
    });
}

/// One event of each kind, and of each form that a kind has.
fn every_kind() -> Vec<EventKind> {
    let (step, items, attempt) = (StepIndex(0), ItemRange { first: 3, count: 2 }, 2);
    let name = |text| Name::new(text).unwrap();
    let origin = AttemptName { run: RunId::from_bytes([7; 16]), step: name("s"), item: Some(3), attempt: 1 };
    let file = FileRef { name: "ä.csv".into(), media_type: "text/csv".into(), size: 9, hash: ContentHash([9; 32]) };
    let rows = OutputRef { form: Form::Rows, items: Some(2), place: Place::Blob, files: vec![file], ..inline(b"x") };
    let failure = |kind| StepFailure::new(kind, "it’s broken").because("'quotes'");
    let usage = Usage { wall_us: u64::MAX >> 1, ..Usage::default() };
    let values = || vec![ReadValue { path: "s0.rows".into(), value: "[1,2]".into() }];
    let cache = CacheEntry {
        keys: vec![ContentHash([1; 32]), ContentHash([2; 32])],
        parts: vec![KeyPart { name: "module".into(), value: "0a".into() }],
    };
    let succeeded = |cache: Option<CacheEntry>, reused: Option<AttemptName>| EventKind::AttemptSucceeded {
        step,
        items,
        attempt,
        output: rows.clone(),
        usage,
        cache: cache.map(Box::new),
        reused: reused.map(Box::new),
    };
    let failed =
        |kind, retry_at| EventKind::AttemptFailed { step, items, attempt, failure: failure(kind), usage, retry_at };
    let skipped = |reason| EventKind::StepSkipped { step, reason };
    vec![
        EventKind::Resumed,
        EventKind::ConditionHeld { step, values: values() },
        EventKind::FannedOut { step, items: rows.clone() },
        EventKind::AttemptStarted { step, items, attempt },
        succeeded(None, None),
        succeeded(Some(cache), Some(origin.clone())),
        failed(FailureKind::RetryAfter(1_500), Some(Timestamp(9))),
        failed(FailureKind::Trapped, None),
        EventKind::AttemptLost { step, items, attempt, alone: false },
        EventKind::AttemptReturned { step, items, attempt },
        EventKind::Carried { step, items, output: rows.clone(), from: origin },
        EventKind::StepSucceeded { step, output: rows.clone() },
        EventKind::StepFailed { step, failure: failure(FailureKind::ItemsFailed) },
        skipped(SkipReason::Upstream { step, state: StepState::Failed, join: Join::AnySuccess }),
        skipped(SkipReason::Condition { expression: "s0.rows > 1".into(), values: values() }),
        skipped(SkipReason::Branch { branch: name("b"), case: name("c"), taken: None, values: values() }),
        EventKind::StepCancelled { step, reason: CancelReason::RunCancelled },
        EventKind::StepCancelled { step, reason: CancelReason::StepFailed { step } },
        EventKind::CancelRequested,
        EventKind::Finished { outcome: Outcome::Cancelled },
    ]
}

#[test]
fn events_of_every_kind_read_back_as_they_were() {
    on_each(|subject| {
        let run = RunId::generate();
        let params = vec![ParamValue { name: Name::new("csv").unwrap(), value: inline(b"\xc0") }];
        let origin = Origin::Rerun { of: RunId::from_bytes([8; 16]) };
        let first = EventKind::Created { params, origin, options: RunOptions { cache: false } };
        let all = events(run, 0, [first].into_iter().chain(every_kind()));
        // The first commit has more than one event, as that of a repeated run; the others have one each.
        wait(subject.journal().create(run, plan("p", 1), all[..3].to_vec(), None)).unwrap();
        let acks: Vec<_> = all[3..].iter().map(|event| subject.journal().append(vec![event.clone()])).collect();
        acks.into_iter().for_each(|ack| wait(ack).unwrap());
        assert_eq!(subject.kept(run), all);
    });
}

#[test]
fn runs_that_are_written_at_the_same_time_do_not_mix() {
    on_each(|subject| {
        let journal = subject.journal();
        let runs: Vec<RunId> = (0..20).map(|_| create(journal, "p", 1)).collect();
        let mut acks = Vec::new();
        for seq in 1..30 {
            acks.extend(runs.iter().map(|run| journal.append(events(*run, seq, [EventKind::Resumed]))));
        }
        acks.into_iter().for_each(|ack| wait(ack).unwrap());
        for run in runs {
            let wanted = [created()].into_iter().chain((1..30).map(|_| EventKind::Resumed));
            assert_eq!(subject.kept(run), events(run, 0, wanted));
        }
    });
}
