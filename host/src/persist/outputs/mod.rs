//! Where the bytes behind outputs live: [`BlobStore`] in files, [`MemoryOutputs`] in memory.
//!
//! A blob is one file, named by the hash of its content. It is written under `tmp/`, synced, renamed into `blobs/`, and the
//! folder synced, before anyone is told of it: so whatever has a name is whole. What turns out damaged is moved to
//! `quarantine/`, where a person can look at it, and whoever stores the same content again puts a whole file in its place.
//! `docs/formats.md` describes the file.

mod durable;
mod format;
mod framing;
mod memory;
mod reader;
mod store;
mod sweep;
mod writer;

pub use memory::MemoryOutputs;
pub use reader::{Damage, SetAside};
pub use store::BlobStore;

#[cfg(test)]
mod tests;
