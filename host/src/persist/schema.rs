//! Opens the database: settings, version check, migrations, and a check of the file after an unclean stop.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    data_dir::{DataDir, DataDirError, WriterDir},
    error::StoreError,
    identity,
};
use crate::disk::{Disk, Make};

/// "stpm", in the header of the file: what makes it ours.
const APPLICATION_ID: i64 = 0x7374_706d;

/// Applied in order, each in its own transaction, never changed after a release. `user_version` counts them.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_initial.sql"),
    include_str!("schema/0002_items_and_cache.sql"),
    include_str!("schema/0003_service.sql"),
    include_str!("schema/0004_counts.sql"),
    include_str!("schema/0005_event_keys.sql"),
    include_str!("schema/0006_current_steps.sql"),
    include_str!("schema/0007_ends.sql"),
    include_str!("schema/0008_clocks.sql"),
    include_str!("schema/0009_identity.sql"),
    include_str!("schema/0010_bounds.sql"),
    include_str!("schema/0011_removed_triggers.sql"),
];

/// The schema that this program writes.
const VERSION: i64 = MIGRATIONS.len() as i64;

const BUSY: Duration = Duration::from_secs(5);

/// How long a writer that is reopened waits for readers; it tries again.
const BRIEF: Duration = Duration::from_millis(500);

/// How long a start waits for readers after an unclean stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// The write-ahead log shrinks to this many bytes after a burst.
const WAL_SIZE_LIMIT: i64 = 64 << 20;

