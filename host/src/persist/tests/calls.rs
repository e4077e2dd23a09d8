//! An error that belongs to one call is the answer to that call, and to no other.

use std::sync::mpsc;

use rusqlite::Connection;

use super::*;
use crate::persist::{
    Health,
    verify::{Finding, Listener, Verified, verify},
};

/// What a table may do to a call: each another error of SQLite.
const TROUBLE: [&str; 6] = [
    "SELECT RAISE(ABORT, 'not here')",
    "SELECT RAISE(FAIL, 'not here')",
    "SELECT RAISE(ROLLBACK, 'not here')",
    "SELECT zeroblob(2000000000)",
    "SELECT json('{')",
    "UPDATE events SET at = 'text' WHERE key = new.key",
];

/// Where it happens: with the event, or when what is in memory is saved.
const PLACES: [&str; 2] =
    ["AFTER INSERT ON events WHEN new.kind = 'cancel_requested'", "AFTER UPDATE ON runs WHEN new.cancel_requested"];

fn troubled(place: &str, trouble: &str) -> (tempfile::TempDir, WriterDir, SqliteJournal) {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let trouble = if place.contains("runs") { trouble.replace("new.key", "new.key << 32") } else { trouble.to_owned() };
    let connection = Connection::open(folder.path().join("stepmill.db")).unwrap();
    connection.execute_batch(&format!("CREATE TRIGGER trouble {place} BEGIN {trouble}; END")).unwrap();
    drop(connection);
    let (dir, journal) = open(folder.path());
    (folder, dir, journal)
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Listener for Findings {
    fn found(&mut self, finding: Finding) {
        self.0.push(finding);
    }
    fn reached(&mut self, _: &Verified) {}
}

fn assert_whole(path: &Path) {
    let mut findings = Findings::default();
    verify(&DataDir::open_reader(path).unwrap(), &reader(path), &mut findings).unwrap();
    findings.0.retain(|finding| !finding.place.starts_with("module "));
    assert_eq!(findings.0, []);
}

/// Has the writer wait, so that calls queue up and become one group.
pub(in crate::persist) fn hold(journal: &SqliteJournal) -> mpsc::Sender<()> {
    let ((begun, begins), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
    drop(journal.change(move |_| {
        begun.send(()).unwrap();
        let _ = released.recv();
        Ok(Ok::<_, std::convert::Infallible>(()))
    }));
    begins.recv().unwrap();
    release
}

fn refused<T: std::fmt::Debug>(answer: Result<T, JournalError>) {
    let error = answer.unwrap_err().to_string();
    assert!(["does not fit", "too large"].iter().any(|text| error.contains(text)), "{error}");
}

#[test]
fn a_call_alone_is_refused_and_the_next_is_not() {
    for (place, trouble) in PLACES.iter().flat_map(|place| TROUBLE.map(|trouble| (place, trouble))) {
        for write in [SqliteJournal::append, SqliteJournal::append_at_once] {
            let (folder, _dir, journal) = troubled(place, trouble);
            let run = create(&journal, "p", 1);
            wait(write(&journal, events(run, 1, [started(0, 1)]))).unwrap();
            // All that an appended list says goes, not only the event in trouble.
            let ended = succeeded(0, 1, inline(b"\x01"));
            refused(wait(write(&journal, events(run, 2, [ended.clone(), EventKind::CancelRequested]))));
            assert_eq!(journal.health(), Health::Up);
            wait(write(&journal, events(run, 2, [ended]))).unwrap();
            assert_eq!(reader(folder.path()).history(run).unwrap().len(), 3);
            assert_whole(folder.path());
        }
    }
}

#[test]
fn of_a_group_one_call_is_refused_and_all_others_are_as_they_were() {
    for (place, trouble) in PLACES.iter().flat_map(|place| TROUBLE.map(|trouble| (place, trouble))) {
        let (folder, _dir, journal) = troubled(place, trouble);
        let (run, other) = (create(&journal, "p", 2), create(&journal, "p", 1));
        let before = journal.stats().events;
        let release = hold(&journal);
        let new = RunId::generate();
        // The run has an attempt that began in this group and is in memory only when trouble comes.
        let good = [
            journal.append(events(run, 1, [started(0, 1)])),
            journal.append(events(run, 2, [started(1, 1)])),
            journal.append(events(other, 1, [started(0, 1)])),
        ];
        let bad = journal.append(events(run, 3, [EventKind::CancelRequested]));
        let created = journal.create(new, plan("p", 1), events(new, 0, [created()]), None);
        let late = journal.append(events(run, 3, [succeeded(0, 1, inline(b"\x01"))]));
        let orphan = journal.append(events(run, 9, [EventKind::Resumed]));
        release.send(()).unwrap();
        good.into_iter().for_each(|answer| wait(answer).unwrap());
        refused(wait(bad));
        wait(created).unwrap();
        wait(late).unwrap();
        assert!(wait(orphan).unwrap_err().to_string().contains("is the next"));
        assert_eq!(journal.health(), Health::Up);
        assert_eq!(journal.stats().events - before, 5);
        assert_eq!(reader(folder.path()).history(run).unwrap().len(), 4);
        assert_eq!(reader(folder.path()).history(new).unwrap().len(), 1);
        assert_whole(folder.path());
    }
}

#[test]
fn a_change_that_fails_or_panics_is_answered_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let insert = |name: &'static str, then: fn() -> rusqlite::Result<Result<(), &'static str>>| {
        journal.change(move |connection| {
            connection.execute("INSERT INTO pipelines (name) VALUES (?)", [name])?;
            then()
        })
    };
    for in_a_group in [false, true] {
        let name = |alone, grouped| if in_a_group { grouped } else { alone };
        let release = hold(&journal);
        if !in_a_group {
            release.send(()).unwrap();
            wait(Box::pin(journal.barrier())).unwrap();
        }
        let good = insert(name("a", "b"), || Ok(Ok(())));
        let says_no = insert(name("c", "d"), || Ok(Err("no")));
        let fails = insert(name("e", "f"), || Err(rusqlite::Error::QueryReturnedNoRows));
        let twice = insert(name("a", "b"), || Ok(Ok(())));
        let panics = insert(name("g", "h"), || panic!("over"));
        let seq = if in_a_group { 2 } else { 1 };
        let appended = journal.append(events(run, seq, [EventKind::Resumed]));
        let _ = release.send(());
        assert_eq!(wait(good).unwrap(), Ok(()));
        assert_eq!(wait(says_no).unwrap(), Err("no"));
        refused(wait(fails));
        refused(wait(twice));
        assert!(wait(panics).unwrap_err().to_string().contains("over"));
        wait(appended).unwrap();
    }
    let names = wait(journal.change(|connection| {
        let mut select = connection.prepare("SELECT name FROM pipelines ORDER BY name")?;
        let names: rusqlite::Result<Vec<String>> = select.query_map([], |row| row.get(0))?.collect();
        Ok(Ok::<_, std::convert::Infallible>(names?))
    }));
    assert_eq!(names.unwrap(), Ok(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(journal.health(), Health::Up);
}

#[test]
fn a_damaged_row_refuses_its_own_run_only() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, journal) = open(folder.path());
    let (damaged, whole) = (create(&journal, "p", 1), create(&journal, "p", 1));
    journal.close().unwrap();
    drop((dir, journal));
    let connection = Connection::open(folder.path().join("stepmill.db")).unwrap();
    connection.execute("UPDATE runs SET state = 'asleep' WHERE id = ?", [damaged.as_bytes()]).unwrap();
    drop(connection);
    let (_dir, journal) = open(folder.path());
    for _ in 0..2 {
        let error = append(&journal, events(damaged, 1, [EventKind::Resumed])).unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
    }
    append(&journal, events(whole, 1, [EventKind::Resumed])).unwrap();
}

#[test]
fn log_lines_that_cannot_be_written_take_nothing_along() {
    let (folder, _dir, journal) = troubled("BEFORE INSERT ON logs", TROUBLE[0]);
    let run = create(&journal, "p", 1);
    journal.log(groups::entry(run, 1, &["lost"]));
    append(&journal, events(run, 1, [EventKind::Resumed])).unwrap();
    journal.log(groups::entry(run, 1, &["lost"]));
    journal.close().unwrap();
    assert_eq!(reader(folder.path()).history(run).unwrap().len(), 2);
}

#[test]
fn while_another_program_has_the_database_locked_calls_are_refused_and_nothing_stops() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let other = Connection::open(folder.path().join("stepmill.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = append(&journal, events(run, 1, [EventKind::Resumed])).unwrap_err();
    assert!(error.to_string().contains("locked"), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    append(&journal, events(run, 1, [EventKind::Resumed])).unwrap();
}
