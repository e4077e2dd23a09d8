//! Grants: nothing is given that nobody allowed, and a refusal says what to add.

use serde_json::Value as Json;
use stepmill_tests::{Bench, guest};

/// A pipeline whose step asks for the facts of its run, in line 5.
fn asking(bench: &Bench) {
    let module = Json::from(guest("flow").to_string_lossy().into_owned());
    let steps = "[steps.a]\nuse = \"flow/knows_its_run\"\ngrants = { run = true, clock = true }\n";
    bench.write("p.toml", format!("name = \"asks\"\n[modules]\nflow = {{ path = {module} }}\n{steps}"));
}

fn knows(bench: &Bench) -> String {
    bench.run(&["runs", "output", "latest", "a"]).expect(0).stdout.trim().to_owned()
}

#[test]
fn a_refusal_names_step_grant_place_and_what_to_add() {
    let bench = Bench::new();
    asking(&bench);
    let refused = bench.run(&["run", "p.toml"]).expect(2);
    refused.complains(&["step `a` asks for the grant `run`", "p.toml:6:", "--allow run", "[[allow]]", "step = \"a\""]);
    refused.complains(&["`clock`", "--allow clock", "pipeline = \"asks\""]);
    bench.run(&["runs", "show", "latest"]).expect(2);
    let json = bench.run(&["run", "p.toml", "--json"]).expect(2);
    assert_eq!(json.json()["problems"][0]["code"], "stepmill::access::not_allowed");
    json.complains(&["--allow run"]);
}

#[test]
fn what_is_allowed_runs() {
    for allow in [&["--allow", "clock,run"][..], &["--allow", "clock", "--allow", "run"], &["--allow", "all"]] {
        let bench = Bench::new();
        asking(&bench);
        bench.run(&["run", "p.toml", "--allow", "clock"]).expect(2).complains(&["`run`"]);
        bench.run(&[&["run", "p.toml"], allow].concat()).expect(0);
        assert_eq!(knows(&bench), "true");
    }
    Bench::new().run(&["run", "p.toml", "--allow", "net"]).expect(2).complains(&["clock", "random", "run", "all"]);
}

#[test]
fn a_policy_file_allows_and_its_mistakes_are_told_at_once() {
    let bench = Bench::new();
    asking(&bench);
    bench.write("policy.toml", "[[allow]]\npipeline = \"asks\"\nstep = \"a\"\ngrants = [\"clock\", \"run\"]\n");
    bench.run(&["run", "p.toml", "--policy", "policy.toml"]).expect(0);
    assert_eq!(knows(&bench), "true");
    bench.write("policy.toml", "[[allow]]\nstep = \"b\"\ngrants = [\"clock\", \"run\"]\n");
    bench.run(&["run", "p.toml", "--policy", "policy.toml"]).expect(2).complains(&["step `a`"]);
    bench.write("policy.toml", "[[allow]]\ngrants = [\"clokc\"]\nstpe = \"a\"\n");
    let refused = bench.run(&["run", "p.toml", "--policy", "policy.toml"]).expect(2);
    refused.complains(&["policy.toml:2:", "`clokc`", "policy.toml:3:", "`stpe`", "2 errors"]);
    bench.run(&["run", "p.toml", "--policy", "none.toml"]).expect(2).complains(&["none.toml"]);
}

#[test]
fn a_repetition_is_asked_again() {
    let bench = Bench::new();
    asking(&bench);
    bench.run(&["run", "p.toml", "--allow", "all"]).expect(0);
    bench.run(&["runs", "rerun", "latest"]).expect(2).complains(&["step `a`", "--allow clock,run", "[[allow]]"]);
    bench.run(&["runs", "rerun", "latest", "--pipeline", "p.toml"]).expect(2).complains(&["p.toml:6:"]);
    bench.run(&["runs", "rerun", "latest", "--allow", "clock,run"]).expect(0);
    assert_eq!(knows(&bench), "true");
}

#[test]
fn check_says_what_a_pipeline_asks_for() {
    let bench = Bench::new();
    asking(&bench);
    let said = bench.run(&["check", "p.toml"]).expect(0).stdout;
    assert!(said.contains("a asks for clock, run") && said.contains("--allow clock,run"), "{said}");
}
