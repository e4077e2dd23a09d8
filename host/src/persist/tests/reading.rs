//! Lists, searches and lookups.

use std::collections::HashSet;

use super::*;
use crate::{
    event::{CacheEntry, KeyPart, RunState},
    ids::ModuleDigest,
    module::ModuleInfo,
    output::AttemptName,
    persist::{
        Artifact, StoreError,
        reader::{AttemptState, MAX_ROWS, RUN_COUNTS, RunFilter},
    },
};

/// Makes a run that was accepted at a time.
fn create_at(journal: &SqliteJournal, pipeline: &str, at: i64, done: bool) -> RunId {
    let run = RunId::generate();
    let kinds = if done { vec![created(), finished()] } else { vec![created()] };
    let mut events = events(run, 0, kinds);
    events.iter_mut().for_each(|event| event.at = Timestamp(at));
    wait(journal.create(run, plan(pipeline, 1), events, None)).unwrap();
    run
}

fn filter(pipeline: Option<&str>, state: Option<RunState>) -> RunFilter {
    RunFilter { pipeline: pipeline.map(|name| Name::new(name).unwrap()), state, ..RunFilter::default() }
}

#[test]
fn pages_stay_stable_while_runs_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    // Several share a time.
    let mut runs: Vec<_> = (0..25).map(|n| (n / 4, create_at(&journal, "p", n / 4, true))).collect();
    runs.reverse();
    let reader = reader(folder.path());
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = reader.runs(&RunFilter::default(), after, 4).unwrap();
        seen.extend(page.runs.iter().map(|run| (run.created_at.0, run.id)));
        create_at(&journal, "p", 100, true);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, runs);
}

#[test]
fn lists_are_filtered_and_capped() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let open_a = create_at(&journal, "a", 1, false);
    let b = create_at(&journal, "b", 2, true);
    let a = create_at(&journal, "a", 3, true);
    let reader = reader(folder.path());
    let ids = |filter: &RunFilter| {
        let page = reader.runs(filter, None, u32::MAX).unwrap();
        assert_eq!(page.next, None);
        page.runs.iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&filter(None, None)), [a, b, open_a]);
    assert_eq!(ids(&filter(Some("a"), None)), [a, open_a]);
    assert_eq!(ids(&filter(None, Some(RunState::Succeeded))), [a, b]);
    assert_eq!(ids(&filter(Some("a"), Some(RunState::Queued))), [open_a]);
    assert_eq!(reader.runs(&RunFilter::default(), None, 0).unwrap().runs.len(), 1);
    assert_eq!(reader.unfinished().unwrap(), [open_a]);

    let pipelines = reader.pipelines().unwrap();
    let pipelines: Vec<_> = pipelines.iter().map(|row| (row.name.as_str(), row.runs, row.last_created_at.0)).collect();
    assert_eq!(pipelines, [("a", 2, 3), ("b", 1, 2)]);
}

#[test]
fn lists_follow_the_order_of_commits_whatever_the_clock_says() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    // A clock that is ahead by years for a moment, goes back by days, and recovers.
    let times = [1_000, 900_000, 1_001, 300, 1_002, 1_003];
    let mut made: Vec<_> = times.map(|at| create_at(&journal, "p", at, at != 300)).into();
    made.reverse();
    let reader = reader(folder.path());
    let pages = |filter: &RunFilter| {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = reader.runs(filter, after, 2).unwrap();
            seen.extend(page.runs.iter().map(|run| run.id));
            match page.next {
                Some(next) => after = Some(next),
                None => return seen,
            }
        }
    };
    assert_eq!(pages(&RunFilter::default()), made);
    assert_eq!(pages(&filter(Some("p"), None)), made);
    assert_eq!(pages(&filter(None, Some(RunState::Queued))), [made[2]]);
    assert_eq!(reader.find_run("latest").unwrap(), made[0]);
    assert_eq!(reader.pipelines().unwrap()[0].last_created_at, Timestamp(1_003));
    // A span of time shows what was accepted in it, wherever that is in the list.
    let span =
        |from, until| RunFilter { from: Some(Timestamp(from)), until: Some(Timestamp(until)), ..Default::default() };
    assert_eq!(pages(&span(1_001, 1_003)), [made[1], made[3]]);
    assert_eq!(pages(&span(0, 1_001)), [made[2], made[5]]);
    assert_eq!(pages(&span(2_000, i64::MAX)), [made[4]]);
    assert_eq!(pages(&span(5, 6)), []);
}

