//! After a pass, all that a kept run refers to can be read, and nothing else is left.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::Path,
    time::{Duration, SystemTime},
};

use proptest::prelude::*;

use super::*;
use crate::{
    event::{CacheEntry, EventKind, Outcome},
    execute::ports::{BlobKind, Journal, OutputStore},
    failure::{FailureKind, StepFailure, Usage},
    ids::{ContentHash, StepIndex},
    module::Form,
    output::{FileRef, ItemRange, OutputRef, Place},
    persist::{
        DataDir, Reader, SqliteJournal, WriterDir,
        outputs::BlobStore,
        reader::RunFilter,
        tests::{created, events, fail, hold, plan, settled, started, succeeded, wait},
    },
};

const DAY: i64 = 24 * 60 * 60 * 1_000;
const NOW: Timestamp = Timestamp(1_000 * DAY);
const CLOCK: PassClock = PassClock { now: NOW, is_confirmed: false };

/// A data directory with its writer.
struct Host {
    folder: tempfile::TempDir,
    dir: WriterDir,
    journal: SqliteJournal,
    reader: Reader,
    blobs: BlobStore,
}

/// A run to make: its pipeline, its age in days, which contents its output and file have, and whether it ends.
#[derive(Debug, Clone)]
struct Made {
    pipeline: u8,
    age: i64,
    output: u8,
    file: u8,
    ends: bool,
}

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open_writer(folder.path()).unwrap();
        let journal = SqliteJournal::open(&dir).unwrap();
        let reader = Reader::open(dir.dir()).unwrap();
        let blobs = BlobStore::open(folder.path()).unwrap();
        Self { folder, dir, journal, reader, blobs }
    }

    /// Content `n` as a blob; all contents differ in length.
    fn blob(&self, n: u8) -> ContentHash {
        let mut writer = self.blobs.create(BlobKind::Bytes).unwrap();
        writer.write(&vec![n; 1_000 + usize::from(n)]).unwrap();
        writer.finish().unwrap().hash
    }

    fn run(&self, made: &Made) -> RunId {
        let run = RunId::generate();
        let file = FileRef { name: "f".into(), media_type: "x/y".into(), size: 1, hash: self.blob(made.file) };
        let output = OutputRef {
            form: Form::Value,
            hash: self.blob(made.output),
            size: 1_000 + u64::from(made.output),
            items: None,
            place: Place::Blob,
            files: vec![file],
        };
        let mut result = succeeded(0, 1, output);
        if let EventKind::AttemptSucceeded { cache, .. } = &mut result {
            let entry = CacheEntry { keys: vec![ContentHash([made.output; 32])], parts: Vec::new() };
            *cache = Some(Box::new(entry));
        }
        let end = made.ends.then_some(EventKind::Finished { outcome: Outcome::Succeeded });
        let mut all = events(run, 0, [created(), started(0, 1), result].into_iter().chain(end));
        all.iter_mut().for_each(|event| event.at = Timestamp(NOW.0 - made.age * DAY));
        wait(self.journal.create(run, plan(&format!("p{}", made.pipeline), 1), all, None)).unwrap();
        self.observe(run, made.age);
        run
    }

    /// Lets a run be as old as that by the time observed, too.
    fn observe(&self, run: RunId, days: i64) {
        self.execute(format!(
            "UPDATE runs SET observed = {} WHERE id = x'{}'",
            -days * DAY,
            hex::encode(run.as_bytes())
        ));
    }

    fn execute(&self, sql: String) {
        let changed = self.journal.change(move |connection| {
            connection.execute_batch(&sql)?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        wait(changed).unwrap().unwrap();
    }

    fn runs(&self) -> BTreeSet<RunId> {
        self.reader.runs(&RunFilter::default(), None, 1_000).unwrap().runs.iter().map(|run| run.id).collect()
    }

    fn collect(&self, policy: RetentionPolicy) -> Collected {
        collect(&self.dir, &self.reader, &self.journal, policy, CLOCK).unwrap()
    }

    fn preview(&self, policy: RetentionPolicy) -> Collected {
        // Beside the writer, what nothing refers to is not counted; here nothing is being written.
        pass::preview_unheld(self.dir.dir(), &self.reader, policy, CLOCK).unwrap()
    }
}

fn files(folder: &Path) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for entry in folder.read_dir().into_iter().flatten() {
        let entry = entry.unwrap();
        let file = entry.metadata().unwrap();
        if file.is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.insert(entry.file_name().into_string().unwrap(), file.len());
        }
    }
    found
}

