//! A data directory of a released format is brought up to date by a process that is killed, or whose disk fails: whoever opens it
//! next finds everything.

use std::{thread, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use stepmill_tests::{
    Bench,
    strace::{Injection, available, injected},
};

use super::{most, places, thorough};
use crate::fixtures::{check_contents, released};

/// Opens the data directory to write, brings it up to date and removes nothing.
const OPEN: [&str; 7] = ["gc", "--keep-days", "none", "--max-bytes", "none", "--keep-runs", "1000"];
/// How long that takes at most, on a busy machine.
const OPENING: Duration = Duration::from_millis(120);
const KILLS: u32 = 9;
/// How many calls of each sort are tried.
const SOME: usize = 2;

#[test]
fn a_migration_that_is_killed_loses_nothing() {
    let kills = if thorough() { KILLS * 20 } else { KILLS };
    let mut bench = released();
    let mut inside = 0;
    for kill in 1..=kills {
        let mut child = bench.start(&OPEN);
        thread::sleep(OPENING * kill / kills);
        let ended = child.try_wait().expect("a child").is_some();
        inside += u32::from(!ended);
        drop(child.kill());
        child.wait().expect("a child");
        // Killed while it goes on with what the one before has left, too.
        if ended || kill.is_multiple_of(3) {
            bench.run(&OPEN).expect(0);
            check_contents(&bench);
            bench = released();
        }
    }
    println!("{inside} of {kills} kills fell into it");
    assert!(inside > 0, "no kill fell into it");
}

#[test]
fn a_migration_whose_disk_fails_loses_nothing() {
    if !available() {
        return;
    }
    for (calls, error) in [("fsync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("openat", "EMFILE")] {
        let (code, traced) = open(&released(), calls, "");
        assert_eq!(code, Some(0), "{traced:?}");
        for place in places(most(&traced, calls), SOME) {
            // Another thread may have had the calls of this place this time.
            let mut when = place;
            while !holds(calls, error, when) {
                assert!(when > 1, "{calls} {error} {place}: nothing failed");
                when /= 2;
            }
        }
    }
}

/// Lets one call fail, and checks that all is there afterwards. Whether one has failed.
fn holds(calls: &str, error: &str, when: usize) -> bool {
    let bench = released();
    let (code, traced) = open(&bench, calls, &format!("error={error}:when={when}"));
    assert!(matches!(code, Some(0 | 3)), "{calls} {error} {when}: {code:?}");
    bench.run(&OPEN).expect(0);
    check_contents(&bench);
    injected(&traced) > 0
}

fn open(bench: &Bench, calls: &str, effect: &str) -> (Option<i32>, Vec<String>) {
    let mut child = bench.start_held(&OPEN);
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
    let injection = Injection::begin(pid, &bench.data(), calls, effect);
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("outputs");
    (output.status.code(), injection.end())
}

/// A run that is taken up by a version that came later, and killed there, goes on all the same.
#[test]
fn a_released_run_that_is_killed_again_is_resumed() {
    let bench = released();
    let run = crate::fixtures::run_in_state(&bench, "running");
    for wait in [30, 90, 200] {
        let mut child = bench.start(&["runs", "resume", &run]);
        thread::sleep(Duration::from_millis(wait));
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        let _ = kill_process(pid, Signal::KILL);
        child.wait().expect("a child");
        check_contents(&bench);
    }
    bench.run(&["runs", "resume", &run]).expect(0);
    check_contents(&bench);
}
