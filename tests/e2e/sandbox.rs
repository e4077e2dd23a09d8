//! Hostile and unlucky steps: each ends as it should, says why, and the host lives on.

use serde_json::Value as Json;
use stepmill_tests::{Bench, Ran};

/// Each row: the step, what the pipeline says of it, the kind of failure, and what the message must have in it.
const FAILURES: &[(&str, &str, &str, &[&str])] = &[
    ("fail", "", "failed", &["invalid digit"]),
    ("fail_for_good", "", "permanent", &["the account is closed"]),
    ("ask_for_retry", "", "retry_after", &["too many requests"]),
    ("panics", "", "panicked", &["the sky fell"]),
    ("traps", "", "trapped", &[]),
    ("exits", "", "panicked", &["exit"]),
    ("invent_file", "", "invalid_output", &["$file"]),
    ("dials", "", "trapped", &["wasi:sockets"]),
    ("half_rows", "", "permanent", &["only five"]),
    ("spins", "limits.cpu = \"200ms\"", "limit_reached", &["limits.cpu"]),
    ("spins", "timeout = \"200ms\"", "limit_reached", &["timeout"]),
    ("hoards", "limits.memory = \"32MiB\"", "limit_reached", &["limits.memory"]),
    ("recurses", "", "stack_overflow", &["stack"]),
    ("fill", "config.size = 5000000\nlimits.output = \"1MiB\"", "limit_reached", &["limits.output"]),
    ("make_rows", "config.count = 1000000\nlimits.storage = \"1MiB\"", "limit_reached", &["limits.storage"]),
    (
        "write_file",
        "config = { name = \"a\", lines = 1000000 }\nlimits.storage = \"1MiB\"",
        "limit_reached",
        &["limits.storage"],
    ),
    ("write_file", "config = { name = \"../../etc/passwd\" }", "permanent", &["name"]),
];

#[test]
fn every_way_to_fail_is_told_apart() {
    for (step, settings, kind, parts) in FAILURES {
        let bench = Bench::new();
        let path = bench.pipeline(&format!("[steps.it]\nuse = \"b/{step}\"\n{settings}\n"));
        let ran = bench.run(&["run", path.to_str().unwrap(), "--json"]).expect(1);
        let failure = ran.json()["steps"][0]["attempts"][0]["failure"].clone();
        let found = failure["kind"].to_string();
        assert!(found.contains(kind), "{step} {settings}: {failure}");
        for part in *parts {
            assert!(failure.to_string().contains(part), "{step} {settings}: no `{part}` in {failure}");
        }
        assert!(failure.to_string().len() < 8192, "{step}: the message is too long");
    }
}

#[test]
fn a_wrong_input_that_no_check_could_see_names_step_parameter_and_path() {
    let bench = Bench::new();
    let path = bench.pipeline(
        "[params]\nrow = { type = \"json\" }\n[steps.it]\nuse = \"b/count_list\"\ninputs.rows = \"params.row\"\n",
    );
    let row = r#"row=[{"id": 1, "text": "a"}, {"id": "two", "text": "b"}]"#;
    let ran = bench.run(&["run", path.to_str().unwrap(), "-p", row, "--json"]).expect(1);
    let failure = ran.json()["steps"][0]["attempts"][0]["failure"].clone();
    assert_eq!(failure["kind"], "invalid_input", "{failure}");
    for part in ["count_list", "rows", "[1].id"] {
        assert!(failure["message"].as_str().unwrap().contains(part), "{failure}");
    }
}

#[test]
fn a_step_finds_nothing_of_the_machine() {
    let bench = Bench::new();
    let path = bench.pipeline("[steps.it]\nuse = \"b/probes\"\n");
    let mut command = bench.command(&["run", path.to_str().unwrap()]);
    assert!(command.env("CANARY", "secret").output().unwrap().status.success());
    let found: Json = bench.run(&["runs", "output", "latest", "it"]).expect(0).json();
    assert_eq!(found, serde_json::json!([]));
}

