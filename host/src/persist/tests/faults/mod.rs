//! Every call that storage makes goes wrong once, and power is lost before every one of them.
//!
//! A phase of a host's life (its first start, its work, retention, a clean stop, a start after a kill) is done once without
//! faults, which counts its calls; then again for each of them, on a disk that fails just there. Afterwards the host is
//! opened again, as after a restart, and [`Known::holds`] says whether everything is as it was promised.
//!
//! `cargo test` tries something at each call, and every fault at some. `STEPMILL_FAULTS=n` (`just faults`) tries everything at
//! each, with n seeds.

mod host;
mod known;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use host::Host;
use known::Known;

use crate::disk::sim::{Fault, Lasting, Op, SimDisk};

/// One of so many trials looks at every byte and row.
const VERIFIED: usize = 32;

/// What a host does until something goes wrong, and whether it did.
type Phase = fn(&SimDisk, &mut Known) -> Result<(), String>;

/// What goes wrong in a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Fails(Fault, Lasting),
    /// Power is lost.
    Power,
    /// A call fails once; the host is started again and works, and then power is lost.
    FailsThenPower(Fault),
}

/// A disk on which something was done, and what is known of it.
struct Start {
    disk: SimDisk,
    known: Known,
}

#[test]
fn a_first_start() {
    try_all(&nothing(), |disk, known| Host::open(disk)?.first_run(known));
}

#[test]
fn work() {
    try_all(&stopped(), |disk, known| Host::open(disk)?.work(known));
}

#[test]
fn retention() {
    try_all(&stopped(), |disk, known| Host::open(disk)?.retain(known));
}

#[test]
fn a_clean_stop() {
    try_all(&stopped(), |disk, known| {
        let host = Host::open(disk)?;
        host.first_run(known)?;
        host.close()
    });
}

#[test]
fn a_start_after_a_kill() {
    try_all(&killed(), |disk, known| Host::open(disk)?.first_run(known));
}

#[test]
fn reading_beside_nobody() {
    try_all(&killed(), |disk, known| Host::read(disk, known));
}

fn nothing() -> Start {
    Start { disk: SimDisk::new(0), known: Known::default() }
}

/// A host that has worked and was stopped in good order.
fn stopped() -> Start {
    let Start { disk, mut known } = nothing();
    let host = Host::open(&disk).unwrap();
    host.work(&mut known).unwrap();
    host.close().unwrap();
    disk.kill();
    Start { disk, known }
}

/// A host that has worked and was killed: its log is not folded in, and a blob is half written.
fn killed() -> Start {
    let Start { disk, mut known } = stopped();
    let host = Host::open(&disk).unwrap();
    host.work(&mut known).unwrap();
    host.begin_blob();
    disk.kill();
    drop(host);
    Start { disk, known }
}

/// Goes through a phase once without trouble, and then with every trouble at every call.
fn try_all(start: &Start, phase: Phase) {
    let seeds = seeds();
    let (seeds, thorough) = (seeds.unwrap_or(1), seeds.is_some());
    let calls = calls_of(start, phase, thorough);
    assert!(calls.len() > 20, "only {} calls", calls.len());
    let trials: Vec<(u64, usize, Trouble)> = (0..seeds)
        .flat_map(|seed| calls.iter().enumerate().map(move |(at, op)| (seed, at, *op)))
        .flat_map(|(seed, at, op)| troubles(at, op, thorough).into_iter().map(move |trouble| (seed, at, trouble)))
        .collect();
    eprintln!("{} trials at {} calls", trials.len(), calls.len());
    let (next, workers) = (AtomicUsize::new(0), thread::available_parallelism().map_or(1, usize::from));
    let wrong: Vec<String> = thread::scope(|scope| {
        let work = || {
            let mut wrong = Vec::new();
            while let Some(trial) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (seed, at, trouble) = trial;
                let told = catch_unwind(AssertUnwindSafe(|| try_one(start, phase, *trial, thorough)));
                if let Err(what) = told.unwrap_or_else(|_| Err("it panicked".to_owned())) {
                    wrong.push(format!("call {} ({:?}), {trouble:?}, seed {seed}: {what}", at + 1, calls[*at]));
                }
            }
            wrong
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    let shown: Vec<_> = wrong.iter().take(20).cloned().collect();
    assert!(wrong.is_empty(), "{} of {} trials:\n{}", wrong.len(), trials.len(), shown.join("\n"));
}

#[expect(clippy::disallowed_methods, reason = "tests have no argument parser")]
fn seeds() -> Option<u64> {
    let seeds = std::env::var("STEPMILL_FAULTS").ok()?;
    Some(seeds.parse().expect("STEPMILL_FAULTS is a number of seeds"))
}

/// What is tried at a call.
fn troubles(at: usize, op: Op, thorough: bool) -> Vec<Trouble> {
    let fails = Fault::ALL
        .into_iter()
        .filter(|fault| fault.meets(op))
        .flat_map(|fault| [Lasting::Once, Lasting::UntilHealed].map(|lasting| Trouble::Fails(fault, lasting)));
    let mut all: Vec<_> = fails.collect();
    let faults = all.len();
    all.extend([Trouble::Power, Trouble::FailsThenPower(Fault::Io)]);
    if thorough {
        return all;
    }
    vec![match at % 4 {
        0 => Trouble::Power,
        1 => Trouble::FailsThenPower(Fault::Io),
        _ => all[at % faults],
    }]
}

/// What a phase asks of the disk when nothing goes wrong.
fn calls_of(start: &Start, phase: Phase, thorough: bool) -> Vec<Op> {
    let (disk, mut known) = (start.disk.fork(0), start.known.clone());
    disk.record();
    known.verifies = thorough;
    phase(&disk, &mut known).expect("a phase without trouble");
    known.verifies = true;
    let calls = disk.recorded().into_iter().map(|call| call.op).collect();
    disk.kill();
    known.holds(&disk).expect("what was promised, without trouble");
    calls
}

fn try_one(
    start: &Start,
    phase: Phase,
    (seed, at, trouble): (u64, usize, Trouble),
    thorough: bool,
) -> Result<(), String> {
    let (disk, mut known) = (start.disk.fork(seed * 1_000_003 + at as u64), start.known.clone());
    let call = disk.calls() + at as u64 + 1;
    match trouble {
        Trouble::Fails(fault, lasting) => disk.fail_at(call, fault, lasting),
        Trouble::FailsThenPower(fault) => disk.fail_at(call, fault, Lasting::Once),
        Trouble::Power => disk.lose_power_at(call),
    }
    // What it answers is in what is known; what it says of the rest does not matter.
    known.verifies = thorough;
    let _ = phase(&disk, &mut known);
    known.verifies = at.is_multiple_of(VERIFIED);
    if disk.injected() == 0 {
        return Err("nothing was injected".to_owned());
    }
    if let Trouble::Fails(_, Lasting::UntilHealed) = trouble {
        // A restart does not help, and does no harm.
        disk.kill();
        let _ = Host::open(&disk);
    }
    disk.heal();
    disk.kill();
    known.holds(&disk)?;
    if let Trouble::FailsThenPower(_) = trouble {
        Host::open(&disk)
            .and_then(|host| host.first_run(&mut known))
            .map_err(|error| format!("afterwards: {error}"))?;
        disk.lose_power();
        known.holds(&disk).map_err(|error| format!("after the loss of power: {error}"))?;
    }
    Ok(())
}
