//! The real binary on the real kernel, whose calls fail: once for each sort of call and error, at a few places, or at up to
//! 60 with `STEPMILL_FAULTS` (`just faults`). A trial in which nothing failed proves nothing, so it fails.

mod migration;
mod run;
mod service;

use std::collections::BTreeMap;

/// The calls that the binary makes in its data directory, and an error that each may give.
const FAULTS: &[(&str, &str)] = &[
    ("fsync", "EIO"),
    ("write", "ENOSPC"),
    ("pwrite64", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("pread64", "EIO"),
    ("openat", "EMFILE"),
    ("openat", "EACCES"),
    ("rename,renameat,renameat2", "EIO"),
    ("unlink,unlinkat", "EIO"),
    ("mkdir,mkdirat", "ENOSPC"),
    ("ftruncate", "EIO"),
];

/// Whether as much as possible is to be tried.
fn thorough() -> bool {
    std::env::vars().any(|(key, _)| key == "STEPMILL_FAULTS")
}

/// How many places of a sort of call are tried at most.
const MOST: usize = 60;

/// Some of the places from 1 to `count`, spread over all of them.
fn places(count: usize, some: usize) -> Vec<usize> {
    let some = if thorough() { MOST } else { some };
    if count <= some {
        return (1..=count).collect();
    }
    (0..some).map(|index| 1 + (2 * index + 1) * count / (2 * some)).collect()
}

/// How many of these calls the thread that makes most of them makes.
fn most(traced: &[String], calls: &str) -> usize {
    let mut threads: BTreeMap<&str, usize> = BTreeMap::new();
    let named = |call: &str| calls.split(',').any(|name| call.trim_start().starts_with(&format!("{name}(")));
    for (thread, call) in traced.iter().filter_map(|line| line.split_once(char::is_whitespace)) {
        *threads.entry(thread).or_default() += usize::from(named(call));
    }
    threads.into_values().max().unwrap_or(0)
}
