//! What is shown of a run: why steps wait, were skipped or failed, their items, retries, and what the cache did.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{Bench, guest};

/// How long a run may take to come where a test waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bench with a pipeline of the `flow` guest.
fn bench(steps: &str) -> Bench {
    let bench = Bench::new();
    let module = Json::from(guest("flow").to_string_lossy().into_owned());
    bench.write("p.toml", format!("name = \"shown\"\n[modules]\nflow = {{ path = {module} }}\n{steps}"));
    bench
}

fn step<'a>(shown: &'a Json, name: &str) -> &'a Json {
    let steps = shown["steps"].as_array().expect("steps");
    steps.iter().find(|step| step["name"] == *name).unwrap_or_else(|| panic!("no step `{name}` in {shown}"))
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

const DECIDED: &str = r#"
[params]
threshold = { type = "integer", default = 3 }
[branches.size]
large = "count > params.threshold"
small = "else"
[steps.count]
use = "flow/emit"
config.value = 3
[steps.big]
use = "flow/emit"
branch = "size.large"
[steps.little]
use = "flow/emit"
branch = "size.small"
[steps.never]
use = "flow/double"
inputs.value = "count"
when = "count < 2"
[steps.bad]
use = "flow/fail"
on_error = "continue"
[steps.below]
use = "flow/emit"
needs = ["bad"]
[steps.any]
use = "flow/emit"
needs = ["bad", "count"]
join = "any_success"
[steps.last]
use = "flow/emit"
finally = true
cache = false
grants.clock = true
"#;

#[test]
fn every_step_that_did_not_run_says_why() {
    let bench = bench(DECIDED);
    let ran = bench.run(&["run", "p.toml", "--allow", "clock"]).expect(1);
    ran.complains(&["○ never skipped: `when` is false: count < 2 (count = 3)"]);
    has(&ran.stdout, &["bad failed: as told", "runs rerun", "--failed"]);
    let shown = bench.run(&["runs", "show", "latest", "--json"]).expect(0).json();
    let reason = |name: &str| step(&shown, name)["reason"].clone();
    assert_eq!(reason("below")["message"], "join all_success needs `bad`, which failed");
    assert_eq!((&reason("below")["join"], &reason("below")["state"]), (&json!("all_success"), &json!("failed")));
    assert_eq!(reason("never")["expression"], "count < 2");
    assert_eq!(reason("never")["values"], json!([{"path": "count", "value": "3"}]));
    let branch = reason("big");
    assert_eq!(
        (&branch["kind"], &branch["branch"], &branch["case"]),
        (&json!("branch"), &json!("size"), &json!("large"))
    );
    assert_eq!(step(&shown, "little")["values"][0], json!({"path": "count", "value": "3"}));
    assert!(step(&shown, "last")["cache"]["message"].as_str().unwrap().contains("`clock`"));

    let one = |name: &str| bench.run(&["runs", "show", "latest", name]).expect(0).stdout;
    has(&one("never"), &["never skipped", "when count < 2", "count = 3"]);
    has(&one("little"), &["its conditions held", "params.threshold = 3", "runs output"]);
    has(&one("bad"), &["failure: as told"]);
    let only = bench.run(&["runs", "show", "latest", "never", "--json"]).expect(0).json();
    assert_eq!(only["steps"].as_array().map(Vec::len), Some(1));
    bench.run(&["runs", "show", "latest", "nobody"]).expect(2).complains(&["no step `nobody`", "`never`"]);
}

