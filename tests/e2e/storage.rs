//! What is kept and what goes: retention behind runs and by `gc`, and `verify`, which reads it all.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde_json::Value as Json;
use stepmill_tests::{Bench, pipeline_text, root};

/// A value of 100 kB, and a file made from it.
const LARGE: &str = "[steps.large]\nuse = \"b/fill\"\nconfig.size = 100000\n";

fn pipeline(bench: &Bench, size: u32) -> String {
    let text = LARGE.replace("100000", &size.to_string());
    bench.warm();
    bench.write(&format!("{size}.toml"), pipeline_text("", &text)).to_str().unwrap().to_owned()
}

/// Runs it and gives the run's id.
fn run(bench: &Bench, path: &str, more: &[&str]) -> String {
    let ran = bench.run(&[&["run", path, "--json"], more].concat()).expect(0).json();
    ran["run"]["id"].as_str().unwrap().to_owned()
}

fn runs(bench: &Bench) -> Vec<String> {
    let listed = bench.run(&["runs", "list", "--json"]).expect(0).json();
    listed["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn blobs(bench: &Bench) -> Vec<PathBuf> {
    files(&bench.data().join("blobs"))
}

fn is_whole(bench: &Bench) {
    bench.run(&["verify"]).expect(0);
}

#[test]
fn gc_removes_what_a_dry_run_says_and_nothing_else() {
    let bench = Bench::new();
    let (first, second) = (pipeline(&bench, 100_000), pipeline(&bench, 200_000));
    let (old, new) = (run(&bench, &first, &[]), run(&bench, &second, &[]));
    bench.run(&["gc", "--dry-run"]).expect(0);
    assert_eq!(runs(&bench).len(), 2, "the defaults remove nothing yet");

    let limits = ["--max-bytes", "250kB", "--keep-runs", "0"];
    let before = files(&bench.data());
    let preview = bench.run(&[&["gc", "--dry-run", "--json"], &limits[..]].concat()).expect(0).json();
    assert_eq!(files(&bench.data()), before);
    assert_eq!((&preview["dry_run"], &preview["runs"][0]["id"]), (&Json::Bool(true), &Json::from(old.clone())));
    assert_eq!((&preview["runs"][0]["reason"], &preview["outputs"]["files"]), (&Json::from("size"), &Json::from(1)));
    let human = bench.run(&[&["gc", "-n"], &limits[..]].concat()).expect(0);
    assert!(human.stdout.contains("would remove 1 run") && human.stdout.contains(&old), "{}", human.stdout);

    let mut done = bench.run(&[&["gc", "--json"], &limits[..]].concat()).expect(0).json();
    done["dry_run"] = Json::Bool(true);
    assert_eq!(done, preview, "a dry run says exactly what goes");
    assert_eq!((runs(&bench), blobs(&bench).len()), (vec![new], 1));
    bench.run(&["runs", "show", &old]).expect(2).complains(&["there is no run"]);
    is_whole(&bench);
    let again = bench.run(&[&["gc"], &limits[..]].concat()).expect(0).stdout;
    assert!(again.starts_with("nothing to remove; kept 1 file (19"), "{again}");
}

#[test]
fn gc_counts_time_that_was_observed_and_trusts_the_clock_once_that_is_confirmed() {
    let bench = Bench::new();
    let run = run(&bench, &pipeline(&bench, 100_000), &[]);
    let database = rusqlite::Connection::open(bench.data().join("stepmill.db")).unwrap();
    database.execute("UPDATE runs SET finished_at = finished_at - 40 * 86400000", []).unwrap();
    drop(database);

    let gc = |more: &[&str]| bench.run(&[&["gc", "--keep-runs", "0"], more].concat()).expect(0);
    for mode in [&["--json", "-n"][..], &["--json"]] {
        let kept = gc(mode).json();
        assert_eq!((kept["runs"].as_array().unwrap().len(), &kept["held_back"]), (0, &Json::from(1)));
    }
    gc(&["-n"]).complains(&["1 run held back", "if the clock is right", "`stepmill gc --confirm` removes them"]);
    assert_eq!(runs(&bench), std::slice::from_ref(&run));

    let preview = gc(&["--json", "-n", "--confirm"]).json();
    assert_eq!((&preview["runs"][0]["id"], &preview["held_back"]), (&Json::from(run), &Json::from(0)));
    gc(&["--confirm"]);
    assert_eq!(runs(&bench).len(), 0);
    is_whole(&bench);
}

#[test]
fn a_cached_output_outlives_the_run_that_computed_it() {
    let bench = Bench::new();
    let path = pipeline(&bench, 100_000);
    let old = run(&bench, &path, &[]);
    let computed = bench.run(&["runs", "output", &old, "large"]).expect(0).stdout;
    let new = run(&bench, &path, &[]);
    bench.run(&["gc", "--keep-days", "none", "--max-bytes", "0", "--keep-runs", "1"]).expect(0);
    assert_eq!(runs(&bench), std::slice::from_ref(&new));
    assert_ne!(old, new);
    let shown = bench.run(&["runs", "show", &new, "--json"]).expect(0).json();
    let worked = shown["steps"][0]["attempts"][0]["usage"]["wall_us"].as_u64();
    assert_eq!(worked.unwrap_or_default(), 0, "it was taken from the removed run: {shown}");
    assert_eq!(bench.run(&["runs", "output", &new, "large"]).expect(0).stdout, computed);
    is_whole(&bench);
    // The newest result is still found, and is the newest run's.
    let third = run(&bench, &path, &[]);
    assert_ne!(third, new);
    assert_eq!(blobs(&bench).len(), 1);
    is_whole(&bench);
}

#[test]
fn old_runs_go_behind_a_run_without_being_asked() {
    let bench = Bench::new();
    let paths: Vec<_> = (1..=4).map(|n| pipeline(&bench, 100_000 * n)).collect();
    let limits = ["--max-bytes", "1", "--keep-runs", "1"];
    let ids: Vec<_> = paths[..3].iter().map(|path| run(&bench, path, &[])).collect();
    assert_eq!(runs(&bench).len(), 3);
    // Files are all looked at only now and then: as if that was long ago.
    fs::remove_file(bench.data().join("SWEPT")).unwrap();
    let last = run(&bench, &paths[3], &limits);
    assert_eq!((runs(&bench), blobs(&bench).len()), (vec![last], 1));
    assert!(!bench.data().join("out").join(&ids[0]).exists());
    is_whole(&bench);
}

#[test]
fn limits_also_come_from_the_environment() {
    let bench = Bench::new();
    run(&bench, &pipeline(&bench, 100_000), &[]);
    let mut command = bench.command(&["gc", "--json"]);
    let removed = command.env("STEPMILL_MAX_BYTES", "0").env("STEPMILL_KEEP_RUNS", "0").output().unwrap();
    assert!(removed.status.success());
    assert_eq!((runs(&bench).len(), blobs(&bench).len()), (0, 0));
}

#[test]
fn only_a_preview_works_beside_a_host_and_gc_says_who_holds_the_data_directory() {
    let bench = Bench::new();
    let finished = run(&bench, &pipeline(&bench, 100_000), &[]);
    let path = bench.pipeline("[steps.slow]\nuse = \"b/spins\"\nlimits.cpu = \"1h\"\n");
    let mut host = bench.start(&["run", path.to_str().unwrap()]);
    while runs(&bench).len() < 2 {
        thread::sleep(Duration::from_millis(20));
    }
    let all = ["--keep-days", "0", "--keep-runs", "0", "--max-bytes", "0"];
    let refused = bench.run(&[&["gc"], &all[..]].concat()).expect(3);
    refused.complains(&[&format!("in use by process {}", host.id()), "--dry-run"]);
    let preview = bench.run(&[&["gc", "--json", "-n"], &all[..]].concat()).expect(0).json();
    assert_eq!(preview["runs"].as_array().unwrap().len(), 1, "not the one that is active");
    assert_eq!(preview["runs"][0]["id"], finished);
    bench.run(&["verify"]).expect(0);
    host.kill().unwrap();
    host.wait().unwrap();

    // Interrupted, so it can be resumed, so it stays.
    bench.run(&[&["gc"], &all[..]].concat()).expect(0);
    assert_eq!(runs(&bench).len(), 1);
    is_whole(&bench);
}

#[test]
fn gc_killed_at_any_moment_leaves_nothing_that_verify_finds() {
    let bench = Bench::new();
    let sizes: Vec<_> = (0..6).map(|n| pipeline(&bench, 70_000 + n)).collect();
    let all = ["gc", "--keep-runs", "0", "--max-bytes", "0"];
    for round in 0..8_u64 {
        sizes.iter().for_each(|path| drop(run(&bench, path, &[])));
        let mut gc = bench.start(&all);
        thread::sleep(Duration::from_millis(3 * round));
        gc.kill().unwrap();
        gc.wait().unwrap();
        is_whole(&bench);
    }
    bench.run(&all).expect(0);
    assert_eq!((runs(&bench).len(), blobs(&bench).len()), (0, 0));
    is_whole(&bench);
}

#[test]
fn a_damaged_output_is_the_same_however_often_it_is_read() {
    let bench = Bench::new();
    run(&bench, &pipeline(&bench, 100_000), &[]);
    let blob = blobs(&bench).remove(0);
    let mut bytes = fs::read(&blob).unwrap();
    let half = bytes.len() / 2;
    bytes[half] ^= 1;
    fs::write(&blob, bytes).unwrap();
    for (turn, found) in ["is damaged", "was found damaged before", "was found damaged before"].iter().enumerate() {
        let read = bench.run(&["runs", "output", "latest", "large"]).expect(3);
        assert!(!read.stderr.contains("No such file"), "{turn}: {}", read.stderr);
        read.complains(&[found, "moved to", "quarantine/", "run the step again"]);
    }
}

#[test]
fn verify_names_what_is_damaged_and_running_again_mends_it() {
    let bench = Bench::new();
    let (first, second) = (pipeline(&bench, 100_000), pipeline(&bench, 3_000_000));
    let ids = [run(&bench, &first, &[]), run(&bench, &second, &[])];
    is_whole(&bench);
    let stored = blobs(&bench);
    assert_eq!(stored.len(), 2);
    for (path, damage) in [(&stored[0], true), (&stored[1], false)] {
        let mut bytes = fs::read(path).unwrap();
        let half = bytes.len() / 2;
        if damage {
            bytes[half] ^= 1
        } else {
            bytes.truncate(half)
        }
        fs::write(path, bytes).unwrap();
    }
    let report = bench.run(&["verify", "--json"]).expect(3).json();
    assert_eq!((&report["ok"], &report["found"]), (&Json::Bool(false), &Json::from(2)));
    for (problem, path) in report["problems"].as_array().unwrap().iter().zip(&stored) {
        let place = problem["place"].as_str().unwrap();
        assert!(place.contains(path.file_name().unwrap().to_str().unwrap()), "{problem}");
        assert!(ids.iter().any(|id| place.contains(id)), "{problem}");
    }
    assert_eq!(blobs(&bench), stored, "nothing was moved");
    let human = bench.run(&["verify"]).expect(3).stdout;
    assert!(human.contains("run the pipeline again") && human.contains("2 problems"), "{human}");

    for path in [&first, &second] {
        run(&bench, path, &[]);
    }
    is_whole(&bench);
    fs::remove_file(&stored[0]).unwrap();
    let missing = bench.run(&["verify"]).expect(3).stdout;
    assert!(missing.contains("its file is missing"), "{missing}");
}

#[test]
fn verify_names_a_damaged_module_and_its_remedy_works() {
    let bench = Bench::new();
    let path = pipeline(&bench, 100_000);
    run(&bench, &path, &[]);
    let module = files(&bench.data().join("modules")).remove(0);
    let mut bytes = fs::read(&module).unwrap();
    bytes[5_000] ^= 1;
    fs::write(&module, bytes).unwrap();
    let found = bench.run(&["verify"]).expect(3).stdout;
    assert!(found.contains("stepmill check"), "{found}");
    bench.run(&["check", &path]).expect(0);
    is_whole(&bench);
}

#[test]
fn a_released_data_directory_is_whole() {
    let bench = Bench::new();
    copy(&root().join("tests/fixtures/v1/data"), &bench.data());
    let report = bench.run(&["verify", "--json"]).expect(0).json();
    assert_eq!((&report["runs"], &report["found"]), (&Json::from(2), &Json::from(0)));
    bench.run(&["gc", "--keep-days", "0", "--keep-runs", "0"]).expect(0);
    assert_eq!(runs(&bench).len(), 1, "the interrupted run stays");
    is_whole(&bench);
    bench.run(&["runs", "resume", "latest"]).expect(0);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
    }
}

#[test]
fn what_is_not_there_or_not_a_limit_is_said_so() {
    let bench = Bench::new();
    for command in ["gc", "verify"] {
        bench.run(&[command]).expect(2).complains(&["there is no data directory"]);
        assert!(!bench.data().exists(), "and none is made");
    }
    bench.run(&["gc", "--keep-days", "-1"]).expect(2);
    bench.run(&["gc", "--keep-days", "soon"]).expect(2).complains(&["a whole number of days, or `none`"]);
    bench.run(&["gc", "--max-bytes", "20 pages"]).expect(2).complains(&["such as `500MB`"]);
    bench.run(&["gc", "--max-bytes", "99999999999TiB"]).expect(2).complains(&["too large"]);
}