/// Opens the database for writing, and makes or migrates it where needed. Its name, and that of its log, are durable then.
pub(super) fn open_writer(dir: &WriterDir) -> Result<Connection, StoreError> {
    let path = dir.dir().database();
    let disk = dir.dir().disk();
    refuse_unknown(dir.dir())?;
    create_private(disk, &path)?;
    let sqlite = |error| StoreError::sqlite(&path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect(disk, &path, flags).map_err(sqlite)?;
    harden(&connection).map_err(sqlite)?;
    if is_blank(&connection).map_err(sqlite)? {
        make(&mut connection).map_err(sqlite)?;
        // Before there is a log beside it: of a database that a loss of power takes, no log may be left.
        dir.dir().sync()?;
    }
    let (id, found) = version(&connection).map_err(sqlite)?;
    judge(&path, id, found)?;
    if dir.was_unclean() {
        quick_check(&connection, &path)?;
    }
    if !make_durable(&connection).map_err(sqlite)? {
        let source = io::Error::new(io::ErrorKind::Unsupported, "the file system does not support it");
        return Err(DataDirError::Io { action: "keep a write-ahead log beside", path, source }.into());
    }
    if dir.was_unclean() {
        settle_within(&connection, &path, PATIENCE)?;
    }
    migrate(&mut connection, found).map_err(sqlite)?;
    let file =
        disk.facts(&path).map_err(|source| DataDirError::Io { action: "look at", path: path.clone(), source })?;
    identity::note(&mut connection, file.identity.1).map_err(sqlite)?;
    // SQLite does so as well, and takes no notice when that fails.
    dir.dir().sync()?;
    keep_in_memory(&connection).map_err(sqlite)?;
    Ok(connection)
}

/// Opens the database again after its storage failed, so that everything in it is durable and nothing else can appear in it
/// later. Creates and migrates nothing. A file on a disk that failed is `suspect`, and checked.
pub(super) fn reopen_writer(dir: &WriterDir, suspect: bool) -> Result<Connection, StoreError> {
    let path = dir.dir().database();
    let sqlite = |error| StoreError::sqlite(&path, error);
    let disk = dir.dir().disk();
    if header(disk, &path)?.is_none() {
        return Err(StoreError::Lost(path));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(disk, &path, flags).map_err(sqlite)?;
    harden(&connection).map_err(sqlite)?;
    connection.busy_timeout(BRIEF).map_err(sqlite)?;
    let (id, found) = version(&connection).map_err(sqlite)?;
    judge(&path, id, found)?;
    if found != VERSION {
        return Err(StoreError::Older { path, found });
    }
    if !make_durable(&connection).map_err(sqlite)? {
        return Err(StoreError::damaged(&path, "it has no write-ahead log any more"));
    }
    if suspect {
        quick_check(&connection, &path)?;
    }
    if !settle(&connection).map_err(sqlite)? {
        return Err(in_use(path));
    }
    dir.dir().sync()?;
    keep_in_memory(&connection).map_err(sqlite)?;
    connection.busy_timeout(BUSY).map_err(sqlite)?;
    Ok(connection)
}

/// Settles what is in the database: writes the write-ahead log into it, syncs it, empties the log, and syncs a first commit
/// to the new log. Whether it could be done: readers may be in the way for a while.
///
/// After a sync has failed, or a process was killed after one, the log may hold a commit that the page cache has and the
/// disk has not. A later sync of the same pages says that all is well: the kernel reports a failure only once. So such a
/// commit, where it is read, is written to other pages, those of the database, whose sync can be trusted; this one cannot
/// be lost any more. Where it is not read, since its writer never learned that it was committed, the new log makes it
/// unreadable once that is synced; it cannot appear later, after a power loss. Reading the database in a new process proves
/// nothing: it has the same page cache.
///
/// A reader of the newest state prevents that the log is emptied, but not that all of it is written to the database. The
/// first commit then takes the place of whatever follows in the log, which is made unreadable just the same.
fn settle(connection: &Connection) -> rusqlite::Result<bool> {
    let (busy, frames, written): (bool, i64, i64) =
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    // Minus one says that it was not even begun.
    if busy && (frames < 0 || written < frames) {
        return Ok(false);
    }
    // A commit with a page in it, which changes nothing.
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    connection.execute_batch(&format!("BEGIN IMMEDIATE; PRAGMA user_version = {version}; COMMIT"))?;
    Ok(true)
}

fn settle_within(connection: &Connection, path: &Path, patience: Duration) -> Result<(), StoreError> {
    let since = Instant::now();
    while !settle(connection).map_err(|error| StoreError::sqlite(path, error))? {
        if since.elapsed() > patience {
            return Err(in_use(path.to_owned()));
        }
    }
    Ok(())
}

fn in_use(path: PathBuf) -> StoreError {
    let source = io::Error::new(io::ErrorKind::ResourceBusy, "another process reads from it all the time");
    DataDirError::Io { action: "complete the write-ahead log of", path, source }.into()
}

/// Statements of the writer need no temporary files, which could fail although the data directory is well.
fn keep_in_memory(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// Brings the copy of a database up to date. Nobody but its reader needs it, so none of it is synced.
pub(super) fn migrate_copy(copy: &Path, original: &Path) -> Result<(), StoreError> {
    let sqlite = |error| StoreError::sqlite(original, error);
    let mut connection = Connection::open(copy).map_err(sqlite)?;
    harden(&connection).map_err(sqlite)?;
    connection.pragma_update(None, "synchronous", "OFF").map_err(sqlite)?;
    let (id, found) = version(&connection).map_err(sqlite)?;
    judge(original, id, found)?;
    if found == 0 {
        return Err(StoreError::Empty(original.to_owned()));
    }
    migrate(&mut connection, found).map_err(sqlite)
}

/// Whether the file itself says that it is of an older schema. What its log holds may overrule that.
pub(super) fn looks_older(dir: &DataDir) -> Result<bool, StoreError> {
    Ok(header(dir.disk(), &dir.database())?.is_some_and(|(id, found)| id == APPLICATION_ID && found < VERSION))
}

/// Opens the database for reading, beside a writer or after one was killed.
pub(super) fn open_reader(disk: &Disk, path: &Path) -> Result<Connection, StoreError> {
    if header(disk, path)?.is_none() {
        return Err(StoreError::Empty(path.to_owned()));
    }
    let connection = read_only(disk, path).map_err(|e| StoreError::sqlite(path, e))?;
    let (id, found) = version(&connection).map_err(|e| StoreError::sqlite(path, e))?;
    match (id, found) {
        (APPLICATION_ID, 0) => Err(StoreError::Empty(path.to_owned())),
        (APPLICATION_ID, found) if found < VERSION => Err(StoreError::Older { path: path.to_owned(), found }),
        (id, found) => judge(path, id, found).map(|()| connection),
    }
}

/// A database with the tables that an earlier version made.
#[cfg(test)]
pub(super) fn open_earlier(migrations: u8) -> rusqlite::Result<Connection> {
    let connection = Connection::open("")?;
    MIGRATIONS[..usize::from(migrations)].iter().try_for_each(|migration| connection.execute_batch(migration))?;
    connection.pragma_update(None, "user_version", migrations)?;
    Ok(connection)
}

/// The same, brought up to date.
#[cfg(test)]
pub(super) fn bring_up_to_date(connection: &mut Connection) -> rusqlite::Result<()> {
    let (_, found) = version(connection)?;
    migrate(connection, found)
}

/// An empty database beside all others, with the same tables. Gone when it is closed; large ones go to a temporary file.
pub(super) fn open_scratch() -> rusqlite::Result<Connection> {
    let mut connection = Connection::open("")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    migrate(&mut connection, 0)?;
    Ok(connection)
}

/// Refuses a file that is not ours or too new without opening it for writing, which alone could change it.
/// Also refuses to make a database where there was one: what belonged to it would be swept.
fn refuse_unknown(dir: &DataDir) -> Result<(), StoreError> {
    let (disk, path) = (dir.disk(), &dir.database());
    if is_filled(disk, &beside(path, "-journal"))? {
        return Ok(()); // Killed while the file was made: opening it for writing undoes that, then it is judged.
    }
    let Some((id, found)) = header(disk, path)? else {
        return if dir.holds_results()? { Err(StoreError::Lost(path.clone())) } else { Ok(()) };
    };
    // What the log holds overrules the file.
    if is_filled(disk, &beside(path, "-wal"))? {
        let connection = read_only(disk, path).map_err(|e| StoreError::sqlite(path, e))?;
        let (id, found) = version(&connection).map_err(|e| StoreError::sqlite(path, e))?;
        return judge(path, id, found);
    }
    judge(path, id, found)
}

fn judge(path: &Path, application: i64, found: i64) -> Result<(), StoreError> {
    match (application, found) {
        (APPLICATION_ID, ..=VERSION) => Ok(()),
        (APPLICATION_ID, _) => Err(StoreError::Newer { path: path.to_owned(), found, known: VERSION }),
        _ => Err(StoreError::NotStepmill(path.to_owned())),
    }
}

/// Application id and schema version from the file itself, whatever its log holds; `None` if there is no file or nothing in
/// it.
///
/// Nothing but SQLite may open the file. Its locks are those of the process: closing any descriptor of the file takes them
/// all away, and the next program that opens and closes the database deletes the log from under us.
fn header(disk: &Disk, path: &Path) -> Result<Option<(i64, i64)>, StoreError> {
    if !is_filled(disk, path)? {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let found = connect(disk, &immutable(path), flags).and_then(|connection| {
        // Or it would not read a file that is shorter than it says, as an interrupted checkpoint leaves it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, true)?;
        version(&connection)
    });
    found.map(Some).map_err(|error| StoreError::sqlite(path, error))
}

/// The address of a database that SQLite is to read without a lock, and without its log.
fn immutable(path: &Path) -> PathBuf {
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => address.push(char::from(*byte)),
            other => address += &format!("%{other:02X}"),
        }
    }
    PathBuf::from(address + "?immutable=1")
}

fn connect(disk: &Disk, path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    #[cfg(test)]
    if let Some(disk) = disk.simulated() {
        return super::sim_vfs::open(disk, path, flags);
    }
    // Nothing else is said by the machine's disk: its paths are SQLite's own.
    let _ = disk;
    Connection::open_with_flags(path, flags)
}

fn read_only(disk: &Disk, path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(disk, path, flags)?;
    harden(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// The file may come from anywhere: nothing in its schema is run, no page is trusted, none is mapped into memory.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)
}

/// Makes the file before SQLite does, which would let everybody read it. Files beside it take over its permissions.
fn create_private(disk: &Disk, path: &Path) -> Result<(), StoreError> {
    match disk.make(path, Make::New) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(DataDirError::Io { action: "create", path: path.to_owned(), source }.into()),
    }
}

/// Makes an empty file ours, with all its tables, in one transaction: a process that is killed meanwhile leaves an empty
/// database or a whole one.
fn make(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    // This one writes as well: by itself it would leave a database that does not say whose it is.
    transaction.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    MIGRATIONS.iter().try_for_each(|migration| transaction.execute_batch(migration))?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Whether a commit now survives a power loss, and readers are never in a writer's way.
fn make_durable(connection: &Connection) -> rusqlite::Result<bool> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    if cfg!(target_os = "macos") {
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    }
    connection.pragma_update(None, "journal_size_limit", WAL_SIZE_LIMIT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // The first read makes the log. A checkpoint before it is refused.
    version(connection)?;
    Ok(mode == "wal")
}

fn is_blank(connection: &Connection) -> rusqlite::Result<bool> {
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    Ok(pages == 0)
}

fn version(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((id, version))
}

fn migrate(connection: &mut Connection, found: i64) -> rusqlite::Result<()> {
    for (migration, number) in MIGRATIONS.iter().zip(1..).skip_while(|(_, number)| *number <= found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

fn quick_check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let check = || {
        let mut statement = connection.prepare("PRAGMA quick_check(1)")?;
        statement.query_row([], |row| row.get::<_, String>(0))
    };
    match check() {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(verdict) => Err(StoreError::damaged(path, verdict)),
        Err(error) => Err(StoreError::sqlite(path, error)),
    }
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn is_filled(disk: &Disk, path: &Path) -> Result<bool, DataDirError> {
    match disk.find(path) {
        Ok(found) => Ok(found.is_some_and(|file| file.length > 0)),
        Err(source) => Err(DataDirError::Io { action: "look at", path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests;
