//! The files of a data directory, through one port: the machine's own in production, simulated ones in tests, which count
//! every call, fail any of them, and lose power.
//!
//! What is read once from elsewhere, such as a parameter's file, does not come through here.

#[cfg(test)]
pub(crate) mod sim;
mod temporary;

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

pub(crate) use temporary::Temporary;

/// The rights of whatever is made: its owner's alone.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// Where files are. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Disk(Kind);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Machine,
    #[cfg(test)]
    Simulated(sim::Mount),
}

/// An open file. Reads and writes at offsets, so that it can be shared.
#[derive(Debug)]
pub(crate) enum DiskFile {
    Machine(File),
    #[cfg(test)]
    Simulated(sim::SimFile),
}

/// How a file is opened for writing. It can be read, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// It is made if it is missing, and otherwise left as it is.
    IfMissing,
    /// It must not be there.
    New,
    /// What was in it is gone.
    Empty,
}

/// What is known of a file or folder without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) is_file: bool,
    pub(crate) is_folder: bool,
    pub(crate) length: u64,
    /// The rights, without the sort of file.
    pub(crate) mode: u32,
    /// When it was changed last.
    pub(crate) modified: SystemTime,
    /// How long ago that was; nothing if it was in the future, as after a clock was set back.
    pub(crate) age: Option<Duration>,
    /// Two names of the same file have the same.
    pub(crate) identity: (u64, u64),
}

/// How much a disk holds, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) total: u64,
    /// What is left for this user.
    pub(crate) free: u64,
}

impl Disk {
    /// How much there is room for where a path is.
    pub(crate) fn room(&self, path: &Path) -> io::Result<Room> {
        match &self.0 {
            Kind::Machine => {
                let found = rustix::fs::statvfs(path)?;
                let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
                Ok(Room { total: bytes(found.f_blocks), free: bytes(found.f_bavail) })
            }
            #[cfg(test)]
            Kind::Simulated(disk) => disk.room(path),
        }
    }

    /// Opens a file for reading.
    pub(crate) fn open(&self, path: &Path) -> io::Result<DiskFile> {
        match &self.0 {
            Kind::Machine => File::open(path).map(DiskFile::Machine),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.open(path).map(DiskFile::Simulated),
        }
    }

    /// Opens a file for reading and writing. One that is made is its owner's alone.
    pub(crate) fn make(&self, path: &Path, make: Make) -> io::Result<DiskFile> {
        match &self.0 {
            Kind::Machine => {
                let mut options = OpenOptions::new();
                options.read(true).write(true).mode(FILE_MODE);
                match make {
                    Make::IfMissing => options.create(true).truncate(false),
                    Make::New => options.create_new(true),
                    Make::Empty => options.create(true).truncate(true),
                };
                options.open(path).map(DiskFile::Machine)
            }
            #[cfg(test)]
            Kind::Simulated(disk) => disk.make(path, make).map(DiskFile::Simulated),
        }
    }

    /// A new file in a folder, which goes again unless it gets a name.
    pub(crate) fn temporary(&self, folder: &Path, prefix: &str) -> io::Result<Temporary> {
        Temporary::make(self, folder, prefix)
    }

    /// All of a file.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match &self.0 {
            Kind::Machine => fs::read(path),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.read(path),
        }
    }

    /// What is behind a path; links are followed.
    pub(crate) fn facts(&self, path: &Path) -> io::Result<Facts> {
        match &self.0 {
            Kind::Machine => fs::metadata(path).and_then(|found| Facts::of(&found)),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.facts(path),
        }
    }

    /// What has a name itself, also if it is a link.
    pub(crate) fn facts_of_name(&self, path: &Path) -> io::Result<Facts> {
        match &self.0 {
            Kind::Machine => fs::symlink_metadata(path).and_then(|found| Facts::of(&found)),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.facts(path),
        }
    }

    /// The same, with nothing in place of an error if there is no such file.
    pub(crate) fn find(&self, path: &Path) -> io::Result<Option<Facts>> {
        match self.facts(path) {
            Ok(facts) => Ok(Some(facts)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a path is that of a folder. One that cannot be looked at is none.
    pub(crate) fn is_folder(&self, path: &Path) -> bool {
        self.facts(path).is_ok_and(|facts| facts.is_folder)
    }

    /// The names in a folder, in no order.
    pub(crate) fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        match &self.0 {
            Kind::Machine => fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect(),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.list(folder),
        }
    }

    /// Makes a folder for its owner alone.
    pub(crate) fn make_folder(&self, path: &Path) -> io::Result<()> {
        match &self.0 {
            Kind::Machine => DirBuilder::new().mode(FOLDER_MODE).create(path),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.make_folder(path),
        }
    }

    /// Makes a folder if it is missing, and those above it, each durable in the one that holds it.
    pub(crate) fn make_folders(&self, path: &Path) -> io::Result<()> {
        match self.find(path)? {
            Some(found) if found.is_folder => return Ok(()),
            Some(_) => return Err(io::ErrorKind::NotADirectory.into()),
            None => {}
        }
        let parent = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        match self.find(parent)? {
            // A start that was cut off may have made it, and not have synced its name.
            Some(_) => self.sync_name(parent)?,
            None => self.make_folders(parent)?,
        }
        match self.make_folder(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.is_folder(path) => {}
            made => made?,
        }
        self.sync_folder(parent)
    }

    /// Makes the name of a folder durable, where the folder that holds it may be read. One that may not be is somebody
    /// else's, who has made this one for us.
    pub(crate) fn sync_name(&self, path: &Path) -> io::Result<()> {
        let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
        match self.sync_folder(parent) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            synced => synced,
        }
    }

    /// Makes the names in a folder durable.
    pub(crate) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        match &self.0 {
            Kind::Machine => File::open(path)?.sync_all(),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.sync_folder(path),
        }
    }

    /// Gives a file another name, in place of what had it.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match &self.0 {
            Kind::Machine => fs::rename(from, to),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.rename(from, to),
        }
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        match &self.0 {
            Kind::Machine => fs::remove_file(path),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.remove(path),
        }
    }

    /// Removes a folder that is empty.
    pub(crate) fn remove_empty_folder(&self, path: &Path) -> io::Result<()> {
        match &self.0 {
            Kind::Machine => fs::remove_dir(path),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.remove(path),
        }
    }

    /// Removes a folder with all that is in it. Links are not followed.
    pub(crate) fn remove_folder(&self, path: &Path) -> io::Result<()> {
        match &self.0 {
            Kind::Machine => fs::remove_dir_all(path),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.remove_folder(path),
        }
    }

    /// Changes the rights of a file or folder.
    pub(crate) fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        match &self.0 {
            Kind::Machine => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.set_mode(path, mode),
        }
    }

    /// The one path of a file or folder, without links.
    pub(crate) fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        match &self.0 {
            Kind::Machine => path.canonicalize(),
            #[cfg(test)]
            Kind::Simulated(disk) => disk.facts(path).map(|_| path.components().collect()),
        }
    }

    /// The simulated disk, where it is one.
    #[cfg(test)]
    pub(crate) fn simulated(&self) -> Option<&sim::Mount> {
        match &self.0 {
            Kind::Machine => None,
            Kind::Simulated(disk) => Some(disk),
        }
    }
}

