//! The folder of a copy: removed with its value and, where its process was killed, by the next one that makes a copy. A
//! command that reads ends like any other with Ctrl-C, so that it removes nothing itself.

use std::{
    env,
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use rustix::{fs::OFlags, process::geteuid};
use tempfile::TempDir;

const PREFIX: &str = "stepmill-copy-";

/// A folder among the system's temporary ones that is its owner's alone.
#[derive(Debug)]
pub(super) struct Folder {
    folder: TempDir,
    /// Locked as long as the process lives, which tells others that the folder is in use.
    _held: File,
}

impl Folder {
    pub(super) fn make() -> io::Result<Self> {
        Self::make_in(&env::temp_dir())
    }

    fn make_in(parent: &Path) -> io::Result<Self> {
        sweep(parent);
        loop {
            let mut builder = tempfile::Builder::new();
            let folder = builder.prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)?;
            let held = File::open(folder.path())?;
            // Before it is locked, another process may take it for one that was left, and remove it.
            if !matches!(held.try_lock(), Err(TryLockError::WouldBlock)) && folder.path().exists() {
                return Ok(Self { folder, _held: held });
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders of processes that were killed. What cannot be removed stays.
fn sweep(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let _ = sweep_one(&entry.path());
    }
}

fn sweep_one(path: &Path) -> io::Result<()> {
    // Others may have put anything under such a name.
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits();
    let folder = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
    if folder.metadata()?.uid() == geteuid().as_raw() && folder.try_lock().is_ok() {
        tracing::debug!(path = %path.display(), "a copy that a killed process left is removed");
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_by_the_next_and_what_is_used_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let others = parent.path().join("stepmill-other");
        fs::create_dir(&others).unwrap();
        let used = Folder::make_in(parent.path()).unwrap();
        let Folder { folder, _held } = Folder::make_in(parent.path()).unwrap();
        let left = folder.keep();
        fs::write(left.join("stepmill.db"), "rows").unwrap();
        // A process that is killed lets go of its locks.
        drop(_held);

        let next = Folder::make_in(parent.path()).unwrap();
        assert!(!left.exists());
        assert!(used.path().exists() && next.path().exists() && others.exists());
        let path = next.path().to_owned();
        drop(next);
        assert!(!path.exists());
    }
}