#[test]
fn a_flood_of_log_lines_is_cut_and_counted() {
    for step in ["chatters", "prints"] {
        let bench = Bench::new();
        let path = bench.pipeline(&format!("[steps.it]\nuse = \"b/{step}\"\nconfig.lines = 100000\n"));
        let ran = bench.run(&["run", path.to_str().unwrap(), "--json", "-q"]).expect(0);
        let usage = ran.json()["steps"][0]["attempts"][0]["usage"].clone();
        assert!(usage["log_lines"].as_u64().unwrap() <= 10_000, "{usage}");
        assert!(usage["log_lines_dropped"].as_u64().unwrap() >= 90_000, "{usage}");
        let logs = bench.run(&["runs", "logs", "latest"]).expect(0).stdout;
        assert!(logs.lines().count() <= 10_100, "{} lines", logs.lines().count());
        let dropped = usage["log_lines_dropped"].to_string();
        let last = logs.lines().last().unwrap();
        assert!(last.contains(&format!("{dropped} more lines were dropped")), "{last}");
        let shown = bench.run(&["runs", "show", "latest", "it"]).expect(0).stdout;
        assert!(shown.contains("log lines dropped"), "{shown}");
    }
}

#[test]
fn the_end_of_the_output_is_logged_also_without_an_end_of_line() {
    for (fails, code) in [(false, 0), (true, 1)] {
        let bench = Bench::new();
        let path = bench.pipeline(&format!("[steps.it]\nuse = \"b/prints_unended\"\nconfig.fails = {fails}\n"));
        bench.run(&["run", path.to_str().unwrap()]).expect(code);
        let logs = bench.run(&["runs", "logs", "latest"]).expect(0).stdout;
        assert!(logs.contains("total: 42"), "fails = {fails}: {logs}");
    }
}

#[test]
fn a_log_line_cannot_play_the_terminal() {
    let bench = Bench::new();
    let path = bench.pipeline("[steps.it]\nuse = \"b/colours\"\n");
    let ran = bench.run(&["run", path.to_str().unwrap()]).expect(0);
    let logs = bench.run(&["runs", "logs", "latest"]).expect(0);
    let json = bench.run(&["runs", "logs", "latest", "--json"]).expect(0);
    for Ran { stdout, stderr, .. } in [&ran, &logs, &json] {
        for c in ['\u{1b}', '\u{7}', '\u{202e}'] {
            assert!(!stdout.contains(c) && !stderr.contains(c), "{c:?} in {stdout}{stderr}");
        }
    }
    assert!(logs.stdout.contains("red"), "{}", logs.stdout);
}

#[test]
fn a_step_made_from_the_contract_alone_runs() {
    let bench = Bench::new();
    let module = stepmill_tests::guest("bare");
    let inspected = bench.run(&["inspect", module.to_str().unwrap(), "--json"]).expect(0).json();
    assert_eq!(inspected["steps"][0]["name"], "reverse", "{inspected}");
    let module = Json::from(module.to_string_lossy().into_owned());
    let text = format!(
        "name = \"bare\"\noutput = \"it\"\n[modules]\nm = {{ path = {module} }}\n[params]\ntext = {{ type = \"string\" }}\n\
         [steps.it]\nuse = \"m/reverse\"\ninputs.text = \"params.text\"\n",
    );
    let path = bench.write("pipeline.toml", text);
    bench.run(&["run", path.to_str().unwrap(), "-p", "text=straw"]).expect(0);
    assert_eq!(bench.run(&["runs", "output", "latest"]).expect(0).stdout.trim(), "\"warts\"");
}

#[test]
fn a_type_that_no_value_can_have_is_refused_before_anything_runs() {
    let bench = Bench::new();
    let module = stepmill_tests::guest("wide");
    bench.run(&["inspect", module.to_str().unwrap()]).expect(2).complains(&["too_wide", "128"]);
}
