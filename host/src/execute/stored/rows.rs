//! Stored streams, and lists read as if they were streams.

use std::{collections::BTreeSet, io, mem, sync::Arc};

use bytes::{Buf, Bytes};

use super::{StoredError, inline, open};
use crate::{
    execute::ports::{BlobKind, BlobReader, BlobWriter, Frame, OutputStore},
    limits::{FRAME, INLINE_OUTPUT},
    module::Form,
    output::{FileRef, OutputRef, Place, hash},
    value::{
        items::{array_items, batch_items},
        validate::Item,
    },
};

/// Writes a stream: inline while it is small, as a blob from then on.
pub struct RowsWriter {
    store: Arc<dyn OutputStore>,
    small: Vec<u8>,
    /// Where each item in `small` ends.
    ends: Vec<usize>,
    blob: Option<Box<dyn BlobWriter>>,
    files: BTreeSet<FileRef>,
    size: u64,
}

impl RowsWriter {
    /// Begins a stream.
    #[must_use]
    pub fn new(store: Arc<dyn OutputStore>) -> Self {
        Self { store, small: Vec::new(), ends: Vec::new(), blob: None, files: BTreeSet::new(), size: 0 }
    }

    /// Bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends an item.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn push(&mut self, item: Item<'_>) -> io::Result<()> {
        self.size += item.bytes.len() as u64;
        self.files.extend(item.files);
        let blob = match &mut self.blob {
            Some(blob) => blob,
            None if self.small.len() + item.bytes.len() <= INLINE_OUTPUT => {
                self.small.extend_from_slice(item.bytes);
                self.ends.push(self.small.len());
                return Ok(());
            }
            None => self.spill()?,
        };
        blob.write(item.bytes)
    }

    /// From now on the items go to a blob, those that were held first.
    fn spill(&mut self) -> io::Result<&mut Box<dyn BlobWriter>> {
        let mut blob = self.store.create(BlobKind::Rows)?;
        let small = mem::take(&mut self.small);
        let mut start = 0;
        for end in mem::take(&mut self.ends) {
            blob.write(&small[start..end])?;
            start = end;
        }
        Ok(self.blob.insert(blob))
    }

    /// Completes the stream. If it is a blob, it is durable when this returns.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn finish(self) -> io::Result<OutputRef> {
        let (hash, items, place) = match self.blob {
            Some(blob) => {
                let info = blob.finish()?;
                (info.hash, info.items, Place::Blob)
            }
            None => {
                // At least a byte each, so there are no more than fit inline.
                let items = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
                (hash::small_rows(&self.small, items), items.into(), Place::Inline(self.small.into()))
            }
        };
        let files = self.files.into_iter().collect();
        Ok(OutputRef { form: Form::Rows, hash, size: self.size, items: Some(items), place, files })
    }
}

/// Reads items in batches. Where a batch ends depends on the stored data alone.
pub struct RowsReader {
    source: Source,
    total: u64,
}

enum Source {
    /// A stream's blob, and its next frame.
    Blob(Box<dyn BlobReader>, usize),
    /// The items of a list, or a small stream.
    Items { bytes: Bytes, next: u64 },
}

impl RowsReader {
    /// Opens a stored stream at its first item.
    ///
    /// # Errors
    /// If the store does not have it, or it is damaged.
    pub fn open(store: &dyn OutputStore, output: &OutputRef) -> Result<Self, StoredError> {
        let source = match &output.place {
            Place::Inline(_) => Source::Items { bytes: inline(output)?, next: 0 },
            Place::Blob => Source::Blob(open(store, output)?, 0),
        };
        Ok(Self { source, total: output.items.unwrap_or_default() })
    }

