//! Folders whose entries survive a power loss.

use std::{io, path::Path};

use crate::disk::Disk;

/// Says which file an error is about, and keeps its kind.
pub(super) fn about(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot {doing} {}: {error}", path.display()))
}

/// Makes the entries of a folder durable. An error is final: the kernel reports it once and then forgets it.
pub(super) fn sync_folder(disk: &Disk, path: &Path) -> io::Result<()> {
    disk.sync_folder(path).map_err(about("sync the folder", path))
}

/// Makes a folder for its owner alone if it is missing, without syncing its parent.
pub(super) fn create_folder(disk: &Disk, path: &Path) -> io::Result<()> {
    match disk.make_folder(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && disk.is_folder(path) => Ok(()),
        made => made.map_err(about("create the folder", path)),
    }
}
