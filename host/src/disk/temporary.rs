//! Files in the making.

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{Disk, DiskFile, Kind, Make};

/// A file without a name of its own yet. Removed when it is dropped before it has one.
#[derive(Debug)]
pub(crate) struct Temporary {
    disk: Disk,
    path: PathBuf,
    file: DiskFile,
    named: bool,
}

impl Temporary {
    pub(super) fn make(disk: &Disk, folder: &Path, prefix: &str) -> io::Result<Self> {
        loop {
            let path = folder.join(format!("{prefix}{}", unique(disk)));
            match disk.make(&path, Make::New) {
                // Of a process that had this one's id and was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return Ok(Self { disk: disk.clone(), path, file: made?, named: false }),
            }
        }
    }

    /// Where it is until it has its name.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes behind what was written.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    /// Makes what was written durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    /// Gives the file its name, in place of what had it.
    pub(crate) fn persist(mut self, path: &Path) -> io::Result<()> {
        self.disk.rename(&self.path, path)?;
        self.named = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.named
            && let Err(error) = self.disk.remove(&self.path)
        {
            tracing::debug!(path = %self.path.display(), %error, "a temporary file stays");
        }
    }
}

/// What this process has not used on the disk.
fn unique(disk: &Disk) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    match &disk.0 {
        Kind::Machine => format!("{:x}-{:x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)),
        #[cfg(test)]
        Kind::Simulated(disk) => format!("{:x}", disk.unique()),
    }
}
