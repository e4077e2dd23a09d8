//! A copy of a database, for reading what cannot be read where it is: an older schema, which only a writer may bring up to
//! date, or a folder in which SQLite can make no files.

mod folder;

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use self::folder::Folder;
use super::{
    data_dir::{DATABASE, DataDir, DataDirError},
    error::StoreError,
    schema::{self, beside},
};
use crate::disk::Disk;

const PIECE: usize = 1 << 20;
/// The files that a database consists of: the second one is there after a host was killed.
const SUFFIXES: [&str; 2] = ["", "-wal"];

/// A database in a folder for temporary files, with the newest schema. Removed when it is dropped.
#[derive(Debug)]
pub(super) struct Copy {
    folder: Folder,
}

impl Copy {
    /// Copies the database of a data directory, of which nothing is changed.
    ///
    /// # Errors
    /// If somebody writes to it, now or meanwhile; if there is no room for the copy.
    pub(super) fn of(dir: &DataDir) -> Result<Self, StoreError> {
        let original = dir.database();
        let failed = |action| move |source| DataDirError::Io { action, path: dir.database(), source };
        // Outputs and hashes of tokens are in it: like the original, it is its owner's alone.
        let copy = Self { folder: Folder::make().map_err(failed("make a folder to copy"))? };
        dir.check_unheld()?;
        let before = changes(dir.disk(), &original).map_err(failed("look at"))?;
        for suffix in SUFFIXES {
            let (from, to) = (beside(&original, suffix), beside(&copy.database(), suffix));
            copy_file(dir.disk(), &from, &to).map_err(failed("copy"))?;
        }
        // Files that were copied while somebody wrote do not belong together.
        dir.check_unheld()?;
        if changes(dir.disk(), &original).map_err(failed("look at"))? != before {
            return Err(DataDirError::Locked { path: dir.root().to_owned(), pid: None }.into());
        }
        schema::migrate_copy(&copy.database(), &original)?;
        Ok(copy)
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.path().join(DATABASE)
    }
}

/// What differs after somebody has written to the files.
fn changes(disk: &Disk, database: &Path) -> io::Result<Vec<Option<(u64, SystemTime)>>> {
    let find = |suffix| Ok(disk.find(&beside(database, suffix))?.map(|file| (file.length, file.modified)));
    SUFFIXES.into_iter().map(find).collect()
}

/// Copies a file, if there is one.
fn copy_file(disk: &Disk, from: &Path, to: &Path) -> io::Result<()> {
    let from = match disk.open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let (mut piece, mut offset) = (vec![0; PIECE], 0);
    loop {
        match from.read_at(&mut piece, offset)? {
            0 => return Ok(()),
            read => {
                to.write_all(&piece[..read])?;
                offset += read as u64;
            }
        }
    }
}
