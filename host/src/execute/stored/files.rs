//! Stored files.

use std::io::{self, Read, Write};

use bytes::{Bytes, BytesMut};

use crate::{
    execute::ports::{BlobKind, BlobReader, OutputStore},
    limits::FRAME,
    output::FileRef,
};

/// Stores a file, durably.
///
/// # Errors
/// If the source cannot be read or the store cannot be written.
pub fn store_file(
    store: &dyn OutputStore,
    name: String,
    media_type: String,
    source: &mut dyn Read,
) -> io::Result<FileRef> {
    let mut writer = store.create(BlobKind::Bytes)?;
    let mut buffer = vec![0; FRAME];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => writer.write(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let info = writer.finish()?;
    Ok(FileRef { name, media_type, size: info.size, hash: info.hash })
}

/// Copies a stored file into a writer, every frame verified before.
///
/// # Errors
/// If the store cannot give the file or the writer does not take it. What was written by then is to be thrown away.
pub fn copy_out(store: &dyn OutputStore, file: &FileRef, out: &mut dyn Write) -> io::Result<()> {
    let mut blob = open(store, file)?;
    (0..blob.frames()).try_for_each(|index| out.write_all(&blob.frame(index)?.bytes))
}

fn open(store: &dyn OutputStore, file: &FileRef) -> io::Result<Box<dyn BlobReader>> {
    let blob = store.open(&file.hash)?;
    if blob.info().size == file.size {
        return Ok(blob);
    }
    let text = format!("the file `{}` has {} bytes, its reference says {}", file.name, blob.info().size, file.size);
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}

/// Reads a stored file in pieces of any size.
pub struct FileReader {
    blob: Box<dyn BlobReader>,
    next: usize,
    /// What is left of the frame read last.
    rest: Bytes,
}

impl FileReader {
    /// Opens a file at its beginning.
    ///
    /// # Errors
    /// If the store does not have it, or it is not what the reference says.
    pub fn open(store: &dyn OutputStore, file: &FileRef) -> io::Result<Self> {
        Ok(Self { blob: open(store, file)?, next: 0, rest: Bytes::new() })
    }

    /// The next bytes: as many as asked for, fewer only at the end, none behind it.
    ///
    /// # Errors
    /// If the store cannot give them.
    pub fn read(&mut self, length: usize) -> io::Result<Bytes> {
        self.refill()?;
        if length <= self.rest.len() {
            return Ok(self.rest.split_to(length));
        }
        let mut bytes = BytesMut::new();
        while bytes.len() < length && !self.rest.is_empty() {
            let count = self.rest.len().min(length - bytes.len());
            bytes.extend_from_slice(&self.rest.split_to(count));
            self.refill()?;
        }
        Ok(bytes.freeze())
    }

    fn refill(&mut self) -> io::Result<()> {
        if self.rest.is_empty() && self.next < self.blob.frames() {
            self.rest = self.blob.frame(self.next)?.bytes;
            self.next += 1;
        }
        Ok(())
    }
}
