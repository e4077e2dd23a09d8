//! `stepmill run`, killed at random points and resumed: it ends, nothing that was completed runs again, every output is
//! the same to the byte, nothing is left lying around.
//!
//! How often a step ran is counted outside the database: each logs a line when it does, and the lines are read from
//! standard error as they come.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Read},
    process::Child,
    time::{Duration, Instant},
};

use stepmill_tests::{Bench, Ran, pipeline_text};

use crate::running::states;

const STEPS: u32 = 20;

/// Twenty steps: five layers of four, with inline, blob, file and stream outputs, each layer needing the one above.
fn pipeline() -> String {
    let mut text = String::new();
    for index in 0..STEPS {
        let (layer, column) = (index / 4, index % 4);
        let above = |column: u32| format!("s{}", (layer - 1) * 4 + column);
        let (step, input) = match (layer, column) {
            (0, 0) => ("work_inline", String::new()),
            (0, 1) => ("work_blob", String::new()),
            (0, 2) => ("work_file", String::new()),
            (0, _) => ("work_rows", String::new()),
            (_, 0) => ("read_rows", format!("inputs.rows = \"{}\"\n", above(3))),
            (_, 1) => ("work_blob", format!("inputs.before = \"{}\"\n", above(0))),
            // A file is made in every second layer, and read in the one below.
            (layer, 2) if layer % 2 == 1 => ("read_file", format!("inputs.file = \"{}\"\n", above(2))),
            (_, 2) => ("work_file", format!("inputs.before = \"{}\"\n", above(2))),
            (_, _) => ("work_rows", format!("inputs.before = \"{}\"\n", above(1))),
        };
        let turns = if step.starts_with("read") { String::new() } else { ", turns = 20000000".to_owned() };
        text += &format!("[steps.s{index}]\nuse = \"b/{step}\"\n{input}config = {{ label = \"s{index}\"{turns} }}\n");
    }
    pipeline_text("", &text)
}

/// The bytes of every output of the latest run.
fn outputs(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    let output = |step: String| {
        let raw = bench.command(&["runs", "output", "latest", &step, "--raw"]).output().expect("the binary starts");
        assert!(raw.status.success(), "{step}: {}", String::from_utf8_lossy(&raw.stderr));
        (step, raw.stdout)
    };
    (0..STEPS).map(|index| output(format!("s{index}"))).collect()
}

/// The steps that ran, from the lines that they wrote.
fn ran(stderr: &str) -> Vec<String> {
    let label = |line: &str| Some(line.split_once("ran s")?.1.split_whitespace().next()?.to_owned());
    stderr.lines().filter_map(label).map(|number| format!("s{number}")).collect()
}

fn succeeded(bench: &Bench) -> Option<(BTreeSet<String>, bool)> {
    let shown = bench.run(&["runs", "show", "latest", "--json"]);
    if shown.code != Some(0) {
        return None;
    }
    let states = states(&shown);
    let inside = states.iter().any(|(_, state)| state == "running");
    Some((states.into_iter().filter(|(_, state)| state == "succeeded").map(|(step, _)| step).collect(), inside))
}

/// Reads what a child says until it ends, and kills it when its time has come.
fn kill_after(mut child: Child, time: Duration) -> String {
    let stderr = child.stderr.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| text += &(line + "\n"));
        text
    });
    let mut stdout = child.stdout.take().expect("a pipe");
    let drain = std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
    std::thread::sleep(time);
    child.kill().expect("a child");
    child.wait().expect("a child");
    drain.join().expect("no panic").expect("a pipe");
    reader.join().expect("no panic")
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let kills: u32 = option_env("STEPMILL_KILLS").unwrap_or(30);
    let golden = Bench::new();
    golden.warm();
    let path = golden.write("pipeline.toml", pipeline());
    let path = path.to_str().expect("UTF-8");
    golden.run(&["run", path, "-q"]).expect(0);
    let expected = outputs(&golden);
    // In a data directory of its own: the golden one has all results.
    let timed = Bench::new();
    timed.warm();
    let start = Instant::now();
    timed.run(&["run", path, "-q"]).expect(0);
    let whole = start.elapsed();

    let (mut inside, mut seed) = (0, u64::from(std::process::id()));
    // Where a kill falls is chance: on a busy machine a few more may be needed for half of them to fall into a step.
    for kill in 0..kills * 2 {
        if kill >= kills && inside * 2 >= kills {
            break;
        }
        let bench = Bench::new();
        // The guest is compiled beforehand: these kills are about runs.
        bench.warm();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let time = whole.mul_f64((seed >> 33) as f64 / f64::from(1u32 << 31));
        let said = kill_after(bench.start(&["run", path]), time);
        let Some((done, was_inside)) = succeeded(&bench) else {
            assert!(ran(&said).is_empty(), "kill {kill}: steps ran before the run was accepted");
            continue;
        };
        inside += u32::from(was_inside);
        let resumed: Ran = bench.run(&["runs", "resume", "latest"]).expect(0);
        let again: Vec<_> = ran(&resumed.stderr).into_iter().filter(|step| done.contains(step)).collect();
        assert!(again.is_empty(), "kill {kill} after {time:?}: completed steps ran again: {again:?}");
        let missing: Vec<_> = done.iter().filter(|step| !ran(&said).contains(step)).collect();
        assert!(missing.is_empty(), "kill {kill}: completed, but nobody saw them run: {missing:?}");
        assert!(outputs(&bench) == expected, "kill {kill} after {time:?}: an output differs");
        let left = fs::read_dir(bench.data().join("tmp")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "kill {kill}: temporary files stay");
    }
    assert!(inside * 2 >= kills, "only {inside} kills fell into a step");
    println!("at least {kills} kills, {inside} of them inside a step");
}

fn option_env(name: &str) -> Option<u32> {
    std::env::vars().find(|(key, _)| key == name)?.1.parse().ok()
}
