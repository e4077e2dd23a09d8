//! The real binary on the real kernel, whose calls fail: once for each sort of call and error, at a few places, or at every
//! place with `STEPMILL_FAULTS` (`just faults`). A trial in which nothing failed proves nothing, so it fails.

mod migration;
mod run;
mod service;

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

/// Whether every place is to be tried.
fn thorough() -> bool {
    std::env::vars().any(|(key, _)| key == "STEPMILL_FAULTS")
}

/// Some of the places from 1 to `count`, spread over all of them.
fn places(count: usize, some: usize) -> Vec<usize> {
    match count {
        count if thorough() || count <= some => (1..=count).collect(),
        _ => (0..some).map(|index| 1 + (2 * index + 1) * count / (2 * some)).collect(),
    }
}
