//! What every journal must do, run against each.

use super::*;
use crate::persist::MemoryJournal;

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
        let again = journal.create(run, plan("p", 1), events(run, 0, [created()]));
        assert!(wait(again).unwrap_err().to_string().contains("exists already"));
        let id = RunId::generate();
        for bad in
            [Vec::new(), events(id, 0, [EventKind::Resumed]), events(id, 1, [created()]), events(run, 0, [created()])]
        {
            assert!(wait(journal.create(id, plan("p", 1), bad)).is_err());
        }
        assert_eq!(subject.kept(id), []);
        wait(journal.create(id, plan("p", 1), events(id, 0, [created()]))).unwrap();
    });
}
