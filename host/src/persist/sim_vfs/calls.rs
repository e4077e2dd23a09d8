//! What SQLite asks of the file system as a whole.

use std::{
    ffi::{c_char, c_int},
    io, ptr,
    time::Duration,
};

use rusqlite::ffi;

use super::{
    LONGEST_PATH,
    files::{OpenFile, SqliteFile},
    resolve, text,
};
use crate::{
    disk::{Make, sim::SimFile},
    effects,
};

/// Journals whose names must be as durable as what is in them.
const JOURNALS: c_int = ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;
/// Half a day less than the Julian day of the beginning of 1970, in milliseconds.
const JULIAN_1970: i64 = 210_866_760_000_000;

pub(super) unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    let file = file.cast::<SqliteFile>();
    // SAFETY: SQLite gives memory for a file of the size that was registered. It calls no method of one that says none.
    unsafe { ptr::addr_of_mut!((*file).base.pMethods).write(ptr::null()) };
    // SAFETY: SQLite gives null, or a path that lives as long as the file is open.
    let path = unsafe { text(path) };
    let (opened, flags) = match open_file(path, flags) {
        Ok(opened) => (opened, flags),
        // What cannot be written to may be readable. SQLite's own does so, too, whatever the reason.
        Err(_) if flags & ffi::SQLITE_OPEN_READWRITE != 0 => {
            let flags = flags & !(ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE) | ffi::SQLITE_OPEN_READONLY;
            match open_file(path, flags) {
                Ok(opened) => (opened, flags),
                Err(_) => return ffi::SQLITE_CANTOPEN,
            }
        }
        Err(_) => return ffi::SQLITE_CANTOPEN,
    };
    // SAFETY: as above; what it held before was no file.
    unsafe { file.write(SqliteFile::new(opened)) };
    if !flags_out.is_null() {
        // SAFETY: it is not null, so it is SQLite's own variable.
        unsafe { flags_out.write(flags) };
    }
    ffi::SQLITE_OK
}

fn open_file(path: Option<&str>, flags: c_int) -> io::Result<OpenFile> {
    let Some(path) = path else { return Ok(OpenFile::nameless(anywhere()?)) };
    let (disk, path) = resolve(path).ok_or(io::ErrorKind::NotFound)?;
    let creates = flags & ffi::SQLITE_OPEN_CREATE != 0;
    let file = if creates && flags & ffi::SQLITE_OPEN_EXCLUSIVE != 0 {
        disk.make(&path, Make::New)?
    } else if creates {
        disk.make(&path, Make::IfMissing)?
    } else {
        disk.open_existing(&path, flags & ffi::SQLITE_OPEN_READWRITE != 0)?
    };
    let goes_on_close = flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0;
    Ok(OpenFile::named(file, creates && flags & JOURNALS != 0, goes_on_close))
}

/// A file for what does not fit memory. SQLite does not say for which database, so none of it is counted.
fn anywhere() -> io::Result<SimFile> {
    crate::disk::sim::SimDisk::new(0).mount().make_nameless()
}

pub(super) unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, path: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite gives a path.
    let Some((disk, path)) = unsafe { text(path) }.and_then(resolve) else { return ffi::SQLITE_IOERR_DELETE };
    match disk.remove(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return ffi::SQLITE_IOERR_DELETE_NOENT,
        Err(_) => return ffi::SQLITE_IOERR_DELETE,
        Ok(()) => {}
    }
    if sync_folder == 0 {
        return ffi::SQLITE_OK;
    }
    match path.parent().map(|folder| disk.sync_folder(folder)) {
        Some(Err(_)) => ffi::SQLITE_IOERR_DIR_FSYNC,
        _ => ffi::SQLITE_OK,
    }
}

pub(super) unsafe extern "C" fn access(
    _vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a path.
    let Some((disk, path)) = unsafe { text(path) }.and_then(resolve) else { return ffi::SQLITE_IOERR_ACCESS };
    let there = match disk.facts(&path) {
        // SQLite's own says, too, that an empty file is none.
        Ok(facts) => flags != ffi::SQLITE_ACCESS_EXISTS || !facts.is_file || facts.length > 0,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(_) => return ffi::SQLITE_IOERR_ACCESS,
    };
    // SAFETY: SQLite gives a variable for the answer.
    unsafe { answer.write(c_int::from(there)) };
    ffi::SQLITE_OK
}

/// Paths are whole already.
pub(super) unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    room: c_int,
    full: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a path.
    let Some(path) = (unsafe { text(path) }) else { return ffi::SQLITE_CANTOPEN };
    if path.len() >= usize::try_from(room.min(LONGEST_PATH)).unwrap_or_default() {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: the path with its zero fits the room that SQLite gives; the two are apart.
    unsafe {
        ptr::copy_nonoverlapping(path.as_ptr().cast::<c_char>(), full, path.len());
        full.add(path.len()).write(0);
    }
    ffi::SQLITE_OK
}

/// Nothing that the simulation decides depends on it.
pub(super) unsafe extern "C" fn randomness(_vfs: *mut ffi::sqlite3_vfs, length: c_int, out: *mut c_char) -> c_int {
    let length = usize::try_from(length).unwrap_or_default();
    // SAFETY: SQLite gives room for so many bytes.
    unsafe { ptr::write_bytes(out, 0x5a, length) };
    length as c_int
}

/// Time is not what a simulated disk waits for; others only need a chance to go on.
pub(super) unsafe extern "C" fn sleep(_vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    std::thread::sleep(Duration::from_micros(microseconds.clamp(0, 100).unsigned_abs().into()));
    microseconds
}

pub(super) unsafe extern "C" fn current_time(_vfs: *mut ffi::sqlite3_vfs, now: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite gives a variable for the time.
    unsafe { now.write(JULIAN_1970 + effects::wall_clock()) };
    ffi::SQLITE_OK
}

pub(super) unsafe extern "C" fn last_error(_vfs: *mut ffi::sqlite3_vfs, _room: c_int, _text: *mut c_char) -> c_int {
    0
}
