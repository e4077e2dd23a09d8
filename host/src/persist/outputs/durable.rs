//! Folders whose entries survive a power loss.

use std::{
    fs::{self, File},
    io,
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

/// Makes a folder and those above it, each durable in its parent. Says whether anything had to be made.
pub(super) fn create_folder(path: &Path) -> io::Result<bool> {
    if path.is_dir() {
        return Ok(false);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folder(parent)?;
    match fs::create_dir(path) {
        // Another process was faster; its own sync may still be to come.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made.map_err(about("create the folder", path))?,
    }
    sync_folder(parent)?;
    Ok(true)
}
