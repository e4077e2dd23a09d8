//! The file is not what it should be.

use std::os::unix::fs::FileExt;

use rusqlite::Connection;

use super::*;
use crate::persist::StoreError;

fn written(path: &Path) -> RunId {
    let (_dir, journal) = open(path);
    let run = create(&journal, "p", 200);
    append(&journal, events(run, 1, [started(0, 1), succeeded(0, 1, inline(b"the output"))])).unwrap();
    journal.close().unwrap();
    run
}

fn open_error(path: &Path) -> StoreError {
    SqliteJournal::open(&DataDir::open_writer(path).unwrap()).unwrap_err()
}

fn change(path: &Path, sql: &str) {
    Connection::open(path.join("stepmill.db")).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_newer_schema_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    change(folder.path(), "PRAGMA user_version = 99");
    let database = folder.path().join("stepmill.db");
    let before = std::fs::read(&database).unwrap();
    let error = open_error(folder.path());
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    let dir = DataDir::open_reader(folder.path()).unwrap();
    assert!(matches!(Reader::open(&dir), Err(StoreError::Newer { found: 99, .. })));
    assert_eq!(std::fs::read(&database).unwrap(), before);
}

#[test]
fn a_newer_schema_that_is_still_in_the_log_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let killed = tempfile::tempdir().unwrap();
    let newer = Connection::open(folder.path().join("stepmill.db")).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    copy_database(folder.path(), killed.path());
    let read = |name: &str| std::fs::read(killed.path().join(name)).unwrap();
    let before = (read("stepmill.db"), read("stepmill.db-wal"));
    let error = open_error(killed.path());
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    assert!(before == (read("stepmill.db"), read("stepmill.db-wal")));
}

#[test]
fn other_files_are_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("stepmill.db");
    change(folder.path(), "CREATE TABLE theirs (a)");
    for _ in 0..2 {
        let before = std::fs::read(&database).unwrap();
        let error = open_error(folder.path());
        assert!(matches!(error, StoreError::NotStepmill(_)), "{error}");
        let dir = DataDir::open_reader(folder.path()).unwrap();
        assert!(matches!(Reader::open(&dir), Err(StoreError::NotStepmill(_))));
        assert_eq!(std::fs::read(&database).unwrap(), before);
        std::fs::write(&database, "a letter").unwrap();
    }
}

#[test]
fn a_damaged_file_is_found_after_an_unclean_stop() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    drop(DataDir::open_writer(folder.path()).unwrap());
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join("stepmill.db")).unwrap();
    let pages = file.metadata().unwrap().len() / 4096;
    for page in 2..pages {
        file.write_at(&[0xff; 512], page * 4096).unwrap();
    }
    let error = open_error(folder.path());
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("backup"), "{error}");
}

#[test]
fn a_database_that_is_gone_is_not_replaced() {
    use crate::execute::ports::{BlobKind, OutputStore};

    for empties in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path());
        let blobs = crate::persist::outputs::BlobStore::open(folder.path()).unwrap();
        let mut writer = blobs.create(BlobKind::Bytes).unwrap();
        writer.write(b"the output").unwrap();
        let kept = writer.finish().unwrap().hash;
        let database = folder.path().join("stepmill.db");
        if empties {
            std::fs::write(&database, "").unwrap()
        } else {
            std::fs::remove_file(&database).unwrap()
        }

        let error = open_error(folder.path());
        assert!(matches!(error, StoreError::Lost(_)), "{error}");
        assert!(blobs.open(&kept).is_ok());
        assert_eq!(database.exists(), empties);
    }
}

#[test]
fn a_flipped_bit_in_an_event_or_plan_is_found_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = written(folder.path());
    change(
        folder.path(),
        "UPDATE events SET body = CAST(replace(body, 'the output', 'The output') AS BLOB) WHERE seq = 2",
    );
    change(folder.path(), "UPDATE plans SET json = replace(json, 's7', 's8')");
    let reader = reader(folder.path());
    assert_eq!(reader.events(run, 0, 2).unwrap().len(), 2);
    for error in [
        reader.history(run).map(drop).unwrap_err(),
        reader.output(run, StepIndex(0), None, None).map(drop).unwrap_err(),
        reader.plan(run).map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_missing_event_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let run = written(folder.path());
    change(folder.path(), "DELETE FROM events WHERE seq = 1");
    assert!(matches!(reader(folder.path()).history(run), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_word_that_no_version_wrote_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let run = written(folder.path());
    change(folder.path(), "UPDATE runs SET state = 'asleep'");
    assert!(matches!(reader(folder.path()).run(run), Err(StoreError::Damaged { .. })));
}

#[test]
fn the_database_is_private_in_an_open_folder_too() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (_dir, journal) = open(folder.path());
    create(&journal, "p", 1);
    for name in ["stepmill.db", "stepmill.db-wal", "LOCK"] {
        let mode = folder.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_damaged_row_is_left_out_of_lists_and_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let runs: Vec<_> = (0..9).map(|_| create(&journal, "p", 1)).collect();
    let damage = [
        "state = 'asleep'",
        "pipeline = 'No Name'",
        "steps = -1",
        "trigger = x'ff'",
        "id = x'0102'",
        "created_at = 9223372036854775807, state = ''",
    ];
    let connection = Connection::open(folder.path().join("stepmill.db")).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for (index, damage) in damage.iter().enumerate() {
        let damaged = connection.execute(
            &format!("UPDATE runs SET {} WHERE id = ?", damage.replace("x'ff'", "CAST(x'ff' AS TEXT)")),
            [runs[index].as_bytes()],
        );
        assert_eq!(damaged, Ok(1), "{damage}");
    }
    connection.execute("INSERT INTO pipelines (name, revision) VALUES ('No Name', 1)", []).unwrap();

    let whole: std::collections::BTreeSet<_> = runs[damage.len()..].iter().copied().collect();
    let reader = reader(folder.path());
    for limit in [1, 2, 4, 100] {
        let (mut found, mut damaged, mut after) = (Vec::new(), 0, None);
        for _ in 0..100 {
            let page = reader.runs(&Default::default(), after, limit).unwrap();
            found.extend(page.runs.iter().map(|run| run.id));
            damaged += page.damaged;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(after, None, "it ends");
        assert_eq!(found.len(), whole.len(), "each once, {limit} at a time");
        assert_eq!(found.into_iter().collect::<std::collections::BTreeSet<_>>(), whole);
        assert_eq!(damaged, damage.len() as u64, "{limit} at a time");
    }
    let text = crate::persist::reader::RunFilter { text: Some("p".to_owned()), ..Default::default() };
    assert_eq!(reader.runs(&text, None, 100).unwrap().runs.len(), whole.len());
    assert!(whole.contains(&reader.find_run("latest").unwrap()));
    assert!(whole.is_subset(&reader.unfinished().unwrap().into_iter().collect()));
    assert_eq!(reader.pipelines().unwrap().len(), 1);
}
