//! What keeps the host from doing its part of a step.

use super::stored::StoredError;
use crate::failure::{FailureKind, StepFailure};

/// Why the host cannot do its part of a step.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is the step's: it fails.
    Step(StepFailure),
    /// It is the host's: the run is interrupted, and goes on once it can.
    Host(String),
}

impl Trouble {
    /// What is stored cannot be read; damage is a failure of this kind.
    pub(super) fn reading(kind: FailureKind, message: String, error: &StoredError) -> Self {
        if error.is_passing() {
            Self::Host(format!("{message}: {error}"))
        } else {
            Self::Step(StepFailure::new(kind, message).because(error))
        }
    }

    /// An output cannot be stored.
    pub(super) fn storing(error: &std::io::Error) -> Self {
        Self::Host(format!("an output cannot be stored: {error}"))
    }
}
