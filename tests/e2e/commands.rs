//! The commands around a run: new, build, inspect, graph, completions, manual pages.

use std::{fs, process::Command};

use serde_json::Value as Json;
use stepmill_tests::{Bench, guest, root};

/// Crates made by these tests share a target folder, so that the SDK is compiled once.
fn shared_target(command: &mut Command) -> &mut Command {
    command.env("CARGO_TARGET_DIR", root().join("target/new"))
}

#[test]
fn a_new_crate_builds_tests_and_runs_outside_the_repository() {
    let bench = Bench::new();
    bench.run(&["new", "my-steps"]).expect(0);
    let folder = bench.path().join("my-steps");
    assert!(folder.join("vendor/guest-sdk/Cargo.toml").exists());

    let built = shared_target(&mut bench.command(&["build", "my-steps", "--json"])).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let built: Json = serde_json::from_slice(&built.stdout).unwrap();
    assert!(built.to_string().contains("\"steps\""), "{built}");

    let mut cargo = Command::new("cargo");
    let tested = shared_target(cargo.arg("test").arg("--quiet").current_dir(&folder)).output().unwrap();
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    assert!(String::from_utf8_lossy(&tested.stdout).contains("passed"), "it has no test");

    let ran = shared_target(&mut bench.command(&["run", "my-steps/pipeline.toml"])).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));

    bench.run(&["new", "my-steps"]).expect(2).complains(&["my-steps"]);
    bench.run(&["new", "9lives"]).expect(2).complains(&["9lives"]);
    assert!(!bench.path().join("9lives").exists());
}

#[test]
fn build_says_what_is_wrong() {
    let bench = Bench::new();
    bench.run(&["build", "nowhere"]).expect(2).complains(&["nowhere"]);
    bench.write("empty/readme.txt", "");
    bench.run(&["build", "empty"]).expect(2).complains(&["Cargo.toml"]);
}

#[test]
fn inspect_shows_signatures() {
    let bench = Bench::new();
    let module = guest("behaviours");
    let module = module.to_str().unwrap();
    let human = bench.run(&["inspect", module]).expect(0).stdout;
    for part in ["numbers", "sum", "Adds numbers up", "sha256:"] {
        assert!(human.contains(part), "no `{part}` in\n{human}");
    }
    let json = bench.run(&["inspect", module, "--json"]).expect(0).json();
    let digest = Command::new("sha256sum").arg(module).output().unwrap();
    let digest = String::from_utf8_lossy(&digest.stdout).split_whitespace().next().unwrap().to_owned();
    assert_eq!(json["digest"], format!("sha256:{digest}"));
}

#[test]
fn graph_draws_three_ways() {
    let bench = Bench::new();
    let path = bench.pipeline("[steps.a]\nuse = \"b/noop\"\n[steps.c]\nuse = \"b/noop\"\nneeds = [\"a\"]\n");
    let path = path.to_str().unwrap();
    for (format, part) in [("ascii", "a"), ("mermaid", "flowchart"), ("dot", "digraph")] {
        let drawn = bench.run(&["graph", path, "--format", format]).expect(0).stdout;
        assert!(drawn.contains(part), "{drawn}");
    }
    assert!(bench.run(&["graph", path, "--json"]).expect(0).json()["edges"].is_array());
}

#[test]
fn shells_and_man_are_served() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(bench.run(&["completions", shell]).expect(0).stdout.contains("stepmill"));
    }
    bench.run(&["man", "--out", "man"]).expect(0);
    assert!(fs::read_dir(bench.path().join("man")).unwrap().count() > 10);
}

/// What only reads a data directory.
const READING: [&[&str]; 8] = [
    &["runs", "list"],
    &["runs", "show", "latest"],
    &["runs", "logs", "latest"],
    &["pipelines", "list"],
    &["verify"],
    &["gc"],
    &["gc", "--dry-run"],
    &["admin", "recover"],
];

#[test]
fn a_folder_that_is_no_data_directory_is_not_taken_for_an_empty_one() {
    let bench = Bench::new();
    for command in READING {
        bench.run(command).expect(2).complains(&["there is no data directory at", "data`", "--data-dir"]);
        assert!(!bench.data().exists(), "{command:?} made a data directory");
    }
    let thesis = bench.write("data/thesis.txt", "mine");
    for command in READING {
        bench.run(command).expect(2).complains(&["is not a data directory of stepmill", "--data-dir"]);
    }
    let pipeline = bench.write("pipeline.toml", stepmill_tests::pipeline_text("", "[steps.it]\nuse = \"b/noop\"\n"));
    bench.run(&["run", pipeline.to_str().unwrap()]).expect(2).complains(&["is not a data directory of stepmill"]);
    assert_eq!(bench.data().read_dir().unwrap().count(), 1);
    fs::remove_file(thesis).unwrap();
    // One in which nothing has run yet.
    drop(stepmill_tests::server::Server::start(&bench, &[]));
    for list in ["runs", "pipelines"] {
        assert_eq!(bench.run(&[list, "list"]).expect(0).stdout, "no runs yet\n");
    }
}

#[test]
fn reading_without_a_data_directory_says_what_to_do() {
    let bench = Bench::new();
    for command in [&["runs", "show", "latest"][..], &["runs", "logs", "latest"], &["runs", "resume", "latest"]] {
        let ran = bench.run(command);
        assert_eq!(ran.code, Some(2), "{command:?}: {ran:?}");
        ran.complains(&["run"]);
        assert!(!bench.data().exists(), "{command:?} made a data directory");
    }
}
