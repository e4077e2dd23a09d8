//! `runs rerun` and the cache, seen from outside: what is executed again, and what is not.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value as Json;
use stepmill_tests::{Bench, Ran, guest};

/// A pipeline of the guest `flow`.
fn pipeline(bench: &Bench, rest: &str) {
    let module = Json::from(guest("flow").to_string_lossy().into_owned());
    bench.write("p.toml", format!("name = \"test\"\n[modules]\nflow = {{ path = {module} }}\n{rest}"));
}

/// Runs a command with `--json-events`; what it printed, line by line.
#[track_caller]
fn events(bench: &Bench, args: &[&str], code: i32) -> Vec<Json> {
    let args: Vec<_> = args.iter().copied().chain(["--json-events"]).collect();
    let ran = bench.run(&args).expect(code);
    ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The steps of events of this kind, in the order of their names, each once.
fn steps(events: &[Json], kind: &str) -> Vec<String> {
    let of_kind = events.iter().filter(|event| event["event"] == kind);
    let mut steps: Vec<_> = of_kind.map(|event| event["step"].as_str().expect("a step").to_owned()).collect();
    steps.sort();
    steps.dedup();
    steps
}

/// The steps with attempts, also with those that found their result in the cache.
fn executed(events: &[Json]) -> Vec<String> {
    steps(events, "attempt_started")
}

fn output(bench: &Bench, step: &str) -> String {
    bench.run(&["runs", "output", "latest", step]).expect(0).stdout.split_whitespace().collect()
}

/// `a` → `b`, which fails for what `params.bad` says, → `c`; and `other`.
const CHAIN: &str = r#"
[params]
bad = { type = "json", default = [2] }
[steps.a]
use = "flow/emit"
config.value = 2
cache = false
[steps.b]
use = "flow/fail_if"
inputs.value = "a"
config.bad = { from = "params.bad" }
on_error = "continue"
cache = false
[steps.c]
use = "flow/double"
inputs.value = "b"
cache = false
[steps.other]
use = "flow/emit"
cache = false
"#;

#[test]
fn what_succeeded_is_not_executed_again() {
    let bench = Bench::new();
    pipeline(&bench, CHAIN);
    assert_eq!(executed(&events(&bench, &["run", "p.toml"], 1)), ["a", "b", "other"]);
    let again = events(&bench, &["runs", "rerun", "latest", "--failed", "-p", "bad=[]"], 0);
    assert_eq!(executed(&again), ["b", "c"]);
    assert_eq!(steps(&again, "carried"), ["a", "other"]);
    assert_eq!((output(&bench, "c"), output(&bench, "a")), ("4".to_owned(), "2".to_owned()));
    // Nothing is left to do: nothing is executed.
    let third = events(&bench, &["runs", "rerun", "latest", "--failed"], 0);
    assert_eq!(executed(&third), [""; 0]);
    assert_eq!(output(&bench, "c"), "4");
}

#[test]
fn from_a_step_on_and_the_whole() {
    let bench = Bench::new();
    pipeline(&bench, CHAIN);
    events(&bench, &["run", "p.toml", "-p", "bad=[]"], 0);
    assert_eq!(executed(&events(&bench, &["runs", "rerun", "latest", "--from", "b"], 0)), ["b", "c"]);
    let two = events(&bench, &["runs", "rerun", "latest", "--from", "c", "--from", "other"], 0);
    assert_eq!(executed(&two), ["c", "other"]);
    assert_eq!(executed(&events(&bench, &["runs", "rerun", "latest"], 0)), ["a", "b", "c", "other"]);
    assert_eq!(output(&bench, "c"), "4");
}

#[test]
fn parameters_are_kept_unless_they_are_given() {
    let bench = Bench::new();
    pipeline(
        &bench,
        "[params]\nx = { type = \"integer\", default = 1 }\ny = { type = \"integer\" }\n\
         [steps.x]\nuse = \"flow/emit\"\nconfig.value = { from = \"params.x\" }\n\
         [steps.y]\nuse = \"flow/emit\"\nconfig.value = { from = \"params.y\" }\n",
    );
    events(&bench, &["run", "p.toml", "-p", "x=3", "-p", "y=4"], 0);
    let again = events(&bench, &["runs", "rerun", "latest", "--failed", "-p", "y=5"], 0);
    assert_eq!(executed(&again), ["y"]);
    assert_eq!((output(&bench, "x"), output(&bench, "y")), ("3".to_owned(), "5".to_owned()));
}

#[test]
fn the_pipeline_as_it_is_now_runs_what_changed_and_what_is_below() {
    let bench = Bench::new();
    pipeline(&bench, CHAIN);
    events(&bench, &["run", "p.toml", "-p", "bad=[]"], 0);
    pipeline(&bench, &CHAIN.replace("use = \"flow/double\"", "use = \"flow/plus\"\nconfig.more = 40"));
    assert_eq!(executed(&events(&bench, &["runs", "rerun", "latest", "--failed"], 0)), [""; 0]);
    assert_eq!(output(&bench, "c"), "4", "without `--pipeline` it is what it was");
    let newest = ["runs", "rerun", "latest", "--failed", "--pipeline", "p.toml"];
    assert_eq!(executed(&events(&bench, &newest, 0)), ["c"]);
    assert_eq!(output(&bench, "c"), "42");
}

#[test]
fn of_a_for_each_only_the_failed_items_run_again() {
    let bench = Bench::new();
    let text = r#"
[steps.it]
use = "flow/fail_item_until"
for_each = "numbers"
inputs.value = "item"
config = { bad = [2], succeeds_at = 2 }
grants.run = true
[steps.numbers]
use = "flow/list"
config.items = [1, 2, 3]
"#;
    pipeline(&bench, text);
    events(&bench, &["run", "p.toml", "--allow", "run"], 1);
    // With a second attempt the item succeeds; the others have had their first one.
    pipeline(&bench, &text.replace("grants.run", "retry = { max_attempts = 2, initial = \"1ms\" }\ngrants.run"));
    let newest = ["runs", "rerun", "latest", "--failed", "--pipeline", "p.toml", "--allow", "run"];
    let again = events(&bench, &newest, 0);
    assert_eq!(steps(&again, "carried"), ["it", "numbers"]);
    let succeeded: Vec<_> = again.iter().filter(|event| event["event"] == "attempt_succeeded").collect();
    assert!(matches!(&succeeded[..], [only] if only["attempt"] == 2), "{succeeded:?}");
    assert_eq!(output(&bench, "it"), "[1,2,3]");
}

#[test]
fn a_killed_repetition_is_resumed() {
    let bench = Bench::new();
    // Its first attempt in the repetition does not end, however late it is killed.
    let slow = "[steps.slow]\nuse = \"flow/spin_until\"\nconfig.ends_at = { from = \"params.ends_at\" }\n\
        grants.run = true\ncache = false\n";
    let params = "[params]\nends_at = { type = \"integer\", default = 1 }\n";
    pipeline(&bench, &format!("{}{slow}", CHAIN.replacen("[params]\n", params, 1)));
    events(&bench, &["run", "p.toml", "--allow", "run"], 1);
    let rerun = ["runs", "rerun", "latest", "--from", "slow", "-p", "bad=[]", "-p", "ends_at=2", "--allow", "run"];
    let mut command = bench.command(&rerun);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts");
    let is_running = || {
        let shown = bench.run(&["runs", "show", "latest", "--json"]).expect(0).json();
        let steps = shown["steps"].as_array().expect("steps");
        !shown["rerun_of"].is_null() && steps.iter().any(|step| step["name"] == "slow" && step["state"] == "running")
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_running() {
        assert!(Instant::now() < deadline, "the repetition does not run");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("a child");
    child.wait().expect("a child");
    let resumed = events(&bench, &["runs", "resume", "latest", "--allow", "run"], 0);
    let again = executed(&resumed);
    assert!(!again.contains(&"a".to_owned()) && !again.contains(&"other".to_owned()), "{again:?}");
    assert_eq!((output(&bench, "c"), output(&bench, "a")), ("4".to_owned(), "2".to_owned()));
}

#[test]
fn what_cannot_be_repeated_is_refused() {
    let bench = Bench::new();
    pipeline(&bench, CHAIN);
    bench.run(&["runs", "rerun", "latest"]).expect(2);
    events(&bench, &["run", "p.toml"], 1);
    let refused = |args: &[&str], parts: &[&str]| {
        let args: Vec<_> = ["runs", "rerun", "latest"].iter().chain(args).copied().collect();
        bench.run(&args).expect(2).complains(parts);
    };
    refused(&["--from", "d"], &["no step `d`", "`a`, `b`", "`other`"]);
    refused(&["-p", "worse=1"], &["no parameter `worse`", "`bad`"]);
    refused(&["-p", "bad=["], &["`bad` wants a JSON value"]);
    refused(&["-p", "bad"], &["`bad` is not a parameter"]);
    refused(&["--failed", "--from", "b"], &["cannot be used with"]);
    refused(&["--pipeline", "none.toml"], &["none.toml"]);
    assert_eq!(bench.run(&["runs", "list", "--json"]).json()["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_run_that_goes_on_is_not_repeated() {
    let bench = Bench::new();
    pipeline(&bench, "[steps.slow]\nuse = \"flow/spin\"\nlimits.cpu = \"1h\"\n");
    let mut child = bench.start(&["run", "p.toml"]);
    while bench.run(&["runs", "show", "latest"]).code != Some(0) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    bench.run(&["runs", "rerun", "latest"]).expect(2).complains(&["has not ended", "runs resume"]);
    child.kill().expect("a child");
    let _: Ran = Ran::of(child);
}

#[test]
fn a_second_run_executes_nothing_and_one_without_the_cache_everything() {
    let bench = Bench::new();
    pipeline(&bench, &CHAIN.replace("cache = false\n", ""));
    let run = |more: &[&str]| {
        let args: Vec<_> = ["run", "p.toml", "-p", "bad=[]"].iter().chain(more).copied().collect();
        sandboxes(&bench, &args)
    };
    assert_eq!(run(&[]), 4);
    assert_eq!(run(&[]), 0);
    assert_eq!(run(&["--no-cache"]), 4);
    assert_eq!(sandboxes(&bench, &["runs", "rerun", "latest"]), 0);
    assert_eq!(sandboxes(&bench, &["runs", "rerun", "latest", "--no-cache"]), 4);
}

/// In how many attempts of a run a guest computed: what is taken from the cache uses nothing.
fn sandboxes(bench: &Bench, args: &[&str]) -> usize {
    let succeeded = |event: &&Json| event["event"] == "attempt_succeeded";
    let computed = |event: &&Json| event["usage"]["memory_bytes"].as_u64().unwrap_or_default() > 0;
    events(bench, args, 0).iter().filter(succeeded).filter(computed).count()
}
