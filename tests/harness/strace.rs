//! A failing or slow disk below the real binary: strace lets calls of a process fail, or delays them, where they concern its
//! data directory.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;

/// What has a fixed name in a data directory.
const NAMES: [&str; 10] = [
    "stepmill.db",
    "stepmill.db-wal",
    "stepmill.db-journal",
    "stepmill.db-shm",
    "LOCK",
    "SWEPT",
    "blobs",
    "tmp",
    "modules",
    "code",
];
/// The temporary files of a process, which are numbered, and how many of them are watched: most are of outputs.
const TEMPORARIES: [(&str, usize); 3] = [("tmp/blob", 1000), ("modules/.tmp", 100), ("code/.tmp", 100)];

/// Whether there is strace. CI has no excuse.
///
/// # Panics
/// If it is missing under CI.
#[must_use]
pub fn available() -> bool {
    if Command::new("strace").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return true;
    }
    assert!(std::env::vars().all(|(key, _)| key != "CI"), "strace is missing: apt-get install strace");
    eprintln!("skipped: strace is missing");
    false
}

/// Watches a process and its threads, and what it does to its disk, until it is dropped.
pub struct Injection {
    strace: Child,
    log: NamedTempFile,
}

impl Injection {
    /// Begins. `calls` are names of system calls, with commas between them; `effect` is what strace is to do to them, such as
    /// `error=EIO:when=3`, where each thread counts by itself, or nothing, to look on. Only calls that name a file or
    /// folder of the data directory count, and those on their descriptors.
    ///
    /// # Panics
    /// If strace cannot attach to the process.
    #[must_use]
    pub fn begin(pid: Pid, data: &Path, calls: &str, effect: &str) -> Self {
        let mut paths = vec![data.to_owned()];
        // It compares whole paths, so that each has to be named.
        let process = pid.as_raw_nonzero();
        let fixed = NAMES.iter().map(|name| (*name).to_owned());
        let folders = (0..=255u8).map(|first| format!("blobs/{first:02x}"));
        let numbered = |(name, count)| (0..count).map(move |index| format!("{name}-{process:x}-{index}"));
        let made = TEMPORARIES.into_iter().flat_map(numbered);
        paths.extend(fixed.chain(folders).chain(made).map(|name| data.join(name)));
        Self::attach(pid, calls, effect, &paths)
    }

    /// The same for calls that name no file, such as those that make threads.
    ///
    /// # Panics
    /// If strace cannot attach to the process.
    #[must_use]
    pub fn of_process(pid: Pid, calls: &str, effect: &str) -> Self {
        Self::attach(pid, calls, effect, &[])
    }

    fn attach(pid: Pid, calls: &str, effect: &str, paths: &[PathBuf]) -> Self {
        let log = NamedTempFile::new().expect("a file");
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-p"]).arg(pid.as_raw_nonzero().to_string()).arg("-o").arg(log.path());
        command.arg("-e").arg(format!("trace={calls}"));
        if !effect.is_empty() {
            command.arg("-e").arg(format!("inject={calls}:{effect}"));
        }
        for path in paths {
            command.arg("-P").arg(path);
        }
        let mut strace = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("strace starts");
        let mut said = BufReader::new(strace.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let attached = said.find(|line| line.contains(" attached"));
        assert!(
            attached.is_some(),
            "strace cannot attach to a process of ours: see /proc/sys/kernel/yama/ptrace_scope"
        );
        thread::spawn(move || said.count());
        Self { strace, log }
    }

    /// Ends, and gives the calls that were watched, each as strace writes it: with `(INJECTED)` or `(DELAYED)` behind those that
    /// were tampered with.
    ///
    /// # Panics
    /// If strace does not end.
    #[must_use]
    pub fn end(mut self) -> Vec<String> {
        self.stop();
        let text = fs::read_to_string(self.log.path()).expect("a log");
        text.lines().map(ToOwned::to_owned).collect()
    }

    fn stop(&mut self) {
        if self.strace.try_wait().expect("a child").is_none() {
            let pid = i32::try_from(self.strace.id()).ok().and_then(Pid::from_raw).expect("a process id");
            // It lets go of the process, which goes on.
            let _ = kill_process(pid, Signal::INT);
        }
        self.strace.wait().expect("a child");
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Those of the calls that failed because strace said so.
#[must_use]
pub fn injected(calls: &[String]) -> usize {
    calls.iter().filter(|call| call.ends_with("(INJECTED)")).count()
}
