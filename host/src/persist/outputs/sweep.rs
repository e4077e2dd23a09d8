//! Looks at and removes the files of blobs: for retention and verification, which know what refers to them.

use std::{collections::BTreeSet, io, path::Path};

use super::{
    durable::{about, sync_folder},
    format::{self, Refusal},
    store::BlobStore,
};
use crate::ids::ContentHash;

impl BlobStore {
    /// The blobs whose hashes begin with a byte, in order, with the sizes of their files. Files that are no blobs are left alone.
    pub(in crate::persist) fn list(&self, shard: u8) -> io::Result<Vec<(ContentHash, u64)>> {
        let folder = self.folder().blobs().join(hex::encode([shard]));
        let mut found = Vec::new();
        let names = match self.folder().disk().list(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            names => names.map_err(about("list", &folder))?,
        };
        for name in names {
            let mut hash = ContentHash([0; 32]);
            let is_hash = hex::decode_to_slice(name.as_encoded_bytes(), &mut hash.0).is_ok();
            if !is_hash || hash.0[0] != shard {
                continue;
            }
            if let Some(size) = self.size(&hash)? {
                found.push((hash, size));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The size of a blob's file; nothing if there is none.
    pub(in crate::persist) fn size(&self, hash: &ContentHash) -> io::Result<Option<u64>> {
        let path = self.folder().path_of(hash);
        match self.folder().disk().facts_of_name(&path) {
            Ok(file) => Ok(Some(file.length)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(about("look at", &path)(error)),
        }
    }

    /// Reads a blob to its end and checks every byte of it, but leaves a damaged one where it is. What is wrong with it,
    /// if something is.
    pub(in crate::persist) fn check(&self, hash: &ContentHash) -> io::Result<Option<String>> {
        let path = self.folder().path_of(hash);
        let checked = self.folder().disk().open(&path).map_err(Refusal::Io).and_then(|file| {
            let layout = format::read(&file, hash)?;
            (0..layout.frames.len()).try_for_each(|index| layout.frame(&file, index).map(drop))
        });
        match checked {
            Ok(()) => Ok(None),
            Err(Refusal::Damaged(what)) => Ok(Some(what.to_owned())),
            Err(Refusal::Newer(version)) => Ok(Some(format!("it has format {version}, which a newer stepmill wrote"))),
            Err(Refusal::Io(error)) => Err(about("read the stored output", &path)(error)),
        }
    }

    /// Removes blobs. One that is not there is no error: it was quarantined, or an earlier pass was interrupted.
    pub(in crate::persist) fn remove(&self, hashes: &[ContentHash]) -> io::Result<()> {
        let disk = self.folder().disk();
        let mut folders = BTreeSet::new();
        for hash in hashes {
            let path = self.folder().path_of(hash);
            match disk.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(about("remove", &path)(error)),
                _ => folders.extend(path.parent().map(Path::to_owned)),
            }
        }
        for folder in folders.iter().filter(|folder| disk.is_folder(folder)) {
            sync_folder(disk, folder)?;
        }
        Ok(())
    }
}
