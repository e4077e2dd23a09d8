use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::open;
use crate::disk::sim::{Fault, Lasting, SimDisk};

const CREATE: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_CREATE);

fn connect(disk: &SimDisk, journal: &str) -> rusqlite::Result<Connection> {
    let connection = open(&disk.mount(), Path::new("/db"), CREATE)?;
    connection.pragma_update(None, "journal_mode", journal)?;
    // A journal whose removal is not durable undoes its transaction.
    connection.pragma_update(None, "synchronous", if journal == "delete" { "EXTRA" } else { "FULL" })?;
    Ok(connection)
}

fn insert(connection: &Connection, number: i64) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN; CREATE TABLE IF NOT EXISTS t (n INTEGER, filler BLOB)")?;
    let inserted = connection.execute("INSERT INTO t VALUES (?, zeroblob(3000))", [number]);
    inserted.and_then(|_| connection.execute_batch("COMMIT"))
}

fn numbers(connection: &Connection) -> Vec<i64> {
    let tables = "SELECT count(*) FROM sqlite_schema";
    if connection.query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap() == 0 {
        return Vec::new();
    }
    let mut select = connection.prepare("SELECT n FROM t ORDER BY n").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn sqlite_keeps_its_word_when_power_is_lost_at_any_call() {
    for journal in ["delete", "wal"] {
        let mut at = 0;
        loop {
            at += 1;
            let disk = SimDisk::new(at);
            disk.lose_power_at(at);
            let mut kept = Vec::new();
            let outcome = connect(&disk, journal).and_then(|connection| {
                (1..=3).try_for_each(|number| insert(&connection, number).map(|()| kept.push(number)))
            });
            if disk.injected() == 0 {
                assert!(at > 30, "{journal}: there were only {at} calls");
                outcome.unwrap();
                break;
            }
            let found = numbers(&connect(&disk, journal).unwrap());
            assert!(found.starts_with(&kept) && found.len() <= kept.len() + 1, "{journal} {at}: {kept:?} {found:?}");
        }
    }
}

#[test]
fn connections_share_a_log_and_lock_each_other_out() {
    let disk = SimDisk::new(1);
    let writer = connect(&disk, "wal").unwrap();
    let reader = connect(&disk, "wal").unwrap();
    insert(&writer, 1).unwrap();
    assert_eq!(numbers(&reader), [1]);
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = reader.execute_batch("BEGIN IMMEDIATE").unwrap_err();
    assert_eq!(busy.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
    writer.execute_batch("COMMIT").unwrap();
    insert(&reader, 2).unwrap();
    assert_eq!(numbers(&writer), [1, 2]);
    drop((reader, writer));
    assert!(disk.disk().facts(Path::new("/db-wal")).is_err(), "the last connection folds the log in");
}

#[test]
fn a_process_that_is_killed_leaves_what_it_committed_and_no_lock() {
    let disk = SimDisk::new(1);
    let writer = connect(&disk, "wal").unwrap();
    insert(&writer, 1).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    disk.kill();
    let next = connect(&disk, "wal").unwrap();
    insert(&next, 2).unwrap();
    assert_eq!(numbers(&next), [1, 2]);
    assert!(insert(&writer, 3).is_err());
}

#[test]
fn sqlite_is_told_of_faults_as_by_its_own_file_system() {
    for (fault, code) in [
        (Fault::NoSpace, ErrorCode::DiskFull),
        (Fault::Short, ErrorCode::DiskFull),
        (Fault::Io, ErrorCode::SystemIoFailure),
        (Fault::Quota, ErrorCode::SystemIoFailure),
    ] {
        let disk = SimDisk::new(1);
        let connection = connect(&disk, "wal").unwrap();
        insert(&connection, 1).unwrap();
        disk.fail_at(disk.calls() + 1, fault, Lasting::UntilHealed);
        let error = insert(&connection, 2).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(code), "{fault:?}");
    }
}
