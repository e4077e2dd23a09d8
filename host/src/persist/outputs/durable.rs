//! Folders whose entries survive a power loss.

use std::{
    fs::{DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

/// Says which file an error is about, and keeps its kind.
pub(super) fn about(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot {doing} {}: {error}", path.display()))
}

/// Makes the entries of a folder durable. An error is final: the kernel reports it once and then forgets it.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(about("sync the folder", path))
}

/// Makes a folder for its owner alone if it is missing, without syncing its parent.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.map_err(about("create the folder", path)),
    }
}

/// Makes a folder and those above it, where they are missing, each durable in its parent.
pub(super) fn create_durable(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_durable(parent)?;
    create_folder(path)?;
    sync_folder(parent)
}