#[test]
fn graphs_show_what_decides() {
    let bench = bench(DECIDED);
    let draw = |format: &str| bench.run(&["graph", "p.toml", "--format", format]).expect(0).stdout;
    has(&draw("ascii"), &["join any_success", "when count < 2", "finally", "granted clock", "size: large if"]);
    has(&draw("dot"), &["\"count\" -> \"big\" [style=dotted, label=\"if\"]", "style=\"rounded,dashed\""]);
    has(&draw("mermaid"), &["-. if .->", "when count #60; 2"]);
    let graph = bench.run(&["graph", "p.toml", "--json"]).expect(0).json();
    let node =
        |name: &str| graph["nodes"].as_array().unwrap().iter().find(|node| node["name"] == *name).unwrap().clone();
    assert_eq!(node("any")["join"], "any_success");
    assert_eq!(node("big")["branches"], json!(["size.large"]));
    assert_eq!((&node("last")["finally"], &node("last")["grants"]), (&json!(true), &json!(["clock"])));
    let (count, literal) = (node("count"), json!([{"name": "value", "from": "3", "source": "literal"}]));
    assert_eq!((&count["name"], &count["uses"], &count["inputs"]), (&json!("count"), &json!("flow/emit"), &literal));
    assert!(count["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{count}");
    for key in ["join", "branches", "finally", "grants"] {
        assert!(count[key].is_null(), "{count}");
    }
    assert_eq!(graph["branches"][0]["cases"][0], json!({"name": "large", "condition": "count > params.threshold"}));
    let kinds: Vec<_> = graph["edges"].as_array().unwrap().iter().map(|edge| edge["kind"].as_str().unwrap()).collect();
    for kind in ["data", "order", "condition"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

#[test]
fn items_are_counted_and_the_first_failures_named() {
    let items: Vec<_> = (0..30).collect();
    let bad: Vec<_> = (10..30).collect();
    let bench = bench(&format!(
        "[steps.numbers]\nuse = \"flow/list\"\nconfig.items = {items:?}\n\
         [steps.each]\nuse = \"flow/fail_if\"\nfor_each = \"numbers\"\ninputs.value = \"item\"\nconfig.bad = {bad:?}\n"
    ));
    let ran = bench.run(&["run", "p.toml"]).expect(1);
    has(&ran.stdout, &["10/30 items, 20 failed", "item 10: 10 is bad", "and 17 more items failed"]);
    let one = bench.run(&["runs", "show", "latest", "each"]).expect(0).stdout;
    has(&one, &["item 19: 19 is bad", "and 10 more items failed", "0 to 9"]);
    assert!(!one.contains("item 20:"), "{one}");
    let shown = bench.run(&["runs", "show", "latest", "--json"]).expect(0).json();
    let each = step(&shown, "each");
    let counts = ["total", "succeeded", "failed", "running", "waiting"].map(|key| each["items"][key].as_u64().unwrap());
    assert_eq!(counts, [30, 10, 20, 0, 0]);
    assert_eq!(each["items"]["failures"].as_array().map(Vec::len), Some(10));
    assert_eq!(each["failure"]["kind"], "items_failed");
    assert!(each["attempts"][0]["items"]["count"].as_u64().is_some());

    let output = |item: &str| bench.run(&["runs", "output", "latest", "each", "--item", item]);
    assert_eq!(output("7").expect(0).stdout.trim(), "7");
    output("12").expect(2).complains(&["item 12 of the step `each` has no output"]);
    bench.run(&["runs", "output", "latest", "numbers", "--item", "0"]).expect(2).complains(&["no `for_each`"]);
}

#[test]
fn a_step_that_ran_again_says_what_changed() {
    let bench = bench(
        "[params]\nmore = { type = \"integer\", default = 1 }\n[steps.one]\nuse = \"flow/emit\"\n\
                       [steps.two]\nuse = \"flow/plus\"\ninputs.value = \"one\"\nconfig.more = { from = \"params.more\" }\n",
    );
    bench.run(&["run", "p.toml"]).expect(0);
    let first = bench.run(&["runs", "show", "latest", "two"]).expect(0).stdout;
    has(&first, &["cache: computed: no run of this pipeline", "argument.more"]);
    let again = bench.run(&["run", "p.toml", "-p", "more=5"]).expect(0);
    again.complains(&["✓ one cached"]);
    has(&again.stdout, &["1 of 2 steps cached", "`more` changed from 1 to 5"]);
    let shown = bench.run(&["runs", "show", "latest", "--json"]).expect(0).json();
    let (one, two) = (step(&shown, "one"), step(&shown, "two"));
    assert_eq!(one["cache"]["result"], "hit");
    assert_eq!(one["cache"]["reused_from"], one["attempts"][0]["reused"]);
    assert!(one["cache"]["reused_from"].as_str().unwrap().ends_with("/one/1"));
    assert_eq!(two["cache"]["result"], "miss");
    assert_eq!(two["cache"]["changes"][0]["part"], "argument.more");
    assert_eq!((&two["cache"]["changes"][0]["before"], &two["cache"]["changes"][0]["now"]), (&json!("1"), &json!("5")));
}

#[test]
fn what_waits_says_for_what() {
    let bench = bench(
        "[steps.flaky]\nuse = \"flow/fail_until\"\nconfig.succeeds_at = 9\ngrants.run = true\n\
         retry = { max_attempts = 3, initial = \"1h\", max = \"1h\", jitter = false }\n\
         [steps.below]\nuse = \"flow/emit\"\nneeds = [\"flaky\"]\n\
         [steps.last]\nuse = \"flow/emit\"\nfinally = true\n",
    );
    let mut command = bench.command(&["run", "p.toml", "--allow", "run"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let start = Instant::now();
    let shown = loop {
        assert!(start.elapsed() < PATIENCE, "the first attempt does not fail");
        let ran = bench.run(&["runs", "show", "latest", "--json"]);
        match serde_json::from_str::<Json>(&ran.stdout) {
            Ok(shown) if step(&shown, "flaky").get("retry_at").is_some() => break shown,
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    assert_eq!(step(&shown, "flaky")["waits"]["kind"], "retry");
    assert_eq!(step(&shown, "flaky")["waits"]["until"], step(&shown, "flaky")["attempts"][0]["retry_at"]);
    assert_eq!(step(&shown, "below")["waits"]["steps"], json!(["flaky"]));
    assert_eq!(step(&shown, "last")["waits"]["kind"], "finally");
    let text = bench.run(&["runs", "show", "latest"]).expect(0).stdout;
    has(&text, &["attempt 1 of 3, retries in 60 min", "waits for `flaky`"]);
    has(&bench.run(&["runs", "show", "latest", "flaky"]).expect(0).stdout, &["1 of 3", "failure: attempt 1"]);
    bench.run(&["runs", "cancel", "latest"]).expect(0);
    let ended = stepmill_tests::Ran::of(child).expect(130);
    ended.complains(&["↻ flaky attempt 1 of 3 failed, retries in"]);
    let shown = bench.run(&["runs", "show", "latest", "--json"]).expect(0).json();
    assert!(shown["steps"].as_array().unwrap().iter().all(|step| step.get("waits").is_none()), "{shown}");
    assert_eq!(step(&shown, "flaky").get("retry_at"), None);
}

#[test]
fn logs_of_single_attempts_and_items_need_a_step() {
    let bench = bench("[steps.one]\nuse = \"flow/emit\"\n");
    bench.run(&["run", "p.toml"]).expect(0);
    bench.run(&["runs", "logs", "latest", "--step", "one", "--item", "0", "--attempt", "1"]).expect(0);
    bench.run(&["runs", "logs", "latest", "--item", "0"]).expect(2).complains(&["--step"]);
}
