//! Calls to the writer, and how each is answered.

use tokio::sync::oneshot;

use super::{Artifact, LogEntry, Reply, change::Change};
use crate::{
    execute::ports::{Accepted, JournalError, RequestKey},
    ids::{Name, PlanHash, RunId},
    persist::codec::EncodedEvent,
};

/// A call that waits for the writer. It keeps what it needs to be made again until it is answered.
#[derive(Debug)]
pub(super) enum Request {
    Create {
        run: NewRun,
        events: Vec<EncodedEvent>,
        request: Option<RequestKey>,
        reply: oneshot::Sender<Result<Accepted, JournalError>>,
    },
    Append {
        events: Vec<EncodedEvent>,
        reply: oneshot::Sender<Reply>,
    },
    Artifact {
        artifact: Box<Artifact>,
        info: String,
        reply: oneshot::Sender<Reply>,
    },
    Remove {
        run: RunId,
        reply: oneshot::Sender<Reply>,
    },
    Shrink {
        reply: oneshot::Sender<Reply>,
    },
    Barrier {
        reply: oneshot::Sender<Reply>,
    },
    Change(Change),
    Log(LogEntry),
    Close {
        reply: oneshot::Sender<Reply>,
    },
    #[cfg(test)]
    Panic {
        reply: oneshot::Sender<Reply>,
    },
}

/// A run to be created.
#[derive(Debug)]
pub(super) struct NewRun {
    pub(super) id: RunId,
    pub(super) pipeline: Name,
    pub(super) plan_hash: PlanHash,
    pub(super) plan_json: String,
    pub(super) steps: Vec<Name>,
}

/// The result of a call that was not refused.
pub(super) enum Done {
    Plain,
    Created(Accepted),
}

/// The result of a call.
pub(super) type Outcome = Result<Done, JournalError>;

impl Request {
    /// Answers the caller, who may have stopped waiting.
    pub(super) fn answer(self, outcome: Outcome) {
        match self {
            Self::Create { reply, .. } => {
                let outcome = outcome.map(|done| match done {
                    Done::Created(accepted) => accepted,
                    Done::Plain => Accepted::New,
                });
                drop(reply.send(outcome));
            }
            Self::Append { reply, .. }
            | Self::Artifact { reply, .. }
            | Self::Remove { reply, .. }
            | Self::Shrink { reply }
            | Self::Barrier { reply }
            | Self::Close { reply } => drop(reply.send(outcome.map(drop))),
            Self::Change(change) => change.answer(outcome.map(drop)),
            Self::Log(_) => {}
            #[cfg(test)]
            Self::Panic { reply } => drop(reply.send(outcome.map(drop))),
        }
    }

    /// Answers that it was not done, as far as is known.
    pub(super) fn refuse(self, reason: &JournalError) {
        self.answer(Err(reason.clone()));
    }
}
