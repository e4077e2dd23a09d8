//! The writer is killed, or closed.

use super::*;
use crate::{event::RunState, persist::error::StoreError};

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
fn a_reader_needs_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::open_writer(folder.path()).unwrap();
    let error = Reader::open(dir.dir()).unwrap_err();
    assert!(matches!(error, StoreError::Empty(_)), "{error}");
}

#[test]
fn a_kill_before_there_is_a_database_leaves_a_folder_that_opens() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("LOCK"), "4711\n").unwrap();
    let (dir, journal) = open(folder.path());
    assert!(dir.was_unclean());
    let run = create(&journal, "p", 1);
    assert_eq!(reader(folder.path()).history(run).unwrap().len(), 1);
}
