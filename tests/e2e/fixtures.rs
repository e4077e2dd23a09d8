//! Data directories and components of released formats: every later version must open, show, resume and run them.
//!
//! `tests/fixtures/v1` was made by `tests/fixtures/make.sh` with the first version that had these formats, and is never
//! made again. In its data directory one run has succeeded, with an inline value, a blob, a file, and small and large
//! streams; another was killed in its second step.

use std::{fs, path::Path};

use stepmill_tests::{Bench, root, server::Server};

use crate::running::states;

/// A bench with a copy of the fixture's data directory.
pub(crate) fn released() -> Bench {
    let bench = Bench::new();
    copy(&root().join("tests/fixtures/v1/data"), &bench.data());
    bench
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
    }
}

pub(crate) fn run_in_state(bench: &Bench, state: &str) -> String {
    let listed = bench.run(&["runs", "list", "--json"]).expect(0).json();
    let run = listed["runs"].as_array().unwrap().iter().find(|run| run["state"] == state).cloned();
    run.unwrap_or_else(|| panic!("no {state} run in {listed}"))["id"].as_str().unwrap().to_owned()
}

/// Checks what is in the fixture: the run that has succeeded, with all of its outputs, and that nothing is damaged.
pub(crate) fn check_contents(bench: &Bench) {
    let listed = bench.run(&["runs", "list", "--json", "--pipeline", "whole"]).expect(0).json();
    let run = listed["runs"][0]["id"].as_str().expect("a run").to_owned();
    let shown = bench.run(&["runs", "show", &run, "--json"]).expect(0);
    assert_eq!(states(&shown).len(), 7);
    assert!(states(&shown).iter().all(|(_, state)| state == "succeeded"));
    let out = bench.path().join("out");
    for (step, expected) in [("sum", "45"), ("total", "499500"), ("size", "790")] {
        assert_eq!(bench.run(&["runs", "output", &run, step]).expect(0).stdout.trim(), expected, "{step}");
    }
    bench.run(&["runs", "output", &run, "text", "--out", out.to_str().unwrap()]).expect(0);
    assert!(fs::read_to_string(out.join("lines.txt")).unwrap().starts_with("line 0\nline 1\n"));
    for (step, count) in [("rows", 1_000), ("large", 20_000)] {
        let rows = bench.run(&["runs", "output", &run, step]).expect(0).json();
        assert_eq!(rows.as_array().map(Vec::len), Some(count), "{step}");
    }
    bench.run(&["verify"]).expect(0);
}

#[test]
fn a_released_run_is_shown_with_its_outputs_and_logs() {
    check_contents(&released());
}

#[test]
fn a_released_run_that_was_killed_is_resumed() {
    let bench = released();
    let run = run_in_state(&bench, "running");
    let logs = bench.run(&["runs", "logs", &run]).expect(0).stdout;
    assert!(logs.contains("early"), "{logs}");
    let resumed = bench.run(&["runs", "resume", &run, "--json"]).expect(0);
    assert!(states(&resumed).iter().all(|(_, state)| state == "succeeded"), "{}", resumed.stdout);
}

#[test]
fn a_released_component_runs() {
    let bench = Bench::new();
    let modules = fs::read_dir(root().join("tests/fixtures/v1/data/modules")).unwrap();
    let module = modules.map(|entry| entry.unwrap().path()).next().expect("a component");
    let module = serde_json::Value::from(module.to_string_lossy().into_owned());
    let path = bench.write(
        "pipeline.toml",
        format!("name = \"old\"\noutput = \"sum\"\n[modules]\nb = {{ path = {module} }}\n[steps.numbers]\nuse = \"b/numbers\"\nconfig.count = 10\n[steps.sum]\nuse = \"b/sum\"\n"),
    );
    bench.run(&["run", path.to_str().unwrap()]).expect(0);
    assert_eq!(bench.run(&["runs", "output", "latest"]).expect(0).stdout.trim(), "45");
}

#[test]
fn a_released_data_directory_is_served_and_its_component_runs_there() {
    let bench = released();
    let (done, killed) = (run_in_state(&bench, "succeeded"), run_in_state(&bench, "running"));
    let server = Server::start(&bench, &[]);
    let output = server.get(&format!("/api/v1/runs/{done}/steps/sum/output")).expect(200).json();
    assert_eq!(output["value"], 45);
    let text = server.get(&format!("/api/v1/runs/{done}/steps/text/files/0")).expect(200).text();
    assert!(text.starts_with("line 0\nline 1\n"));
    // The one that was killed is taken up without a word.
    assert_eq!(server.events(&format!("/api/v1/runs/{killed}/events"), None).last().expect("events").event, "end");
    let shown = server.get(&format!("/api/v1/runs/{killed}")).expect(200).json();
    assert_eq!(shown["run"]["state"], "succeeded", "{shown}");
    let module = fs::read_dir(root().join("tests/fixtures/v1/data/modules")).unwrap().next().expect("a component");
    let wasm = fs::read(module.unwrap().path()).unwrap();
    let typed = [("content-type", "application/wasm")];
    let _ = server.request("POST", "/api/v1/modules?name=old", &typed, &wasm).expect(201);
    let pipeline = "name = \"old\"\noutput = \"sum\"\n[steps.numbers]\nuse = \"old/numbers\"\nconfig.count = 10\n[steps.sum]\nuse = \"old/sum\"\n";
    let _ = server.post("/api/v1/pipelines", &serde_json::json!({ "text": pipeline })).expect(200);
    let started = server.post("/api/v1/pipelines/old/runs", &serde_json::json!({})).expect(201).json();
    let id = started["id"].as_str().unwrap();
    assert_eq!(server.events(&format!("/api/v1/runs/{id}/events"), None).last().expect("events").event, "end");
    assert_eq!(server.get(&format!("/api/v1/runs/{id}/steps/sum/output")).expect(200).json()["value"], 45);
}
