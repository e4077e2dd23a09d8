//! The folder of blobs.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tempfile::NamedTempFile;

use super::{
    durable::{about, create_durable, create_folder, sync_folder},
    reader::FileReader,
    writer::FileWriter,
};
use crate::{
    execute::ports::{BlobKind, BlobReader, BlobWriter, OutputStore},
    ids::ContentHash,
};

/// Keeps blobs as files, named by their content.
///
/// One process writes at a time (whoever holds the data directory); others may read beside it.
#[derive(Debug, Clone)]
pub struct BlobStore(Arc<Folder>);

impl BlobStore {
    /// Opens the store in a folder, which is created if it is missing.
    ///
    /// # Errors
    /// If a folder cannot be created.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let store = Self::reader(folder);
        create_durable(&store.0.root)?;
        for path in [&store.0.blobs, &store.0.temporary, &store.0.quarantine] {
            create_folder(path)?;
        }
        Ok(store)
    }

    /// The store in a folder that exists, for reading beside the process that writes to it: nothing is created.
    pub fn reader(folder: impl Into<PathBuf>) -> Self {
        let root = folder.into();
        Self(Arc::new(Folder {
            blobs: root.join("blobs"),
            temporary: root.join("tmp"),
            quarantine: root.join("quarantine"),
            root,
            durable: Mutex::new(Vec::new()),
            names: Mutex::new(()),
        }))
    }

    /// Removes what a killed process left in `tmp/`, and says how many files that were. Only for the process that
    /// holds the data directory, and before it writes.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn sweep_temporaries(&self) -> io::Result<usize> {
        let folder = &self.0.temporary;
        let mut removed = 0;
        for entry in fs::read_dir(folder).map_err(about("list", folder))? {
            let path = entry.map_err(about("list", folder))?.path();
            fs::remove_file(&path).map_err(about("remove", &path))?;
            removed += 1;
        }
        Ok(removed)
    }
}

impl BlobStore {
    pub(super) fn folder(&self) -> &Arc<Folder> {
        &self.0
    }
}

impl OutputStore for BlobStore {
    fn create(&self, kind: BlobKind) -> io::Result<Box<dyn BlobWriter>> {
        Ok(Box::new(FileWriter::begin(Arc::clone(&self.0), kind)?))
    }

    fn open(&self, hash: &ContentHash) -> io::Result<Box<dyn BlobReader>> {
        Ok(Box::new(FileReader::open(Arc::clone(&self.0), hash)?))
    }
}

/// The store's folder on disk, shared by its readers and writers.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    blobs: PathBuf,
    temporary: PathBuf,
    quarantine: PathBuf,
    /// The folders that are known to be durable in their parents.
    durable: Mutex<Vec<PathBuf>>,
    /// Held while a name is given or taken away, so that quarantine never takes a healthy file for the damaged one.
    names: Mutex<()>,
}

impl Folder {
    pub(super) fn blobs(&self) -> &Path {
        &self.blobs
    }

    pub(super) fn temporary_file(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix("blob-")
            .tempfile_in(&self.temporary)
            .map_err(about("create a file in", &self.temporary))
    }

    /// Names depend on the hash alone: nothing that a guest chose gets into a path.
    pub(super) fn path_of(&self, hash: &ContentHash) -> PathBuf {
        let name = hash.hex();
        self.blobs.join(&name[..2]).join(name)
    }

    /// Gives a complete file its name. Durable when this returns.
    ///
    /// A file that has the name already is replaced without a look at it: it may be damaged, and this one is not. Whoever has
    /// it open goes on reading it.
    ///
    /// A sync that fails, fails this blob and no other. The kernel reports such a failure once; syncing the same pages again
    /// would succeed although they never reached the disk. So nothing is ever synced again in the hope that it works:
    /// - A file whose sync failed is removed, and the content is written to a new file, with pages of its own, if it is
    ///   stored once more.
    /// - A file whose folder could not be synced keeps its name. It is whole, and it may have taken the place of one that
    ///   others refer to. Nothing refers to it on behalf of this call; storing it once more renames another file to the name,
    ///   which changes the folder again, and syncs that change.
    /// - See [`Self::make_durable`] for the folders.
    pub(super) fn publish(&self, file: NamedTempFile, hash: &ContentHash) -> io::Result<()> {
        let path = self.path_of(hash);
        let shard = path.parent().unwrap_or(&self.blobs);
        self.make_durable(shard)?;
        file.as_file().sync_all().map_err(about("sync", file.path()))?;
        {
            let _names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            file.persist(&path).map_err(|failed| about("rename a file to", &path)(failed.error))?;
        }
        sync_folder(shard).inspect_err(|_| self.forget_durable())
    }

    /// Makes a folder of blobs and those above it durable, once per process: one that exists may stem from a process that
    /// was killed between making and syncing it.
    ///
    /// A folder that cannot be synced in its parent is removed, so that the next attempt creates another and syncs that
    /// change. It can only be removed while it is empty. One that is not got its first blob after it was durable, in this
    /// process or an earlier one, and needs no sync.
    fn make_durable(&self, shard: &Path) -> io::Result<()> {
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if durable.iter().any(|known| known == shard) {
            return Ok(());
        }
        create_folder(shard)?;
        let above = if durable.is_empty() { sync_folder(&self.root) } else { Ok(()) };
        if let Err(error) = above.and_then(|()| sync_folder(&self.blobs)) {
            durable.clear();
            if let Err(kept) = fs::remove_dir(shard) {
                tracing::debug!(%kept, "a folder that could not be synced stays");
            }
            return Err(error);
        }
        durable.push(shard.to_owned());
        Ok(())
    }

    /// After a failed sync, no folder is taken for durable only because it once was.
    fn forget_durable(&self) {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Moves a damaged file out of the way. Where to, if it could be moved and was not replaced in the meantime.
    pub(super) fn quarantine(&self, hash: &ContentHash, damaged: &File) -> Option<PathBuf> {
        let path = self.path_of(hash);
        let _names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let (ours, named) = (damaged.metadata().ok()?, fs::symlink_metadata(&path).ok()?);
        if (ours.dev(), ours.ino()) != (named.dev(), named.ino()) {
            return None;
        }
        let target = (1_u32..).map(|n| self.quarantine.join(format!("{}.{n}", hash.hex()))).find(
            |target| matches!(fs::symlink_metadata(target), Err(error) if error.kind() == io::ErrorKind::NotFound),
        )?;
        fs::rename(&path, &target).ok()?;
        let folders = [Some(self.quarantine.as_path()), path.parent()];
        for folder in folders.into_iter().flatten() {
            sync_folder(folder).ok()?;
        }
        Some(target)
    }
}
