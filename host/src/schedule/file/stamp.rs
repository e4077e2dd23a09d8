//! What a file is at one moment, and reading it only while it is still that.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    /// In nanoseconds since 1970.
    modified: i128,
}

impl FileStamp {
    /// That of an ordinary file; others have none.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Option<Self> {
        metadata.is_file().then(|| Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()),
        })
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The key of the event that the file in this state is.
    pub(super) fn key(&self, path: &Path) -> String {
        format!("{} inode {} size {} time {}", path.display(), self.inode, self.size, self.modified)
    }
}

/// Whether the event with a key of `FileStamp::key` may be offered again: its file is what it was, or cannot be looked at
/// now, such as in a folder that is not there. Blocks.
#[must_use]
pub fn may_come_again(key: &str) -> bool {
    // A key shows a folder whose name is no UTF-8 in a way that cannot be undone.
    let path = key.rsplit_once(" inode ").map(|(path, _)| path).filter(|path| !path.contains('\u{fffd}'));
    let Some(path) = path.map(Path::new) else { return true };
    match path.symlink_metadata() {
        Ok(found) => FileStamp::of(&found).is_some_and(|stamp| stamp.key(path) == key),
        Err(error) if error.kind() == io::ErrorKind::NotFound => !path.parent().is_some_and(Path::is_dir),
        Err(_) => true,
    }
}

/// A file that is read as it was when it was found.
#[derive(Debug)]
pub struct StableFile {
    file: io::Take<File>,
    path: PathBuf,
    stamp: FileStamp,
}

/// Opens a file if it still is what it was. Nothing is followed or waited for: not a link, not a pipe.
///
/// # Errors
/// If it cannot be opened, or is something else by now ([`io::ErrorKind::StaleNetworkFileHandle`]).
pub fn open_stable(path: &Path, stamp: FileStamp) -> io::Result<StableFile> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
    if FileStamp::of(&file.metadata()?) != Some(stamp) {
        return Err(changed(path));
    }
    Ok(StableFile { file: file.take(stamp.size), path: path.to_owned(), stamp })
}

impl StableFile {
    /// To be called when all has been read: whether it was read as it was found.
    ///
    /// # Errors
    /// If it has changed or been replaced meanwhile ([`io::ErrorKind::StaleNetworkFileHandle`]).
    pub fn confirm(self) -> io::Result<()> {
        let read = self.file.get_ref().metadata()?;
        let there = self.path.symlink_metadata()?;
        let same = self.file.limit() == 0 && [&read, &there].map(FileStamp::of) == [Some(self.stamp); 2];
        if same { Ok(()) } else { Err(changed(&self.path)) }
    }
}

impl Read for StableFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

fn changed(path: &Path) -> io::Error {
    let message = format!("`{}` has changed while it was taken", path.display());
    io::Error::new(io::ErrorKind::StaleNetworkFileHandle, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_may_come_again_while_its_file_is_there_or_its_folder_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = folder.path().join("an inode 7 size");
        std::fs::create_dir(&inbox).unwrap();
        let path = inbox.join("a inode 1 size 2");
        std::fs::write(&path, "one").unwrap();
        let key = FileStamp::of(&path.metadata().unwrap()).unwrap().key(&path);
        assert!(may_come_again(&key));
        std::fs::write(&path, "longer").unwrap();
        assert!(!may_come_again(&key), "it is another event now");
        std::fs::remove_file(&path).unwrap();
        assert!(!may_come_again(&key));
        std::fs::remove_dir(&inbox).unwrap();
        assert!(may_come_again(&key), "the folder may be back");
        assert!(may_come_again("no key of a file"));
    }
}
