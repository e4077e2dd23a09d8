//! The writer is killed, fails, or panics.

use super::*;
use crate::{
    event::RunState,
    persist::{error::StoreError, schema, writer},
};

#[test]
fn a_copy_taken_while_open_holds_all_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 2);
    append(&journal, events(run, 1, [started(0, 1), succeeded(0, 1, inline(b"\x01"))])).unwrap();
    let copy = tempfile::tempdir().unwrap();
    copy_database(folder.path(), copy.path());

    // First beside nobody, with the log not folded in; then as the next writer, who goes on.
    assert_eq!(reader(copy.path()).history(run).unwrap().len(), 3);
    let (dir, next) = open(copy.path());
    assert!(dir.was_unclean());
    let state = reader(copy.path()).run(run).unwrap();
    assert_eq!((state.state, state.counts.succeeded, state.events), (RunState::Running, 1, 3));
    append(&next, events(run, 3, [EventKind::Resumed, started(1, 1)])).unwrap();
    let state = reader(copy.path()).run(run).unwrap();
    assert_eq!((state.counts.succeeded, state.counts.running), (1, 1));
}

#[test]
fn a_clean_stop_leaves_one_file_and_no_mark() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let unawaited = journal.append(events(run, 1, [EventKind::Resumed]));
    journal.close().unwrap();
    wait(unawaited).unwrap();
    assert!(!folder.path().join("stepmill.db-wal").exists());
    assert!(append(&journal, events(run, 2, [finished()])).unwrap_err().to_string().contains("closed"));
    journal.close().unwrap();
    drop((journal, dir));

    let dir = DataDir::open_writer(folder.path()).unwrap();
    assert!(!dir.was_unclean());
    assert_eq!(reader(folder.path()).history(run).unwrap().len(), 2);
}

#[test]
fn a_clean_stop_leaves_all_in_the_database_also_while_somebody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let beside = reader(folder.path());
    assert_eq!(beside.history(run).unwrap().len(), 1);
    journal.close().unwrap();

    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("stepmill.db"), copy.path().join("stepmill.db")).unwrap();
    assert_eq!(reader(copy.path()).history(run).unwrap().len(), 1);
    assert_eq!(beside.history(run).unwrap().len(), 1);
}

#[test]
fn a_full_disk_stops_the_journal_and_leaves_nothing_half_written() {
    for append in [SqliteJournal::append, SqliteJournal::append_at_once] {
        fill_disk(append);
    }
}

fn fill_disk(append: impl Fn(&SqliteJournal, Vec<RunEvent>) -> BoxFuture<'static, Result<(), JournalError>>) {
    let append = |journal: &SqliteJournal, events| wait(append(journal, events));
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::open_writer(folder.path()).unwrap();
    let connection = schema::open_writer(&dir).unwrap();
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    connection.pragma_update(None, "max_page_count", pages + 20).unwrap();
    let journal = writer::start(connection, &dir);
    let run = create(&journal, "p", 1);
    let output = inline(&[0; 60_000]);
    append(&journal, events(run, 1, [started(0, 1), succeeded(0, 1, output.clone())])).unwrap();

    let lost = events(run, 3, [started(0, 2), succeeded(0, 2, output)]);
    let error = append(&journal, lost.clone()).unwrap_err();
    assert!(error.to_string().contains("free some space"), "{error}");
    assert!(append(&journal, events(run, 3, [EventKind::Resumed])).is_err());
    assert!(wait(journal.create(RunId::generate(), plan("p", 1), Vec::new(), None)).is_err());
    assert!(journal.close().unwrap_err().to_string().contains("free some space"));
    drop((journal, dir));

    assert_eq!(reader(folder.path()).history(run).unwrap().len(), 3);
    let (dir, journal) = open(folder.path());
    assert!(dir.was_unclean());
    append(&journal, lost).unwrap();
}

#[test]
fn a_panic_of_the_writer_is_told_to_all_who_wait() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    journal.panic();
    let answers: Vec<_> = (1..20).map(|seq| journal.append(events(run, seq, [EventKind::Resumed]))).collect();
    for answer in answers {
        assert!(wait(answer).unwrap_err().to_string().contains("has stopped"));
    }
    assert!(journal.close().is_err());
}

#[test]
fn a_panic_of_who_writes_at_once_is_told_to_all_others() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| journal.panic_at_once()));
    assert!(panicked.is_err());
    let resumed = || events(run, 1, [EventKind::Resumed]);
    for answer in [journal.append_at_once(resumed()), journal.append(resumed())] {
        assert!(wait(answer).unwrap_err().to_string().contains("has stopped"));
    }
    assert!(journal.close().is_err());
}

#[test]
fn a_reader_needs_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::open_writer(folder.path()).unwrap();
    let error = Reader::open(dir.dir()).unwrap_err();
    assert!(matches!(error, StoreError::Empty(_)), "{error}");
}
