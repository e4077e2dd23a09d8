//! The storage fails under the writer, and works again.

use std::time::Duration;

use rusqlite::{Connection, ffi};

use super::*;
use crate::persist::{Health, schema, writer};

/// An error of the storage, as a statement of the writer would meet it.
pub(in crate::persist) fn fail(journal: &SqliteJournal, code: i32) -> String {
    let failed = journal.change(move |connection| -> rusqlite::Result<Result<(), ()>> {
        connection.execute("INSERT INTO pipelines (name) VALUES ('lost')", [])?;
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    });
    wait(failed).unwrap_err().to_string()
}

/// Waits until the journal is up, or cannot be any more.
pub(in crate::persist) fn settled(journal: &SqliteJournal) -> Health {
    let mut health = journal.watch_health();
    let settled = async {
        let settled = health.wait_for(|health| !matches!(health, Health::Down { .. }));
        tokio::time::timeout(Duration::from_secs(60), settled).await.unwrap().unwrap().clone()
    };
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(settled)
}

fn pipelines(path: &Path) -> i64 {
    let connection = Connection::open(path.join("stepmill.db")).unwrap();
    connection.query_row("SELECT count(*) FROM pipelines", [], |row| row.get(0)).unwrap()
}

#[test]
fn after_each_error_of_the_storage_the_journal_comes_back() {
    for code in
        [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_FULL, ffi::SQLITE_NOMEM, ffi::SQLITE_CANTOPEN, ffi::SQLITE_READONLY]
    {
        let folder = tempfile::tempdir().unwrap();
        let (dir, journal) = open(folder.path());
        let run = create(&journal, "p", 2);
        append(&journal, events(run, 1, [started(0, 1)])).unwrap();
        let why = fail(&journal, code);
        assert!(why.contains("stepmill.db"), "{why}");
        assert_eq!(settled(&journal), Health::Up);
        append(&journal, events(run, 2, [succeeded(0, 1, inline(b"\x01"))])).unwrap();
        assert_eq!(reader(folder.path()).history(run).unwrap().len(), 3);
        assert_eq!(pipelines(folder.path()), 0);
        journal.close().unwrap();
        drop((journal, dir));
        assert!(!DataDir::open_writer(folder.path()).unwrap().was_unclean());
    }
}

/// A reader of an older state keeps the log from being written to the database.
struct Obstacle(Connection);

impl Obstacle {
    fn new(path: &Path) -> Self {
        let connection = Connection::open(path.join("stepmill.db")).unwrap();
        connection.execute_batch("BEGIN; SELECT count(*) FROM runs").unwrap();
        Self(connection)
    }

    fn remove(self) {
        self.0.execute_batch("ROLLBACK").unwrap();
    }
}

#[test]
fn while_the_journal_is_down_everything_is_refused_at_once_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let obstacle = Obstacle::new(folder.path());
    append(&journal, events(run, 1, [EventKind::Resumed])).unwrap();
    let release = hold(&journal);
    let failing = journal.change(|_| -> rusqlite::Result<Result<(), ()>> {
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), None))
    });
    let queued = journal.append(events(run, 2, [EventKind::Resumed]));
    release.send(()).unwrap();
    let reason = wait(failing).unwrap_err().to_string();
    assert!(reason.contains("the disk failed"), "{reason}");
    assert_eq!(wait(queued).unwrap_err().to_string(), reason);

    let Health::Down { reason: why, .. } = journal.health() else { panic!("{:?}", journal.health()) };
    assert!(reason.contains(&why));
    let resumed = || events(run, 2, [EventKind::Resumed]);
    let new = RunId::generate();
    for answer in [
        wait(journal.append(resumed())),
        wait(journal.append_at_once(resumed())),
        wait(journal.create(new, plan("p", 1), events(new, 0, [created()]), None)).map(drop),
        wait(Box::pin(journal.barrier())),
        wait(journal.change(|_| Ok(Ok::<_, ()>(())))).map(drop),
    ] {
        assert_eq!(answer.unwrap_err().to_string(), reason);
    }
    assert!(matches!(journal.health(), Health::Down { .. }));
    obstacle.remove();
    assert_eq!(settled(&journal), Health::Up);
    wait(Box::pin(journal.barrier())).unwrap();
    assert_eq!(reader(folder.path()).history(run).unwrap().len(), 2);
    append(&journal, resumed()).unwrap();
}

