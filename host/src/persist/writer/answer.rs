//! Whom to tell when a group is committed, and what.

use tokio::sync::oneshot;

use super::Reply;
use crate::execute::ports::{Accepted, JournalError};

/// An answer that waits for its commit. Nobody need wait for it.
pub(super) enum Answer {
    /// To a call that is done or refused.
    Plain(oneshot::Sender<Reply>, Reply),
    /// To one that makes a run.
    Created(oneshot::Sender<Result<Accepted, JournalError>>, Result<Accepted, JournalError>),
    /// To one that changes something else.
    Changed(Box<dyn FnOnce(Reply) + Send>),
}

impl Answer {
    /// It is durable.
    pub(super) fn send(self) {
        match self {
            Self::Plain(sender, reply) => drop(sender.send(reply)),
            Self::Created(sender, reply) => drop(sender.send(reply)),
            Self::Changed(tell) => tell(Ok(())),
        }
    }

    /// It could not be written.
    pub(super) fn fail(self, failure: JournalError) {
        match self {
            Self::Plain(sender, _) => drop(sender.send(Err(failure))),
            Self::Created(sender, _) => drop(sender.send(Err(failure))),
            Self::Changed(tell) => tell(Err(failure)),
        }
    }
}