fn made() -> impl Strategy<Value = Made> {
    (0..3_u8, 0..60_i64, 0..12_u8, 0..12_u8, prop::bool::weighted(0.9))
        .prop_map(|(pipeline, age, output, file, ends)| Made { pipeline, age, output, file, ends })
}

fn policy() -> impl Strategy<Value = RetentionPolicy> {
    (prop::option::of(0..60_u32), prop::option::of(0..20_000_u64), 0..4_u32)
        .prop_map(|(days, bytes, runs)| RetentionPolicy { days, bytes, runs })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_kept_is_whole_and_nothing_else_is_left(
        mut all in prop::collection::vec(made(), 0..14),
        orphans in prop::collection::vec(100..110_u8, 0..3),
        policy in policy(),
    ) {
        let host = Host::new();
        all.sort_by_key(|made| -made.age);
        let made: BTreeMap<RunId, Made> = all.iter().map(|made| (host.run(made), made.clone())).collect();
        for orphan in &orphans {
            host.blob(*orphan);
        }
        let before = files(&host.folder.path().join("blobs"));
        let preview = host.preview(policy);
        prop_assert_eq!(files(&host.folder.path().join("blobs")), before.clone());

        let collected = host.collect(policy);
        prop_assert_eq!(&preview, &collected, "a preview says exactly what goes");
        let left = host.runs();
        let gone: BTreeSet<_> = collected.runs.iter().map(|run| run.run).collect();
        prop_assert!(gone.is_disjoint(&left));
        prop_assert_eq!(gone.len() + left.len(), made.len());
        for (run, made) in &made {
            prop_assert!(made.ends || left.contains(run), "what has not ended stays");
        }

        let wanted: BTreeSet<String> = left
            .iter()
            .flat_map(|run| [made[run].output, made[run].file])
            .map(|content| host.blob(content).hex())
            .collect();
        let after = files(&host.folder.path().join("blobs"));
        prop_assert_eq!(after.keys().cloned().collect::<BTreeSet<_>>(), wanted);
        prop_assert_eq!(collected.kept, Tally { files: after.len() as u64, bytes: after.values().sum() });
        let sum = |files: &BTreeMap<String, u64>| files.values().sum::<u64>();
        prop_assert_eq!(collected.outputs.bytes + collected.orphans.bytes, sum(&before) - sum(&after));
        for run in &left {
            let output = host.reader.output(*run, StepIndex(0), None, None).unwrap().unwrap().output;
            prop_assert!(host.blobs.check(&output.hash).unwrap().is_none());
        }
        for (content, hash) in (0..12_u8).map(|n| (n, ContentHash([n; 32]))) {
            // The newest result is found as long as its run is there.
            let cached = host.reader.cached(&[hash]).unwrap().remove(0);
            if let Some(cached) = cached {
                prop_assert!(left.contains(&cached.attempt.run), "{content}");
            }
        }
        prop_assert_eq!(host.collect(policy).total(), Tally::default(), "once is enough");
    }
}

fn old(output: u8, file: u8) -> Made {
    Made { pipeline: 0, age: 50, output, file, ends: true }
}

const NOTHING: RetentionPolicy = RetentionPolicy { days: Some(30), bytes: None, runs: 0 };

