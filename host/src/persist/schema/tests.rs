//! What migrations make of what is there.

use super::*;

fn column<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> Vec<T> {
    let mut select = connection.prepare(sql).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn from_7_to_8_runs_count_as_ended_just_now_and_are_listed_as_they_were_accepted() {
    let mut connection = open_earlier(7).unwrap();
    connection
        .execute_batch(
            "INSERT INTO plans (key, hash, json) VALUES (1, x'00', '{}');
             INSERT INTO runs (id, pipeline, plan, state, created_at, finished_at, steps, ended) VALUES
                 (x'03', 'p', 1, 'succeeded', 900, 901, 1, 2),
                 (x'01', 'p', 1, 'succeeded', 5, 6, 1, 1),
                 (x'02', 'p', 1, 'running', 7, NULL, 1, NULL);",
        )
        .unwrap();
    bring_up_to_date(&mut connection).unwrap();
    assert_eq!(column::<Option<i64>>(&connection, "SELECT observed FROM runs"), [None; 3]);
    assert_eq!(column::<i64>(&connection, "SELECT total FROM observed_time"), [0]);
    assert_eq!(column::<Option<i64>>(&connection, "SELECT steady_offset FROM observed_time"), [None]);
    let listed = column::<Vec<u8>>(&connection, "SELECT id FROM runs WHERE pipeline = 'p' ORDER BY key DESC");
    assert_eq!(listed, [[2], [1], [3]]);
    assert_eq!(column::<String>(&connection, "PRAGMA integrity_check"), ["ok"]);
}

#[test]
fn the_version_of_a_file_is_read_that_an_interrupted_checkpoint_left_shorter_than_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some 'odd' name?.db");
    let disk = Disk::default();
    let mut connection = Connection::open(&path).unwrap();
    make(&mut connection).unwrap();
    drop(connection);
    let whole = header(&disk, &path).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_len(4_096).unwrap();
    assert!(whole.is_some());
    assert_eq!(header(&disk, &path).unwrap(), whole);
}
