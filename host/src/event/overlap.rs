//! What `overlap` of a trigger says. A run keeps what it was accepted under, whatever becomes of its trigger.

use serde::{Deserialize, Serialize};

/// What happens to an event while a run of the same trigger goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It starts no run.
    Skip,
    /// Its run is accepted, and begins when those before it have ended.
    #[default]
    Queue,
    /// Its run begins.
    Allow,
    /// Its run is accepted, those before it are cancelled, and it begins when they have ended.
    CancelPrevious,
}

impl Overlap {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Skip, Self::Queue, Self::Allow, Self::CancelPrevious];

    /// The word in a file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
            Self::Allow => "allow",
            Self::CancelPrevious => "cancel_previous",
        }
    }

    /// Whether a run waits for those that were accepted before it.
    #[must_use]
    pub fn waits(self) -> bool {
        matches!(self, Self::Queue | Self::CancelPrevious)
    }
}
