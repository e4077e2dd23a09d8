//! What goes wrong around a host: calls of its disk fail, stall, or find it full, and power is lost.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{ledger::Ledger, sandboxes::decide};
use crate::{
    app::{Host, Service},
    disk::sim::{Fault, Lasting, SimDisk},
    effects::simulation::{self, Random, note},
};

/// How long a host may take to work again once nothing fails any more. Runs that were interrupted pause for half a minute
/// at most, and the journal for five seconds; stalls and slow commits come on top.
const RECOVERY: Duration = Duration::from_secs(10 * 60);
/// How often it is asked whether it does.
const POLL: Duration = Duration::from_secs(1);

/// Something that goes wrong.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// A call of the disk fails, so many from now.
    Fails(u64, Fault, Lasting),
    /// Nothing can get longer.
    Full,
    /// Whatever a thread does next takes so long.
    Stalls(Duration),
    /// The modules of runs cannot be loaded.
    NoModules,
    /// A call of a sandbox, an observer or a module's source panics, so many from now.
    Panics(u64),
}

impl Trouble {
    fn any(random: &mut Random) -> Self {
        match random.below(10) {
            0..5 => Self::of_disk(random),
            5 => Self::Full,
            6 => Self::Stalls(Duration::from_millis(random.between(100, 90_000))),
            7 => Self::NoModules,
            _ => Self::Panics(random.below(30)),
        }
    }

    fn of_disk(random: &mut Random) -> Self {
        let furthest = *random.pick(&[5, 50, 500]).expect("distances");
        let fault = *random.pick(&Fault::ALL).expect("faults");
        let lasting = if random.one_in(2) { Lasting::Once } else { Lasting::UntilHealed };
        Self::Fails(random.between(1, furthest), fault, lasting)
    }

    fn begin(self, disk: &SimDisk, ledger: &Ledger) {
        note(format_args!("trouble begins: {self:?}"));
        ledger.known().trouble.begin();
        match self {
            Self::Fails(calls, fault, lasting) => disk.fail_at(disk.calls() + calls, fault, lasting),
            Self::Full => disk.fill(),
            Self::Stalls(time) => simulation::stall(time),
            Self::NoModules => ledger.known().modules_are_gone = true,
            Self::Panics(calls) => ledger.known().panics_after = Some(calls),
        }
    }
}

/// Nothing is wrong with the disk and the modules any more.
fn heal(disk: &SimDisk, ledger: &Ledger) {
    disk.heal();
    let mut known = ledger.known();
    (known.modules_are_gone, known.panics_after) = (false, None);
    drop(known);
    note(format_args!("all is healed"));
}

/// Something may go wrong from a process's first call on.
pub(super) fn before_start(disk: &SimDisk, ledger: &Ledger) {
    if decide(|random| random.one_in(6)) {
        decide(Trouble::of_disk).begin(disk, ledger);
    }
}

/// Lets things go wrong for a while, each time until all is healed. Then the host works again by itself.
pub(super) async fn during(service: Arc<Service>, disk: SimDisk, ledger: Ledger) {
    let times = decide(|random| if random.one_in(2) { 0 } else { random.between(1, 3) });
    for _ in 0..times {
        sleep(Duration::from_millis(decide(|random| random.below(20_000)))).await;
        decide(Trouble::any).begin(&disk, &ledger);
        sleep(Duration::from_millis(decide(|random| random.below(60_000)))).await;
        recover(&service.host, &disk, &ledger).await;
    }
    if ledger.known().trouble.is_on() {
        recover(&service.host, &disk, &ledger).await;
    }
}

async fn recover(host: &Host, disk: &SimDisk, ledger: &Ledger) {
    heal(disk, ledger);
    let healed = Instant::now();
    while !(host.health().is_up() && host.interruptions().is_empty()) {
        if healed.elapsed() > RECOVERY {
            let (health, runs) = (host.health(), host.interruptions());
            ledger.violated([format!("it was healed {RECOVERY:?} ago: {health}; interrupted are {runs:?}")]);
            break;
        }
        sleep(POLL).await;
    }
    ledger.known().trouble.end();
}

/// The process is gone: the next one finds a disk without faults.
pub(super) fn end(disk: &SimDisk, ledger: &Ledger) {
    disk.keep_power();
    heal(disk, ledger);
    ledger.known().trouble.end();
}