#[test]
fn a_pass_that_was_interrupted_leaves_only_what_the_next_one_removes() {
    let host = Host::new();
    let (first, second) = (host.run(&old(1, 2)), host.run(&Made { age: 1, ..old(2, 3) }));
    // Interrupted between the rows and the files: the worst moment.
    host.journal.remove(first).wait().unwrap();
    assert_eq!(files(&host.folder.path().join("blobs")).len(), 3);
    let collected = host.collect(NOTHING);
    assert_eq!((collected.orphans.files, collected.kept.files), (1, 2));
    assert_eq!(host.runs(), BTreeSet::from([second]));

    // Interrupted among the files.
    let third = host.run(&old(4, 5));
    let hash = host.blob(4);
    host.journal.remove(third).wait().unwrap();
    host.blobs.remove(&[hash, hash]).unwrap();
    assert_eq!(host.collect(NOTHING).orphans.files, 1);
}

#[test]
fn rows_go_before_files() {
    let host = Host::new();
    let run = host.run(&old(1, 2));
    host.journal.close().unwrap();
    let error = collect(&host.dir, &host.reader, &host.journal, NOTHING, CLOCK).unwrap_err();
    assert!(matches!(error, RetentionError::Journal(_)), "{error}");
    assert_eq!(host.runs(), BTreeSet::from([run]));
    assert_eq!(files(&host.folder.path().join("blobs")).len(), 2, "no file went, because the rows did not");
}

#[test]
fn an_active_run_is_not_removed() {
    let host = Host::new();
    let run = host.run(&Made { ends: false, ..old(1, 2) });
    let refused = host.journal.remove(run).wait().unwrap_err();
    assert!(refused.to_string().contains("has not ended"), "{refused}");
    assert_eq!(host.collect(NOTHING).total(), Tally::default());
    host.journal.remove(RunId::generate()).wait().unwrap();
    // The writer goes on with the run as if nothing had been asked.
    let end = EventKind::AttemptStarted { step: StepIndex(0), items: ItemRange::WHOLE, attempt: 2 };
    wait(host.journal.append(events(run, 3, [end]))).unwrap();
}

