//! The modules of a data directory and their machine code, on disk.
//!
//! Machine code is executed with the rights of the host, so it is believed only if its sha256 is in the index, and only
//! the bytes that were verified are loaded: never a file that something else may change meanwhile.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use sha2::{Digest, Sha256};

use super::engine::EngineKey;
use crate::{disk::Disk, ids::ModuleDigest, module::ModuleInfo};

/// What is remembered about a compiled module.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtifactRecord {
    /// The engines that can load the code.
    pub engine: EngineKey,
    /// The sha256 of the code.
    pub sha256: [u8; 32],
    /// The size of the code in bytes.
    pub size: u64,
    /// What the module says of itself.
    pub info: ModuleInfo,
}

/// Remembers compiled modules, in a place that is trusted more than the files beside it.
pub trait ArtifactIndex: Send + Sync {
    /// What is known about a module for these engines. An index that cannot be read knows nothing.
    fn get(&self, digest: &ModuleDigest, engine: &EngineKey) -> Option<ArtifactRecord>;

    /// Remembers a module. If that fails, it is compiled again next time.
    ///
    /// # Errors
    /// If the index cannot be written.
    fn put(&self, record: ArtifactRecord) -> io::Result<()>;
}

/// An index for as long as the process lives.
#[derive(Debug, Default)]
pub struct MemoryIndex(Mutex<HashMap<(ModuleDigest, EngineKey), ArtifactRecord>>);

impl ArtifactIndex for MemoryIndex {
    fn get(&self, digest: &ModuleDigest, engine: &EngineKey) -> Option<ArtifactRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(*digest, engine.clone())).cloned()
    }

    fn put(&self, record: ArtifactRecord) -> io::Result<()> {
        let key = (record.info.digest, record.engine.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, record);
        Ok(())
    }
}

/// The sha256 of some bytes.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The files: `modules/<digest>.wasm` as they came, `code/<digest>-<engine>.cwasm` as compiled.
#[derive(Debug)]
pub(super) struct Files {
    disk: Disk,
    data: PathBuf,
}

impl Files {
    pub(super) fn new(disk: Disk, data: PathBuf) -> Self {
        Self { disk, data }
    }

    /// A module as it came, if it is there and unchanged.
    pub(super) fn module(&self, digest: &ModuleDigest) -> io::Result<Vec<u8>> {
        let wasm = self.disk.read(&self.module_path(digest))?;
        if sha256(&wasm) == digest.0 {
            return Ok(wasm);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "its bytes are not those that were stored"))
    }

    /// Keeps a module, so that its runs can be resumed. What is there already is left alone if it is whole.
    pub(super) fn keep_module(&self, digest: &ModuleDigest, wasm: &[u8]) -> io::Result<()> {
        let path = self.module_path(digest);
        let there = self.disk.facts(&path).is_ok_and(|file| file.length == wasm.len() as u64);
        if !there || self.module(digest).is_err() {
            return write_durably(&self.disk, &path, wasm);
        }
        // Whoever stored it may have been killed, or refused, before its name was durable.
        path.parent().map_or(Ok(()), |folder| self.disk.sync_folder(folder))
    }

    /// Machine code, if it is what the index says.
    pub(super) fn code(&self, record: &ArtifactRecord) -> Option<Vec<u8>> {
        let code = self.disk.read(&self.code_path(&record.info.digest, &record.engine)).ok()?;
        let whole = sha256(&code) == record.sha256;
        if !whole {
            tracing::warn!(module = %record.info.digest, "the cached machine code was changed on disk: compiling again");
        }
        whole.then_some(code)
    }

    pub(super) fn keep_code(&self, digest: &ModuleDigest, engine: &EngineKey, code: &[u8]) -> io::Result<()> {
        write_durably(&self.disk, &self.code_path(digest, engine), code)
    }

    fn module_path(&self, digest: &ModuleDigest) -> PathBuf {
        self.data.join("modules").join(format!("{}.wasm", digest.hex()))
    }

    fn code_path(&self, digest: &ModuleDigest, engine: &EngineKey) -> PathBuf {
        self.data.join("code").join(format!("{}-{engine}.cwasm", digest.hex()))
    }
}

/// Writes a file, for its owner alone, so that after a crash it is whole or not there. Errors name no path: they are shown
/// to whoever brought the module.
fn write_durably(disk: &Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    disk.make_folders(folder)?;
    let mut file = disk.temporary(folder, ".tmp-")?;
    file.append(bytes)?;
    file.sync()?;
    file.persist(path)?;
    disk.sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn what_is_kept_is_for_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        let files = Files::new(Disk::default(), data.path().to_owned());
        let digest = ModuleDigest(sha256(b"wasm"));
        files.keep_module(&digest, b"wasm").unwrap();
        let path = files.module_path(&digest);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn modules_are_kept_whole() {
        let data = tempfile::tempdir().unwrap();
        let files = Files::new(Disk::default(), data.path().to_owned());
        let digest = ModuleDigest(sha256(b"wasm"));
        assert_eq!(files.module(&digest).unwrap_err().kind(), io::ErrorKind::NotFound);
        files.keep_module(&digest, b"wasm").unwrap();
        assert_eq!(files.module(&digest).unwrap(), b"wasm");
        fs::write(files.module_path(&digest), b"waxm").unwrap();
        assert_eq!(files.module(&digest).unwrap_err().kind(), io::ErrorKind::InvalidData);
        files.keep_module(&digest, b"wasm").unwrap();
        assert_eq!(files.module(&digest).unwrap(), b"wasm");
        assert_eq!(fs::read_dir(data.path().join("modules")).unwrap().count(), 1);
    }
}