    /// Reads the items of a list: a value as [`read_all`](super::read_all) or [`select`](crate::value::select::select)
    /// gives it.
    ///
    /// # Errors
    /// If the value is not a list.
    pub fn of_list(list: &Bytes) -> Result<Self, StoredError> {
        let items = array_items(list)?;
        let (total, start) = (items.announced().unwrap_or_default(), items.offset());
        Ok(Self { source: Source::Items { bytes: list.slice(start..), next: 0 }, total })
    }

    /// How many items there are in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The next whole items, verified; none at the end.
    ///
    /// # Errors
    /// If the store cannot give them.
    pub fn next_batch(&mut self) -> Result<Option<Frame>, StoredError> {
        self.next_batch_for(u64::MAX)
    }

    /// The next whole items for someone who wants so many: those of a list in memory have to be found one by one, so no
    /// more of them are looked for.
    ///
    /// # Errors
    /// If the store cannot give them.
    pub fn next_batch_for(&mut self, wanted: u64) -> Result<Option<Frame>, StoredError> {
        match &mut self.source {
            Source::Blob(blob, next) => {
                let frame = if *next < blob.frames() { Some(blob.frame(*next)?) } else { None };
                *next += 1;
                Ok(frame)
            }
            Source::Items { bytes, next } => Ok(cut_batch(bytes, next, wanted)?),
        }
    }

    /// Goes to the batch that holds an item; it may begin with items before it.
    ///
    /// # Errors
    /// If the items before it cannot be read.
    pub fn seek(&mut self, item: u64) -> Result<(), StoredError> {
        match &mut self.source {
            Source::Blob(blob, next) => *next = blob.frame_of(item),
            // Found by walking: there is no index, and all of it is in memory.
            Source::Items { bytes, next } => loop {
                let (mut ahead, mut first) = (bytes.clone(), *next);
                if cut_batch(&mut ahead, &mut first, u64::MAX)?.is_none_or(|batch| batch.first + batch.items > item) {
                    break;
                }
                (*bytes, *next) = (ahead, first);
            },
        }
        Ok(())
    }

    /// Like [`RowsReader::seek`], for someone who needs no item before it any more: a list in memory is looked through
    /// only once.
    ///
    /// # Errors
    /// If the items before it cannot be read.
    pub fn skip_to(&mut self, item: u64) -> Result<(), StoredError> {
        if let Source::Items { bytes, next } = &mut self.source {
            let between = usize::try_from(item.saturating_sub(*next)).unwrap_or(usize::MAX);
            let mut length = 0;
            for skipped in batch_items(bytes).take(between) {
                length += skipped?.len();
                *next += 1;
            }
            bytes.advance(length);
            return Ok(());
        }
        self.seek(item)
    }
}

/// Takes a batch off the front of items in memory, by the rule by which streams are cut into frames, or of so many items.
fn cut_batch(bytes: &mut Bytes, next: &mut u64, most: u64) -> Result<Option<Frame>, StoredError> {
    let (mut end, mut items) = (0, 0);
    for item in batch_items(bytes) {
        end += item?.len();
        items += 1;
        if end >= FRAME || items >= most {
            break;
        }
    }
    if items == 0 {
        return Ok(None);
    }
    let frame = Frame { first: *next, items, bytes: bytes.split_to(end) };
    *next += items;
    Ok(Some(frame))
}

/// One item of a stored stream, as MessagePack.
///
/// # Errors
/// If the store cannot give it, or it is not there.
pub fn read_item(store: &dyn OutputStore, output: &OutputRef, index: u64) -> Result<Vec<u8>, StoredError> {
    let mut reader = RowsReader::open(store, output)?;
    reader.seek(index)?;
    if let Some(batch) = reader.next_batch()? {
        let place = usize::try_from(index.saturating_sub(batch.first)).unwrap_or(usize::MAX);
        if let Some(item) = batch_items(&batch.bytes).nth(place) {
            return Ok(item?.to_vec());
        }
    }
    let text = format!("element {index} of the stored output {} is not there", output.hash);
    Err(io::Error::new(io::ErrorKind::InvalidData, text).into())
}
