//! Cuts content into frames, by rules that depend on the content alone and not on how it was written.

use std::{io, mem};

use crate::{
    execute::ports::{BlobInfo, BlobKind},
    ids::ContentHash,
    limits::FRAME,
    output::hash,
};

/// What is known of a frame without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameMeta {
    /// The index of its first item or byte.
    pub(super) first: u64,
    /// Its bytes.
    pub(super) length: u32,
    /// Its items; for bytes, how many.
    pub(super) items: u32,
    /// The blake3 of its bytes.
    pub(super) hash: [u8; 32],
}

/// Takes each frame as it is closed.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&FrameMeta, &[u8]) -> io::Result<()>;

/// Content on its way into frames.
#[derive(Debug)]
pub(super) struct Framer {
    kind: BlobKind,
    pending: Vec<u8>,
    pending_items: u32,
    frames: Vec<FrameMeta>,
}

impl Framer {
    pub(super) fn new(kind: BlobKind) -> Self {
        Self { kind, pending: Vec::new(), pending_items: 0, frames: Vec::new() }
    }

    /// Takes bytes, or one item.
    pub(super) fn push(&mut self, bytes: &[u8], sink: Sink<'_>) -> io::Result<()> {
        match self.kind {
            BlobKind::Bytes => self.push_bytes(bytes, sink),
            BlobKind::Rows => self.push_item(bytes, sink),
        }
    }

    fn push_bytes(&mut self, mut bytes: &[u8], sink: Sink<'_>) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.pending.is_empty() && bytes.len() >= FRAME {
                let (frame, rest) = bytes.split_at(FRAME);
                self.close(frame, FRAME as u32, sink)?;
                bytes = rest;
            } else {
                let (taken, rest) = bytes.split_at(bytes.len().min(FRAME - self.pending.len()));
                self.pending.extend_from_slice(taken);
                bytes = rest;
                self.close_pending(FRAME, sink)?;
            }
        }
        Ok(())
    }

    fn push_item(&mut self, item: &[u8], sink: Sink<'_>) -> io::Result<()> {
        if item.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "an item has at least one byte"));
        }
        if self.pending.is_empty() && item.len() >= FRAME {
            return self.close(item, 1, sink);
        }
        self.pending.extend_from_slice(item);
        self.pending_items += 1;
        self.close_pending(FRAME, sink)
    }

    /// Closes the pending frame if it has at least so many bytes.
    fn close_pending(&mut self, least: usize, sink: Sink<'_>) -> io::Result<()> {
        if self.pending.len() < least {
            return Ok(());
        }
        let mut frame = mem::take(&mut self.pending);
        let items = match self.kind {
            BlobKind::Bytes => as_u32(frame.len())?,
            BlobKind::Rows => mem::take(&mut self.pending_items),
        };
        self.close(&frame, items, sink)?;
        frame.clear();
        // One huge item must not keep its memory for the rest of the stream.
        frame.shrink_to(2 * FRAME);
        self.pending = frame;
        Ok(())
    }

    fn close(&mut self, frame: &[u8], items: u32, sink: Sink<'_>) -> io::Result<()> {
        let first = self.frames.last().map_or(0, |last| last.first + u64::from(last.items));
        let meta = FrameMeta { first, length: as_u32(frame.len())?, items, hash: hash::frame(frame) };
        sink(&meta, frame)?;
        self.frames.push(meta);
        Ok(())
    }

    /// Closes the last frame, and answers what the content is and what its frames are.
    pub(super) fn finish(mut self, sink: Sink<'_>) -> io::Result<(BlobInfo, Vec<FrameMeta>)> {
        self.close_pending(1, sink)?;
        Ok((info(self.kind, &self.frames), self.frames))
    }
}

/// What content of these frames is.
pub(super) fn info(kind: BlobKind, frames: &[FrameMeta]) -> BlobInfo {
    BlobInfo {
        hash: root(kind, frames),
        size: frames.iter().map(|frame| u64::from(frame.length)).sum(),
        items: frames.iter().map(|frame| u64::from(frame.items)).sum(),
    }
}

fn root(kind: BlobKind, frames: &[FrameMeta]) -> ContentHash {
    match kind {
        BlobKind::Bytes => hash::bytes_of(frames.iter().map(|frame| &frame.hash)),
        BlobKind::Rows => hash::rows_of(frames.iter().map(|frame| (&frame.hash, frame.items))),
    }
}

/// The frame that holds an item or byte; behind the end, the number of frames.
pub(super) fn frame_of(frames: &[FrameMeta], item: u64) -> usize {
    frames.partition_point(|frame| frame.first + u64::from(frame.items) <= item)
}

fn as_u32(length: usize) -> io::Result<u32> {
    u32::try_from(length).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "an item has 4 GiB or more"))
}
