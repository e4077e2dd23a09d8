//! Looks at and removes the files of blobs: for retention, which knows what refers to them.

use std::{collections::BTreeSet, fs, io, path::Path};

use super::{
    durable::{about, sync_folder},
    store::BlobStore,
};
use crate::ids::ContentHash;

impl BlobStore {
    /// The first bytes of the hashes that there may be blobs for.
    pub(in crate::persist) fn shards(&self) -> io::Result<Vec<u8>> {
        let folder = self.folder().blobs();
        let mut shards = BTreeSet::new();
        for entry in fs::read_dir(folder).map_err(about("list", folder))? {
            let name = entry.map_err(about("list", folder))?.file_name();
            let mut byte = [0];
            if hex::decode_to_slice(name.as_encoded_bytes(), &mut byte).is_ok() {
                shards.insert(byte[0]);
            }
        }
        Ok(shards.into_iter().collect())
    }

    /// The blobs of a shard, in order, with the sizes of their files. Files that are no blobs are left alone.
    pub(in crate::persist) fn list(&self, shard: u8) -> io::Result<Vec<(ContentHash, u64)>> {
        let folder = self.folder().blobs().join(hex::encode([shard]));
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(about("list", &folder))? {
            let entry = entry.map_err(about("list", &folder))?;
            let mut hash = ContentHash([0; 32]);
            if hex::decode_to_slice(entry.file_name().as_encoded_bytes(), &mut hash.0).is_err() {
                continue;
            }
            match entry.metadata() {
                Ok(file) => found.push((hash, file.len())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(about("look at", &entry.path())(error)),
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The size of a blob's file; nothing if there is none.
    pub(in crate::persist) fn size(&self, hash: &ContentHash) -> io::Result<Option<u64>> {
        let path = self.folder().path_of(hash);
        match fs::symlink_metadata(&path) {
            Ok(file) => Ok(Some(file.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(about("look at", &path)(error)),
        }
    }

    /// Removes blobs. One that is not there is no error: it was quarantined, or an earlier pass was interrupted.
    pub(in crate::persist) fn remove(&self, hashes: &[ContentHash]) -> io::Result<()> {
        let mut folders = BTreeSet::new();
        for hash in hashes {
            let path = self.folder().path_of(hash);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(about("remove", &path)(error)),
                _ => folders.extend(path.parent().map(Path::to_owned)),
            }
        }
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            sync_folder(folder)?;
        }
        Ok(())
    }
}
