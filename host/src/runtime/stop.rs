//! Why the host ends a guest from within a host function.

use std::io;

use rustix::io::Errno;

use crate::{
    execute::stored::StoredError,
    failure::{FailureKind, LimitKind, StepFailure},
};

/// Ends the guest. Travels through wasmtime as the error of a host function.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Stop {
    /// The attempt has failed.
    #[error("{0}")]
    Failed(StepFailure),
    /// The host cannot go on, for reasons that are not the step's.
    #[error("{0}")]
    Interrupted(String),
}

/// What the system says when it has no more of something, such as memory or descriptors.
const SHORT: [Errno; 6] = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN, Errno::NOLCK, Errno::NOSPC];

impl Stop {
    pub(super) fn failed(kind: FailureKind, message: impl Into<String>) -> Self {
        Self::Failed(StepFailure::new(kind, message))
    }

    pub(super) fn limit(limit: LimitKind, message: impl Into<String>) -> Self {
        Self::failed(FailureKind::LimitReached(limit), message)
    }

    /// The system had not enough left for a sandbox, if it was that.
    pub(super) fn shortage(error: &wasmtime::Error) -> Option<Self> {
        let code = error.chain().find_map(|cause| match cause.downcast_ref::<io::Error>() {
            Some(error) => Errno::from_io_error(error),
            None => cause.downcast_ref::<Errno>().copied(),
        })?;
        SHORT.contains(&code).then(|| Self::Interrupted(format!("no sandbox can be made: {error:#}")))
    }

    /// The store could not take something.
    pub(super) fn writing(error: &io::Error) -> Self {
        Self::Interrupted(format!("the output store cannot be written: {error}"))
    }

    /// Stored data could not be had in the form that is wanted.
    pub(super) fn unreadable(what: &str, error: StoredError) -> Self {
        match error {
            StoredError::Io(error) => Self::reading(what, &error),
            StoredError::TooLarge { size, cap } => Self::limit(
                LimitKind::Output,
                format!(
                    "{what} is a stream of {size} bytes, and the step wants it as one value of at most {cap}: let the \
                     step take rows, or raise its `limits.output`"
                ),
            ),
            StoredError::Items(error) => {
                Self::failed(FailureKind::InvalidInput, format!("the step cannot be given {what}: {error}"))
            }
        }
    }

    /// The store could not give something: damage is the data's fault, anything else the disk's.
    pub(super) fn reading(what: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Failed(
                StepFailure::new(
                    FailureKind::DamagedInput,
                    format!("{what} is damaged on disk; run the step that made it again"),
                )
                .because(error),
            ),
            io::ErrorKind::NotFound => Self::Failed(
                StepFailure::new(
                    FailureKind::DamagedInput,
                    format!("{what} is missing from the output store; run the step that made it again"),
                )
                .because(error),
            ),
            io::ErrorKind::OutOfMemory => Self::failed(FailureKind::Host, format!("{what} cannot be loaded: {error}")),
            // What is [passing](crate::execute::stored::is_passing).
            _ => Self::Interrupted(format!("{what} cannot be read: {error}")),
        }
    }
}
