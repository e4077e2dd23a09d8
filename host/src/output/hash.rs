//! Computes content hashes from the hashes of frames, so that nothing is hashed twice.
//!
//! The keys matter: guests choose content freely, so without them a guest could write a file that consists of
//! another output's frame hashes and thereby has that output's hash, and the store would take one for the other.

use crate::{ids::ContentHash, limits::FRAME};

/// Sets the hash of a long value or file apart from that of any bytes.
const BYTES_KEY: &str = "stepmill 2026 content of several frames";
/// Sets the hash of a stream apart from that of a value or file with the same bytes.
const ROWS_KEY: &str = "stepmill 2026 stream of items";

/// The hash of one frame: the blake3 of its bytes.
#[must_use]
pub fn frame(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

/// The hash of a value or file of these frames.
#[must_use]
pub fn bytes_of<'a>(mut frames: impl ExactSizeIterator<Item = &'a [u8; 32]>) -> ContentHash {
    if frames.len() <= 1 {
        return ContentHash(frames.next().copied().unwrap_or_else(|| frame(&[])));
    }
    let mut hasher = blake3::Hasher::new_derive_key(BYTES_KEY);
    for hash in frames {
        hasher.update(hash);
    }
    ContentHash(*hasher.finalize().as_bytes())
}

/// The hash of a stream of these frames, each with its number of items.
#[must_use]
pub fn rows_of<'a>(frames: impl Iterator<Item = (&'a [u8; 32], u32)>) -> ContentHash {
    let mut hasher = blake3::Hasher::new_derive_key(ROWS_KEY);
    for (hash, items) in frames {
        hasher.update(hash).update(&items.to_le_bytes());
    }
    ContentHash(*hasher.finalize().as_bytes())
}

/// The hash of a value or file.
#[must_use]
pub fn bytes(content: &[u8]) -> ContentHash {
    let frames: Vec<_> = content.chunks(FRAME).map(frame).collect();
    bytes_of(frames.iter())
}

/// The hash of a stream that fits one frame.
#[must_use]
pub fn small_rows(content: &[u8], items: u32) -> ContentHash {
    rows_of((items > 0).then(|| frame(content)).iter().map(|hash| (hash, items)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_content_has_the_hash_that_b3sum_prints() {
        assert_eq!(bytes(b""), ContentHash(*blake3::hash(b"").as_bytes()));
        let full = vec![1; FRAME];
        assert_eq!(bytes(&full), ContentHash(*blake3::hash(&full).as_bytes()));
    }

    #[test]
    fn nobody_can_write_content_that_takes_the_hash_of_another() {
        let long = vec![1; 3 * FRAME];
        let forged: Vec<u8> = long.chunks(FRAME).flat_map(frame).collect();
        assert_ne!(bytes(&forged), bytes(&long));
        assert_ne!(small_rows(&[1, 2], 2), bytes(&[1, 2]));
        assert_ne!(small_rows(&[1, 2], 2), small_rows(&[1, 2], 1));
    }
}
