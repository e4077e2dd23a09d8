//! The folder of blobs.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use super::{
    durable::{about, create_folder, sync_folder},
    reader::FileReader,
    writer::FileWriter,
};
use crate::{
    disk::{Disk, DiskFile, Temporary},
    effects::Mutex,
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
        Self::open_on(&Disk::default(), folder)
    }

    /// The same on another disk.
    pub(crate) fn open_on(disk: &Disk, folder: impl Into<PathBuf>) -> io::Result<Self> {
        let store = Self::reader_on(disk, folder);
        disk.make_folders(&store.0.root).map_err(about("create the folder", &store.0.root))?;
        for path in [&store.0.blobs, &store.0.temporary, &store.0.quarantine] {
            create_folder(disk, path)?;
        }
        Ok(store)
    }

    /// The store in a folder that exists, for reading beside the process that writes to it: nothing is created.
    pub fn reader(folder: impl Into<PathBuf>) -> Self {
        Self::reader_on(&Disk::default(), folder)
    }

    /// The same on another disk.
    pub(crate) fn reader_on(disk: &Disk, folder: impl Into<PathBuf>) -> Self {
        let root = folder.into();
        Self(Arc::new(Folder {
            disk: disk.clone(),
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
        let (disk, folder) = (&self.0.disk, &self.0.temporary);
        let left = disk.list(folder).map_err(about("list", folder))?;
        for name in &left {
            let path = folder.join(name);
            disk.remove(&path).map_err(about("remove", &path))?;
        }
        Ok(left.len())
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
    disk: Disk,
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
    pub(super) fn disk(&self) -> &Disk {
        &self.disk
    }

    pub(super) fn blobs(&self) -> &Path {
        &self.blobs
    }

    pub(super) fn temporary_file(&self) -> io::Result<Temporary> {
        self.disk.temporary(&self.temporary, "blob-").map_err(about("create a file in", &self.temporary))
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
    pub(super) fn publish(&self, file: Temporary, hash: &ContentHash) -> io::Result<()> {
        let path = self.path_of(hash);
        let shard = path.parent().unwrap_or(&self.blobs);
        self.make_durable(shard)?;
        file.sync().map_err(about("sync", file.path()))?;
        {
            let _names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            file.persist(&path).map_err(about("rename a file to", &path))?;
        }
        sync_folder(&self.disk, shard).inspect_err(|_| self.forget_durable())
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
        create_folder(&self.disk, shard)?;
        let above = if durable.is_empty() { sync_folder(&self.disk, &self.root) } else { Ok(()) };
        if let Err(error) = above.and_then(|()| sync_folder(&self.disk, &self.blobs)) {
            durable.clear();
            if let Err(kept) = self.disk.remove_empty_folder(shard) {
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
    pub(super) fn quarantine(&self, hash: &ContentHash, damaged: &DiskFile) -> Option<PathBuf> {
        let path = self.path_of(hash);
        let _names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let (ours, named) = (damaged.facts().ok()?, self.disk.facts_of_name(&path).ok()?);
        if ours.identity != named.identity {
            return None;
        }
        let free = |target: &PathBuf| match self.disk.facts_of_name(target) {
            Ok(_) => None,
            Err(error) => Some(error.kind() == io::ErrorKind::NotFound),
        };
        // One that cannot be looked at is no place, and neither are those after it.
        let target = self.targets(hash).find_map(|target| free(&target).map(|free| free.then_some(target)))??;
        self.disk.rename(&path, &target).ok()?;
        let folders = [Some(self.quarantine.as_path()), path.parent()];
        for folder in folders.into_iter().flatten() {
            sync_folder(&self.disk, folder).ok()?;
        }
        Some(target)
    }

    /// Where the latest damaged file of an output is, if one was moved out of the way.
    pub(super) fn quarantined(&self, hash: &ContentHash) -> Option<PathBuf> {
        self.targets(hash).take_while(|target| self.disk.facts_of_name(target).is_ok()).last()
    }

    /// The names that damaged files of an output get, one after the other.
    fn targets(&self, hash: &ContentHash) -> impl Iterator<Item = PathBuf> {
        let name = hash.hex();
        (1_u32..).map(move |n| self.quarantine.join(format!("{name}.{n}")))
    }
}
