//! The locks on a database's file, as `sqlite3_file::xLock` describes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::c_int,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use rusqlite::ffi;

use crate::disk::sim::SimFile;

/// What identifies a file in one life of one disk.
pub(super) type FileId = ((u64, u64), u64);

#[derive(Default)]
pub(super) struct Locks(Mutex<Held>);

#[derive(Default)]
struct Held {
    shared: BTreeSet<u64>,
    /// Who is going to write.
    reserved: Option<u64>,
    /// Who waits for readers to go.
    pending: Option<u64>,
    exclusive: Option<u64>,
}

static FILES: Mutex<BTreeMap<FileId, Weak<Locks>>> = Mutex::new(BTreeMap::new());

pub(super) fn id(file: &SimFile) -> FileId {
    (file.mount().id(), file.inode())
}

/// The locks on a file, the same for all who have it open.
pub(super) fn of(file: &SimFile) -> Arc<Locks> {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    files.retain(|_, locks| locks.strong_count() > 0);
    let known = files.get(&id(file)).and_then(Weak::upgrade);
    known.unwrap_or_else(|| {
        let locks = Arc::default();
        files.insert(id(file), Arc::downgrade(&locks));
        locks
    })
}

impl Locks {
    pub(super) fn lock(&self, who: u64, level: c_int) -> c_int {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = match level {
            ffi::SQLITE_LOCK_SHARED => held.share(who),
            ffi::SQLITE_LOCK_RESERVED => held.reserve(who),
            _ => held.exclude(who),
        };
        if taken { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
    }

    pub(super) fn unlock(&self, who: u64, level: c_int) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = &mut *held;
        for holder in [&mut held.reserved, &mut held.pending, &mut held.exclusive] {
            if *holder == Some(who) {
                *holder = None;
            }
        }
        if level == ffi::SQLITE_LOCK_NONE {
            held.shared.remove(&who);
        }
    }

    pub(super) fn is_reserved(&self) -> bool {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.reserved.or(held.pending).or(held.exclusive).is_some()
    }
}

impl Held {
    fn share(&mut self, who: u64) -> bool {
        let free = is_free(self.pending, who) && is_free(self.exclusive, who);
        if free {
            self.shared.insert(who);
        }
        free
    }

    fn reserve(&mut self, who: u64) -> bool {
        let free = [self.reserved, self.pending, self.exclusive].into_iter().all(|holder| is_free(holder, who));
        if free {
            self.reserved = Some(who);
        }
        free
    }

    fn exclude(&mut self, who: u64) -> bool {
        if ![self.reserved, self.pending, self.exclusive].into_iter().all(|holder| is_free(holder, who)) {
            return false;
        }
        // No reader comes any more, and those that are there go.
        self.pending = Some(who);
        let alone = self.shared.iter().all(|holder| *holder == who);
        if alone {
            self.exclusive = Some(who);
        }
        alone
    }
}

fn is_free(holder: Option<u64>, who: u64) -> bool {
    holder.is_none_or(|holder| holder == who)
}
