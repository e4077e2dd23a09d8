//! `stepmill run` while a call fails: it says so or gets over it, what it told is kept, and the run can be taken up.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    process::Output,
};

use rustix::process::Pid;
use serde_json::Value as Json;
use stepmill_tests::{
    Bench, pipeline_text,
    strace::{Injection, available, injected},
};

use super::{FAULTS, most, places};

const PIPELINE: &str = r#"
[steps.one]
use = "b/fill"
config.size = 100000
[steps.two]
use = "b/pass"
inputs.data = "one"
needs = ["three"]
[steps.three]
use = "b/make_rows"
config = { count = 20000 }
needs = ["one"]
"#;

/// How many places of each sort of call are tried.
const SOME: usize = 2;

/// One call that fails.
struct Trial {
    calls: &'static str,
    error: &'static str,
    when: usize,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.calls, self.error, self.when)
    }
}

/// Where a run begins, and the calls that it makes if none fails.
struct Start {
    template: Bench,
    calls: Vec<String>,
}

impl Start {
    /// In an empty data directory.
    fn first() -> Self {
        let template = Bench::new();
        fs::create_dir(template.data()).unwrap();
        Self::from(template)
    }

    /// In one in which something has run.
    fn later() -> Self {
        let template = Bench::new();
        template.warm();
        let path = template.write("before.toml", pipeline_text("", "[steps.it]\nuse = \"b/noop\"\n"));
        template.run(&["run", path.to_str().unwrap(), "-q"]).expect(0);
        Self::from(template)
    }

    fn from(template: Bench) -> Self {
        let every: BTreeSet<&str> = FAULTS.iter().flat_map(|(calls, _)| calls.split(',')).collect();
        let (output, calls) = run(&copy_of(&template), &Vec::from_iter(every).join(","), "");
        assert!(output.status.success(), "{output:?}");
        Self { template, calls }
    }
}

fn copy_of(bench: &Bench) -> Bench {
    let copy = Bench::new();
    copy.copy_data(bench);
    copy.write("pipeline.toml", pipeline_text("", PIPELINE));
    copy
}

/// Runs the pipeline, and gives how it ended with the calls in question.
fn run(bench: &Bench, calls: &str, effect: &str) -> (Output, Vec<String>) {
    let path = bench.path().join("pipeline.toml");
    let mut child = bench.start_held(&["run", path.to_str().unwrap(), "--json-events"]);
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
    let injection = Injection::begin(pid, &bench.data(), calls, effect);
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("outputs");
    (output, injection.end())
}

#[test]
fn whatever_the_disk_refuses_nothing_told_is_lost() {
    if !available() {
        return;
    }
    let (later, first) = (Start::later(), Start::first());
    let mut trials = 0;
    for (calls, error) in FAULTS {
        // Some calls are made at the first start alone.
        let start = if most(&later.calls, calls) > 0 { &later } else { &first };
        let count = most(&start.calls, calls);
        assert!(count > 0, "`{calls}` is not called any more: something else is");
        for place in places(count, SOME) {
            // Another thread may have had the calls of this place this time.
            let mut trial = Trial { calls, error, when: place };
            while !holds(&start.template, &trial) {
                assert!(trial.when > 1, "{trial}: nothing failed");
                trial.when /= 2;
            }
            trials += 1;
        }
    }
    println!("{trials} trials");
}

/// Lets one call fail, and checks what was promised. Whether one has failed.
fn holds(template: &Bench, trial: &Trial) -> bool {
    let bench = copy_of(template);
    let effect = format!("error={}:when={}", trial.error, trial.when);
    let (output, calls) = run(&bench, trial.calls, &effect);
    if injected(&calls) == 0 {
        return false;
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{trial}: {:?}\n{complaint}", output.status);
    let events: Vec<Json> =
        String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let told: BTreeSet<_> = events
        .iter()
        .filter(|event| event["event"] == "attempt_succeeded")
        .filter_map(|event| event["step"].as_str())
        .collect();
    let Some(accepted) = events.iter().find_map(|event| event["run"].as_str()) else {
        // Not even the run was told of; another may start.
        let path = bench.path().join("pipeline.toml");
        bench.run(&["run", path.to_str().unwrap(), "-q"]).expect(0);
        check_whole(&bench, trial);
        return true;
    };
    let before = outputs(&bench, accepted);
    for step in &told {
        assert!(before.contains_key(*step), "{trial}: {step} was told of, and has no output\n{complaint}");
    }
    let resumed = bench.run(&["runs", "resume", accepted]);
    assert_eq!(resumed.code, Some(0), "{trial}: {resumed:?}");
    let after = outputs(&bench, accepted);
    assert_eq!(after.len(), 3, "{trial}: {after:?}");
    for (step, output) in &before {
        assert_eq!(Some(output), after.get(step), "{trial}: {step} had succeeded");
    }
    check_whole(&bench, trial);
    true
}

/// What each step that has succeeded returned.
fn outputs(bench: &Bench, run: &str) -> BTreeMap<String, Json> {
    let shown = bench.run(&["runs", "show", run, "--json"]).expect(0).json();
    let steps = shown["steps"].as_array().expect("steps").iter().filter(|step| step["state"] == "succeeded");
    steps.map(|step| (step["name"].as_str().expect("a name").to_owned(), step["output"].clone())).collect()
}

fn check_whole(bench: &Bench, trial: &Trial) {
    let verified = bench.run(&["verify"]);
    assert_eq!(verified.code, Some(0), "{trial}: {verified:?}");
    let left = fs::read_dir(bench.data().join("tmp")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "{trial}: temporary files stay");
}