#[test]
fn plans_results_and_logs_go_with_their_last_run() {
    let host = Host::new();
    let (older, newer) = (host.run(&old(1, 2)), host.run(&Made { age: 1, ..old(1, 2) }));
    assert_eq!(host.reader.cached(&[ContentHash([1; 32])]).unwrap()[0].as_ref().unwrap().attempt.run, newer);
    assert_eq!(host.collect(NOTHING).runs.len(), 1);
    assert!(host.reader.plan(older).is_err());
    host.reader.plan(newer).unwrap();
    assert!(host.reader.cached(&[ContentHash([1; 32])]).unwrap()[0].is_some());
    host.collect(RetentionPolicy { days: Some(0), ..NOTHING });
    assert!(host.reader.cached(&[ContentHash([1; 32])]).unwrap()[0].is_none());
    host.journal.close().unwrap();
    let database = rusqlite::Connection::open(host.dir.dir().database()).unwrap();
    for table in ["runs", "plans", "events", "steps", "attempts", "blob_refs", "cache", "logs"] {
        let rows: u32 = database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[test]
fn modules_copies_and_leftovers_go_when_nothing_needs_them() {
    let host = Host::new();
    let run = host.run(&old(1, 2));
    let root = host.folder.path();
    let long_ago = SystemTime::now() - Duration::from_secs(31 * 24 * 60 * 60);
    // The plans of these tests are bound to the module of zeros.
    let (bound, unbound) = ("00".repeat(32), "11".repeat(32));
    for (name, aged) in [
        (format!("modules/{bound}.wasm"), true),
        (format!("modules/{unbound}.wasm"), true),
        (format!("code/{unbound}-engine.cwasm"), true),
        (format!("modules/{}.wasm", "22".repeat(32)), false),
        ("tmp/blob-abc".to_owned(), false),
        ("quarantine/old.1".to_owned(), true),
        ("quarantine/new.1".to_owned(), false),
    ] {
        std::fs::write(root.join(&name), b"12345").unwrap();
        if aged {
            std::fs::File::options().write(true).open(root.join(&name)).unwrap().set_modified(long_ago).unwrap();
        }
    }
    let copies = root.join("out").join(run.to_string()).join("step");
    std::fs::create_dir_all(&copies).unwrap();
    std::fs::write(copies.join("report.html"), b"123").unwrap();

    let kept = host.collect(RetentionPolicy { days: Some(60), ..NOTHING });
    assert_eq!((kept.modules.files, kept.copies.files, kept.leftovers.files), (0, 0, 1));
    let collected = host.collect(RetentionPolicy { runs: 1, ..NOTHING });
    // Damaged files are not removed by a clock that nothing is known of.
    assert_eq!((collected.runs.len(), collected.modules.files, collected.leftovers.files), (0, 2, 0));
    let steady_since = |days: i64| {
        let offset = NOW.0 - days * DAY;
        host.execute(format!("UPDATE observed_time SET total = 0, steady_offset = {offset}, steady_end = 0"));
    };
    // Nor by one that is ahead.
    steady_since(5);
    assert_eq!(host.collect(RetentionPolicy { runs: 1, ..NOTHING }).leftovers.files, 0);
    steady_since(0);
    assert_eq!(host.collect(RetentionPolicy { runs: 1, ..NOTHING }).leftovers.files, 1);
    assert!(root.join(format!("modules/{bound}.wasm")).exists());
    let collected = host.collect(NOTHING);
    assert_eq!((collected.runs.len(), collected.modules.files), (1, 1));
    assert_eq!(collected.copies, Tally { files: 1, bytes: 3 });
    assert!(!copies.exists());
    assert_eq!(files(&root.join("modules")).len(), 1);
}

#[test]
fn modules_that_are_deployed_stay_however_old() {
    let host = Host::new();
    let root = host.folder.path().to_owned();
    let deployed = host.journal.change(|connection| {
        let sql = "INSERT INTO module_versions (name, digest, state, uploaded_at, uploaded_by, info) \
                   VALUES ('m', ?, 'ready', 0, 'somebody', '{}')";
        connection.execute(sql, [[0x33_u8; 32]])?;
        Ok(Ok::<_, std::convert::Infallible>(()))
    });
    wait(deployed).unwrap().unwrap();
    let path = root.join(format!("modules/{}.wasm", "33".repeat(32)));
    std::fs::write(&path, b"12345").unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(400 * 24 * 60 * 60);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(host.collect(NOTHING).modules.files, 0);
    assert!(path.exists());
}

#[test]
fn a_pass_behind_a_run_is_bounded_and_the_next_ones_go_on() {
    let host = Host::new();
    for content in 0..70 {
        host.run(&old(content, content));
    }
    let tidied = || tidy(&host.dir, &host.reader, &host.journal, NOTHING, &HashSet::new(), NOW).unwrap();
    let counts: Vec<_> = (0..4).map(|_| tidied().runs.len()).collect();
    assert_eq!(counts, [32, 32, 6, 0]);
    assert!(files(&host.folder.path().join("blobs")).is_empty());
    // Now that all is swept, passes look at runs only.
    host.blob(200);
    assert_eq!(tidied().total(), Tally::default());
    assert_eq!(host.collect(NOTHING).orphans.files, 1);
}

#[test]
fn the_contents_of_files_that_wait_for_their_runs_stay() {
    let host = Host::new();
    // Alone, and shared with a run that goes.
    let (alone, shared) = (host.blob(1), host.blob(2));
    host.run(&old(3, 2));
    let half = host.folder.path().join("tmp/blob-half");
    std::fs::write(&half, b"12345").unwrap();
    let waiting = HashSet::from([alone, shared]);
    let tidied = tidy(&host.dir, &host.reader, &host.journal, NOTHING, &waiting, NOW).unwrap();
    assert_eq!((tidied.runs.len(), tidied.outputs.files, tidied.orphans.files), (1, 1, 0));
    assert!(half.exists(), "a file that is being sent stays");
    assert!([alone, shared].iter().all(|hash| host.blobs.size(hash).unwrap().is_some()));
    let collected = host.collect(NOTHING);
    assert_eq!((collected.orphans.files, collected.leftovers.files), (2, 1));
}

#[test]
fn machine_code_that_cannot_be_loaded_any_more_goes() {
    let host = Host::new();
    host.run(&Made { age: 1, ..old(1, 2) });
    let digest = crate::ids::ModuleDigest([0; 32]);
    let root = host.folder.path();
    let info = crate::module::ModuleInfo {
        digest,
        size: 1,
        name: None,
        version: None,
        sdk: None,
        imports: Vec::new(),
        steps: Vec::new(),
    };
    for engine in ["a", "b", "c"] {
        let (engine, info) = (engine.to_owned(), info.clone());
        let path = root.join(format!("code/{}-{engine}.cwasm", digest.hex()));
        std::fs::write(&path, b"12345").unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(31 * 24 * 60 * 60);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        let artifact = crate::persist::Artifact { info, engine, code_hash: [0; 32], code_size: 5, created_at: NOW };
        host.journal.put_artifact(artifact).wait().unwrap();
    }
    assert_eq!(host.collect(NOTHING).modules.files, 1);
    let left: Vec<_> = files(&root.join("code")).into_keys().collect();
    assert_eq!(left, ["b", "c"].map(|engine| format!("{}-{engine}.cwasm", digest.hex())));
}

#[test]
fn beside_a_writer_a_preview_counts_nothing_that_may_be_in_the_making() {
    let host = Host::new();
    host.run(&old(1, 2));
    host.blob(9);
    let seen = preview(host.dir.dir(), &host.reader, NOTHING, CLOCK).unwrap();
    assert_eq!((seen.runs.len(), seen.outputs.files, seen.orphans.files), (1, 2, 0));
}

#[test]
fn the_room_of_removed_rows_is_given_back() {
    let host = Host::new();
    let long = "x".repeat(60_000);
    for _ in 0..100 {
        let run = RunId::generate();
        let failed = EventKind::AttemptFailed {
            step: StepIndex(0),
            items: ItemRange::WHOLE,
            attempt: 1,
            // As earlier versions stored it.
            failure: StepFailure { kind: FailureKind::Failed, message: long.clone(), causes: Vec::new() },
            usage: Usage::default(),
            retry_at: None,
        };
        let end = EventKind::Finished { outcome: Outcome::Failed };
        let mut all = events(run, 0, [created(), started(0, 1), failed, end]);
        all.iter_mut().for_each(|event| event.at = Timestamp(NOW.0 - 50 * DAY));
        wait(host.journal.create(run, plan("p", 1), all, None)).unwrap();
        host.observe(run, 50);
    }
    host.collect(RetentionPolicy { days: None, bytes: None, runs: 0 });
    assert_eq!(host.reader.free_pages().unwrap(), 0);
    let size = |host: &Host| files(host.folder.path())["stepmill.db"];
    host.journal.close().unwrap();
    let before = size(&host);
    assert!(before > 4 << 20, "{before}");
    let dir = &host.dir;
    let journal = SqliteJournal::open(dir).unwrap();
    collect(dir, &host.reader, &journal, NOTHING, CLOCK).unwrap();
    assert_eq!(host.reader.free_pages().unwrap(), 0);
    journal.close().unwrap();
    assert!(size(&host) < before / 4, "{} of {before}", size(&host));
}

#[test]
fn what_an_event_refers_to_that_is_not_committed_yet_stays() {
    let host = Host::new();
    let hash = host.blob(1);
    let output = OutputRef { form: Form::Value, hash, size: 1_001, items: None, place: Place::Blob, files: Vec::new() };
    let release = hold(&host.journal);
    let run = RunId::generate();
    let all = events(run, 0, [created(), started(0, 1), succeeded(0, 1, output)]);
    let accepted = host.journal.create(run, plan("p", 1), all, None);
    std::thread::scope(|scope| {
        let pass = scope.spawn(|| host.collect(RetentionPolicy::default()));
        let since = std::time::Instant::now();
        while !pass.is_finished() && since.elapsed() < Duration::from_millis(300) {
            std::thread::yield_now();
        }
        assert!(host.blobs.size(&hash).unwrap().is_some());
        assert!(!pass.is_finished(), "a pass waits for what is queued");
        release.send(()).unwrap();
        wait(accepted).unwrap();
        assert_eq!(pass.join().unwrap().orphans, Tally::default());
    });
    assert!(host.blobs.size(&hash).unwrap().is_some());
}

#[test]
fn a_pass_stops_when_the_journal_has_failed_since_it_began() {
    let host = Host::new();
    let orphan = host.blob(1);
    let old = Made { pipeline: 0, age: 50, output: 2, file: 3, ends: true };
    let run = host.run(&old);
    let policy = RetentionPolicy { runs: 0, ..NOTHING };
    let stopped = pass::collect_meanwhile(&host.dir, &host.reader, &host.journal, policy, || {
        fail(&host.journal, rusqlite::ffi::SQLITE_IOERR_FSYNC);
        assert!(settled(&host.journal).is_up());
    });
    assert!(matches!(stopped, Err(RetentionError::Journal(_))), "{stopped:?}");
    assert!(host.blobs.size(&orphan).unwrap().is_some());
    assert_eq!(host.runs(), BTreeSet::from([run]));
    assert_eq!(host.collect(RetentionPolicy { days: Some(1), bytes: None, runs: 0 }).orphans.files, 1);
    assert_eq!(host.runs(), BTreeSet::new());
}

#[test]
fn a_damaged_run_stays_and_the_others_go() {
    let host = Host::new();
    let old = Made { pipeline: 0, age: 50, output: 2, file: 3, ends: true };
    let damaged = host.run(&old);
    host.run(&old);
    let connection = rusqlite::Connection::open(host.dir.dir().database()).unwrap();
    connection.execute("UPDATE runs SET pipeline = 'No Name' WHERE id = ?", [damaged.as_bytes()]).unwrap();
    let collected = host.collect(RetentionPolicy { days: Some(1), bytes: None, runs: 0 });
    assert_eq!(collected.runs.len(), 1);
    assert!(host.blobs.size(&host.blob(2)).unwrap().is_some());
    assert_eq!(host.reader.references_of(damaged).unwrap().len(), 2);
}

#[test]
fn a_clock_that_runs_ahead_removes_nothing_unless_it_is_confirmed() {
    let host = Host::new();
    let made = Made { age: 1, ..old(1, 2) };
    let runs: Vec<_> = (0..3).map(|_| host.run(&made)).collect();
    let ahead = |is_confirmed| PassClock { now: Timestamp(NOW.0 + 400 * DAY), is_confirmed };
    for policy in [NOTHING, RetentionPolicy { days: Some(1), ..NOTHING }] {
        let is_short = policy.days == Some(1);
        let seen = pass::preview_unheld(host.dir.dir(), &host.reader, policy, ahead(false)).unwrap();
        assert_eq!((seen.runs.len(), seen.held_back), if is_short { (3, 0) } else { (0, 3) });
    }
    let kept = collect(&host.dir, &host.reader, &host.journal, NOTHING, ahead(false)).unwrap();
    assert_eq!((kept.total(), kept.held_back), (Tally::default(), 3));
    let protected = RetentionPolicy { runs: 2, ..NOTHING };
    assert_eq!(collect(&host.dir, &host.reader, &host.journal, protected, ahead(false)).unwrap().held_back, 1);
    let removed = collect(&host.dir, &host.reader, &host.journal, NOTHING, ahead(true)).unwrap();
    assert_eq!(removed.runs.iter().map(|run| run.run).collect::<Vec<_>>(), runs);
    assert_eq!(removed.held_back, 0);
}

#[test]
fn runs_of_an_older_schema_count_from_when_it_was_brought_up_to_date() {
    let host = Host::new();
    let run = host.run(&old(1, 2));
    host.execute("UPDATE runs SET observed = NULL".to_owned());
    let kept = host.collect(NOTHING);
    assert_eq!((kept.runs.len(), kept.held_back), (0, 1));
    host.execute(format!("UPDATE observed_time SET total = {}", 30 * DAY));
    assert_eq!(host.collect(NOTHING).runs[0].run, run);
}
