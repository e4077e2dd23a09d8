//! The folder that a host keeps everything in, and the lock that keeps a second host out of it.
//!
//! ```text
//! stepmill.db    runs, events, logs, small outputs (with `stepmill.db-wal` and `-shm` while in use: copy all or none)
//! LOCK           locked by the one process that may write; holds its pid, or how the last one ended
//! blobs/         large outputs and files, named by their content's hash
//! tmp/           blobs in the making; nothing here outlives the process that made it
//! quarantine/    blobs that were found damaged
//! modules/       modules as they came, named by their digest
//! code/          compiled modules; can be deleted at any time
//! out/           files of outputs, copied there by `stepmill run` for people to open
//! control.sock   where the writing process takes orders, such as to cancel a run
//! ```
//!
//! Everything is readable by its owner alone, also in a folder that was there before: outputs may be confidential.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::disk::{Disk, DiskFile, Make};

pub(super) const DATABASE: &str = "stepmill.db";
const LOCK: &str = "LOCK";
const FOLDERS: [&str; 5] = ["blobs", "tmp", "quarantine", "modules", "code"];
/// What the lock file says once nobody writes. An empty one says the same as the first.
const CLOSED: &str = "closed";
const STOPPED: &str = "stopped";
/// Whatever the lock file says takes as many bytes, so that it can also be written on a full disk.
const MARK_LENGTH: usize = 16;
/// What the database consists of while it is open: SQLite gives the others the rights that it finds on the first.
const DATABASE_FILES: [&str; 3] = [DATABASE, "stepmill.db-wal", "stepmill.db-shm"];

/// How often the lock is tried. [`DataDir::holder`] takes it for an instant, which must not look like a second host.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// A data directory that exists; says where things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    disk: Disk,
    root: PathBuf,
}

/// A data directory that this process alone may write. The right ends with the last clone.
#[derive(Debug, Clone)]
pub struct WriterDir {
    dir: DataDir,
    lock: Arc<Lock>,
}

#[derive(Debug)]
struct Lock {
    file: DiskFile,
    left: Left,
    /// Whether the file says that somebody writes.
    marked: AtomicBool,
}

/// How the last writer left a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// With its journal closed.
    Closed,
    /// By itself, but its storage did not let it close the journal.
    Stopped,
    /// It was killed, or the power failed.
    Killed,
}

