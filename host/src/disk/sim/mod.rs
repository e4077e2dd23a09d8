//! A disk in memory, for tests: it counts every call, fails the ones it was asked to, stalls, and loses power.
//!
//! ```text
//! let disk = SimDisk::new(seed);                       // empty
//! let dir = DataDir::open_writer_on(&disk.disk(), "/data")?;
//! disk.fail_at(disk.calls() + 3, Fault::NoSpace, Lasting::UntilHealed);
//! …                                                    // the third call from here on has no room, and all later ones
//! disk.heal();
//! disk.lose_power();                                   // what was open is dead; `disk.disk()` is the disk after the start
//! ```
//!
//! It behaves like the worst that Linux allows. Bytes are durable when their file was synced, names when their folder was.
//! Of everything else a loss of power keeps any part, sector by sector and name by name, as the seed has it; only a rename
//! is never lost on both sides. After a failed sync of a file what it should have written counts as written, and is not: a
//! later sync of the same file succeeds without it.
//!
//! SQLite comes here through `persist::sim_vfs`.

mod contents;
mod faults;
mod file;
mod mount;
mod nodes;
mod random;
mod tests;

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

pub(crate) use faults::{Fault, Lasting};
pub(crate) use file::SimFile;
pub(crate) use mount::Mount;

use self::{faults::Faults, nodes::Nodes};
use crate::{
    disk::{Disk, Make},
    effects::Mutex,
};

/// What a call asks of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Op {
    /// A file is opened or made.
    Open,
    /// Bytes are read.
    Read,
    /// Bytes are written.
    Write,
    /// A file gets another length.
    Truncate,
    /// A file or folder is synced.
    Sync,
    /// A file gets another name.
    Rename,
    /// A file or folder is removed.
    Unlink,
    /// A folder is made.
    Mkdir,
    /// The names in a folder are read.
    List,
    /// A lock is taken or tried. Giving one up is no call.
    Lock,
    /// The facts of a file are looked up, or whether it is there.
    Look,
    /// Rights are changed.
    Chmod,
}

/// One call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// What it asked.
    pub(crate) op: Op,
    /// Of which file or folder.
    pub(crate) path: PathBuf,
}

/// The disk itself, whatever is mounted of it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SimDisk(Arc<Shared>);

struct Shared {
    id: u64,
    state: Mutex<State>,
    /// Wakes calls that are stalled.
    released: Condvar,
}

struct State {
    nodes: Nodes,
    faults: Faults,
    /// Counts the lives of the machine: what was opened in an earlier one is dead.
    life: u64,
    calls: u64,
    by_op: BTreeMap<Op, u64>,
    record: Option<Vec<Call>>,
    unique: u64,
}

/// The disks that there are, for SQLite, which knows them by name only.
static DISKS: Mutex<BTreeMap<u64, Weak<Shared>>> = Mutex::new(BTreeMap::new());

