//! References to stored data: what events carry and steps exchange instead of the data itself.
//!
//! # What is hashed
//!
//! Content is cut into frames, by rules that depend on the content alone: a stream closes a frame behind the first item
//! that brings it to [`FRAME`](crate::limits::FRAME) bytes or more, a value or file behind every `FRAME` bytes. The
//! hash of a value or file that fits one frame is the blake3 of its bytes. A longer one, and every stream, is hashed over
//! its frames' hashes, under a key of its own: see [`hash`].

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{ContentHash, RunId},
    module::Form,
};

pub mod hash;

/// One step's stored output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRef {
    /// One value or a stream of them.
    pub form: Form,
    /// Identifies the content.
    pub hash: ContentHash,
    /// Bytes of MessagePack.
    pub size: u64,
    /// Of a stream: how many items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<u64>,
    /// Where the bytes are.
    pub place: Place,
    /// The files that the value refers to, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileRef>,
}

/// Where stored bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the event itself: at most [`INLINE_OUTPUT`](crate::limits::INLINE_OUTPUT) bytes.
    Inline(Bytes),
    /// A blob of the output store, under the content's hash.
    Blob,
}

/// A stored file, as values refer to it: `{"$file": {"name", "media_type", "size", "hash"}}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileRef {
    /// A plain file name.
    pub name: String,
    /// Such as `text/csv`.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// Identifies the content.
    pub hash: ContentHash,
}

/// The items of a `for_each` step that an event is about. A step without `for_each` is one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemRange {
    /// The first item's index.
    pub first: u32,
    /// How many items.
    pub count: u32,
}

impl ItemRange {
    /// A step without `for_each`.
    pub const WHOLE: Self = Self { first: 0, count: 1 };

    /// The index behind the last item.
    #[must_use]
    pub fn end(self) -> u32 {
        self.first.saturating_add(self.count)
    }
}

/// Names one attempt's output everywhere: `runs/<run>/<step>[<item>]/<attempt>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AttemptName {
    /// The run.
    pub run: RunId,
    /// The step's name in the pipeline.
    pub step: crate::ids::Name,
    /// Of a `for_each` step: which item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// Counts from 1.
    pub attempt: u32,
}

impl std::fmt::Display for AttemptName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "runs/{}/{}", self.run, self.step)?;
        if let Some(item) = self.item {
            write!(f, "[{item}]")?;
        }
        write!(f, "/{}", self.attempt)
    }
}
