//! How the lives of a service go: on which disk, and how they end.

use std::{sync::atomic::Ordering::SeqCst, thread, time::Duration};

use rustix::process::{Signal, kill_process};
use stepmill_tests::{
    Bench,
    server::Server,
    strace::{Injection, available, injected},
};

use super::{Client, start};

/// How often a service is killed, unless `STEPMILL_KILLS` says so: in `just crash`.
const KILLS: u64 = 8;
/// How long it is suspended.
const SUSPENDED: Duration = Duration::from_secs(2);

pub(super) fn kills() -> u64 {
    let named = std::env::vars().find(|(key, _)| key == "STEPMILL_KILLS");
    named.and_then(|(_, kills)| kills.parse().ok()).unwrap_or(KILLS)
}

/// What is special about a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Plain,
    /// Each sync takes a third of a second.
    SlowDisk,
    /// Each thread's third sync fails, and every fourth after it.
    FailingDisk,
    /// There is no room for what is written, at times.
    FullDisk,
    /// It is stopped and continued, as by a machine that is suspended.
    Suspended,
}

const LIVES: [Life; 8] = [
    Life::Plain,
    Life::SlowDisk,
    Life::Plain,
    Life::FailingDisk,
    Life::Suspended,
    Life::Plain,
    Life::FullDisk,
    Life::Plain,
];

impl Life {
    fn disk(self, server: &Server, bench: &Bench) -> Option<Injection> {
        let (calls, effect) = match self {
            Self::Plain | Self::Suspended => return None,
            Self::SlowDisk => ("fsync", "delay_exit=300000"),
            Self::FailingDisk => ("fsync", "error=EIO:when=3+4"),
            Self::FullDisk => ("pwrite64,write", "error=ENOSPC:when=9+40"),
        };
        Some(Injection::begin(server.pid(), &bench.data(), calls, effect))
    }
}

/// Lets a service live and die, while the client's threads go on. Ends them, and gives the last of its lives.
pub(super) fn live_and_die(bench: &Bench, mut server: Server, client: &Client, token: &str) -> Server {
    let strace = available();
    let mut failed = 0;
    for kill in 0..kills() {
        let life = LIVES[usize::try_from(kill).unwrap() % LIVES.len()];
        let disk = strace.then(|| life.disk(&server, bench)).flatten();
        // Spread over starting up, taking up what was left, and working.
        let lives = Duration::from_millis(20 + kill * 7919 % 400);
        thread::sleep(lives);
        if disk.is_some() {
            thread::sleep(2 * lives);
        }
        if life == Life::Suspended {
            kill_process(server.pid(), Signal::STOP).expect("the process is there");
            thread::sleep(SUSPENDED);
            kill_process(server.pid(), Signal::CONT).expect("the process is there");
            thread::sleep(lives);
        }
        server.kill();
        failed += disk.map_or(0, |disk| injected(&disk.end()));
        server = start(bench).with_token(token);
        *client.address.lock().unwrap() = server.address();
    }
    thread::sleep(Duration::from_millis(500));
    client.ended.store(true, SeqCst);
    println!("{} kills, {failed} calls of the disk failed", kills());
    server
}
