//! SQLite on a simulated disk: a VFS whose files are those of a [`SimDisk`](crate::disk::sim::SimDisk), for tests.
//!
//! It does what SQLite's own for Unix does, with the same return codes, so that what is shown on it holds there: the folder
//! is synced with a new journal, no error of a look is passed off as an absence, powersafe overwrite is promised (and the
//! simulated disk keeps to it). Shared memory is that of this process; its locks are no calls that could fail, because
//! SQLite's own takes such a failure for a lock that somebody else has.
//!
//! `unsafe` is confined to what C calls: each function makes a reference of what it was given and hands it on.

mod calls;
mod files;
mod locks;
mod shared_memory;
mod tests;

use std::{
    ffi::{CStr, c_char, c_int},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use rusqlite::{Connection, OpenFlags, ffi};

use crate::disk::sim::Mount;

const NAME: &CStr = c"stepmill-simulated";
/// What paths begin with that SQLite is given; then the disk's number and life, and its own path.
const PREFIX: &str = "/simulated-";
const LONGEST_PATH: c_int = 1_024;

/// Opens a database on a simulated disk.
pub(super) fn open(disk: &Mount, path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    register()?;
    let (id, life) = disk.id();
    let path = path.display().to_string();
    // Of an address, the disk is a part.
    let (scheme, path) = path.strip_prefix("file:").map_or(("", path.as_str()), |path| ("file:", path));
    let path = format!("{scheme}{PREFIX}{id}-{life}{path}");
    Connection::open_with_flags_and_vfs(path, flags, NAME)
}

/// The disk and the path on it that a path of SQLite means.
fn resolve(path: &str) -> Option<(Mount, PathBuf)> {
    let rest = path.strip_prefix(PREFIX)?;
    let (ids, _) = rest.split_once('/')?;
    let (disk, life) = ids.split_once('-')?;
    let mount = Mount::of_id((disk.parse().ok()?, life.parse().ok()?))?;
    Some((mount, PathBuf::from(&rest[ids.len()..])))
}

/// Makes the VFS known to SQLite, once per process.
fn register() -> rusqlite::Result<()> {
    static DONE: OnceLock<c_int> = OnceLock::new();
    let code = *DONE.get_or_init(|| {
        let vfs = Box::leak(Box::new(ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: c_int::try_from(size_of::<files::SqliteFile>()).unwrap_or(c_int::MAX),
            mxPathname: LONGEST_PATH,
            pNext: std::ptr::null_mut(),
            zName: NAME.as_ptr(),
            pAppData: std::ptr::null_mut(),
            xOpen: Some(calls::open),
            xDelete: Some(calls::delete),
            xAccess: Some(calls::access),
            xFullPathname: Some(calls::full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(calls::randomness),
            xSleep: Some(calls::sleep),
            xCurrentTime: None,
            xGetLastError: Some(calls::last_error),
            xCurrentTimeInt64: Some(calls::current_time),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        }));
        // SAFETY: the structure and its name live as long as the process, and its functions are those that C expects.
        unsafe { ffi::sqlite3_vfs_register(vfs, 0) }
    });
    match code {
        ffi::SQLITE_OK => Ok(()),
        code => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)),
    }
}

/// A path that C gave.
///
/// # Safety
/// The pointer is null, or one to a string that ends with a zero and outlives what is made of it.
unsafe fn text<'a>(path: *const c_char) -> Option<&'a str> {
    if path.is_null() {
        return None;
    }
    // SAFETY: the caller says so.
    unsafe { CStr::from_ptr(path) }.to_str().ok()
}
