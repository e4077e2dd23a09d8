//! What cannot be read where it is, is read in a copy, and nothing is changed.

use std::{collections::BTreeMap, path::PathBuf};

use super::*;
use crate::{
    disk::sim::SimDisk,
    persist::{StoreError, reader::RunFilter},
};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/v1/data")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() { copy(&path, &to) } else { std::fs::copy(&path, &to).map(drop).unwrap() }
    }
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path))
        } else {
            drop(found.insert(path.clone(), std::fs::read(&path).unwrap()))
        }
    }
    found
}

fn is_read(reader: &Reader) {
    let page = reader.runs(&RunFilter::default(), None, 10).unwrap();
    assert_eq!(page.runs.len(), 2);
    for run in page.runs {
        assert_eq!(reader.history(run.id).unwrap().len() as u64, run.events);
    }
}

#[test]
fn an_older_schema_is_read_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture(), folder.path());
    let before = contents(folder.path());
    is_read(&reader(folder.path()));
    assert!(contents(folder.path()) == before);
}

#[test]
fn a_copy_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    copy(&fixture(), folder.path());
    let read = crate::persist::copy::Copy::of(&DataDir::open_reader(folder.path()).unwrap()).unwrap();
    let database = read.database();
    for (path, mode) in [(database.as_path(), 0o600), (database.parent().unwrap(), 0o700)] {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
}

#[test]
fn an_older_schema_is_read_where_nothing_can_be_written() {
    let sim = SimDisk::new(1);
    sim.import(&fixture(), Path::new("/data")).unwrap();
    sim.make_read_only();
    is_read(&Reader::open(&DataDir::open_reader_on(&sim.disk(), "/data").unwrap()).unwrap());
}

#[test]
fn a_directory_is_read_where_nothing_can_be_written() {
    let sim = SimDisk::new(1);
    let dir = DataDir::open_writer_on(&sim.disk(), "/data").unwrap();
    let journal = SqliteJournal::open(&dir).unwrap();
    let run = create(&journal, "p", 1);
    journal.close().unwrap();
    drop((journal, dir));
    sim.make_read_only();
    let reader = Reader::open(&DataDir::open_reader_on(&sim.disk(), "/data").unwrap()).unwrap();
    assert_eq!(reader.history(run).unwrap().len(), 1);
}

#[test]
fn an_older_schema_that_somebody_writes_to_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture(), folder.path());
    let _held = DataDir::open_writer(folder.path()).unwrap();
    let error = Reader::open(&DataDir::open_reader(folder.path()).unwrap()).unwrap_err();
    assert!(matches!(error, StoreError::DataDir(_)) && error.to_string().contains("in use"), "{error}");
}

#[test]
fn a_copy_is_distinguished_from_its_original() {
    let folder = tempfile::tempdir().unwrap();
    let (original, copied) = (folder.path().join("original"), folder.path().join("copy"));
    let (dir, journal) = open(&original);
    let before = create(&journal, "p", 1);
    journal.close().unwrap();
    drop((dir, journal));
    copy(&original, &copied);

    let copy_in = |folder: &Path, run| reader(folder).copy_of(run).unwrap();
    for path in [&original, &copied, &copied] {
        let (_dir, journal) = open(path);
        let after = create(&journal, "p", 2);
        journal.close().unwrap();
        assert_eq!(copy_in(path, after), None, "it began here");
    }
    assert_eq!(copy_in(&original, before), None);
    let first = copy_in(&copied, before);
    assert!(first.is_some());

    // A copy of the copy is yet another one, and what began in the copy came with it.
    let again = folder.path().join("again");
    copy(&copied, &again);
    let begun_there = reader(&copied).runs(&RunFilter::default(), None, 10).unwrap().runs;
    let (_dir, journal) = open(&again);
    journal.close().unwrap();
    assert!(begun_there.len() > 1);
    for run in begun_there {
        let copy = copy_in(&again, run.id);
        assert!(copy.is_some() && copy != first);
    }
}
