//! Looks at every byte that is kept, before somebody needs it: a disk that forgets does not say so.
//!
//! Changes nothing, and works beside a writer. What is read is held in memory a piece at a time, whatever its size.

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, io, path::Path};

use sha2::{Digest, Sha256};

use super::{DataDir, Reader, StoreError, outputs::BlobStore, retention::Tally, writer::Shadow};
use crate::{
    disk::Disk,
    ids::{ContentHash, ModuleDigest},
};

const RUNS: u32 = 256;
const PIECE: usize = 256 << 10;

const RESTORE: &str = "restore the data directory from a backup";
const RUN_AGAIN: &str = "run the pipeline again: whoever stores the same content puts a whole file in its place";
const STORE_AGAIN: &str = "`stepmill check` a pipeline that uses the same component: it stores the module again";

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: String,
    /// What.
    pub problem: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// What was looked at so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Runs.
    pub runs: u64,
    /// Their events.
    pub events: u64,
    /// Stored outputs and files.
    pub outputs: Tally,
    /// Of those, the ones that nothing refers to: retention removes them.
    pub orphans: Tally,
    /// Modules.
    pub modules: Tally,
    /// What was found.
    pub findings: u64,
}

/// Hears of what is found, and of how far the check is.
pub trait Listener {
    /// Something is damaged or missing.
    fn found(&mut self, finding: Finding);
    /// The check has come so far.
    fn reached(&mut self, so_far: &Verified);
}

/// Why the check could not go on. Damage is no reason, it is what the check is for.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or folder cannot be read.
    #[error("stored files cannot be read: {0}")]
    Files(#[from] io::Error),
    /// There is no room for what is compared.
    #[error("runs cannot be made again from their events: {0}")]
    Scratch(String),
}

/// Checks all that a data directory holds.
///
/// # Errors
/// If something cannot be read at all.
pub fn verify(dir: &DataDir, reader: &Reader, listener: &mut dyn Listener) -> Result<Verified, VerifyError> {
    let blobs = BlobStore::reader_on(dir.disk(), dir.root());
    let mut check = Check { dir, reader, blobs, listener, done: Verified::default() };
    if check.database()? {
        let modules = check.runs()?;
        check.outputs()?;
        check.modules(&modules)?;
    }
    Ok(check.done)
}

struct Check<'a> {
    dir: &'a DataDir,
    reader: &'a Reader,
    blobs: BlobStore,
    listener: &'a mut dyn Listener,
    done: Verified,
}

impl Check<'_> {
    fn found(&mut self, place: impl Into<String>, problem: impl Into<String>, remedy: &'static str) {
        self.done.findings += 1;
        self.listener.found(Finding { place: place.into(), problem: problem.into(), remedy });
    }

    /// Whether the rest can be read from it.
    fn database(&mut self) -> Result<bool, VerifyError> {
        let place = self.dir.database().display().to_string();
        match self.reader.check_file() {
            Ok(problems) => {
                let whole = problems.is_empty();
                problems.into_iter().for_each(|problem| self.found(&place, problem, RESTORE));
                Ok(whole)
            }
            Err(StoreError::Damaged { detail, .. }) => {
                self.found(place, detail, RESTORE);
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn runs(&mut self) -> Result<BTreeSet<ModuleDigest>, VerifyError> {
        let mut shadow = Shadow::new().map_err(|error| VerifyError::Scratch(error.to_string()))?;
        let mut modules = BTreeSet::new();
        let mut after = i64::MIN;
        loop {
            let page = self.reader.run_keys(after, RUNS)?;
            let Some((last, _)) = page.last() else { return Ok(modules) };
            after = *last;
            for (_, run) in page {
                let check = match self.reader.check_run(run, &mut shadow) {
                    Ok(Some(check)) => check,
                    Ok(None) => continue,
                    Err(StoreError::Damaged { detail, .. }) => {
                        self.found(format!("run {run}"), detail, RESTORE);
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                self.done.runs += 1;
                self.done.events += check.events;
                modules.extend(check.modules);
                for problem in check.problems {
                    self.found(format!("run {run}"), problem, RESTORE);
                }
                self.listener.reached(&self.done);
            }
        }
    }

    fn outputs(&mut self) -> Result<(), VerifyError> {
        for shard in 0..=u8::MAX {
            let stored = self.blobs.list(shard)?;
            // Asked after the files were listed: what is referred to then was there before.
            let mut wanted = self.reader.references_in(shard)?;
            for (hash, bytes) in stored {
                let orphan = !wanted.remove(&hash);
                match self.blobs.check(&hash) {
                    // Removed since.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    checked => {
                        if let Some(problem) = checked? {
                            self.output(&hash, problem)?;
                        }
                    }
                }
                self.done.outputs.add(bytes);
                if orphan {
                    self.done.orphans.add(bytes);
                }
                self.listener.reached(&self.done);
            }
            for hash in wanted {
                // A run may have been stored or removed since.
                if self.blobs.size(&hash)?.is_none() && self.reader.keeper(&hash)?.is_some() {
                    self.output(&hash, "its file is missing".to_owned())?;
                }
            }
        }
        Ok(())
    }

    fn output(&mut self, hash: &ContentHash, problem: String) -> Result<(), VerifyError> {
        let place = match self.reader.keeper(hash)? {
            Some(run) => format!("stored output {hash} of run {run}"),
            None => format!("stored output {hash}"),
        };
        let unused = "nothing refers to it: `stepmill gc` removes it";
        let remedy = if place.contains(" of run ") { RUN_AGAIN } else { unused };
        self.found(place, problem, remedy);
        Ok(())
    }

    fn modules(&mut self, wanted: &BTreeSet<ModuleDigest>) -> Result<(), VerifyError> {
        let folder = self.dir.root().join("modules");
        let mut found = BTreeSet::new();
        for name in self.dir.disk().list(&folder)? {
            let mut digest = ModuleDigest([0; 32]);
            let is_module = name.to_str().and_then(|name| name.strip_suffix(".wasm"));
            if is_module.is_none_or(|stem| hex::decode_to_slice(stem, &mut digest.0).is_err()) {
                continue;
            }
            let (hash, bytes) = match sha256(self.dir.disk(), &folder.join(&name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                hashed => hashed?,
            };
            found.insert(digest);
            self.done.modules.add(bytes);
            if hash != digest.0 {
                self.found(format!("module {}", digest.hex()), "its bytes do not have its digest", STORE_AGAIN);
            }
            self.listener.reached(&self.done);
        }
        for digest in wanted.difference(&found) {
            self.found(format!("module {}", digest.hex()), "its file is missing, and runs need it", STORE_AGAIN);
        }
        Ok(())
    }
}

fn sha256(disk: &Disk, path: &Path) -> io::Result<([u8; 32], u64)> {
    let mut file = disk.open(path)?;
    let (mut hasher, mut piece, mut length) = (Sha256::new(), vec![0; PIECE], 0);
    loop {
        match file.read_on(&mut piece)? {
            0 => return Ok((hasher.finalize().into(), length)),
            read => {
                hasher.update(&piece[..read]);
                length += read as u64;
            }
        }
    }
}
