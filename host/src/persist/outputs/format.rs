//! The file format of blobs, version 1. `docs/formats.md` describes it; the two must agree.
//!
//! ```text
//! header   16  magic, version, kind, checksum
//! frame    40 + length, for each frame
//! index    56 for each frame
//! trailer 104  counts, content hash, hash of header, index and trailer, magic
//! ```
//!
//! Every byte is covered by a hash that is checked before it is trusted; the content hash follows from the index.

use std::io;

use super::framing::{self, FrameMeta};
use crate::{
    disk::DiskFile,
    execute::ports::{BlobInfo, BlobKind},
    ids::ContentHash,
    output::hash,
};

const MAGIC: [u8; 8] = *b"stepblob";
const END_MAGIC: [u8; 8] = *b"blobstep";
const VERSION: u16 = 1;

pub(super) const HEADER: usize = 16;
pub(super) const FRAME_HEAD: usize = 40;
const INDEX_ENTRY: usize = 56;
const TRAILER: usize = 104;

/// Why a file is not a blob that can be read.
#[derive(Debug)]
pub(super) enum Refusal {
    /// What is wrong with its bytes.
    Damaged(&'static str),
    /// It is well-formed, of a version that only a newer program knows.
    Newer(u16),
    /// The file cannot be read at all.
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged("it is too short"),
            _ => Self::Io(error),
        }
    }
}

/// What is known of a blob without its payloads.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) info: BlobInfo,
    pub(super) frames: Vec<FrameMeta>,
    /// Where each frame's head is.
    pub(super) offsets: Vec<u64>,
}

impl Layout {
    /// Reads a frame with its head in one go, and verifies both. `index` is below the number of frames.
    pub(super) fn frame(&self, file: &DiskFile, index: usize) -> Result<Vec<u8>, Refusal> {
        let frame = &self.frames[index];
        let mut bytes = vec![0; FRAME_HEAD + frame.length as usize];
        file.read_exact_at(&mut bytes, self.offsets[index])?;
        let (head, payload) = bytes.split_at(FRAME_HEAD);
        if head != frame_head(frame) || hash::frame(payload) != frame.hash {
            return Err(Refusal::Damaged("a frame does not have the hash that the index gives"));
        }
        Ok(bytes)
    }
}

/// The beginning of a blob.
pub(super) fn header(kind: BlobKind) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..10].copy_from_slice(&VERSION.to_le_bytes());
    header[10] = match kind {
        BlobKind::Bytes => 0,
        BlobKind::Rows => 1,
    };
    let checksum = checksum(&header);
    header[12..].copy_from_slice(&checksum);
    header
}

/// Tells a damaged header from one of a newer version.
fn checksum(header: &[u8; HEADER]) -> [u8; 4] {
    let [a, b, c, d, ..] = *blake3::hash(&header[..12]).as_bytes();
    [a, b, c, d]
}

/// What stands in front of a frame's bytes.
pub(super) fn frame_head(frame: &FrameMeta) -> [u8; FRAME_HEAD] {
    let mut head = [0; FRAME_HEAD];
    head[..4].copy_from_slice(&frame.length.to_le_bytes());
    head[4..8].copy_from_slice(&frame.items.to_le_bytes());
    head[8..].copy_from_slice(&frame.hash);
    head
}

/// Index and trailer: what stands behind the last frame.
pub(super) fn ending(kind: BlobKind, info: &BlobInfo, frames: &[FrameMeta]) -> Vec<u8> {
    let (offsets, index_offset) = offsets(frames);
    let mut out = Vec::with_capacity(frames.len() * INDEX_ENTRY + TRAILER);
    for (frame, offset) in frames.iter().zip(offsets) {
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(&frame.first.to_le_bytes());
        out.extend_from_slice(&frame_head(frame));
    }
    for number in [frames.len() as u64, index_offset, info.size, info.items] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&info.hash.0);
    let mut hasher = blake3::Hasher::new();
    let hash = hasher.update(&header(kind)).update(&out).finalize();
    out.extend_from_slice(hash.as_bytes());
    out.extend_from_slice(&END_MAGIC);
    out
}

/// Where the heads of frames are, one behind the other, and where the index begins.
fn offsets(frames: &[FrameMeta]) -> (Vec<u64>, u64) {
    let mut next = HEADER as u64;
    let offsets = frames
        .iter()
        .map(|frame| {
            let offset = next;
            next += (FRAME_HEAD as u64) + u64::from(frame.length);
            offset
        })
        .collect();
    (offsets, next)
}

/// Reads and verifies all of a blob but its payloads.
pub(super) fn read(file: &DiskFile, hash: &ContentHash) -> Result<Layout, Refusal> {
    let mut header_bytes = [0; HEADER];
    file.read_exact_at(&mut header_bytes, 0)?;
    let kind = kind_of(&header_bytes)?;
    let length = file.facts()?.length;
    let trailer_at = length.checked_sub(TRAILER as u64).ok_or(Refusal::Damaged("it is too short"))?;
    let mut trailer = [0; TRAILER];
    file.read_exact_at(&mut trailer, trailer_at)?;
    let (count, index_at) = (u64_at(&trailer, 0), u64_at(&trailer, 8));
    // Before memory is taken for the index: it must be exactly what lies between the frames and the trailer.
    let fits = count.checked_mul(INDEX_ENTRY as u64).and_then(|size| index_at.checked_add(size)) == Some(trailer_at);
    if !fits {
        return Err(Refusal::Damaged("the end is missing, or bytes were added"));
    }
    let index_length = usize::try_from(trailer_at - index_at).map_err(|_| Refusal::Damaged("the index is too long"))?;
    let mut index = vec![0; index_length];
    file.read_exact_at(&mut index, index_at)?;
    let frames = read_index(&index);
    let info = framing::info(kind, &frames);
    if info.hash != *hash {
        return Err(Refusal::Damaged("its index does not belong to this hash"));
    }
    // Writing the same frames again must give the same end, byte for byte: nothing in it is left unchecked.
    index.extend_from_slice(&trailer);
    if ending(kind, &info, &frames) != index {
        return Err(Refusal::Damaged("its index or trailer was changed"));
    }
    Ok(Layout { info, offsets: offsets(&frames).0, frames })
}

fn kind_of(bytes: &[u8; HEADER]) -> Result<BlobKind, Refusal> {
    if let Some(kind) = [BlobKind::Bytes, BlobKind::Rows].into_iter().find(|kind| header(*kind) == *bytes) {
        return Ok(kind);
    }
    let version = u16::from_le_bytes([bytes[8], bytes[9]]);
    let whole = bytes[..8] == MAGIC && bytes[12..] == checksum(bytes);
    if whole && version > VERSION {
        Err(Refusal::Newer(version))
    } else {
        Err(Refusal::Damaged("its header was changed"))
    }
}

/// Places and first items follow from the lengths; that the index says the same is checked with the rest of it.
fn read_index(index: &[u8]) -> Vec<FrameMeta> {
    let mut first = 0;
    let entries = index.chunks_exact(INDEX_ENTRY).map(|entry| {
        let mut hash = [0; 32];
        hash.copy_from_slice(&entry[24..]);
        let frame = FrameMeta { first, length: u32_at(entry, 16), items: u32_at(entry, 20), hash };
        first += u64::from(frame.items);
        frame
    });
    entries.collect()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}