#[test]
fn the_newest_event_of_a_run_is_found_without_looking_at_others() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let [run, other] = [0, 1].map(|_| create(&journal, "p", 1));
    append(&journal, events(run, 1, [started(0, 1)])).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("stepmill.db")).unwrap();
    let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN SELECT {RUN_COUNTS} WHERE r.id = ?")).unwrap();
    let plan: Vec<String> =
        explained.query_map([run.as_bytes()], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
    let looks: Vec<_> = plan.iter().filter(|line| line.contains("events")).collect();
    assert!(!plan.iter().any(|line| line.contains("SCAN")), "{plan:?}");
    assert!(looks.iter().all(|line| line.contains("rowid")) && looks.len() == 1, "{plan:?}");
    let reader = reader(folder.path());
    assert_eq!([run, other].map(|run| reader.run(run).unwrap().events), [2, 1]);
}

#[test]
fn a_step_that_does_as_its_attempt_does_needs_no_row_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 3);
    append(&journal, events(run, 1, [started(0, 1), started(1, 1), started(2, 1)])).unwrap();
    let lost = EventKind::AttemptLost { step: StepIndex(2), items: ItemRange::WHOLE, attempt: 1, alone: false };
    append(&journal, events(run, 4, [succeeded(0, 1, inline(b"1")), lost, started(2, 2)])).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("stepmill.db")).unwrap();
    let states = |rows: &str| -> Vec<(String, u32)> {
        let mut select = connection.prepare(&format!("SELECT state, attempts FROM {rows} ORDER BY step")).unwrap();
        select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let words = |words: [&str; 3], attempts| words.map(str::to_owned).into_iter().zip(attempts).collect::<Vec<_>>();
    // The second attempt does not know when the first began.
    assert_eq!(states("steps"), words(["waiting", "waiting", "running"], [0, 0, 2]));
    assert_eq!(states("current_steps"), words(["succeeded", "running", "running"], [1, 1, 2]));
    let mut explained =
        connection.prepare("EXPLAIN QUERY PLAN SELECT * FROM current_steps WHERE run = ? AND step >= ?").unwrap();
    let plan: Vec<String> = explained.query_map([1, 0], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
    assert!(!plan.iter().any(|line| line.contains("SCAN")), "{plan:?}");
}

#[test]
fn runs_are_found_by_what_people_type() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let reader = reader(folder.path());
    assert!(matches!(reader.find_run("latest"), Err(StoreError::NoSuchRun(_))));
    let old = create_at(&journal, "p", 1, true);
    let new = create_at(&journal, "p", 2, true);
    assert_eq!(reader.find_run("latest").unwrap(), new);
    assert_eq!(reader.find_run(&old.to_string()).unwrap(), old);
    assert_eq!(reader.find_run(&old.to_string().to_uppercase()).unwrap(), old);
    let (old_text, new_text) = (old.to_string(), new.to_string());
    let same = old_text.bytes().zip(new_text.bytes()).take_while(|(a, b)| a == b).count();
    assert_eq!(reader.find_run(&old_text[..=same]).unwrap(), old);
    let error = reader.find_run(&old_text[..same]).unwrap_err();
    assert!(matches!(&error, StoreError::Ambiguous { matches, .. } if matches.len() == 2), "{error}");
    for unknown in ["ffff", "last", ""] {
        assert!(matches!(reader.find_run(unknown), Err(StoreError::NoSuchRun(_))), "{unknown}");
    }
    assert!(matches!(reader.run(RunId::generate()), Err(StoreError::NoSuchRun(_))));
}

#[test]
fn a_plan_is_stored_once_and_read_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let runs: Vec<_> = (0..3).map(|_| create(&journal, "p", 5)).collect();
    let other = create(&journal, "p", 6);
    let reader = reader(folder.path());
    for run in &runs {
        assert_eq!(reader.plan(*run).unwrap(), *plan("p", 5));
    }
    let hashes: HashSet<_> = runs.iter().chain([&other]).map(|run| reader.run(*run).unwrap().plan).collect();
    assert_eq!(hashes, HashSet::from([plan("p", 5).hash(), plan("p", 6).hash()]));
    assert_eq!(reader.find_step(other, "s5").unwrap(), Some(StepIndex(5)));
    assert_eq!(reader.find_step(runs[0], "s5").unwrap(), None);
    let connection = rusqlite::Connection::open(folder.path().join("stepmill.db")).unwrap();
    let plans: i64 = connection.query_row("SELECT count(*) FROM plans", [], |row| row.get(0)).unwrap();
    assert_eq!(plans, 2);
}

