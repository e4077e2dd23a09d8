//! Outputs in memory, for tests and for programs that want nothing on disk.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use super::{
    framing::{self, FrameMeta, Framer},
    reader::no_such_frame,
};
use crate::{
    execute::ports::{BlobInfo, BlobKind, BlobReader, BlobWriter, Frame, OutputStore},
    ids::ContentHash,
};

/// Keeps blobs in memory, until the last clone is dropped.
#[derive(Debug, Clone, Default)]
pub struct MemoryOutputs(Arc<Mutex<HashMap<ContentHash, Arc<Stored>>>>);

#[derive(Debug)]
struct Stored {
    info: BlobInfo,
    frames: Vec<FrameMeta>,
    payloads: Vec<Bytes>,
}

impl MemoryOutputs {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl OutputStore for MemoryOutputs {
    fn create(&self, kind: BlobKind) -> io::Result<Box<dyn BlobWriter>> {
        Ok(Box::new(Writer { store: self.clone(), framer: Framer::new(kind), payloads: Vec::new() }))
    }

    fn open(&self, hash: &ContentHash) -> io::Result<Box<dyn BlobReader>> {
        let blobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = blobs
            .get(hash)
            .cloned()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("there is no stored output {hash}")))?;
        Ok(Box::new(Reader(stored)))
    }
}

struct Writer {
    store: MemoryOutputs,
    framer: Framer,
    payloads: Vec<Bytes>,
}

impl BlobWriter for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let payloads = &mut self.payloads;
        self.framer.push(bytes, &mut |_, payload| {
            payloads.push(Bytes::copy_from_slice(payload));
            Ok(())
        })
    }

    fn finish(self: Box<Self>) -> io::Result<BlobInfo> {
        let Self { store, framer, mut payloads } = *self;
        let (info, frames) = framer.finish(&mut |_, payload| {
            payloads.push(Bytes::copy_from_slice(payload));
            Ok(())
        })?;
        let mut blobs = store.0.lock().unwrap_or_else(PoisonError::into_inner);
        blobs.entry(info.hash).or_insert_with(|| Arc::new(Stored { info, frames, payloads }));
        Ok(info)
    }
}

struct Reader(Arc<Stored>);

impl BlobReader for Reader {
    fn info(&self) -> BlobInfo {
        self.0.info
    }

    fn frames(&self) -> usize {
        self.0.frames.len()
    }

    fn frame(&mut self, index: usize) -> io::Result<Frame> {
        let stored = &self.0;
        let (Some(frame), Some(bytes)) = (stored.frames.get(index), stored.payloads.get(index)) else {
            return Err(no_such_frame(index));
        };
        Ok(Frame { first: frame.first, items: frame.items.into(), bytes: bytes.clone() })
    }

    fn frame_of(&self, item: u64) -> usize {
        framing::frame_of(&self.0.frames, item)
    }
}
