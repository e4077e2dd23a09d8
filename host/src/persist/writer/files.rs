//! Whether what SQLite has open is still what the data directory holds.

use std::{io, path::PathBuf};

use rusqlite::ffi;

use crate::{disk::Disk, persist::DataDir};

/// The database, its log and the lock, told from others of the same names.
pub(super) struct OpenFiles {
    disk: Disk,
    files: [OpenFile; 3],
}

struct OpenFile {
    path: PathBuf,
    /// Not known before it is made.
    identity: Option<(u64, u64)>,
}

impl OpenFiles {
    /// The files of a database that was just opened.
    pub(super) fn of(dir: &DataDir) -> Self {
        let database = dir.database();
        let mut log = database.clone().into_os_string();
        log.push("-wal");
        let files = [database, log.into(), dir.lock_file()].map(|path| OpenFile { path, identity: None });
        Self { disk: dir.disk().clone(), files }
    }

    /// What was committed just now is lost with the database and its log, unless they still have their names. Without the
    /// lock, another process may write as well.
    ///
    /// # Errors
    /// If one was removed, or another one is in its place.
    pub(super) fn check(&mut self) -> rusqlite::Result<()> {
        for file in &mut self.files {
            let found = match self.disk.facts(&file.path) {
                Ok(facts) => Some(facts.identity),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                // That proves nothing.
                Err(_) => continue,
            };
            if found.is_none() || file.identity.is_some_and(|known| found != Some(known)) {
                let text = format!("{} was removed or replaced while the host ran", file.path.display());
                return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY_DBMOVED), Some(text)));
            }
            file.identity = found;
        }
        Ok(())
    }
}
