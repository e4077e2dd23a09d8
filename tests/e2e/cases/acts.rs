//! Plays a case: a first run, then whatever its `[[then]]` say.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Map, Value as Json};
use stepmill_tests::{Bench, Ran};

use super::observe;

/// No case takes longer; one that does has hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of a case, in the words of its expectation.
pub(super) fn play(bench: &Bench, pipeline: &str, expected: &Json) -> Json {
    let mut pipeline = pipeline.to_owned();
    let mut seen = act(bench, &mut pipeline, expected);
    if let Some(later) = expected.get("then").and_then(Json::as_array) {
        let later = later.iter().map(|expected| Json::Object(act(bench, &mut pipeline, expected)));
        let later = later.collect();
        seen.insert("then".to_owned(), later);
    }
    Json::Object(seen)
}

fn act(bench: &Bench, pipeline: &mut String, expected: &Json) -> Map<String, Json> {
    if let Some(edit) = expected.get("edit").and_then(Json::as_array) {
        let text = |index: usize| edit.get(index).and_then(Json::as_str).expect("`edit` is two texts");
        assert!(pipeline.contains(text(0)), "nothing to edit: {}", text(0));
        *pipeline = pipeline.replace(text(0), text(1));
        bench.write("pipeline.toml", &*pipeline);
    }
    if let Some(step) = expected.get("damage").and_then(Json::as_str) {
        damage(bench, step);
    }
    let ran = if expected.get("problems").is_some() || expected.get("warnings").is_some() {
        bench.run(&["check", "pipeline.toml", "--json"])
    } else {
        run(bench, pipeline, expected)
    };
    observe::of(bench, &ran, expected)
}

/// Runs what `do` says: `run` if it says nothing.
fn run(bench: &Bench, pipeline: &str, expected: &Json) -> Ran {
    let mut words: Vec<_> = expected.get("do").and_then(Json::as_str).unwrap_or("run").split(' ').collect();
    if words[0] == "run" {
        words.insert(1, "pipeline.toml");
        // Every grant that a case asks for is allowed, unless the case is about that.
        if pipeline.contains("grants") && !words.iter().any(|word| word.contains("allow")) {
            words.extend(["--allow", "run"]);
        }
    }
    words.retain(|word| *word != "--allow-nothing");
    let cancels = expected.get("cancel").and_then(Json::as_array).cloned().unwrap_or_default();
    words.push(if cancels.is_empty() { "--json" } else { "--json-events" });
    watched(bench, &words, &cancels)
}

/// Runs a command to its end, and cancels the run each time that the next of these events has happened, by force from the
/// second time on.
fn watched(bench: &Bench, words: &[&str], cancels: &[Json]) -> Ran {
    let mut child =
        bench.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let (out, mut err) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    std::thread::scope(|scope| {
        let stderr = scope.spawn(move || {
            let mut text = String::new();
            _ = err.read_to_string(&mut text);
            text
        });
        let stdout = scope.spawn(|| {
            let (mut text, mut cancels) = (String::new(), cancels.iter().enumerate().peekable());
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                // Cancelling again changes nothing, unless it is forced.
                if let Some((index, _)) = cancels.next_if(|(_, next)| happened(next, &line)) {
                    let force: &[&str] = if index > 0 { &["--force"] } else { &[] };
                    _ = bench.run(&[&["runs", "cancel", "latest"], force].concat());
                }
                text += &(line + "\n");
            }
            text
        });
        let start = Instant::now();
        let code = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status.code();
            }
            if start.elapsed() > PATIENCE {
                child.kill().expect("a child");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Ran { code, stdout: stdout.join().expect("no panic"), stderr: stderr.join().expect("no panic") }
    })
}

/// Whether a line of `--json-events` has all that a case waits for.
fn happened(wanted: &Json, line: &str) -> bool {
    let Ok(event) = serde_json::from_str::<Json>(line) else { return false };
    wanted.as_object().expect("`cancel` is tables").iter().all(|(key, value)| event.get(key) == Some(value))
}

/// Changes a byte in the file that holds a step's output.
fn damage(bench: &Bench, step: &str) {
    let shown = bench.run(&["runs", "show", "latest", "--json"]).expect(0).json();
    let step = observe::step(&shown, step).expect("there is such a step");
    let hash = step["output"]["hash"].as_str().expect("it has an output").rsplit(':').next().unwrap_or_default();
    let blob = find(&bench.data(), hash).expect("its output is in a file");
    let mut bytes = fs::read(&blob).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let mut permissions = fs::metadata(&blob).expect("a file").permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "the file is in a temporary folder of our own")]
    permissions.set_readonly(false);
    fs::set_permissions(&blob, permissions).expect("a file");
    fs::write(&blob, bytes).expect("a file");
}

/// The file whose name, or whose folder's and its own together, is this hash.
fn find(folder: &Path, hash: &str) -> Option<std::path::PathBuf> {
    for entry in fs::read_dir(folder).ok()? {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_string_lossy().into_owned();
        if path.is_dir() {
            if let Some(found) = find(&path, hash) {
                return Some(found);
            }
        } else if name.len() > 16 && hash.ends_with(&*name) {
            return Some(path);
        }
    }
    None
}
