//! `stepmill run`, killed at random points and resumed: it ends, nothing that was completed runs again, every output is
//! the same to the byte, nothing is left lying around.
//!
//! How often a step or an item ran is counted outside the database: each logs a line when it does, and the lines are
//! read from standard error as they come. They also say when to kill, so that a slow machine kills at the same points.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command},
    sync::mpsc,
    time::Duration,
};

use serde_json::Value as Json;
use stepmill_tests::{Bench, Ran, pipeline_text};

const STEPS: u32 = 20;
const ITEMS: u32 = 40;
/// How many lines a run that nobody kills writes at least.
const LINES: u32 = STEPS + ITEMS;
/// What `run` and `rerun` are told, so that items may know which attempt they are.
const ALLOW: &[&str] = &["--allow", "run"];
const PATIENCE: Duration = Duration::from_secs(60);

/// Twenty steps: five layers of four, with inline, blob, file and stream outputs, each layer needing the one above.
/// Beside them a `for_each` with items that are retried, a condition on either side of true, and a `finally` step.
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
    text += &format!(
        r#"
[steps.numbers]
use = "b/numbers"
config.count = {ITEMS}
[steps.each]
use = "b/work_item"
for_each = "numbers"
inputs.value = "item"
config = {{ label = "each", turns = 4000000, bad = [3, 4, 20], succeeds_at = 3 }}
retry = {{ max_attempts = 100, initial = "10ms", max = "20ms" }}
grants.run = true
[steps.total]
use = "b/sum"
inputs.numbers = "each"
when = "size(numbers) == {ITEMS} && steps.s7.state == 'succeeded'"
[steps.never]
use = "b/noop"
when = "numbers[1] == 2"
[steps.last]
use = "b/work_inline"
config = {{ label = "last", turns = 1000000 }}
finally = true
"#
    );
    pipeline_text("", &text)
}

/// The bytes of every output of the latest run.
fn outputs(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    let output = |step: String| {
        let raw = bench.command(&["runs", "output", "latest", &step, "--raw"]).output().expect("the binary starts");
        assert!(raw.status.success(), "{step}: {}", String::from_utf8_lossy(&raw.stderr));
        (step, raw.stdout)
    };
    let names = ["each", "total", "last"].map(str::to_owned);
    (0..STEPS).map(|index| format!("s{index}")).chain(names).map(output).collect()
}

/// The label of the step or item that wrote this line when it ran.
fn label(line: &str) -> Option<String> {
    Some(line.split_once("ran ")?.1.split_whitespace().next()?.to_owned())
}

/// What ran, from the lines that it wrote.
fn ran(stderr: &str) -> Vec<String> {
    stderr.lines().filter_map(label).collect()
}

/// The latest run as far as it was committed, if one was accepted.
struct Seen(Json);

impl Seen {
    fn latest(bench: &Bench) -> Option<Self> {
        let shown = bench.run(&["runs", "show", "latest", "--json"]);
        assert!(matches!(shown.code, Some(0 | 2)), "{}", shown.stderr);
        (shown.code == Some(0)).then(|| Self(shown.json()))
    }

    fn steps(&self) -> impl Iterator<Item = (&str, &str)> {
        let steps = self.0["steps"].as_array().expect("steps").iter();
        steps.map(|step| (step["name"].as_str().expect("a name"), step["state"].as_str().expect("a state")))
    }

    fn in_state(&self, state: &str) -> BTreeSet<String> {
        self.steps().filter(|(_, of)| *of == state).map(|(step, _)| step.to_owned()).collect()
    }

    /// The items of `each` that succeeded.
    fn items(&self) -> u64 {
        let each = self.0["steps"].as_array().expect("steps").iter().find(|step| step["name"] == "each");
        each.expect("each")["items"]["succeeded"].as_u64().unwrap_or(0)
    }

    fn check_ends_kept(&self, later: &Self) {
        let after: BTreeMap<_, _> = later.steps().collect();
        for (step, state) in self.steps().filter(|(_, state)| !matches!(*state, "waiting" | "running")) {
            assert_eq!(after[step], state, "the state of `{step}` changed although it had ended");
        }
    }
}

/// A run that is going to be killed.
struct Victim {
    child: Child,
    said: std::thread::JoinHandle<String>,
    drained: std::thread::JoinHandle<std::io::Result<usize>>,
    lines: mpsc::Receiver<()>,
    cancelling: mpsc::Receiver<()>,
}

impl Victim {
    fn start(bench: &Bench, path: &str) -> Self {
        let mut child = bench.start(&[&["run", path], ALLOW].concat());
        let (tell, lines) = mpsc::channel();
        let (tell_of_cancel, cancelling) = mpsc::channel();
        let stderr = child.stderr.take().expect("a pipe");
        let said = std::thread::spawn(move || {
            let mut text = String::new();
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if label(&line).is_some() {
                    // Nobody listens any more once the time has come.
                    tell.send(()).ok();
                }
                if line == "cancelling" {
                    tell_of_cancel.send(()).ok();
                }
                text += &(line + "\n");
            }
            text
        });
        let mut stdout = child.stdout.take().expect("a pipe");
        let drained = std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        Self { child, said, drained, lines, cancelling }
    }

    /// Waits until a cancel was committed, or it ended.
    fn wait_for_cancel(&self) {
        if let Err(mpsc::RecvTimeoutError::Timeout) = self.cancelling.recv_timeout(PATIENCE) {
            panic!("no cancel was committed for {PATIENCE:?}");
        }
    }

    /// Waits until so many lines were written, or it ended.
    fn wait_for(&self, lines: u32) {
        for _ in 0..lines {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(()) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("nothing ran for {PATIENCE:?}"),
            }
        }
    }

    /// What it said until it was killed.
    fn kill(mut self) -> String {
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
        self.drained.join().expect("no panic").expect("a pipe");
        self.said.join().expect("no panic")
    }
}

