//! The suite that every store must pass, and what only files can suffer.

mod damage;
mod files;
mod suite;

use crate::{
    execute::ports::{BlobInfo, BlobKind, OutputStore},
    limits::FRAME,
};

/// Stores content, given in pieces.
fn put<'a>(store: &dyn OutputStore, kind: BlobKind, pieces: impl IntoIterator<Item = &'a [u8]>) -> BlobInfo {
    let mut writer = store.create(kind).unwrap();
    for piece in pieces {
        writer.write(piece).unwrap();
    }
    writer.finish().unwrap()
}

/// All bytes of a blob.
fn get(store: &dyn OutputStore, info: &BlobInfo) -> Vec<u8> {
    let mut reader = store.open(&info.hash).unwrap();
    assert_eq!(reader.info(), *info);
    (0..reader.frames()).flat_map(|index| reader.frame(index).unwrap().bytes.to_vec()).collect()
}

/// Bytes that do not repeat, so that a frame in the wrong place is noticed.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&length.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Items of this kind: one large, many small, at odd sizes.
fn items() -> Vec<Vec<u8>> {
    let mut items: Vec<_> = (0..200_000_u32).map(|n| rmp_serde::to_vec(&(n, "x")).unwrap()).collect();
    items.insert(1_000, rmp_serde::to_vec(&"y".repeat(3 * FRAME)).unwrap());
    items
}
