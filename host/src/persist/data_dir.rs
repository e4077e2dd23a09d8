//! The folder that a host keeps everything in, and the lock that keeps a second host out of it.
//!
//! ```text
//! stepmill.db    runs, events, logs, small outputs (with `stepmill.db-wal` and `-shm` while in use: copy all or none)
//! LOCK           locked by the one process that may write; holds its pid, and is empty after a clean stop
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
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

const DATABASE: &str = "stepmill.db";
const LOCK: &str = "LOCK";
const FOLDERS: [&str; 5] = ["blobs", "tmp", "quarantine", "modules", "code"];
/// What the database consists of while it is open: SQLite gives the others the rights that it finds on the first.
const DATABASE_FILES: [&str; 3] = [DATABASE, "stepmill.db-wal", "stepmill.db-shm"];

/// How often the lock is tried. [`DataDir::holder`] takes it for an instant, which must not look like a second host.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// A data directory that exists; says where things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
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
    file: File,
    /// Whether the last writer stopped without saying so.
    unclean: bool,
    /// Whether the file says that somebody writes.
    marked: AtomicBool,
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
    #[error("`{path}` is not a data directory and not empty: choose a new or empty folder with --data-dir")]
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
        let root = path.as_ref();
        create_durably(root)?;
        let root = root.canonicalize().map_err(io_error("find", root))?;
        let dir = Self { root };
        let known = dir.is_known()?;
        if !known && !dir.is_empty()? {
            return Err(DataDirError::Foreign { path: dir.root });
        }
        let lock = dir.lock(known)?;
        dir.create_folders()?;
        dir.make_private()?;
        let dir = WriterDir { dir, lock: Arc::new(lock) };
        dir.mark_open()?;
        Ok(dir)
    }

    /// Opens a data directory for reading, beside a writer or without one.
    ///
    /// # Errors
    /// If there is none.
    pub fn open_reader(path: impl AsRef<Path>) -> Result<Self, DataDirError> {
        let path = path.as_ref();
        match path.canonicalize() {
            Ok(root) => {
                let dir = Self { root };
                if dir.is_known()? { Ok(dir) } else { Err(DataDirError::Missing { path: dir.root }) }
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

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join(DATABASE)
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
        let path = self.root.join(LOCK);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("open", &path)(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(Holder { pid: read_pid(&mut file) })),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &path)(error)),
        }
    }

    /// Whether it is a data directory. One that may not be looked into is not one in which nothing is.
    fn is_known(&self) -> Result<bool, DataDirError> {
        for name in [DATABASE, LOCK] {
            let path = self.root.join(name);
            if path.try_exists().map_err(io_error("look for", &path))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_empty(&self) -> Result<bool, DataDirError> {
        let mut entries = self.root.read_dir().map_err(io_error("read", &self.root))?;
        Ok(entries.next().is_none())
    }

    fn lock(&self, known: bool) -> Result<Lock, DataDirError> {
        let path = self.root.join(LOCK);
        let new = !path.exists();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io_error("open", &path))?;
        let mut tries = 1;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => {
                    tries += 1;
                    thread::sleep(LOCK_PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(DataDirError::Locked { path: self.root.clone(), pid: read_pid(&mut file) });
                }
                Err(TryLockError::Error(error)) => return Err(io_error("lock", &path)(error)),
            }
        }
        let written = file.metadata().map_err(io_error("read", &path))?.len() > 0;
        // A database without a lock file was copied here, nobody knows from what state.
        let unclean = written || (known && new);
        Ok(Lock { file, unclean, marked: AtomicBool::new(false) })
    }

    fn create_folders(&self) -> Result<(), DataDirError> {
        for name in FOLDERS {
            let path = self.root.join(name);
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(io_error("create", &path)(error)),
            }
        }
        sync_folder(&self.root)
    }

    /// Takes the rights of everybody else away, where an earlier version or a person gave some.
    fn make_private(&self) -> Result<(), DataDirError> {
        match make_private(&self.root) {
            // A folder that somebody else made for this user, such as a volume. What is in it is private all the same.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                tracing::warn!(path = %self.root.display(), "the data directory is not this user's: others may list it");
            }
            done => done.map_err(io_error("make private", &self.root))?,
        }
        for name in FOLDERS.iter().chain(&DATABASE_FILES).chain([&LOCK]) {
            let path = self.root.join(name);
            match make_private(&path) {
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

    /// Whether the last writer stopped without closing the journal: it was killed, or the power failed.
    #[must_use]
    pub fn was_unclean(&self) -> bool {
        self.lock.unclean
    }

    /// Makes it durable that somebody writes, so that a crash from here on is noticed.
    pub(super) fn mark_open(&self) -> Result<(), DataDirError> {
        if self.lock.marked.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let mark = |mut file: &File| {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            writeln!(file, "{}", std::process::id())?;
            file.sync_all()
        };
        mark(&self.lock.file).map_err(io_error("write", &self.dir.root.join(LOCK)))
    }

    /// Notes that everything was closed in good order. Not synced: a lost note only costs a check at the next start.
    pub(super) fn mark_closed(&self) -> Result<(), DataDirError> {
        self.lock.file.set_len(0).map_err(io_error("write", &self.dir.root.join(LOCK)))?;
        self.lock.marked.store(false, Ordering::SeqCst);
        Ok(())
    }
}

/// Creates a folder and its parents so that they survive a power loss: a new entry is durable when the folder that
/// holds it is synced.
fn create_durably(path: &Path) -> Result<(), DataDirError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    };
    create_durably(parent)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => sync_folder(parent),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(io_error("create", path)(error)),
    }
}

fn sync_folder(path: &Path) -> Result<(), DataDirError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(io_error("sync", path))
}

fn make_private(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700)) }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    let path = path.to_owned();
    move |source| DataDirError::Io { action, path, source }
}

#[cfg(test)]
mod tests;