#[test]
fn a_journal_that_is_down_can_be_closed() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let obstacle = Obstacle::new(folder.path());
    append(&journal, events(run, 1, [EventKind::Resumed])).unwrap();
    fail(&journal, ffi::SQLITE_IOERR_WRITE);
    assert!(journal.close().unwrap_err().to_string().contains("the disk failed"));
    assert_eq!(journal.health(), Health::Closed);
    obstacle.remove();
    drop((journal, dir));
    let (dir, journal) = open(folder.path());
    assert!(dir.was_unclean() && dir.was_stopped());
    append(&journal, events(run, 2, [EventKind::Resumed])).unwrap();
}

#[test]
fn a_full_disk_loses_nothing_and_stops_the_journal_only_for_as_long() {
    for append in [SqliteJournal::append, SqliteJournal::append_at_once] {
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
        // The limit was one of the connection.
        assert_eq!(settled(&journal), Health::Up);
        assert_eq!(reader(folder.path()).history(run).unwrap().len(), 3);
        append(&journal, lost).unwrap();
        journal.close().unwrap();
    }
}

#[test]
fn another_database_is_not_opened_and_one_that_was_only_unreadable_is() {
    for damage in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (_dir, journal) = open(folder.path());
        let run = create(&journal, "p", 1);
        let why = if damage {
            // Found when it is opened again.
            let database = folder.path().join("stepmill.db");
            let file = std::fs::OpenOptions::new().write(true).open(database).unwrap();
            std::os::unix::fs::FileExt::write_at(&file, b"a letter, and no database", 0).unwrap();
            fail(&journal, ffi::SQLITE_IOERR_READ);
            "is not a stepmill database"
        } else {
            // SQLite takes one that the disk cannot read for damaged.
            fail(&journal, ffi::SQLITE_CORRUPT);
            assert_eq!(settled(&journal), Health::Up);
            continue;
        };
        let Health::Dead { reason } = settled(&journal) else { panic!("{:?}", journal.health()) };
        assert!(reason.contains(why), "{reason}");
        let error = append(&journal, events(run, 1, [EventKind::Resumed])).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert!(journal.close().unwrap_err().to_string().contains(why));
    }
}

#[test]
fn a_database_that_is_gone_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    create(&journal, "p", 1);
    std::fs::remove_file(folder.path().join("stepmill.db")).unwrap();
    fail(&journal, ffi::SQLITE_IOERR_WRITE);
    assert!(matches!(settled(&journal), Health::Dead { reason } if reason.contains("stepmill.db")));
    assert!(!folder.path().join("stepmill.db").exists());
}

#[test]
fn after_an_unclean_stop_all_is_in_the_database_itself_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    append(&journal, events(run, 1, [EventKind::Resumed])).unwrap();
    let killed = tempfile::tempdir().unwrap();
    copy_database(folder.path(), killed.path());

    let dir = DataDir::open_writer(killed.path()).unwrap();
    assert!(dir.was_unclean() && !dir.was_stopped());
    let connection = schema::open_writer(&dir).unwrap();
    let alone = tempfile::tempdir().unwrap();
    std::fs::copy(killed.path().join("stepmill.db"), alone.path().join("stepmill.db")).unwrap();
    assert_eq!(reader(alone.path()).history(run).unwrap().len(), 2);
    // The log begins afresh: what was in it cannot be read once more.
    assert!(killed.path().join("stepmill.db-wal").metadata().unwrap().len() < 10_000);
    drop(connection);
}

#[test]
fn a_reader_of_the_newest_state_is_in_no_ones_way() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let obstacle = Obstacle::new(folder.path());
    fail(&journal, ffi::SQLITE_IOERR_FSYNC);
    assert_eq!(settled(&journal), Health::Up);
    append(&journal, events(run, 1, [EventKind::Resumed])).unwrap();
    obstacle.remove();
}

#[test]
fn a_writer_that_panics_is_replaced() {
    for at_once in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (_dir, journal) = open(folder.path());
        let run = create(&journal, "p", 1);
        append(&journal, events(run, 1, [started(0, 1)])).unwrap();
        if at_once {
            journal.panic_at_once();
        } else {
            let error = journal.panic().wait().unwrap_err();
            assert!(error.to_string().contains("has stopped"), "{error}");
        }
        assert_eq!(settled(&journal), Health::Up);
        append(&journal, events(run, 2, [succeeded(0, 1, inline(b"\x01"))])).unwrap();
        journal.close().unwrap();
    }
}
