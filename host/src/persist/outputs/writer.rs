//! Writes blobs.

use std::{io, sync::Arc};

use super::{
    durable::about,
    format,
    framing::{FrameMeta, Framer},
    store::Folder,
};
use crate::{
    disk::Temporary,
    execute::ports::{BlobInfo, BlobKind, BlobWriter},
};

/// A blob in the making. Its file removes itself when it is dropped without a name.
pub(super) struct FileWriter {
    folder: Arc<Folder>,
    kind: BlobKind,
    file: Temporary,
    framer: Framer,
    /// A write failed in the middle: what is in the file is not what was given.
    broken: bool,
}

impl FileWriter {
    pub(super) fn begin(folder: Arc<Folder>, kind: BlobKind) -> io::Result<Self> {
        let mut file = folder.temporary_file()?;
        append(&mut file, &format::header(kind))?;
        Ok(Self { folder, kind, file, framer: Framer::new(kind), broken: false })
    }

    fn intact(&self) -> io::Result<()> {
        if self.broken { Err(io::Error::other("an earlier write to this blob failed")) } else { Ok(()) }
    }
}

impl BlobWriter for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.intact()?;
        let file = &mut self.file;
        let outcome = self.framer.push(bytes, &mut |frame, payload| append_frame(file, frame, payload));
        self.broken = outcome.is_err();
        outcome
    }

    fn finish(self: Box<Self>) -> io::Result<BlobInfo> {
        self.intact()?;
        let Self { folder, kind, mut file, framer, .. } = *self;
        let (info, frames) = framer.finish(&mut |frame, payload| append_frame(&mut file, frame, payload))?;
        append(&mut file, &format::ending(kind, &info, &frames))?;
        folder.publish(file, &info.hash)?;
        Ok(info)
    }
}

fn append_frame(file: &mut Temporary, frame: &FrameMeta, payload: &[u8]) -> io::Result<()> {
    append(file, &format::frame_head(frame))?;
    append(file, payload)
}

fn append(file: &mut Temporary, bytes: &[u8]) -> io::Result<()> {
    file.append(bytes).map_err(|error| about("write to", file.path())(error))
}
