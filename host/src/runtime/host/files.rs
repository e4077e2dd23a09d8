//! Files: bytes with a name. Read and written in pieces; their content is in the output store.

use crate::{
    execute::ports::{BlobReader, BlobWriter, Frame},
    output::FileRef,
    runtime::stop::Stop,
};

/// The most bytes that one read returns.
const MAX_READ: u64 = 1 << 20;

/// A stored file being read.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct FileReader {
    blob: Box<dyn BlobReader>,
    at: u64,
    /// The frame that was read last: small reads must not verify it each time.
    frame: Option<Frame>,
}

impl FileReader {
    pub(super) fn new(blob: Box<dyn BlobReader>) -> Self {
        Self { blob, at: 0, frame: None }
    }

    /// The next bytes: as many as asked for, at most [`MAX_READ`], fewer only at the end.
    pub(super) fn read(&mut self, length: u32) -> Result<Vec<u8>, Stop> {
        let left = self.blob.info().size.saturating_sub(self.at);
        let length = u64::from(length).min(MAX_READ).min(left);
        // At most `MAX_READ`, so it fits everywhere.
        let length = usize::try_from(length).unwrap_or(0);
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let piece = self.piece(length - bytes.len())?;
            bytes.extend_from_slice(&piece);
            self.at += piece.len() as u64;
        }
        Ok(bytes)
    }

    /// Some bytes at the current place, at least one.
    fn piece(&mut self, most: usize) -> Result<bytes::Bytes, Stop> {
        let damaged = |error: &std::io::Error| Stop::reading("a file among the inputs", error);
        let held = self.frame.take().filter(|frame| (frame.first..frame.first + frame.items).contains(&self.at));
        let frame = match held {
            Some(frame) => frame,
            None => self.blob.frame(self.blob.frame_of(self.at)).map_err(|error| damaged(&error))?,
        };
        let start = usize::try_from(self.at.saturating_sub(frame.first)).unwrap_or(usize::MAX);
        let end = start.saturating_add(most).min(frame.bytes.len());
        if start >= end {
            return Err(damaged(&std::io::ErrorKind::UnexpectedEof.into()));
        }
        let piece = frame.bytes.slice(start..end);
        self.frame = Some(frame);
        Ok(piece)
    }
}

/// A file in the making.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct FileWriter {
    blob: Box<dyn BlobWriter>,
    name: String,
    media_type: String,
}

impl FileWriter {
    pub(super) fn new(blob: Box<dyn BlobWriter>, name: String, media_type: String) -> Self {
        Self { blob, name, media_type }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.blob.write(bytes).map_err(|error| Stop::writing(&error))
    }

    /// Completes the file. Durable when this returns.
    pub(super) fn finish(self) -> Result<FileRef, Stop> {
        let Self { blob, name, media_type } = self;
        // Waiting for the disk: other guests go on meanwhile.
        let info = tokio::task::block_in_place(|| blob.finish()).map_err(|error| Stop::writing(&error))?;
        Ok(FileRef { name, media_type, size: info.size, hash: info.hash })
    }
}