/// The process that writes to a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Its pid, where the lock file says it.
    pub pid: Option<u32>,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process writes to it.
    #[error(
        "the data directory `{path}` is in use by {}: wait for it or stop it, or choose another with --data-dir",
        pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Locked {
        /// The folder.
        path: PathBuf,
        /// Who has it.
        pid: Option<u32>,
    },
    /// There is none.
    #[error("there is no data directory at `{path}`: run a pipeline first, or name another with --data-dir")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The folder holds something else.
    #[error(
        "`{path}` is not a data directory of stepmill, and not empty: name another with --data-dir; a new one is made in a \
         folder that is empty or does not exist"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl DataDir {
    /// Takes a data directory for writing. It is created where there is none.
    ///
    /// # Errors
    /// At once if another process has it; if it cannot be created; if the folder holds other things.
    pub fn open_writer(path: impl AsRef<Path>) -> Result<WriterDir, DataDirError> {
        Self::open_writer_on(&Disk::default(), path)
    }

    /// The same on another disk.
    pub(crate) fn open_writer_on(disk: &Disk, path: impl AsRef<Path>) -> Result<WriterDir, DataDirError> {
        let root = path.as_ref();
        disk.make_folders(root).map_err(io_error("create", root))?;
        let root = disk.canonical(root).map_err(io_error("find", root))?;
        let dir = Self { disk: disk.clone(), root };
        let known = dir.is_known()?;
        if !known {
            if !dir.is_empty()? {
                return Err(DataDirError::Foreign { path: dir.root });
            }
            // A folder that was there may stem from a process that was killed between making and syncing it.
            disk.sync_name(&dir.root).map_err(io_error("sync the folder of", &dir.root))?;
        }
        let lock = dir.lock(known)?;
        if !known {
            // Before anything else has a name: what makes this folder ours must not be lost alone.
            dir.sync()?;
        }
        dir.create_folders()?;
        dir.make_private()?;
        let dir = WriterDir { dir, lock: Arc::new(lock) };
        dir.mark_open()?;
        Ok(dir)
    }

    /// Opens a data directory for reading, beside a writer or without one.
    ///
    /// # Errors
    /// If there is none, or the folder holds other things.
    pub fn open_reader(path: impl AsRef<Path>) -> Result<Self, DataDirError> {
        Self::open_reader_on(&Disk::default(), path)
    }

    /// The same on another disk.
    pub(crate) fn open_reader_on(disk: &Disk, path: impl AsRef<Path>) -> Result<Self, DataDirError> {
        let path = path.as_ref();
        match disk.canonical(path) {
            Ok(root) => {
                let dir = Self { disk: disk.clone(), root };
                match dir.is_known()? {
                    true => Ok(dir),
                    false if dir.is_empty()? => Err(DataDirError::Missing { path: dir.root }),
                    false => Err(DataDirError::Foreign { path: dir.root }),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(DataDirError::Missing { path: path.to_owned() })
            }
            Err(error) => Err(io_error("open", path)(error)),
        }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What it is on.
    pub(crate) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join(DATABASE)
    }

    /// What is locked by who writes.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.root.join(LOCK)
    }

    /// Large outputs and files.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Blobs in the making.
    #[must_use]
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Damaged blobs.
    #[must_use]
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    /// Compiled modules.
    #[must_use]
    pub fn code(&self) -> PathBuf {
        self.root.join("code")
    }

    /// Where the writing process takes orders.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// Who writes to it now. A run that is not finished while nobody writes was interrupted.
    ///
    /// # Errors
    /// If the lock file cannot be read.
    pub fn holder(&self) -> Result<Option<Holder>, DataDirError> {
        let path = self.lock_file();
        let file = match self.disk.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("open", &path)(error)),
        };
        match file.try_lock(false).map_err(io_error("lock", &path))? {
            true => Ok(None),
            false => Ok(Some(Holder { pid: read_pid(&file) })),
        }
    }

    /// Fails where somebody writes to it.
    pub(super) fn check_unheld(&self) -> Result<(), DataDirError> {
        match self.holder()? {
            None => Ok(()),
            Some(Holder { pid }) => Err(DataDirError::Locked { path: self.root.clone(), pid }),
        }
    }

    /// Whether it holds what is only ever stored beside a database.
    pub(super) fn holds_results(&self) -> Result<bool, DataDirError> {
        if !self.names(&self.root.join("modules"))?.is_empty() {
            return Ok(true);
        }
        for shard in self.names(&self.blobs())? {
            let shard = self.blobs().join(shard);
            let is_folder = self.disk.facts(&shard).map_err(io_error("look at", &shard))?.is_folder;
            if is_folder && !self.names(&shard)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is in a folder; nothing if there is none.
    fn names(&self, folder: &Path) -> Result<Vec<OsString>, DataDirError> {
        match self.disk.list(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            names => names.map_err(io_error("read", folder)),
        }
    }

    fn is_known(&self) -> Result<bool, DataDirError> {
        for path in [DATABASE, LOCK].map(|name| self.root.join(name)) {
            if self.disk.find(&path).map_err(io_error("look at", &path))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_empty(&self) -> Result<bool, DataDirError> {
        Ok(self.disk.list(&self.root).map_err(io_error("read", &self.root))?.is_empty())
    }

    fn lock(&self, known: bool) -> Result<Lock, DataDirError> {
        let path = self.lock_file();
        let new = self.disk.find(&path).map_err(io_error("look at", &path))?.is_none();
        let file = self.disk.make(&path, Make::IfMissing).map_err(io_error("open", &path))?;
        let mut tries = 1;
        while !file.try_lock(true).map_err(io_error("lock", &path))? {
            if tries == LOCK_TRIES {
                return Err(DataDirError::Locked { path: self.root.clone(), pid: read_pid(&file) });
            }
            tries += 1;
            thread::sleep(LOCK_PAUSE);
        }
        let left = match read_mark(&file).map_err(io_error("read", &path))?.as_str() {
            // A database without a lock file was copied here, nobody knows from what state.
            "" if known && new => Left::Killed,
            "" | CLOSED => Left::Closed,
            STOPPED => Left::Stopped,
            _ => Left::Killed,
        };
        Ok(Lock { file, left, marked: AtomicBool::new(false) })
    }

    fn create_folders(&self) -> Result<(), DataDirError> {
        for name in FOLDERS {
            let path = self.root.join(name);
            match self.disk.make_folder(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(io_error("create", &path)(error)),
            }
        }
        self.sync()
    }

    /// Makes the names in it durable.
    pub(super) fn sync(&self) -> Result<(), DataDirError> {
        self.disk.sync_folder(&self.root).map_err(io_error("sync", &self.root))
    }

    /// Takes the rights of everybody else away, where an earlier version or a person gave some.
    fn make_private(&self) -> Result<(), DataDirError> {
        match make_private(&self.disk, &self.root) {
            // A folder that somebody else made for this user, such as a volume. What is in it is private all the same.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                tracing::warn!(path = %self.root.display(), "the data directory is not this user's: others may list it");
            }
            done => done.map_err(io_error("make private", &self.root))?,
        }
        for name in FOLDERS.iter().chain(&DATABASE_FILES).chain([&LOCK]) {
            let path = self.root.join(name);
            match make_private(&self.disk, &path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done.map_err(io_error("make private", &path))?,
            }
        }
        Ok(())
    }
}

impl WriterDir {
    /// Where things are.
    #[must_use]
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Tells the lock that is held from another file of its name.
    pub(super) fn lock_identity(&self) -> io::Result<(u64, u64)> {
        self.lock.file.facts().map(|facts| facts.identity)
    }

    /// Whether the last writer ended without closing the journal.
    #[must_use]
    pub fn was_unclean(&self) -> bool {
        self.lock.left != Left::Closed
    }

    /// Whether the last writer ended by itself although it could not close the journal: what it ran did not kill it.
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        self.lock.left == Left::Stopped
    }

    /// Makes it durable that somebody writes, so that a crash from here on is noticed.
    pub(super) fn mark_open(&self) -> Result<(), DataDirError> {
        if self.lock.marked.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.mark(&std::process::id().to_string())?;
        self.lock.file.sync().map_err(io_error("sync", &self.dir.lock_file()))?;
        self.lock.marked.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Notes that everything was closed in good order. Not synced: a lost note only costs a check at the next start.
    pub(super) fn mark_closed(&self) -> Result<(), DataDirError> {
        self.mark(CLOSED)?;
        self.lock.marked.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Notes that this process ends by itself, but cannot close the journal.
    pub(super) fn mark_stopped(&self) -> Result<(), DataDirError> {
        self.mark(STOPPED)?;
        self.lock.marked.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn mark(&self, text: &str) -> Result<(), DataDirError> {
        let mark = format!("{text:<width$}\n", width = MARK_LENGTH - 1);
        self.lock.file.replace(mark.as_bytes()).map_err(io_error("write", &self.dir.lock_file()))
    }
}

fn make_private(disk: &Disk, path: &Path) -> io::Result<()> {
    let mode = disk.facts(path)?.mode;
    if mode & 0o077 == 0 { Ok(()) } else { disk.set_mode(path, mode & 0o700) }
}

fn read_pid(file: &DiskFile) -> Option<u32> {
    read_mark(file).ok()?.parse().ok()
}

/// What a lock file says. What is no text says nothing that is known, but says something.
fn read_mark(file: &DiskFile) -> io::Result<String> {
    let mut text = [0; 2 * MARK_LENGTH];
    let length = file.read_at(&mut text, 0)?;
    Ok(String::from_utf8_lossy(&text[..length]).trim().to_owned())
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    let path = path.to_owned();
    move |source| DataDirError::Io { action, path, source }
}

#[cfg(test)]
mod tests;
