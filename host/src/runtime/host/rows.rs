//! Streams of items: read a frame at a time, written as they come. Memory stays flat however long they are.

use std::{collections::BTreeSet, io, sync::Arc};

use bytes::Bytes;

use crate::{
    execute::ports::{BlobInfo, BlobKind, BlobReader, BlobWriter, OutputStore},
    ids::ContentHash,
    limits::{FRAME, INLINE_OUTPUT},
    module::Form,
    output::{FileRef, OutputRef, Place},
    runtime::stop::Stop,
    value::items::batch_items,
};

/// The items of an argument.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct RowReader {
    /// What it reads, for messages.
    name: String,
    source: Source,
}

enum Source {
    /// Items one behind the other.
    Memory(Bytes),
    /// The frames of a stored stream, from this one on.
    Blob(Box<dyn BlobReader>, usize),
}

impl RowReader {
    /// Over items that are in memory: validated values, one behind the other.
    pub(in crate::runtime) fn memory(name: String, items: Bytes) -> Self {
        Self { name, source: Source::Memory(items) }
    }

    /// Over a stored stream.
    pub(in crate::runtime) fn blob(name: String, reader: Box<dyn BlobReader>) -> Self {
        Self { name, source: Source::Blob(reader, 0) }
    }

    /// The next batch. Batches are frames, which depend on the items alone.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, Stop> {
        match &mut self.source {
            Source::Memory(items) => {
                let end = frame_end(items).map_err(|error| Stop::reading(&self.name, &error))?;
                Ok((end > 0).then(|| items.split_to(end).into()))
            }
            Source::Blob(reader, next) => {
                if *next >= reader.frames() {
                    return Ok(None);
                }
                let frame = reader.frame(*next).map_err(|error| Stop::reading(&self.name, &error))?;
                *next += 1;
                Ok(Some(frame.bytes.into()))
            }
        }
    }
}

/// Where the first frame of these items ends.
fn frame_end(items: &[u8]) -> io::Result<usize> {
    if items.len() <= FRAME {
        return Ok(items.len());
    }
    let mut cursor = batch_items(items);
    while cursor.offset() < FRAME {
        match cursor.next() {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            None => break,
        }
    }
    Ok(cursor.offset())
}

/// The guest's handle of the writer. The sink itself outlives the handle.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct RowWriter(pub(super) ());

/// The output stream in the making: in memory while it is small, then a blob.
pub(super) struct RowSink {
    store: Arc<dyn OutputStore>,
    held: Vec<u8>,
    held_items: u64,
    blob: Option<Box<dyn BlobWriter>>,
    files: BTreeSet<FileRef>,
}

impl RowSink {
    pub(super) fn new(store: Arc<dyn OutputStore>) -> Self {
        Self { store, held: Vec::new(), held_items: 0, blob: None, files: BTreeSet::new() }
    }

    /// Appends one item.
    pub(super) fn write(&mut self, item: &[u8]) -> io::Result<()> {
        if let Some(blob) = &mut self.blob {
            return blob.write(item);
        }
        if self.held.len() + item.len() <= INLINE_OUTPUT {
            self.held.extend_from_slice(item);
            self.held_items += 1;
            return Ok(());
        }
        let mut blob = self.store.create(BlobKind::Rows)?;
        for held in batch_items(&std::mem::take(&mut self.held)) {
            blob.write(held.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?)?;
        }
        self.blob.insert(blob).write(item)
    }

    /// The items refer to these files.
    pub(super) fn refer(&mut self, files: Vec<FileRef>) {
        self.files.extend(files);
    }

    pub(super) fn finish(self) -> io::Result<OutputRef> {
        let (info, place) = match self.blob {
            Some(blob) => (blob.finish()?, Place::Blob),
            None => {
                let hash = ContentHash(blake3::hash(&self.held).into());
                let info = BlobInfo { hash, size: self.held.len() as u64, items: self.held_items };
                (info, Place::Inline(self.held.into()))
            }
        };
        Ok(OutputRef {
            form: Form::Rows,
            hash: info.hash,
            size: info.size,
            items: Some(info.items),
            place,
            files: self.files.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_in_memory_are_cut_like_frames() {
        let item = [&[0xc5, 0x10, 0x00][..], &[7; 4096]].concat();
        let items = Bytes::from(item.repeat(600));
        let mut reader = RowReader::memory("x".to_owned(), items.clone());
        let mut sizes = Vec::new();
        let mut all = Vec::new();
        while let Some(batch) = reader.next().unwrap() {
            sizes.push(batch.len());
            all.extend(batch);
        }
        assert_eq!(all, items);
        assert_eq!(sizes.len(), 3);
        assert!(sizes[..2].iter().all(|size| (FRAME..FRAME + item.len()).contains(size)), "{sizes:?}");
    }
}
