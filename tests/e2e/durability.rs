//! What was told was durable: the order of write, fsync, rename and commit, as the kernel saw it.
//!
//! A SIGKILL keeps the page cache, so only the order of system calls can show this. The order is checked by
//! [`unproven`], and a second test shows that the check has teeth: without any one of the fsyncs it fails.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
};

use stepmill_tests::{Bench, stepmill, strace::available};

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

/// A system call that matters here, on a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Call {
    Write { path: String, data: String },
    Sync { path: String },
    Rename { from: String, to: String },
    Told { line: String },
}

fn trace(bench: &Bench) -> Vec<Call> {
    let path = bench.pipeline(PIPELINE);
    let log = bench.path().join("trace");
    if !available() {
        return Vec::new();
    }
    let mut command = Command::new("strace");
    command.args([
        "-f",
        "-y",
        "-s",
        "70000",
        "-e",
        "trace=write,pwrite64,pwritev,writev,fsync,fdatasync,rename,renameat,renameat2",
    ]);
    command.arg("-o").arg(&log).arg(stepmill()).args(["run", path.to_str().unwrap(), "--json-events"]);
    command.env("STEPMILL_DATA", bench.data()).current_dir(bench.path()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().unwrap().success());
    joined(&fs::read_to_string(log).unwrap()).iter().filter_map(|line| parse(line)).collect()
}

/// Lines of a trace in the order in which their calls ended, with calls that were interrupted by another thread's put together.
fn joined(trace: &str) -> Vec<String> {
    let mut begun = std::collections::BTreeMap::new();
    let mut lines = Vec::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(char::is_whitespace) else { continue };
        let call = call.trim_start();
        if let Some(begin) = call.strip_suffix("<unfinished ...>") {
            begun.insert(thread.to_owned(), begin.to_owned());
        } else if let Some((_, end)) = call.split_once("resumed>") {
            lines.push(begun.remove(thread).unwrap_or_default() + end);
        } else {
            lines.push(call.to_owned());
        }
    }
    lines
}

fn parse(line: &str) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    let descriptor =
        || Some((rest.split_once('<')?.0.to_owned(), rest.split_once('<')?.1.split_once('>')?.0.to_owned()));
    match name {
        "write" | "writev" | "pwrite64" | "pwritev" => {
            let (number, path) = descriptor()?;
            let data = rest.to_owned();
            Some(if number == "1" { Call::Told { line: data } } else { Call::Write { path, data } })
        }
        "fsync" | "fdatasync" if rest.contains("= 0") => Some(Call::Sync { path: descriptor()?.1 }),
        "rename" | "renameat" | "renameat2" if rest.contains("= 0") => {
            let mut paths = rest.split('"').skip(1).step_by(2).map(ToOwned::to_owned);
            Some(Call::Rename { from: paths.next()?, to: paths.next()? })
        }
        _ => None,
    }
}

/// The blobs that were told of, in the order of their renames.
fn told_blobs(calls: &[Call]) -> Vec<String> {
    let told: String = calls
        .iter()
        .filter_map(|call| match call {
            Call::Told { line } => Some(line.as_str()),
            _ => None,
        })
        .collect();
    let blob = |call: &Call| match call {
        Call::Rename { to, .. } if to.contains("/blobs/") => to.rsplit('/').next().map(ToOwned::to_owned),
        _ => None,
    };
    calls.iter().filter_map(blob).filter(|hash| told.contains(hash)).collect()
}

/// Why the trace does not show that a blob was durable when it was told of; none if it does.
fn unproven(calls: &[Call], hash: &str) -> Option<&'static str> {
    let position = |from: usize, test: &dyn Fn(&Call) -> bool| calls[from..].iter().position(test).map(|at| from + at);
    let renamed = position(0, &|call| matches!(call, Call::Rename { to, .. } if to.ends_with(hash)))?;
    let Call::Rename { from, to } = &calls[renamed] else { return Some("it was not renamed") };
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let last_write =
        calls[..renamed].iter().rposition(|call| matches!(call, Call::Write { path, .. } if name(path) == name(from)));
    let Some(last_write) = last_write else { return Some("nothing was written") };
    let synced = position(last_write, &|call| matches!(call, Call::Sync { path } if name(path) == name(from)));
    if synced.is_none_or(|at| at > renamed) {
        return Some("the file was not synced before it was renamed");
    }
    let folder = to.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default();
    let Some(folder_synced) = position(
        renamed,
        &|call| matches!(call, Call::Sync { path } if path.ends_with(&folder) || folder.ends_with(path.as_str())),
    ) else {
        return Some("its folder was not synced");
    };
    let is_commit =
        |call: &Call| matches!(call, Call::Write { path, data } if path.ends_with("-wal") && data.contains(hash));
    let Some(committed) = position(0, &is_commit) else { return Some("it was not committed") };
    if committed < folder_synced {
        return Some("it was committed before its folder was synced");
    }
    let Some(commit_synced) =
        position(committed, &|call| matches!(call, Call::Sync { path } if path.ends_with("-wal")))
    else {
        return Some("the commit was not synced");
    };
    let told = position(0, &|call| matches!(call, Call::Told { line } if line.contains(hash)))?;
    (told < commit_synced).then_some("it was told before the commit was synced")
}

#[test]
fn what_was_told_was_durable() {
    let bench = Bench::new();
    let calls = trace(&bench);
    if calls.is_empty() {
        return;
    }
    let blobs = told_blobs(&calls);
    assert!(blobs.len() >= 2, "{blobs:?}");
    for blob in &blobs {
        assert_eq!(unproven(&calls, blob), None, "{blob}");
    }
}

#[test]
fn without_any_one_fsync_the_proof_fails() {
    let bench = Bench::new();
    let calls = trace(&bench);
    if calls.is_empty() {
        return;
    }
    let mut caught = BTreeSet::new();
    for blob in told_blobs(&calls) {
        // The fsyncs that this blob's proof rests on are those whose loss, all of one sort, breaks it.
        for (sort, matches) in sorts(&calls, &blob) {
            let mutilated: Vec<_> = calls.iter().filter(|call| !matches(call)).cloned().collect();
            assert!(
                unproven(&mutilated, &blob).is_some(),
                "nobody would notice if the {sort} of {blob} were not synced"
            );
            caught.insert(sort);
        }
    }
    assert_eq!(caught.len(), 3, "{caught:?}");
}

type Matcher = Box<dyn Fn(&Call) -> bool>;

/// The three syncs behind a blob: of its file, of its folder, of the commit.
fn sorts(calls: &[Call], hash: &str) -> Vec<(&'static str, Matcher)> {
    let rename = calls.iter().find_map(|call| match call {
        Call::Rename { from, to } if to.ends_with(hash) => Some((from.clone(), to.clone())),
        _ => None,
    });
    let (from, to) = rename.expect("it was renamed");
    let file = from.rsplit('/').next().unwrap_or_default().to_owned();
    let folder = to.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default();
    vec![
        ("file", Box::new(move |call| matches!(call, Call::Sync { path } if path.ends_with(&file)))),
        (
            "folder",
            Box::new(
                move |call| matches!(call, Call::Sync { path } if path.ends_with(&folder) || folder.ends_with(path.as_str())),
            ),
        ),
        ("commit", Box::new(|call| matches!(call, Call::Sync { path } if path.ends_with("-wal")))),
    ]
}