impl SimDisk {
    /// An empty disk. All that it does at random follows from the seed and the calls.
    pub(crate) fn new(seed: u64) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let state = State {
            nodes: Nodes::new(seed),
            faults: Faults::default(),
            life: 0,
            calls: 0,
            by_op: BTreeMap::new(),
            record: None,
            unique: 0,
        };
        let shared = Arc::new(Shared { id, state: Mutex::new(state), released: Condvar::new() });
        DISKS.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::downgrade(&shared));
        Self(shared)
    }

    /// The disk as a process sees it that starts now. Dead after [`Self::lose_power`] and [`Self::kill`].
    pub(crate) fn disk(&self) -> Disk {
        Disk::from(self.mount())
    }

    /// The same, as what is behind a [`Disk`].
    pub(crate) fn mount(&self) -> Mount {
        Mount { life: self.state().life, disk: self.clone() }
    }

    /// Another disk with the same on it, whose chance follows from another seed. Nothing of it is open, no call of it is
    /// going to fail, and its calls are counted on from here.
    pub(crate) fn fork(&self, seed: u64) -> Self {
        let other = Self::new(seed);
        {
            let (mut theirs, ours) = (other.state(), self.state());
            theirs.nodes = ours.nodes.fork(seed);
            theirs.calls = ours.calls;
            theirs.unique = ours.unique;
        }
        other
    }

    /// Copies a folder of the machine's disk to a path, durably.
    pub(crate) fn import(&self, folder: &Path, to: &Path) -> io::Result<()> {
        let disk = self.disk();
        disk.make_folders(to)?;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if from.is_dir() {
                self.import(&from, &to)?;
            } else {
                let mut file = disk.make(&to, Make::New)?;
                file.append(&fs::read(&from)?)?;
                file.sync()?;
            }
        }
        disk.sync_folder(to)
    }

    /// Nothing can be changed on it any more, as where it is mounted for reading alone.
    pub(crate) fn make_read_only(&self) {
        self.state().nodes.read_only = true;
    }

    /// How many calls were made so far. Those of a dead process are none.
    pub(crate) fn calls(&self) -> u64 {
        self.state().calls
    }

    /// How many of them asked for something.
    pub(crate) fn calls_of(&self, op: Op) -> u64 {
        self.state().by_op.get(&op).copied().unwrap_or_default()
    }

    /// Notes each call from now on; the call `calls() + 1` is the first in what [`Self::recorded`] gives.
    pub(crate) fn record(&self) {
        self.state().record = Some(Vec::new());
    }

    /// The calls since [`Self::record`].
    pub(crate) fn recorded(&self) -> Vec<Call> {
        self.state().record.clone().unwrap_or_default()
    }

    /// Fails a call: the first that is made is number 1. Faults add up. [`Fault::Short`] only ever meets writes.
    pub(crate) fn fail_at(&self, call: u64, fault: Fault, lasting: Lasting) {
        self.state().faults.plan(call, fault, lasting);
    }

    /// No call fails any more, and none is going to; there is room again. What is stalled stays so, and so does a loss of
    /// power that is to come.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.faults.heal();
        state.nodes.full = false;
    }

    /// Nothing can get longer any more, and nothing new be made, until it is healed.
    pub(crate) fn fill(&self) {
        self.state().nodes.full = true;
    }

    /// How many calls failed because they were asked to, or found the power gone first.
    pub(crate) fn injected(&self) -> u64 {
        self.state().faults.injected()
    }

    /// Stalls a call, before it does anything, until [`Self::let_go`].
    pub(crate) fn stall_at(&self, call: u64) {
        self.state().faults.stall(call);
    }

    /// How many calls are stalled just now.
    pub(crate) fn stalled(&self) -> usize {
        self.state().faults.stalled()
    }

    /// Lets all stalled calls go on, and stalls no other.
    pub(crate) fn let_go(&self) {
        self.state().faults.let_go();
        self.0.released.notify_all();
    }

    /// Loses power when a call is made, before it does anything. A process that is simulated is killed by it.
    pub(crate) fn lose_power_at(&self, call: u64) {
        self.state().faults.lose_power_at(call);
    }

    /// Says from now on that what is synced is durable, and it is not.
    pub(crate) fn sync_nothing(&self) {
        self.state().nodes.syncs_nothing = true;
    }

    /// Loses no power, whatever was asked for.
    pub(crate) fn keep_power(&self) {
        self.state().faults.lose_power_at(u64::MAX);
    }

    /// Loses power now: what was not synced is there in part, if at all, and everything that is open is dead.
    pub(crate) fn lose_power(&self) {
        self.state().lose_power();
        self.0.released.notify_all();
    }

    /// Kills the process: everything that is open is dead, and all that was written is there.
    pub(crate) fn kill(&self) {
        self.state().end_life();
        self.0.released.notify_all();
    }

    /// The disk that SQLite calls by a number, if it is still there.
    pub(crate) fn of_id(id: u64) -> Option<Self> {
        DISKS.lock().unwrap_or_else(PoisonError::into_inner).get(&id)?.upgrade().map(Self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lose_power(&mut self) {
        self.nodes.lose_power();
        self.end_life();
    }

    fn end_life(&mut self) {
        self.life += 1;
        self.nodes.close_all();
        self.faults.let_go();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        DISKS.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimDisk({})", self.0.id)
    }
}

impl PartialEq for SimDisk {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SimDisk {}
