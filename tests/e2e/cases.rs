//! The case folders: `tests/cases/GROUP/RULE/` holds a pipeline and what must come of it. See `tests/README.md`.

mod acts;
mod observe;
mod render;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value as Json;
use stepmill_tests::{Bench, guest, root};

/// How pipelines of cases name the guest, so that they can be run where they are.
const GUEST: &str = "../../../guests/flow";
/// Set to `accept`, expectations are rewritten to what is the case.
const REWRITE: &str = "STEPMILL_CASES";
/// Set to a part of a case's name, only such cases run.
const ONLY: &str = "STEPMILL_CASE";
const THREADS: usize = 4;

/// A folder of `tests/cases`.
struct Case {
    name: String,
    folder: PathBuf,
    pipeline: String,
    expected: Json,
}

impl Case {
    fn read(folder: PathBuf, name: String) -> Self {
        let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let pipeline = text("pipeline.toml");
        let component = guest("flow").to_string_lossy().into_owned();
        let expected = toml::from_str(&text("expected.toml")).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { pipeline: pipeline.replace(GUEST, &component), name, folder, expected }
    }

    /// What came of it, in the words of the expectation.
    fn play(&self, template: &Bench) -> Json {
        let bench = Bench::new();
        bench.copy_data(template);
        bench.write("pipeline.toml", &self.pipeline);
        acts::play(&bench, &self.pipeline, &self.expected)
    }
}

/// All cases, by name.
fn cases() -> Vec<Case> {
    let folders = |of: &Path| {
        let entries = fs::read_dir(of).expect("a folder").map(|entry| entry.expect("an entry").path());
        let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
        folders.sort();
        folders
    };
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let groups = folders(&root().join("tests/cases"));
    let named = |group: PathBuf| {
        let group_name = name(&group);
        folders(&group).into_iter().map(move |case| (format!("{group_name}/{}", name(&case)), case)).collect::<Vec<_>>()
    };
    groups.into_iter().flat_map(named).map(|(name, folder)| Case::read(folder, name)).collect()
}

fn variable(name: &str) -> Option<String> {
    std::env::vars().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A data directory in which the guest is compiled.
fn template() -> Bench {
    let bench = Bench::new();
    fs::create_dir(bench.data()).expect("a folder");
    let module = Json::from(guest("flow").to_string_lossy().into_owned());
    let text = format!("name = \"warm\"\n[modules]\nflow = {{ path = {module} }}\n[steps.it]\nuse = \"flow/emit\"\n");
    bench.write("pipeline.toml", text);
    bench.run(&["check", "pipeline.toml"]).expect(0);
    bench
}

/// Plays all of them on a few threads; what came of each.
fn play_all(cases: &[Case]) -> Vec<Json> {
    let (template, next) = (template(), AtomicUsize::new(0));
    let results = Mutex::new(vec![Json::Null; cases.len()]);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((index, case)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|index| Some((index, cases.get(index)?)))
                {
                    let seen = case.play(&template);
                    results.lock().expect("no panic")[index] = seen;
                }
            });
        }
    });
    results.into_inner().expect("no panic")
}

#[test]
fn every_case_ends_as_its_folder_says() {
    let mut cases = cases();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let only = variable(ONLY);
    cases.retain(|case| only.as_ref().is_none_or(|only| case.name.contains(only)));
    let seen = play_all(&cases);
    if variable(REWRITE).as_deref() == Some("accept") {
        return accept(&cases, &seen);
    }
    let wrong = cases.iter().zip(&seen).filter(|(case, seen)| case.expected != **seen);
    let problems: Vec<_> =
        wrong.map(|(case, seen)| format!("{}\n{}", case.name, render::difference(&case.expected, seen))).collect();
    assert!(problems.is_empty(), "{} of {} cases:\n\n{}", problems.len(), cases.len(), problems.join("\n"));
}

/// Writes down what is the case.
fn accept(cases: &[Case], seen: &[Json]) {
    for (case, seen) in cases.iter().zip(seen).filter(|(case, seen)| case.expected != **seen) {
        fs::write(case.folder.join("expected.toml"), render::expectation(seen)).expect("a file");
    }
}
