//! Reads blobs, and trusts no byte of them.

use std::{io, path::PathBuf, sync::Arc};

use bytes::Bytes;

use super::{
    durable::about,
    format::{self, FRAME_HEAD, Layout, Refusal},
    framing,
    store::Folder,
};
use crate::{
    disk::DiskFile,
    execute::ports::{BlobInfo, BlobReader, Frame},
    ids::ContentHash,
};

/// A stored output does not have the bytes it had when it was written: inside an [`io::Error`] of kind `InvalidData`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored output {hash} is damaged: {what}{}", moved(.quarantined.as_ref()))]
pub struct Damage {
    /// Which output.
    pub hash: ContentHash,
    /// What is wrong with it.
    pub what: &'static str,
    /// Where the damaged file is now.
    pub quarantined: Option<PathBuf>,
}

fn moved(to: Option<&PathBuf>) -> String {
    to.map_or_else(String::new, |path| format!("; the file was moved to {}; run the step again", path.display()))
}

/// A stored output was found damaged before, and moved out of the way: inside an [`io::Error`] of kind `NotFound`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stored output {hash} was found damaged before, and its file was moved to {}; run the step again",
    quarantined.display()
)]
pub struct SetAside {
    /// Which output.
    pub hash: ContentHash,
    /// Where the damaged file is.
    pub quarantined: PathBuf,
}

/// An open blob whose index was verified.
#[derive(Debug)]
pub(super) struct FileReader {
    folder: Arc<Folder>,
    file: DiskFile,
    layout: Layout,
}

impl FileReader {
    pub(super) fn open(folder: Arc<Folder>, hash: &ContentHash) -> io::Result<Self> {
        let path = folder.path_of(hash);
        let file = folder.disk().open(&path).map_err(|error| missing(&folder, hash, error))?;
        match format::read(&file, hash) {
            Ok(layout) => Ok(Self { folder, file, layout }),
            Err(refusal) => Err(refuse(&folder, hash, &file, refusal)),
        }
    }

    /// Reads a frame. `index` is below the number of frames.
    fn read(&self, index: usize) -> Result<Frame, Refusal> {
        let frame = &self.layout.frames[index];
        let bytes = Bytes::from(self.layout.frame(&self.file, index)?).slice(FRAME_HEAD..);
        Ok(Frame { first: frame.first, items: frame.items.into(), bytes })
    }
}

impl BlobReader for FileReader {
    fn info(&self) -> BlobInfo {
        self.layout.info
    }

    fn frames(&self) -> usize {
        self.layout.frames.len()
    }

    fn frame(&mut self, index: usize) -> io::Result<Frame> {
        if index >= self.frames() {
            return Err(no_such_frame(index));
        }
        self.read(index).map_err(|refusal| refuse(&self.folder, &self.layout.info.hash, &self.file, refusal))
    }

    fn frame_of(&self, item: u64) -> usize {
        framing::frame_of(&self.layout.frames, item)
    }
}

fn missing(folder: &Folder, hash: &ContentHash, error: io::Error) -> io::Error {
    let kind = error.kind();
    match folder.quarantined(hash).filter(|_| kind == io::ErrorKind::NotFound) {
        Some(quarantined) => io::Error::new(kind, SetAside { hash: *hash, quarantined }),
        None => about("open the stored output", &folder.path_of(hash))(error),
    }
}

pub(super) fn no_such_frame(index: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("there is no frame {index}"))
}

fn refuse(folder: &Folder, hash: &ContentHash, file: &DiskFile, refusal: Refusal) -> io::Error {
    match refusal {
        Refusal::Damaged(what) => {
            let quarantined = folder.quarantine(hash, file);
            io::Error::new(io::ErrorKind::InvalidData, Damage { hash: *hash, what, quarantined })
        }
        Refusal::Newer(version) => io::Error::new(
            io::ErrorKind::Unsupported,
            format!("the stored output {hash} has format {version}, which a newer stepmill wrote; use that one"),
        ),
        Refusal::Io(error) => about("read the stored output", &folder.path_of(hash))(error),
    }
}
