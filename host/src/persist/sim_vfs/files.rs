//! What SQLite asks of an open file.

use std::{
    ffi::{c_int, c_void},
    io, slice,
    sync::Arc,
};

use rusqlite::ffi;

use super::{
    locks::{self, Locks},
    shared_memory::{self, SharedMemory},
};
use crate::disk::sim::SimFile;

/// As SQLite sees a file: memory that it gives, beginning with what it knows.
#[repr(C)]
pub(super) struct SqliteFile {
    pub(super) base: ffi::sqlite3_file,
    /// Made by `open`, freed by `close`.
    open: *mut OpenFile,
}

/// An open file of a database.
pub(super) struct OpenFile {
    file: SimFile,
    locks: Arc<Locks>,
    memory: Option<Arc<SharedMemory>>,
    /// Its name is made durable with its first sync.
    name_is_new: bool,
    goes_on_close: bool,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

impl SqliteFile {
    pub(super) fn new(open: OpenFile) -> Self {
        Self { base: ffi::sqlite3_file { pMethods: &raw const METHODS }, open: Box::into_raw(Box::new(open)) }
    }
}

impl OpenFile {
    pub(super) fn named(file: SimFile, name_is_new: bool, goes_on_close: bool) -> Self {
        let locks = locks::of(&file);
        Self { file, locks, memory: None, name_is_new, goes_on_close }
    }

    pub(super) fn nameless(file: SimFile) -> Self {
        Self::named(file, false, false)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()?;
        if self.name_is_new {
            // As SQLite's own does, which takes no notice when that fails.
            if let Some(folder) = self.file.path().parent() {
                let _ = self.file.mount().sync_folder(folder);
            }
            self.name_is_new = false;
        }
        Ok(())
    }

    fn close(self) {
        if let Some(memory) = &self.memory {
            memory.leave(self.file.handle(), false);
        }
        self.locks.unlock(self.file.handle(), ffi::SQLITE_LOCK_NONE);
        if self.goes_on_close {
            let _ = self.file.mount().remove(self.file.path());
        }
    }
}

/// The file behind what C gave.
///
/// # Safety
/// The pointer is one to a file that `open` has opened and `close` has not closed, and no other reference to it lives:
/// SQLite uses a connection, and so each of its files, on one thread at a time.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a mut OpenFile {
    // SAFETY: the caller says so; `SqliteFile` begins with what the pointer says.
    unsafe { &mut *(*file.cast::<SqliteFile>()).open }
}

fn code(outcome: io::Result<()>, failed: c_int) -> c_int {
    outcome.map_or(failed, |()| ffi::SQLITE_OK)
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the pointer was made by `Box::into_raw`, and SQLite closes a file once.
    let opened = unsafe { Box::from_raw((*file.cast::<SqliteFile>()).open) };
    opened.close();
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, bytes: *mut c_void, length: c_int, offset: i64) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    // SAFETY: SQLite gives room for so many bytes, which nobody else uses meanwhile.
    let bytes = unsafe { slice::from_raw_parts_mut(bytes.cast::<u8>(), usize::try_from(length).unwrap_or_default()) };
    bytes.fill(0);
    match file.file.read_at(bytes, offset.unsigned_abs()) {
        Ok(read) if read == bytes.len() => ffi::SQLITE_OK,
        Ok(_) => ffi::SQLITE_IOERR_SHORT_READ,
        // As on a Unix: what cannot be read is taken for damaged.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => ffi::SQLITE_IOERR_CORRUPTFS,
        Err(_) => ffi::SQLITE_IOERR_READ,
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, bytes: *const c_void, length: c_int, offset: i64) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    // SAFETY: SQLite gives so many bytes.
    let bytes = unsafe { slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(length).unwrap_or_default()) };
    match file.file.write_at(bytes, offset.unsigned_abs()) {
        Ok(()) => ffi::SQLITE_OK,
        Err(error) if error.kind() == io::ErrorKind::StorageFull => ffi::SQLITE_FULL,
        Err(_) => ffi::SQLITE_IOERR_WRITE,
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    code(file.file.set_len(length.unsigned_abs()), ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    code(unsafe { opened(file) }.sync(), ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    // SAFETY: SQLite gives an open file.
    let Ok(length) = unsafe { opened(file) }.file.len() else { return ffi::SQLITE_IOERR_FSTAT };
    // SAFETY: SQLite gives a variable for the size.
    unsafe { size.write(i64::try_from(length).unwrap_or(i64::MAX)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    match file.file.count_lock() {
        Ok(()) => file.locks.lock(file.file.handle(), level),
        Err(_) => ffi::SQLITE_IOERR_LOCK,
    }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    file.locks.unlock(file.file.handle(), level);
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, answer: *mut c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let reserved = unsafe { opened(file) }.locks.is_reserved();
    // SAFETY: SQLite gives a variable for the answer.
    unsafe { answer.write(c_int::from(reserved)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_file: *mut ffi::sqlite3_file, _what: c_int, _argument: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    4_096
}

unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    memory: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    let shared = match &file.memory {
        Some(shared) => Arc::clone(shared),
        None => match shared_memory::join(&file.file) {
            Ok(shared) => Arc::clone(file.memory.insert(shared)),
            Err(_) => return ffi::SQLITE_CANTOPEN,
        },
    };
    let region = usize::try_from(region).unwrap_or_default();
    let size = usize::try_from(size).unwrap_or_default();
    match shared.region(&file.file, region, size, extend != 0) {
        Ok(found) => {
            // SAFETY: SQLite gives a variable for the address.
            unsafe { memory.write(found.cast()) };
            ffi::SQLITE_OK
        }
        Err(_) => ffi::SQLITE_IOERR_SHMSIZE,
    }
}

unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, slot: c_int, count: c_int, flags: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    let (Some(memory), true) = (&file.memory, file.file.is_alive()) else { return ffi::SQLITE_IOERR_SHMLOCK };
    let slot = usize::try_from(slot).unwrap_or_default();
    let slots = slot..slot + usize::try_from(count).unwrap_or_default();
    memory.lock(file.file.handle(), slots, flags)
}

unsafe extern "C" fn shm_barrier(_file: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    if let Some(memory) = file.memory.take() {
        memory.leave(file.file.handle(), delete != 0);
    }
    ffi::SQLITE_OK
}