/// Numbers that differ from run to run.
struct Chance(u64);

impl Chance {
    fn up_to(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % (u64::from(most) + 1)) as u32
    }

    fn nap(&mut self, most_ms: u32) {
        std::thread::sleep(Duration::from_micros((self.up_to(most_ms * 1000)).into()));
    }
}

/// A bench with the pipeline, and its guest compiled: these kills are about runs.
fn bench() -> (Bench, PathBuf) {
    let bench = Bench::new();
    bench.warm();
    let path = bench.write("pipeline.toml", pipeline());
    (bench, path)
}

fn check_nothing_is_left(bench: &Bench, kill: u32) {
    let left = fs::read_dir(bench.data().join("tmp")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "kill {kill}: temporary files stay");
}

fn kills() -> u32 {
    let named = std::env::vars().find(|(key, _)| key == "STEPMILL_KILLS");
    named.and_then(|(_, value)| value.parse().ok()).unwrap_or(20)
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let kills = kills();
    let (golden, path) = bench();
    golden.run(&[&["run", path.to_str().expect("UTF-8"), "-q"], ALLOW].concat()).expect(0);
    let expected = outputs(&golden);
    let (mut inside, mut fanning, mut chance) = (0, 0, Chance(std::process::id().into()));
    for kill in 0..kills {
        let (bench, path) = bench();
        let victim = Victim::start(&bench, path.to_str().expect("UTF-8"));
        victim.wait_for(chance.up_to(LINES));
        chance.nap(20);
        let said = ran(&victim.kill());
        let Some(before) = Seen::latest(&bench) else {
            assert!(said.is_empty(), "kill {kill}: steps ran before the run was accepted");
            continue;
        };
        inside += u32::from(!before.in_state("running").is_empty());
        fanning += u32::from((1..u64::from(ITEMS)).contains(&before.items()));
        let resumed: Ran = bench.run(&["runs", "resume", "latest"]).expect(0);
        let again: BTreeSet<_> = ran(&resumed.stderr).into_iter().collect();
        let done = before.in_state("succeeded");
        let wrong: Vec<_> = again.intersection(&done).collect();
        assert!(wrong.is_empty(), "kill {kill}: completed steps ran again: {wrong:?}");
        let unseen: Vec<_> = done.iter().filter(|step| step.starts_with('s') && !said.contains(step)).collect();
        assert!(unseen.is_empty(), "kill {kill}: completed, but nobody saw them run: {unseen:?}");
        let items = again.iter().filter(|label| label.starts_with("each.")).count() as u64;
        let open = u64::from(ITEMS) - if done.contains("each") { ITEMS.into() } else { before.items() };
        assert!(items <= open, "kill {kill}: {open} items were to run, {items} ran");
        before.check_ends_kept(&Seen::latest(&bench).expect("a run"));
        assert!(outputs(&bench) == expected, "kill {kill}: an output differs");
        check_nothing_is_left(&bench, kill);
    }
    assert!(inside * 2 >= kills, "only {inside} kills fell into a step");
    println!("{kills} kills: {inside} of them inside a step, {fanning} between items");
}

#[test]
fn a_killed_cancel_is_carried_through() {
    let kills = kills().div_ceil(4);
    let (mut cancelled, mut chance) = (0, Chance(u64::from(std::process::id()) << 1));
    for kill in 0..kills {
        let (bench, path) = bench();
        let victim = Victim::start(&bench, path.to_str().expect("UTF-8"));
        victim.wait_for(1 + chance.up_to(LINES / 2));
        let pid = victim.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill starts").success());
        // Every other kill comes behind the commit of the cancel, however busy the machine is.
        if kill % 2 == 0 {
            victim.wait_for_cancel();
        } else {
            chance.nap(30);
        }
        let said = victim.kill();
        let before = Seen::latest(&bench).unwrap_or_else(|| panic!("kill {kill}: no run, but it said:\n{said}"));
        // One that has begun may still be noted as queued: that it began waits for a commit to ride along with.
        if ["running", "queued"].iter().any(|state| before.0["run"]["state"] == *state) {
            let resumed = bench.run(&["runs", "resume", "latest"]);
            assert!(matches!(resumed.code, Some(0 | 130)), "kill {kill}: {}", resumed.stderr);
        }
        let after = Seen::latest(&bench).expect("a run");
        before.check_ends_kept(&after);
        let state = after.0["run"]["state"].as_str().expect("a state").to_owned();
        assert!(matches!(state.as_str(), "cancelled" | "succeeded"), "kill {kill}: ended {state}");
        cancelled += u32::from(state == "cancelled");
        assert!(after.in_state("waiting").is_empty() && after.in_state("running").is_empty(), "kill {kill}");
        assert!(after.in_state("succeeded").contains("last"), "kill {kill}: the `finally` step did not run");
        check_nothing_is_left(&bench, kill);
    }
    assert!(cancelled > 0, "no kill came behind a cancel that was committed");
    println!("{kills} kills of cancelled runs, {cancelled} of which ended cancelled");
}
