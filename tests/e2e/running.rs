//! What a run does, seen from outside: order, parallel branches, failures, files, cancelling, resuming.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use stepmill_tests::{Bench, Ran, guest};

use crate::interrupt;

/// The state of each step in a `run --json` document.
pub(crate) fn states(ran: &Ran) -> Vec<(String, String)> {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    ran.json()["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| (text(&step["name"]), text(&step["state"])))
        .collect()
}

#[track_caller]
fn assert_states(ran: &Ran, expected: &[(&str, &str)]) {
    let mut found = states(ran);
    found.sort();
    let mut expected: Vec<_> = expected.iter().map(|(step, state)| ((*step).to_owned(), (*state).to_owned())).collect();
    expected.sort();
    assert_eq!(found, expected, "{}", ran.stderr);
}

const DIAMOND: &str = r#"
[steps.left]
use = "b/numbers"
config.count = 10
[steps.right]
use = "b/numbers"
config.count = 5
[steps.sum]
use = "b/sum"
inputs.numbers = "left"
needs = ["right"]
"#;

#[test]
fn a_run_returns_its_output_and_remembers_itself() {
    let bench = Bench::new();
    let path = bench.pipeline_returning("sum", DIAMOND);
    let ran = bench.run(&["run", path.to_str().unwrap(), "--json"]).expect(0);
    assert_states(&ran, &[("left", "succeeded"), ("right", "succeeded"), ("sum", "succeeded")]);
    let run = ran.json()["run"]["id"].as_str().unwrap().to_owned();

    let output = bench.run(&["runs", "output", "latest"]).expect(0);
    assert_eq!(output.stdout.trim(), "45");
    let listed = bench.run(&["runs", "list", "--json"]).expect(0).json();
    assert_eq!(listed["runs"][0]["id"], Json::from(run.clone()));
    let shown = bench.run(&["runs", "show", &run, "--json"]).expect(0).json();
    assert_eq!(shown["run"]["state"], "succeeded");
    let pipelines = bench.run(&["pipelines", "list", "--json"]).expect(0).json();
    assert_eq!(pipelines["pipelines"][0]["name"], "test");
}

#[test]
fn a_failure_ends_the_run_and_says_why() {
    let bench = Bench::new();
    let path = bench.pipeline("[steps.bad]\nuse = \"b/fail\"\n[steps.below]\nuse = \"b/noop\"\nneeds = [\"bad\"]\n");
    let ran = bench.run(&["run", path.to_str().unwrap(), "--json"]).expect(1);
    assert_states(&ran, &[("bad", "failed"), ("below", "cancelled")]);
    let bad = &ran.json()["steps"][0]["attempts"][0]["failure"];
    assert!(bad["message"].as_str().unwrap().contains("invalid digit"), "{bad}");
    let human = bench.run(&["run", path.to_str().unwrap()]).expect(1);
    assert!(format!("{}{}", human.stdout, human.stderr).contains("invalid digit"), "{human:?}");
}

#[test]
fn on_error_continue_lets_other_branches_finish() {
    let bench = Bench::new();
    let path = bench.pipeline(
        "[steps.bad]\nuse = \"b/fail_for_good\"\non_error = \"continue\"\n[steps.below]\nuse = \"b/noop\"\nneeds = [\"bad\"]\n\
         [steps.other]\nuse = \"b/noop\"\n[steps.last]\nuse = \"b/noop\"\nneeds = [\"other\"]\n",
    );
    let ran = bench.run(&["run", path.to_str().unwrap(), "--json"]).expect(1);
    assert_states(&ran, &[("bad", "failed"), ("below", "skipped"), ("other", "succeeded"), ("last", "succeeded")]);
    let below = ran.json()["steps"].as_array().unwrap().iter().find(|step| step["name"] == "below").unwrap().clone();
    assert_eq!(below["reason"]["step"], "bad");
}

#[test]
fn streams_lists_and_files_flow() {
    let bench = Bench::new();
    let path = bench.pipeline(
        r#"
[steps.rows]
use = "b/make_rows"
config.count = 1000
[steps.doubled]
use = "b/double_rows"
inputs.rows = "rows"
[steps.total]
use = "b/sum_rows"
inputs.rows = "doubled"
[steps.listed]
use = "b/count_list"
inputs.rows = "rows"
[steps.list]
use = "b/numbers"
config.count = 100
[steps.streamed]
use = "b/sum_stream"
inputs.numbers = "list"
[steps.text]
use = "b/write_file"
config = { name = "lines.txt", lines = 100 }
[steps.size]
use = "b/file_size"
inputs.file = "text"
[steps.pair]
use = "b/pair_files"
inputs.file = "text"
[steps.part]
use = "b/file_size"
inputs.file = "pair.others[0]"
"#,
    );
    let out = bench.path().join("out");
    bench.run(&["run", path.to_str().unwrap(), "--out", out.to_str().unwrap()]).expect(0);
    for (step, expected) in
        [("total", "999000"), ("listed", "1000"), ("streamed", "4950"), ("size", "790"), ("part", "3")]
    {
        let output = bench.run(&["runs", "output", "latest", step]).expect(0);
        assert_eq!(output.stdout.trim(), expected, "{step}");
    }
    let text = fs::read_to_string(out.join("text/lines.txt")).unwrap();
    assert_eq!(text.lines().count(), 100);
    assert_eq!(fs::read(out.join("pair/second.bin")).unwrap(), [1, 2, 3]);
}

#[test]
fn a_file_parameter_is_kept_by_the_run() {
    let bench = Bench::new();
    let path = bench.pipeline(
        "[params]\ncsv = { type = \"file\" }\n[steps.size]\nuse = \"b/file_size\"\ninputs.file = \"params.csv\"\n",
    );
    let file = bench.write("some.csv", "a,b\n1,2\n");
    bench.run(&["run", path.to_str().unwrap(), "--param", &format!("csv={}", file.display())]).expect(0);
    fs::remove_file(file).unwrap();
    assert_eq!(bench.run(&["runs", "output", "latest", "size"]).expect(0).stdout.trim(), "8");
}

#[test]
fn a_log_line_is_seen_while_its_step_runs() {
    let bench = Bench::new();
    let path = bench.pipeline("[steps.slow]\nuse = \"b/says_early_and_works\"\nconfig.turns = 20000000000\n");
    let mut child = bench.start(&["run", path.to_str().unwrap()]);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("early")));
    assert!(child.try_wait().unwrap().is_none(), "the step has ended");
    let mut logs = String::new();
    for _ in 0..100 {
        logs = bench.run(&["runs", "logs", "latest"]).expect(0).stdout;
        if logs.contains("early") {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(logs.contains("early"), "the store does not have it: {logs}");
    child.kill().unwrap();
    child.wait().unwrap();
}

const ENDLESS: &str =
    "[steps.slow]\nuse = \"b/spins\"\nlimits.cpu = \"1h\"\n[steps.below]\nuse = \"b/noop\"\nneeds = [\"slow\"]\n";

#[test]
fn control_c_cancels_the_run() {
    let bench = Bench::new();
    let path = bench.pipeline(ENDLESS);
    let child = bench.start(&["run", path.to_str().unwrap(), "--json"]);
    wait_for_running(&bench);
    interrupt(&child);
    let ran = Ran::of(child);
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert_states(&ran, &[("slow", "cancelled"), ("below", "cancelled")]);
    let shown = bench.run(&["runs", "show", "latest", "--json"]).expect(0).json();
    assert_eq!(shown["run"]["state"], "cancelled");
}

#[test]
fn another_process_cancels_the_run() {
    let bench = Bench::new();
    let path = bench.pipeline(ENDLESS);
    let child = bench.start(&["run", path.to_str().unwrap(), "--json"]);
    wait_for_running(&bench);
    bench.run(&["runs", "cancel", "latest"]).expect(0);
    let ran = Ran::of(child);
    assert_states(&ran, &[("slow", "cancelled"), ("below", "cancelled")]);
}

#[test]
fn a_cancel_that_is_given_up_says_how_to_go_on() {
    let bench = Bench::new();
    let path = bench.pipeline(ENDLESS);
    let mut child = bench.start(&["run", path.to_str().unwrap(), "--json"]);
    wait_for_running(&bench);
    let run = Pid::from_child(&child);
    // It listens, and does not answer.
    kill_process(run, Signal::STOP).unwrap();
    let here = bench.data();
    let asked = bench.command(&["runs", "cancel", "latest", "--data-dir", here.to_str().unwrap()]);
    let mut asked = { asked }.env_remove("STEPMILL_DATA").stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    assert!(asked.try_wait().unwrap().is_none(), "it waits");
    interrupt(&asked);
    let ran = Ran::of(asked).expect(130);
    ran.complains(&["stopped before the run had ended", "stepmill runs cancel latest --data-dir", "runs show latest"]);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_interrupted_run_is_resumed_and_then_has_ended() {
    let bench = Bench::new();
    let flow = Json::from(guest("flow").to_string_lossy().into_owned());
    // The first attempt does not end, however late it is killed.
    let path = bench.write(
        "pipeline.toml",
        format!(
            "name = \"test\"\n[modules]\nflow = {{ path = {flow} }}\n[steps.first]\nuse = \"flow/emit\"\n\
             [steps.slow]\nuse = \"flow/spin_until\"\nconfig.ends_at = 2\ngrants.run = true\nneeds = [\"first\"]\n"
        ),
    );
    let mut command = bench.command(&["run", path.to_str().unwrap(), "--allow", "run"]);
    let mut child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    wait_for(&bench, |states| states.contains(&("slow".to_owned(), "running".to_owned())));
    child.kill().unwrap();
    child.wait().unwrap();
    let shown = bench.run(&["runs", "show", "latest", "--json"]).expect(0).json();
    assert_eq!(shown["run"]["state"], "running");
    let ran = bench.run(&["runs", "resume", "latest", "--json", "--allow", "run"]).expect(0);
    assert_states(&ran, &[("first", "succeeded"), ("slow", "succeeded")]);
    let again = bench.run(&["runs", "resume", "latest", "--json"]);
    assert!(again.code == Some(0) || again.code == Some(2), "{again:?}");
}

/// Leaves a run with a `finally` step behind whose process was killed.
fn interrupted(bench: &Bench) {
    let path = bench.pipeline(&format!("{ENDLESS}[steps.tidy]\nuse = \"b/noop\"\nfinally = true\n"));
    let mut child = bench.start(&["run", path.to_str().unwrap()]);
    wait_for_running(bench);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_cancel_that_has_not_taken_effect_is_shown() {
    let bench = Bench::new();
    let path =
        bench.pipeline(&format!("{ENDLESS}[steps.tidy]\nuse = \"b/spins\"\nlimits.cpu = \"1h\"\nfinally = true\n"));
    let mut child = bench.start(&["run", path.to_str().unwrap()]);
    wait_for_running(&bench);
    bench.run(&["runs", "cancel", "latest"]).expect(0);
    let listed = bench.run(&["runs", "list"]).expect(0).stdout;
    assert!(listed.contains("running, cancel requested"), "{listed}");
    let shown = bench.run(&["runs", "show", "latest"]).expect(0).stdout;
    assert!(shown.contains("test running, cancel requested"), "{shown}");
    child.kill().unwrap();
    child.wait().unwrap();
    let left = bench.run(&["runs", "show", "latest"]).expect(0).stdout;
    assert!(left.contains("interrupted, cancel requested") && left.contains("end it: stepmill runs cancel"), "{left}");
    assert_eq!(bench.run(&["runs", "list", "--json"]).expect(0).json()["runs"][0]["cancel_requested"], true);
}

#[test]
fn an_interrupted_run_is_cancelled_by_whoever_asks() {
    let bench = Bench::new();
    interrupted(&bench);
    let refused = bench.run(&["runs", "rerun", "latest"]).expect(2);
    assert!(refused.stderr.contains("or end it with `stepmill runs cancel"), "{}", refused.stderr);
    let ran = bench.run(&["runs", "cancel", "latest", "--json"]).expect(0);
    assert_eq!(ran.json()["run"]["state"], "cancelled");
    assert_states(&ran, &[("slow", "cancelled"), ("below", "cancelled"), ("tidy", "succeeded")]);
    let again = bench.run(&["runs", "cancel", "latest"]).expect(2);
    assert!(again.stderr.contains("was cancelled"), "{}", again.stderr);
    let resumed = bench.run(&["runs", "resume", "latest"]).expect(130);
    assert!(resumed.stderr.contains("had ended"), "{}", resumed.stderr);
}

#[test]
fn several_may_cancel_an_interrupted_run_at_once() {
    let bench = Bench::new();
    interrupted(&bench);
    let asked: Vec<_> = (0..4).map(|_| bench.start(&["runs", "cancel", "latest", "--json"])).collect();
    for ran in asked.into_iter().map(Ran::of) {
        // One that comes late finds that it was cancelled before.
        assert!(ran.code == Some(0) || ran.stderr.contains("was cancelled"), "{ran:?}");
    }
    assert_eq!(bench.run(&["runs", "show", "latest", "--json"]).expect(0).json()["run"]["state"], "cancelled");
}

#[test]
fn a_run_whose_module_is_gone_names_the_command_that_puts_it_back() {
    let bench = Bench::new();
    interrupted(&bench);
    for folder in ["modules", "code"] {
        fs::remove_dir_all(bench.data().join(folder)).unwrap();
    }
    let resumed = bench.run(&["runs", "resume", "latest"]).expect(3);
    resumed.complains(&["not in the data directory any more", "stepmill check PIPELINE.toml", "--force"]);
    bench.run(&["check", bench.path().join("pipeline.toml").to_str().unwrap()]).expect(0);
    let ended = bench.run(&["runs", "cancel", "latest", "--json"]).expect(0);
    assert_states(&ended, &[("slow", "cancelled"), ("below", "cancelled"), ("tidy", "succeeded")]);
}

#[test]
fn an_interrupted_run_without_its_module_is_cancelled_by_force() {
    let bench = Bench::new();
    interrupted(&bench);
    for folder in ["modules", "code"] {
        std::fs::remove_dir_all(bench.data().join(folder)).unwrap();
    }
    let refused = bench.run(&["runs", "cancel", "latest"]).expect(3);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    let ran = bench.run(&["runs", "cancel", "latest", "--force", "--json"]).expect(0);
    assert_eq!(ran.json()["run"]["state"], "cancelled");
    assert_states(&ran, &[("slow", "cancelled"), ("below", "cancelled"), ("tidy", "cancelled")]);
}

/// Waits until the store says that a step is running.
fn wait_for_running(bench: &Bench) {
    wait_for(bench, |states| states.iter().any(|(_, state)| state == "running"));
}

/// Waits until the store says this of the steps of the newest run.
fn wait_for(bench: &Bench, holds: impl Fn(&[(String, String)]) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let shown = bench.run(&["runs", "show", "latest", "--json"]);
        if shown.code == Some(0) && holds(&states(&shown)) {
            return;
        }
        assert!(Instant::now() < deadline, "{shown:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
