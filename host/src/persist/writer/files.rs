//! Whether what SQLite has open is still what the data directory holds.

use std::{io, path::PathBuf};

use rusqlite::ffi;

use crate::{disk::Disk, persist::data_dir::WriterDir};

/// The database, its log and the lock, told from others of the same names.
pub(super) struct OpenFiles {
    disk: Disk,
    lock: OpenFile,
    database: [OpenFile; 2],
}

struct OpenFile {
    path: PathBuf,
    /// Not known before it is made.
    identity: Option<(u64, u64)>,
}

impl OpenFiles {
    /// The files of a database that was just opened.
    pub(super) fn of(held: &WriterDir) -> Self {
        let dir = held.dir();
        let mut log = dir.database().into_os_string();
        log.push("-wal");
        let lock = OpenFile { path: dir.lock_file(), identity: held.lock_identity().ok() };
        let database = [dir.database(), log.into()].map(|path| OpenFile { path, identity: None });
        Self { disk: dir.disk().clone(), lock, database }
    }

    /// Before a commit: without the lock, another process may write as well, and whatever is accepted here is unknown there.
    ///
    /// # Errors
    /// If it was removed, or another one is in its place.
    pub(super) fn check_lock(&mut self) -> rusqlite::Result<()> {
        self.lock.check(&self.disk)
    }

    /// After a commit: it is lost with the database and its log, unless they still have their names.
    ///
    /// # Errors
    /// If one was removed, or another one is in its place.
    pub(super) fn check_database(&mut self) -> rusqlite::Result<()> {
        self.database.iter_mut().try_for_each(|file| file.check(&self.disk))
    }
}

impl OpenFile {
    fn check(&mut self, disk: &Disk) -> rusqlite::Result<()> {
        let found = match disk.facts(&self.path) {
            Ok(facts) => Some(facts.identity),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // That proves nothing.
            Err(_) => return Ok(()),
        };
        if found.is_none() || self.identity.is_some_and(|known| found != Some(known)) {
            let text = format!("{} was removed or replaced while the host ran", self.path.display());
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY_DBMOVED), Some(text)));
        }
        self.identity = found;
        Ok(())
    }
}