#[test]
fn the_output_of_a_step_is_that_of_its_latest_success() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 2);
    let (first, second) = (inline(b"first"), inline(b"second"));
    let kinds =
        [started(0, 1), succeeded(0, 1, first.clone()), started(0, 2), succeeded(0, 2, second.clone()), started(0, 3)];
    append(&journal, events(run, 1, kinds)).unwrap();
    let reader = reader(folder.path());
    let output = |step, item, attempt| {
        reader.output(run, StepIndex(step), Some(item), attempt).unwrap().map(|found| found.output)
    };
    assert_eq!(output(0, 0, None), Some(second));
    assert_eq!(output(0, 0, Some(1)), Some(first));
    assert_eq!([output(0, 0, Some(3)), output(0, 1, None), output(1, 0, None)], [None, None, None]);
    assert_eq!(reader.events(run, 2, 2).unwrap().iter().map(|event| event.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(reader.steps(run, StepIndex(1), MAX_ROWS).unwrap().len(), 1);
}

#[test]
fn an_artifact_is_replaced_and_found_by_module_and_engine() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let digest = ModuleDigest([3; 32]);
    let imports = vec!["a:b/c".to_owned()];
    let info = ModuleInfo { digest, size: 9, name: None, version: None, sdk: None, imports, steps: Vec::new() };
    let artifact = |size| Artifact {
        info: info.clone(),
        engine: "48".to_owned(),
        code_hash: [size; 32],
        code_size: size.into(),
        created_at: Timestamp(4),
    };
    drop(journal.put_artifact(artifact(1)));
    journal.put_artifact(artifact(2)).wait().unwrap();
    let reader = reader(folder.path());
    assert_eq!(reader.artifact(digest, "48").unwrap(), Some(artifact(2)));
    assert_eq!(reader.artifact(digest, "49").unwrap(), None);
    assert_eq!(reader.artifact(ModuleDigest([4; 32]), "48").unwrap(), None);
    journal.close().unwrap();
    assert!(journal.put_artifact(artifact(3)).wait().is_err());
}

#[test]
fn a_key_leads_to_the_newest_result_and_outlives_the_run_that_computed_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let keys: Vec<_> = (0..3).map(|n| ContentHash([n; 32])).collect();
    let items = ItemRange { first: 4, count: 2 };
    let step = Name::new("s0").unwrap();
    let parts = vec![KeyPart { name: "module".to_owned(), value: "ab".to_owned() }];
    let write = |reused: Option<AttemptName>| {
        let run = create(&journal, "p", 1);
        let EventKind::AttemptSucceeded { step, attempt, output, usage, .. } = succeeded(0, 1, inline(b"\x01\x02"))
        else {
            panic!("it is one");
        };
        let fan_out = EventKind::FannedOut { step, items: OutputRef { items: Some(9), ..inline(b"") } };
        let start = EventKind::AttemptStarted { step, items: ItemRange { first: 0, count: 9 }, attempt };
        let entry = CacheEntry { keys: keys[..2].to_vec(), parts: parts.clone() };
        let (cache, reused) = (Some(Box::new(entry)), reused.map(Box::new));
        let end = EventKind::AttemptSucceeded { step, items, attempt, output, usage, cache, reused };
        append(&journal, events(run, 1, [fan_out, start, end])).unwrap();
        run
    };
    let reader = reader(folder.path());
    let first = write(None);
    let wanted = |item| AttemptName { run: first, step: step.clone(), item: Some(item), attempt: 1 };
    for _ in 0..2 {
        let found = reader.cached(&keys).unwrap();
        let found: Vec<_> = found.into_iter().map(|hit| hit.map(|hit| (hit.attempt, hit.index, hit.packed))).collect();
        assert_eq!(found, [Some((wanted(4), 0, true)), Some((wanted(5), 1, true)), None]);
        write(Some(wanted(4)));
    }
    let last = create(&journal, "p", 1);
    let (run, found) = reader.previous_parts(&Name::new("p").unwrap(), &step, last).unwrap().unwrap();
    assert_ne!(run, last);
    assert_eq!(found, parts);

    let output = reader.output(first, StepIndex(0), Some(5), None).unwrap().unwrap();
    assert_eq!((output.output, output.index), (inline(b"\x01\x02"), Some(1)));
    let rows = reader.attempts(first, StepIndex(0), MAX_ROWS).unwrap();
    let ranges: Vec<_> = rows.iter().map(|row| (row.items.first, row.items.count, row.state)).collect();
    let running = AttemptState::Running;
    assert_eq!(ranges, [(0, 4, running), (4, 2, AttemptState::Succeeded), (6, 3, running)]);
}
