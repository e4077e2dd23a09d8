//! The memory that the connections to a database share, in which they find each other's places in the write-ahead log.
//!
//! A file stands for it on the disk, as with SQLite's own, so that making it and giving it room are calls that can fail. Its
//! bytes stay in memory: whatever was there before a start is made again from the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::c_int,
    io,
    ops::Range,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::AtomicU64},
};

use rusqlite::ffi;

use super::locks::{self, FileId};
use crate::disk::{Make, sim::SimFile};

const SLOTS: usize = 8;

#[derive(Default)]
pub(super) struct SharedMemory(Mutex<Shared>);

#[derive(Default)]
struct Shared {
    /// Never moved while somebody has an address of one. Atomics, because connections on several threads write to them.
    regions: Vec<Box<[AtomicU64]>>,
    slots: [Slot; SLOTS],
    members: BTreeSet<u64>,
    file: Option<SimFile>,
}

#[derive(Default)]
struct Slot {
    shared: BTreeSet<u64>,
    exclusive: Option<u64>,
}

static MEMORIES: Mutex<BTreeMap<FileId, Weak<SharedMemory>>> = Mutex::new(BTreeMap::new());

/// The memory that belongs to a database.
pub(super) fn join(database: &SimFile) -> io::Result<Arc<SharedMemory>> {
    let mut memories = MEMORIES.lock().unwrap_or_else(PoisonError::into_inner);
    memories.retain(|_, memory| memory.strong_count() > 0);
    let id = locks::id(database);
    let memory = match memories.get(&id).and_then(Weak::upgrade) {
        Some(memory) => memory,
        None => {
            let file = database.mount().make(&beside(database), Make::Empty)?;
            let memory = Arc::new(SharedMemory::default());
            memory.shared().file = Some(file);
            memories.insert(id, Arc::downgrade(&memory));
            memory
        }
    };
    memory.shared().members.insert(database.handle());
    Ok(memory)
}

fn beside(database: &SimFile) -> PathBuf {
    let mut path = database.path().as_os_str().to_owned();
    path.push("-shm");
    path.into()
}

impl SharedMemory {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of a region; null if it is missing and was not to be made.
    pub(super) fn region(&self, database: &SimFile, region: usize, size: usize, make: bool) -> io::Result<*mut u8> {
        let mut shared = self.shared();
        while shared.regions.len() <= region {
            if !make {
                return Ok(std::ptr::null_mut());
            }
            let length = (shared.regions.len() + 1) * size;
            match &shared.file {
                Some(file) => file.set_len(length as u64)?,
                None => return Err(io::Error::other(format!("{} is closed", database.path().display()))),
            }
            shared.regions.push((0..size.div_ceil(8)).map(|_| AtomicU64::new(0)).collect());
        }
        Ok(shared.regions[region].as_ptr().cast_mut().cast())
    }

    pub(super) fn lock(&self, who: u64, slots: Range<usize>, flags: c_int) -> c_int {
        let mut shared = self.shared();
        let slots = &mut shared.slots[slots];
        let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
        if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            slots.iter_mut().for_each(|slot| slot.unlock(who, exclusive));
        } else if slots.iter().all(|slot| slot.is_free(who, exclusive)) {
            slots.iter_mut().for_each(|slot| slot.lock(who, exclusive));
        } else {
            return ffi::SQLITE_BUSY;
        }
        ffi::SQLITE_OK
    }

    /// Somebody does not use it any more. The last one takes its file away, if it is not to stay.
    pub(super) fn leave(&self, who: u64, delete: bool) {
        let mut memories = MEMORIES.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shared = self.shared();
        shared.slots.iter_mut().for_each(|slot| {
            slot.unlock(who, false);
            slot.unlock(who, true);
        });
        shared.members.remove(&who);
        if shared.members.is_empty()
            && let Some(file) = shared.file.take()
        {
            memories.retain(|_, memory| !std::ptr::eq(memory.as_ptr(), self));
            if delete {
                let _ = file.mount().remove(file.path());
            }
        }
    }
}

impl Slot {
    fn is_free(&self, who: u64, exclusive: bool) -> bool {
        let others_write = self.exclusive.is_some_and(|holder| holder != who);
        let others_read = self.shared.iter().any(|holder| *holder != who);
        !others_write && (!exclusive || !others_read)
    }

    fn lock(&mut self, who: u64, exclusive: bool) {
        if exclusive {
            self.exclusive = Some(who);
        } else {
            self.shared.insert(who);
        }
    }

    fn unlock(&mut self, who: u64, exclusive: bool) {
        if exclusive && self.exclusive == Some(who) {
            self.exclusive = None;
        } else if !exclusive {
            self.shared.remove(&who);
        }
    }
}
