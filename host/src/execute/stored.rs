//! What steps and users do with stored outputs, whatever store holds them. Blocking, as the store is.

mod files;
mod rows;
pub mod view;

use std::io::{self, Write};

use bytes::Bytes;

pub use self::{
    files::{FileReader, copy_out, store_file},
    rows::{RowsReader, RowsWriter, read_item},
};
use super::ports::{BlobKind, BlobReader, OutputStore};
use crate::{
    limits::INLINE_OUTPUT,
    module::Form,
    output::{FileRef, OutputRef, Place, hash},
    value::items::{ItemsError, array_head},
};

/// Why stored data cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The store cannot be read, or what it holds is damaged.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is larger than what reads it may take.
    #[error(
        "the data has {size} bytes, but at most {cap} can be taken whole; take it as rows, or raise `limits.memory`"
    )]
    TooLarge {
        /// Its size.
        size: u64,
        /// What is allowed.
        cap: u64,
    },
    /// It is not a list, or too long for one.
    #[error(transparent)]
    Items(#[from] ItemsError),
}

impl StoredError {
    /// Whether the store cannot be read just now, which says nothing of what it holds.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Io(error) if is_passing(error))
    }
}

/// The same for an error of the store itself.
#[must_use]
pub fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    !matches!(error.kind(), Kind::InvalidData | Kind::UnexpectedEof | Kind::NotFound | Kind::OutOfMemory)
}

/// Stores a value: inline if it is small, else as a blob.
///
/// # Errors
/// If the store cannot be written.
pub fn store_value(store: &dyn OutputStore, bytes: &[u8], files: Vec<FileRef>) -> io::Result<OutputRef> {
    let (hash, place) = if bytes.len() <= INLINE_OUTPUT {
        // A copy, so that a small value never keeps a large buffer alive.
        (hash::bytes(bytes), Place::Inline(Bytes::copy_from_slice(bytes)))
    } else {
        let mut writer = store.create(BlobKind::Bytes)?;
        writer.write(bytes)?;
        (writer.finish()?.hash, Place::Blob)
    };
    Ok(OutputRef { form: Form::Value, hash, size: bytes.len() as u64, items: None, place, files })
}

/// All bytes of an output, verified: the value, or the items of a stream one behind the other.
///
/// # Errors
/// If there are more than `cap`, or the store cannot give them.
pub fn read_all(store: &dyn OutputStore, output: &OutputRef, cap: u64) -> Result<Bytes, StoredError> {
    within(output.size, cap)?;
    match &output.place {
        Place::Inline(_) => Ok(inline(output)?),
        Place::Blob => {
            let mut blob = open(store, output)?;
            if blob.frames() == 1 {
                return Ok(blob.frame(0)?.bytes);
            }
            let mut bytes = Vec::new();
            reserve(&mut bytes, output.size)?;
            append(&mut bytes, blob.as_mut())?;
            Ok(bytes.into())
        }
    }
}

/// An output as one MessagePack value: a stream becomes the list of its items.
///
/// # Errors
/// If it is larger than `cap`, has too many items for a list, or the store cannot give it.
pub fn read_value(store: &dyn OutputStore, output: &OutputRef, cap: u64) -> Result<Bytes, StoredError> {
    if output.form == Form::Value {
        return read_all(store, output, cap);
    }
    let mut list = array_head(output.items.unwrap_or_default())?;
    let size = output.size.saturating_add(list.len() as u64);
    within(size, cap)?;
    reserve(&mut list, output.size)?;
    match &output.place {
        Place::Inline(_) => list.extend_from_slice(&inline(output)?),
        Place::Blob => append(&mut list, open(store, output)?.as_mut())?,
    }
    Ok(list.into())
}

/// Copies all bytes of an output into a writer, every part verified before.
///
/// # Errors
/// If it is damaged, or the writer does not take it.
pub fn copy_bytes(store: &dyn OutputStore, output: &OutputRef, out: &mut dyn Write) -> io::Result<()> {
    match &output.place {
        Place::Inline(_) => out.write_all(&inline(output)?),
        Place::Blob => {
            let mut blob = open(store, output)?;
            for index in 0..blob.frames() {
                out.write_all(&blob.frame(index)?.bytes)?;
            }
            Ok(())
        }
    }
}

fn within(size: u64, cap: u64) -> Result<(), StoredError> {
    if size <= cap { Ok(()) } else { Err(StoredError::TooLarge { size, cap }) }
}

fn append(out: &mut Vec<u8>, blob: &mut dyn BlobReader) -> io::Result<()> {
    for index in 0..blob.frames() {
        out.extend_from_slice(&blob.frame(index)?.bytes);
    }
    Ok(())
}

/// The bytes of an inline output, verified like those of a blob.
fn inline(output: &OutputRef) -> io::Result<Bytes> {
    let Place::Inline(bytes) = &output.place else {
        return Err(mismatch(output));
    };
    let items = output.items.unwrap_or_default();
    let found = match output.form {
        Form::Value => hash::bytes(bytes),
        Form::Rows => hash::small_rows(bytes, u32::try_from(items).unwrap_or(u32::MAX)),
    };
    if found == output.hash && bytes.len() as u64 == output.size { Ok(bytes.clone()) } else { Err(mismatch(output)) }
}

/// The blob of an output. The hash says which; size and items are checked because callers rely on them.
fn open(store: &dyn OutputStore, output: &OutputRef) -> io::Result<Box<dyn BlobReader>> {
    let blob = store.open(&output.hash)?;
    let info = blob.info();
    let same_items = output.form == Form::Value || output.items == Some(info.items);
    if info.size == output.size && same_items { Ok(blob) } else { Err(mismatch(output)) }
}

fn mismatch(output: &OutputRef) -> io::Error {
    let text = format!("the stored output {} is not what the journal says; run the step again", output.hash);
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Takes memory for so many more bytes. Sizes come from guests: to find none is an error here, and no abort.
fn reserve(bytes: &mut Vec<u8>, size: u64) -> io::Result<()> {
    let none = || io::Error::new(io::ErrorKind::OutOfMemory, format!("there is no memory for its {size} bytes"));
    let size = usize::try_from(size).map_err(|_| none())?;
    bytes.try_reserve_exact(size).map_err(|_| none())
}
