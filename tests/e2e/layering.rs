//! The direction of the architecture, held by a test: who may use whom, and which room a heavy dependency lives in.

use std::{collections::BTreeSet, fs, path::Path};

use stepmill_tests::root;

/// What everything may use, and what uses nothing but itself.
const VOCABULARY: &[&str] =
    &["disk", "effects", "event", "failure", "grants", "ids", "limits", "module", "output", "value"];

/// Who may use whom, besides the vocabulary. The order is the flow of data.
const ROOMS: &[(&str, &[&str])] = &[
    ("definition", &[]),
    ("plan", &["definition"]),
    ("schedule", &["definition", "plan"]),
    ("execute", &["plan"]),
    ("access", &["definition", "plan", "execute", "persist"]),
    ("runtime", &["execute"]),
    ("persist", &["execute", "plan"]),
    ("observe", &["execute", "plan"]),
    ("registry", &["access", "definition", "execute", "persist", "plan", "runtime"]),
    ("build", &[]),
    ("dto", &["definition", "plan", "execute", "persist"]),
    (
        "app",
        &["access", "build", "definition", "plan", "execute", "registry", "runtime", "schedule", "persist", "observe"],
    ),
    ("web", &["access", "app", "dto", "execute", "plan", "schedule"]),
    ("cli", &["access", "app", "build", "definition", "dto", "execute", "observe", "plan", "schedule", "web"]),
];

/// Heavy dependencies, and the only places that may name them.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("wasmtime", &["runtime"]),
    ("wasmtime_wasi", &["runtime"]),
    ("wasmparser", &["runtime"]),
    ("rusqlite", &["persist"]),
    ("petgraph", &["plan"]),
    ("axum", &["web"]),
    ("utoipa_axum", &["web"]),
    ("hyper", &["web", "runtime"]),
    ("wasmtime_wasi_http", &["runtime"]),
    ("tokio_rustls", &["runtime"]),
    ("reqwest", &["cli"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("cel", &["definition"]),
    ("cron", &["definition"]),
    ("chrono_tz", &["definition"]),
    ("notify", &["schedule"]),
    ("hmac", &["schedule"]),
    ("miette", &["definition", "cli"]),
];

#[test]
fn modules_use_only_what_they_may() {
    let mut wrong = Vec::new();
    each_source(|room, file, text| {
        let allowed: BTreeSet<_> = match ROOMS.iter().find(|(name, _)| *name == room) {
            Some((_, others)) => VOCABULARY.iter().chain(*others).copied().collect(),
            None if VOCABULARY.contains(&room) => VOCABULARY.iter().copied().collect(),
            None if room == "lib" || room == "main" => return,
            None => panic!("{file}: the room `{room}` is not in the table"),
        };
        for used in crate_paths(text) {
            if used != room && !allowed.contains(used.as_str()) {
                wrong.push(format!("{file}: `{room}` uses `crate::{used}`"));
            }
        }
    });
    assert!(wrong.is_empty(), "against ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn heavy_dependencies_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    each_source(|room, file, text| {
        for (dependency, rooms) in DEPENDENCIES {
            let named = text.lines().any(|line| {
                let code = line.split("//").next().unwrap_or_default();
                code.match_indices(&format!("{dependency}::")).any(|(at, _)| {
                    let before = code[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                })
            });
            if named && !rooms.contains(&room) {
                wrong.push(format!("{file}: `{dependency}` belongs to {rooms:?}"));
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_source_file_is_larger_than_a_head() {
    const MOST: usize = 500;
    let mut wrong = Vec::new();
    for tree in ["host/src", "guest-sdk/src", "guest-macros/src", "tests/e2e", "tests/harness", "tests/bench"] {
        walk(&root().join(tree), &mut |path, text| {
            let lines = text.lines().count();
            if lines > MOST && !is_test(path) {
                wrong.push(format!("{}: {lines} lines", path.display()));
            }
        });
    }
    assert!(wrong.is_empty(), "split these:\n{}", wrong.join("\n"));
}

/// Calls back with the room, path and text of each of the host's sources.
fn each_source(mut found: impl FnMut(&str, &str, &str)) {
    let source = root().join("host/src");
    walk(&source, &mut |path, text| {
        if is_test(path) {
            return;
        }
        let inner = path.strip_prefix(&source).expect("inside").to_string_lossy().into_owned();
        let room = inner.split('/').next().expect("a part").trim_end_matches(".rs").to_owned();
        found(&room, &inner, text);
    });
}

/// Tests may look across, and tables may be long: they are not part of the structure.
fn is_test(path: &Path) -> bool {
    let inner = path.strip_prefix(root()).unwrap_or(path);
    let mut parts = inner.components().skip(1);
    parts.any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

fn walk(folder: &Path, found: &mut dyn FnMut(&Path, &str)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found(&path, &fs::read_to_string(&path).expect("a readable source"));
        }
    }
}

/// The first segments behind `crate::` in the code, from plain paths and from braces.
fn crate_paths(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group)),
            None => found.extend(head(rest)),
        }
    }
    found
}

/// The first segments inside the braces of a `use crate::{…}`.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut start) = (0usize, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if start && depth == 0 && !c.is_whitespace() => {
                heads.extend(head(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    heads
}

fn head(path: &str) -> Option<String> {
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    let head = &path[..end];
    head.starts_with(|c: char| c.is_ascii_lowercase()).then(|| head.to_owned())
}

#[test]
fn the_reader_of_paths_reads_them() {
    let text =
        "use crate::{ids::{Name, RunId}, plan, value::path::ValuePath};\ncrate::event::X; // crate::web\ncrate::Thing";
    let found: Vec<_> = crate_paths(text).into_iter().collect();
    assert_eq!(found, ["event", "ids", "plan", "value"]);
}
