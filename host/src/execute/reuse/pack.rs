//! Items' results come out of the packs of earlier attempts and go into packs of their own.

use std::{io, ops::Range, sync::Arc};

use bytes::Bytes;

use super::{CachedResult, check::Checker};
use crate::{
    execute::{
        ports::{AttemptEnd, Frame},
        stored::{RowsReader, RowsWriter, StoredError},
    },
    failure::Usage,
    ids::ContentHash,
    output::{AttemptName, FileRef, ItemRange, OutputRef},
    value::{
        items::batch_items,
        validate::{Item, validate},
    },
};

/// Consecutive items of a batch that have the same fate.
pub(super) enum Piece {
    /// The results of consecutive items of one earlier attempt, in one pack.
    Hit {
        items: ItemRange,
        /// The first item's.
        first: CachedResult,
    },
    Miss(ItemRange),
}

/// Groups the answers for the items of a range.
pub(super) fn group(range: ItemRange, found: Vec<Option<CachedResult>>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (found, index) in found.into_iter().zip(range.first..range.end()) {
        match (found.filter(|found| found.packed), pieces.last_mut()) {
            (Some(found), Some(Piece::Hit { items, first })) if follows(first, items.count, &found) => items.count += 1,
            (Some(first), _) => pieces.push(Piece::Hit { items: ItemRange { first: index, count: 1 }, first }),
            (None, Some(Piece::Miss(items))) => items.count += 1,
            (None, _) => pieces.push(Piece::Miss(ItemRange { first: index, count: 1 })),
        }
    }
    pieces
}

/// Whether a result stands so many places behind another, in the same pack of the same attempt.
fn follows(first: &CachedResult, distance: u32, found: &CachedResult) -> bool {
    let (one, other) = (&first.attempt, &found.attempt);
    found.output.hash == first.output.hash
        && found.index == first.index + u64::from(distance)
        && (other.run, &other.step, other.attempt) == (one.run, &one.step, one.attempt)
        && other.item == one.item.and_then(|item| item.checked_add(distance))
}

/// Why a piece cannot be answered.
pub(super) enum PackError {
    /// The earlier results are damaged or missing.
    Damaged(StoredError),
    /// The new pack cannot be written.
    Storage(io::Error),
}

/// Makes packs of parts of packs. The pack that was read last stays open: the next piece is often in it too.
pub(super) struct Packer<'a> {
    checker: &'a Checker,
    open: Option<OpenPack>,
}

impl<'a> Packer<'a> {
    pub(super) fn new(checker: &'a Checker) -> Self {
        Self { checker, open: None }
    }

    /// The results of so many items from the first on, as one pack.
    ///
    /// # Errors
    /// If they cannot be read or written.
    pub(super) fn pack(&mut self, count: u32, first: &CachedResult) -> Result<OutputRef, PackError> {
        let output = &first.output;
        if first.index == 0 && output.items == Some(count.into()) {
            self.checker.output(output).map_err(PackError::Damaged)?;
            return Ok(output.clone());
        }
        let mut writer = RowsWriter::new(Arc::clone(&self.checker.store));
        for index in first.index..first.index + u64::from(count) {
            let bytes = self.item(output, index).map_err(PackError::Damaged)?;
            let files = self.files(output, &bytes).map_err(PackError::Damaged)?;
            writer.push(Item { bytes: &bytes, files }).map_err(PackError::Storage)?;
        }
        let packed = writer.finish().map_err(PackError::Storage)?;
        self.checker.remember(&packed);
        Ok(packed)
    }

    fn item(&mut self, output: &OutputRef, index: u64) -> Result<Bytes, StoredError> {
        let open = match self.open.take() {
            Some(open) if open.hash == output.hash => open,
            _ => OpenPack::open(self.checker, output)?,
        };
        self.open.insert(open).item(index)
    }

    /// The files that an item refers to, checked.
    fn files(&self, output: &OutputRef, item: &[u8]) -> Result<Vec<FileRef>, StoredError> {
        if output.files.is_empty() {
            return Ok(Vec::new());
        }
        let files = validate(item).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?.files;
        self.checker.files(&files)?;
        Ok(files)
    }
}

/// A pack that is being read, and its frame that was read last.
struct OpenPack {
    hash: ContentHash,
    rows: RowsReader,
    frame: Option<Frame>,
    /// Where the frame's items are.
    places: Vec<Range<usize>>,
}

impl OpenPack {
    fn open(checker: &Checker, output: &OutputRef) -> Result<Self, StoredError> {
        let rows = RowsReader::open(checker.store.as_ref(), output)?;
        Ok(Self { hash: output.hash, rows, frame: None, places: Vec::new() })
    }

    fn item(&mut self, index: u64) -> Result<Bytes, StoredError> {
        let is_here = |frame: &Frame| (frame.first..frame.first + frame.items).contains(&index);
        if !self.frame.as_ref().is_some_and(is_here) {
            self.rows.seek(index)?;
            self.frame = self.rows.next_batch()?.filter(is_here);
            self.places = self.frame.as_ref().map_or_else(|| Ok(Vec::new()), |frame| places(&frame.bytes))?;
        }
        let missing = || io::Error::new(io::ErrorKind::InvalidData, format!("it has no item {index}"));
        let frame = self.frame.as_ref().ok_or_else(missing)?;
        let nth = usize::try_from(index - frame.first).unwrap_or(usize::MAX);
        let place = self.places.get(nth).ok_or_else(missing)?;
        Ok(frame.bytes.slice(place.clone()))
    }
}

fn places(bytes: &[u8]) -> Result<Vec<Range<usize>>, StoredError> {
    let mut start = 0;
    let mut places = Vec::new();
    for item in batch_items(bytes) {
        let end = start + item?.len();
        places.push(start..end);
        start = end;
    }
    Ok(places)
}

/// An end of which nothing ran.
pub(super) fn reused(items: ItemRange, output: OutputRef, attempt: AttemptName) -> AttemptEnd {
    AttemptEnd { reused: Some(Box::new(attempt)), ..AttemptEnd::of(items, Ok(output), Usage::default()) }
}
