//! What triggers are and what they need, as traits.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value as Json};

use super::file::FileStamp;
use crate::{
    event::Outcome,
    ids::{Name, RunId, Timestamp},
    plan::PlanTrigger,
};

/// Something that happened, and for which at most one run starts.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerEvent {
    /// Different from those of all other events of the trigger, and the same whenever this one is offered again.
    pub key: String,
    /// When the run was due, if it was scheduled.
    pub scheduled_for: Option<Timestamp>,
    /// What it brings along.
    pub payload: Payload,
}

/// What an event brings along for a parameter of its run.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// Nothing.
    None,
    /// A file of the host. The sink copies its bytes before it accepts the event; see [`super::file::open_stable`].
    File {
        /// Its name, without the folder.
        name: String,
        /// What is in it, by its name.
        media_type: String,
        /// Where it is.
        path: PathBuf,
        /// What it must still be when it has been copied.
        stamp: FileStamp,
    },
    /// The body of a request, as it came.
    Body {
        /// Its bytes.
        bytes: Bytes,
        /// What its sender says is in it.
        media_type: String,
    },
    /// A run that has ended.
    Run {
        /// Its pipeline.
        pipeline: Name,
        /// Which one.
        run: RunId,
        /// How it ended.
        state: Outcome,
    },
    /// Values of parameters, from a program's own trigger.
    Params(Map<String, Json>),
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// It has a run, which will end whatever happens.
    Accepted(RunId),
    /// It was offered before. The run that it has, if that is known.
    Duplicate(Option<RunId>),
    /// It will have no run, such as for `overlap = "skip"`, and this is why. Also the answer where one that was refused is
    /// offered again.
    Skipped(String),
    /// It can have no run, and this is why.
    Refused(String),
    /// It is not what it was: its file has changed. It is to be looked at again.
    Stale,
}

/// Events cannot be taken now; they may be offered again later.
#[derive(Debug, Clone, thiserror::Error)]
#[error("events cannot be taken now: {0}")]
pub struct SinkError(pub String);

/// Takes the events of one trigger.
pub trait EventSink: Send + Sync {
    /// Decides what becomes of an event. When the future ends, the decision is durable.
    fn offer(&self, event: TriggerEvent) -> BoxFuture<'_, Result<Offer, SinkError>>;

    /// Is told that no run will start for so many times, and that every time up to `until` has been dealt with.
    fn missed(&self, count: u64, until: Timestamp) -> BoxFuture<'_, Result<(), SinkError>>;
}

/// Tells the time, and waits for it.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Ends when it is `at`, or earlier: whoever waits looks at the clock again, which may have been set.
    fn until(&self, at: Timestamp) -> BoxFuture<'_, ()>;
}

/// What a trigger works with.
#[derive(Clone)]
pub struct Context {
    /// Takes its events.
    pub sink: Arc<dyn EventSink>,
    /// Tells it the time.
    pub clock: Arc<dyn Clock>,
    /// Up to when every time has been dealt with; for a new trigger, nothing.
    pub since: Option<Timestamp>,
}

/// Waits, and offers what happens.
pub trait Trigger: Send {
    /// Waits until it is dropped, or until nothing more can happen. Dropping it between two polls must lose no event.
    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Result<(), TriggerError>>;
}

/// Makes the triggers of one kind.
pub trait TriggerFactory: Send + Sync {
    /// Makes the trigger that a pipeline asks for.
    ///
    /// # Errors
    /// If it asks for something that cannot be.
    fn make(&self, trigger: &PlanTrigger) -> Result<Box<dyn Trigger>, TriggerError>;
}

/// Why a trigger cannot wait.
#[derive(Debug, thiserror::Error)]
pub enum TriggerError {
    /// Nobody makes triggers of this kind.
    #[error("no trigger of the kind `{0}` is registered in this host")]
    UnknownKind(String),
    /// A factory was given the trigger of another kind.
    #[error("a `{0}` trigger was given to the factory of another kind")]
    WrongKind(String),
    /// The operator does not let this folder be watched.
    #[error("the folder `{}` is not in one that triggers may watch; the operator can add it", .0.display())]
    Folder(PathBuf),
    /// A program's own trigger failed.
    #[error("{0}")]
    Custom(String),
}
