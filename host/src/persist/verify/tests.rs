//! Every kind of damage is found, named, and told from what is whole.

use std::{fs, path::PathBuf};

use super::*;
use crate::{
    event::{EventKind, RunEvent},
    execute::ports::{BlobKind, Journal, OutputStore},
    ids::RunId,
    module::Form,
    output::{OutputRef, Place},
    persist::{
        DataDir, Reader, SqliteJournal,
        outputs::BlobStore,
        tests::{created, events, finished, inline, plan, started, succeeded, wait},
    },
};

#[derive(Default)]
struct Found(Vec<Finding>);

impl Listener for Found {
    fn found(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    fn reached(&mut self, _: &Verified) {}
}

/// A data directory with a run, at rest.
struct Rest {
    folder: tempfile::TempDir,
    run: RunId,
    blob: ContentHash,
}

impl Rest {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open_writer(folder.path()).unwrap();
        let journal = SqliteJournal::open(&dir).unwrap();
        let mut writer = BlobStore::open(folder.path()).unwrap().create(BlobKind::Bytes).unwrap();
        writer.write(&vec![7; 200_000]).unwrap();
        let blob = writer.finish().unwrap();
        let output = OutputRef {
            form: Form::Value,
            hash: blob.hash,
            size: blob.size,
            items: None,
            place: Place::Blob,
            files: Vec::new(),
        };
        let run = RunId::generate();
        let kinds =
            [created(), started(0, 1), succeeded(0, 1, output), started(1, 1), succeeded(1, 1, inline(b"\x01"))];
        let all: Vec<RunEvent> = events(run, 0, kinds.into_iter().chain([finished()]));
        wait(journal.create(run, plan("p", 2), all, None)).unwrap();
        journal.close().unwrap();
        let rest = Self { folder, run, blob: blob.hash };
        // The plans of these tests are bound to a module of this digest, which no bytes have.
        let wasm = rest.folder.path().join("modules").join(format!("{}.wasm", "00".repeat(32)));
        fs::write(wasm, b"").unwrap();
        rest
    }

    fn blob_path(&self) -> PathBuf {
        let name = self.blob.hex();
        self.folder.path().join("blobs").join(&name[..2]).join(name)
    }

    /// Changes the database behind the journal's back.
    fn sql(&self, sql: &str) {
        let database = rusqlite::Connection::open(self.folder.path().join("stepmill.db")).unwrap();
        database.execute_batch(sql).unwrap();
    }

    /// What is found, the module aside that never has its digest.
    fn findings(&self) -> Vec<(String, String)> {
        let dir = DataDir::open_reader(self.folder.path()).unwrap();
        let mut found = Found::default();
        let verified = verify(&dir, &Reader::open(&dir).unwrap(), &mut found).unwrap();
        assert_eq!(verified.findings, found.0.len() as u64);
        let known = |finding: &Finding| finding.problem == "its bytes do not have its digest";
        found.0.into_iter().filter(|finding| !known(finding)).map(|f| (f.place, f.problem)).collect()
    }

    #[track_caller]
    fn finds(&self, place: &str, problem: &str) {
        let findings = self.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].0.contains(place) && findings[0].1.contains(problem), "{findings:?}");
    }
}

#[test]
fn what_is_whole_is_found_whole_and_counted() {
    let rest = Rest::new();
    assert_eq!(rest.findings(), []);
    let dir = DataDir::open_reader(rest.folder.path()).unwrap();
    let verified = verify(&dir, &Reader::open(&dir).unwrap(), &mut Found::default()).unwrap();
    assert_eq!((verified.runs, verified.events, verified.outputs.files), (1, 6, 1));
    assert_eq!((verified.modules.files, verified.findings), (1, 1), "the module of these tests");
    assert!(rest.blob_path().exists(), "nothing is moved");
}

#[test]
fn every_flipped_bit_of_a_stored_output_is_found() {
    let rest = Rest::new();
    let whole = fs::read(rest.blob_path()).unwrap();
    for at in [0, 9, 12, 20, 60, whole.len() / 2, whole.len() - 110, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(rest.blob_path(), bytes).unwrap();
        rest.finds(&format!("{} of run {}", rest.blob, rest.run), "");
        assert!(rest.blob_path().exists(), "it stays where it is");
    }
    for length in [0, 1, whole.len() - 1] {
        fs::write(rest.blob_path(), &whole[..length]).unwrap();
        rest.finds(&rest.blob.hex(), "");
    }
    fs::write(rest.blob_path(), [&whole[..], b"x"].concat()).unwrap();
    rest.finds(&rest.blob.hex(), "");
}

#[test]
fn a_missing_output_is_found_and_an_unknown_file_is_none() {
    let rest = Rest::new();
    fs::write(rest.blob_path().with_file_name("notes.txt"), b"x").unwrap();
    assert_eq!(rest.findings(), []);
    fs::remove_file(rest.blob_path()).unwrap();
    rest.finds(&rest.run.to_string(), "its file is missing");
}

#[test]
fn damaged_rows_are_found() {
    for (sql, problem) in [
        ("UPDATE events SET body = zeroblob(length(body)) WHERE seq = 2", "checksum"),
        ("DELETE FROM events WHERE seq = 3", "event 3 is missing"),
        ("DELETE FROM events WHERE seq = 5", "`runs`"),
        ("UPDATE runs SET state = 'failed'", "`runs`"),
        ("UPDATE runs SET succeeded = 1", "`runs`"),
        ("UPDATE steps SET attempts = 2 WHERE step = 1", "`steps`"),
        ("UPDATE attempts SET finished_at = 5 WHERE step = 0", "`attempts`"),
        ("DELETE FROM attempts WHERE step = 1", "`attempts`"),
        ("DELETE FROM blob_refs", "`blob_refs`"),
        ("INSERT INTO cache SELECT zeroblob(32), key, 2, 0 FROM runs", "`cache`"),
        ("UPDATE plans SET json = replace(json, 's1', 's2')", "plan does not have its hash"),
    ] {
        let rest = Rest::new();
        rest.sql(sql);
        rest.finds(&format!("run {}", rest.run), problem);
    }
}

#[test]
fn rows_of_no_run_are_found() {
    let rest = Rest::new();
    rest.sql("PRAGMA foreign_keys = OFF; INSERT INTO steps (run, step, name, state) VALUES (99, 0, 's', 'waiting')");
    rest.finds("stepmill.db", "belongs to nothing");
}

#[test]
fn a_module_that_runs_need_is_missed() {
    let rest = Rest::new();
    let modules = rest.folder.path().join("modules");
    fs::remove_dir_all(&modules).unwrap();
    fs::create_dir(&modules).unwrap();
    rest.finds("module 0000", "missing");
}

#[test]
fn a_run_that_goes_on_is_whole_too() {
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::open_writer(folder.path()).unwrap();
    let journal = SqliteJournal::open(&dir).unwrap();
    let run = RunId::generate();
    wait(journal.create(run, plan("p", 1), events(run, 0, [created(), started(0, 1)]), None)).unwrap();
    wait(journal.append(events(run, 2, [EventKind::CancelRequested]))).unwrap();
    let mut found = Found::default();
    let reader = Reader::open(dir.dir()).unwrap();
    verify(dir.dir(), &reader, &mut found).unwrap();
    assert!(found.0.iter().all(|finding| finding.place.starts_with("module ")), "{:?}", found.0);
}
