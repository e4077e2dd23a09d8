//! Whether stored results are still what they were.
//!
//! A result that nobody has looked at for months is read in full before it is used again: what is damaged is better
//! computed anew than found out by the steps below. A process that has read or written a blob once does not do so again.

use std::{
    collections::{HashSet, VecDeque},
    io,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    execute::{
        ports::OutputStore,
        stored::{self, StoredError},
    },
    ids::ContentHash,
    output::{FileRef, OutputRef, Place},
};

/// How many blobs are remembered as whole.
const REMEMBERED: usize = 4_096;

/// Checks stored data, and remembers which of it is whole. Blocking, as the store is.
pub(super) struct Checker {
    pub(super) store: Arc<dyn OutputStore>,
    whole: Mutex<Recent>,
}

impl Checker {
    pub(super) fn new(store: Arc<dyn OutputStore>) -> Self {
        Self { store, whole: Mutex::default() }
    }

    /// Checks an output and the files that it refers to.
    ///
    /// # Errors
    /// If something is missing or damaged, or cannot be read.
    pub(super) fn output(&self, output: &OutputRef) -> Result<(), StoredError> {
        match output.place {
            Place::Inline(_) => drop(stored::read_all(self.store.as_ref(), output, u64::MAX)?),
            Place::Blob => self.blob(&output.hash, output.size, output.items)?,
        }
        self.files(&output.files)
    }

    /// Checks files.
    ///
    /// # Errors
    /// If one is missing or damaged, or cannot be read.
    pub(super) fn files(&self, files: &[FileRef]) -> Result<(), StoredError> {
        Ok(files.iter().try_for_each(|file| self.blob(&file.hash, file.size, None))?)
    }

    fn blob(&self, hash: &ContentHash, size: u64, items: Option<u64>) -> io::Result<()> {
        // Opened in any case: whether it is still there costs little to find out.
        let mut blob = self.store.open(hash)?;
        let info = blob.info();
        if info.size != size || items.is_some_and(|items| items != info.items) {
            let text = format!("the blob {hash} is not what the journal says");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        if self.recent(|recent| recent.set.contains(hash)) {
            return Ok(());
        }
        (0..blob.frames()).try_for_each(|index| blob.frame(index).map(drop))?;
        self.recent(|recent| recent.add(*hash));
        Ok(())
    }

    /// Takes note of an output that was just written, or read frame by frame.
    pub(super) fn remember(&self, output: &OutputRef) {
        self.recent(|recent| {
            if matches!(output.place, Place::Blob) {
                recent.add(output.hash);
            }
            output.files.iter().for_each(|file| recent.add(file.hash));
        });
    }

    fn recent<T>(&self, then: impl FnOnce(&mut Recent) -> T) -> T {
        then(&mut self.whole.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether checking an output waits for the disk.
pub(super) fn is_on_disk(output: &OutputRef) -> bool {
    matches!(output.place, Place::Blob) || !output.files.is_empty()
}

/// A set that forgets the oldest.
#[derive(Default)]
struct Recent {
    set: HashSet<ContentHash>,
    order: VecDeque<ContentHash>,
}

impl Recent {
    fn add(&mut self, hash: ContentHash) {
        if self.set.insert(hash) {
            self.order.push_back(hash);
            if self.order.len() > REMEMBERED {
                self.order.pop_front().map(|oldest| self.set.remove(&oldest));
            }
        }
    }
}