#[cfg(test)]
impl From<sim::Mount> for Disk {
    fn from(disk: sim::Mount) -> Self {
        Self(Kind::Simulated(disk))
    }
}

impl DiskFile {
    /// Reads up to so many bytes from an offset; fewer only at the end.
    pub(crate) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::Machine(file) => {
                let mut filled = 0;
                while filled < bytes.len() {
                    match file.read_at(&mut bytes[filled..], offset + filled as u64) {
                        Ok(0) => break,
                        Ok(read) => filled += read,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(filled)
            }
            #[cfg(test)]
            Self::Simulated(file) => file.read_at(bytes, offset),
        }
    }

    /// Fills a buffer from an offset.
    pub(crate) fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        if self.read_at(bytes, offset)? == bytes.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Reads on from where the last call ended.
    pub(crate) fn read_on(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Machine(file) => file.read(bytes),
            #[cfg(test)]
            Self::Simulated(file) => file.read_on(bytes),
        }
    }

    /// Writes on from where the last call ended.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Machine(file) => file.write_all(bytes),
            #[cfg(test)]
            Self::Simulated(file) => file.append(bytes),
        }
    }

    /// Puts bytes in place of all that is in the file, which is never empty in between.
    pub(crate) fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Machine(file) => file.write_all_at(bytes, 0)?,
            #[cfg(test)]
            Self::Simulated(file) => file.write_at(bytes, 0)?,
        }
        self.set_len(bytes.len() as u64)
    }

    /// Cuts the file off, or fills it up with zeros.
    pub(crate) fn set_len(&self, length: u64) -> io::Result<()> {
        match self {
            Self::Machine(file) => file.set_len(length),
            #[cfg(test)]
            Self::Simulated(file) => file.set_len(length),
        }
    }

    /// Makes what is in the file durable, but not its name.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match self {
            Self::Machine(file) => file.sync_all(),
            #[cfg(test)]
            Self::Simulated(file) => file.sync(),
        }
    }

    /// What is known of the file.
    pub(crate) fn facts(&self) -> io::Result<Facts> {
        match self {
            Self::Machine(file) => file.metadata().and_then(|found| Facts::of(&found)),
            #[cfg(test)]
            Self::Simulated(file) => file.facts(),
        }
    }

    /// Locks the file until it is closed, beside others or alone; false where others have it.
    pub(crate) fn try_lock(&self, alone: bool) -> io::Result<bool> {
        match self {
            Self::Machine(file) => match if alone { file.try_lock() } else { file.try_lock_shared() } {
                Ok(()) => Ok(true),
                Err(TryLockError::WouldBlock) => Ok(false),
                Err(TryLockError::Error(error)) => Err(error),
            },
            #[cfg(test)]
            Self::Simulated(file) => file.try_lock(alone),
        }
    }
}

impl Facts {
    fn of(found: &fs::Metadata) -> io::Result<Self> {
        let modified = found.modified()?;
        Ok(Self {
            is_file: found.is_file(),
            is_folder: found.is_dir(),
            length: found.len(),
            mode: found.permissions().mode() & 0o7777,
            modified,
            age: modified.elapsed().ok(),
            identity: (found.dev(), found.ino()),
        })
    }
}
