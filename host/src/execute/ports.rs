//! What a run needs of the world, as traits; the implementations are put together in [`crate::app`].

use std::{future::Future, io, pin::Pin, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    event::{CacheEntry, RunEvent},
    failure::{StepFailure, Usage},
    grants::Grants,
    ids::{ContentHash, ModuleDigest, Name, RunId, StepIndex, Timestamp},
    limits::Limits,
    module::Form,
    output::{AttemptName, ItemRange, OutputRef},
    plan::Plan,
    value::path::ValuePath,
};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs attempts at a step. What goes in and comes out is plain data, so that a runner may live elsewhere.
pub trait StepRunner: Send + Sync {
    /// Runs the attempt, or the items' attempts one after the other, to the end. It ends early when `cancel` becomes true.
    /// A runner may give items back that it has not begun, so that others take them; it begins at least one.
    fn run(&self, job: AttemptJob, logs: Arc<dyn LogSink>, cancel: Cancel) -> BoxFuture<'static, AttemptReport>;
}

/// Becomes true when the run is being cancelled.
pub type Cancel = watch::Receiver<bool>;

/// Everything that a runner must know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptJob {
    /// Which attempt.
    pub name: AttemptName,
    /// The pipeline's name.
    pub pipeline: Name,
    /// The module.
    pub module: ModuleDigest,
    /// The step's name in the module.
    pub function: Name,
    /// What the step is given. Absent optional inputs are left out.
    pub arguments: Vec<Argument>,
    /// What it must return.
    pub output: Form,
    /// What it may use.
    pub limits: Limits,
    /// What it may use outside its sandbox.
    pub grants: Grants,
    /// When the run was due, if it was scheduled.
    pub scheduled_for: Option<Timestamp>,
    /// The copy of a data directory with which the run came, if it began in another one.
    pub copy: Option<Uuid>,
    /// Whether the result of an earlier attempt with the same inputs will do.
    pub reuse: bool,
    /// Of a `for_each` step: the items to run it for, one after the other, each as an attempt of its own. Then
    /// [`name`](Self::name) is that of the first.
    pub items: Option<ItemBatch>,
    /// Whether nothing else of the run goes on, or could, until it ends: who asks for it may as well run it.
    pub alone: bool,
}

/// Consecutive items of a `for_each` step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemBatch {
    /// All items of the step, as a stream.
    pub source: OutputRef,
    /// Those of this job.
    pub range: ItemRange,
}

impl AttemptJob {
    /// The items that the job is about.
    #[must_use]
    pub fn range(&self) -> ItemRange {
        self.items.as_ref().map_or(ItemRange::WHOLE, |items| items.range)
    }

    /// The same for every attempt at this step (and item) of this run: `<run>/<step>[<item>]`, with `@<copy>` behind it
    /// in a copied data directory, since the original may go on with the same run.
    #[must_use]
    pub fn idempotency_key(&self, item: Option<u32>) -> String {
        let AttemptName { run, step, .. } = &self.name;
        let item = item.map(|item| format!("[{item}]")).unwrap_or_default();
        let copy = self.copy.map(|copy| format!("@{copy}")).unwrap_or_default();
        format!("{run}/{step}{item}{copy}")
    }
}

/// One argument of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Argument {
    /// The parameter's name.
    pub name: Name,
    /// How the step wants the data.
    pub form: Form,
    /// The data.
    pub data: ArgumentData,
}

/// The data of an argument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentData {
    /// A MessagePack value.
    Value(Bytes),
    /// A part of a stored output.
    Output {
        /// Which output.
        output: OutputRef,
        /// Which part.
        path: ValuePath,
    },
    /// A part of the item.
    Item {
        /// Which part.
        path: ValuePath,
    },
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptReport {
    /// How its attempts ended, in the order of their items. Those that are missing were not begun.
    pub ended: Vec<AttemptEnd>,
    /// Why the host cannot go on (no room, an I/O error, no memory for a sandbox): the run must stop where it is and be
    /// resumed later.
    pub interrupted: Option<String>,
}

/// How an attempt ended, or how consecutive items did that ended alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptEnd {
    /// The items; [`ItemRange::WHOLE`] without `for_each`.
    pub items: ItemRange,
    /// The output, durable in the output store or inline, or the failure. Items are packed, as in
    /// [`AttemptSucceeded`](crate::event::EventKind::AttemptSucceeded).
    pub result: Result<OutputRef, StepFailure>,
    /// What they used together; of memory, the most that one used.
    pub usage: Usage,
    /// Of pure steps: what the results are found by.
    pub cache: Option<Box<CacheEntry>>,
    /// The attempt that the result was taken from, if nothing ran.
    pub reused: Option<Box<AttemptName>>,
}

impl AttemptEnd {
    /// An end that has nothing to do with the cache.
    #[must_use]
    pub fn of(items: ItemRange, result: Result<OutputRef, StepFailure>, usage: Usage) -> Self {
        Self { items, result, usage, cache: None, reused: None }
    }
}

/// Keeps the truth about runs.
pub trait Journal: Send + Sync {
    /// Accepts a new run: its plan, its first events, and what asked for it, in one commit. What asks for a run twice gets
    /// the one that it has.
    fn create(
        &self,
        run: RunId,
        plan: Arc<Plan>,
        events: Vec<RunEvent>,
        request: Option<RequestKey>,
    ) -> BoxFuture<'static, Result<Accepted, JournalError>>;

    /// Appends events, in order and in one commit. They are durable when the future ends. Appends are committed in the
    /// order of the calls, also when nobody awaits them.
    fn append(&self, events: Vec<RunEvent>) -> BoxFuture<'static, Result<(), JournalError>>;

    /// Appends events as [`Journal::append`] does, for a caller that has nothing else to do until they are durable. The
    /// call itself may take as long as that.
    fn append_at_once(&self, events: Vec<RunEvent>) -> BoxFuture<'static, Result<(), JournalError>> {
        self.append(events)
    }
}

/// What asks for a run, and may do so only once: an event of a trigger, or a request that may be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Who numbers the keys, such as a trigger.
    pub scope: String,
    /// Unique within the scope.
    pub key: String,
    /// When the run was due, if it was scheduled.
    pub scheduled_for: Option<Timestamp>,
    /// A hash of what is asked for, where the same key might come with something else.
    pub fingerprint: Option<[u8; 32]>,
    /// How long it is remembered.
    pub memory: Memory,
}

/// How long a request is remembered once its run has been removed; before that, it always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// While it is one of the latest of its scope.
    Latest,
    /// For ever: it is a time of a schedule. Of the oldest times only the last is stored, which stands for all before it.
    Time,
    /// While it is one of the latest of its scope, or its file is there: a file that stays is offered again.
    File,
}

/// What became of a new run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is there.
    New,
    /// It is not: what asked for it did so before.
    Before(Before),
}

/// How a request was answered the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// The run that it started; it may have been removed since.
    pub run: Option<RunId>,
    /// Why it started none.
    pub reason: Option<String>,
    /// Whether the same was asked for.
    pub same: bool,
}

/// The journal cannot go on: the run stops where it is, and can be resumed from what was committed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the journal cannot be written: {0}")]
pub struct JournalError(pub String);

/// Keeps what steps say. Lines become durable soon, in the order of the calls; a run does not wait for them.
pub trait LogStore: Send + Sync {
    /// Appends a line to an attempt's log.
    fn append(&self, step: StepIndex, attempt: &AttemptName, line: LogLine);
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Is told what was committed. Must not block and cannot fail: a run never waits for its observers.
pub trait Observer: Send + Sync {
    /// These events were committed.
    fn committed(&self, plan: &Plan, events: &[RunEvent]);

    /// A step wrote to its log.
    fn logged(&self, attempt: &AttemptName, line: &LogLine);

    /// A step said how far it is.
    fn progressed(&self, attempt: &AttemptName, progress: &Progress);

    /// A run was interrupted, for the reason given, or continues.
    fn interrupted(&self, _run: RunId, _reason: Option<&str>) {}
}

/// Takes what a step says while it runs.
pub trait LogSink: Send + Sync {
    /// A line, already capped and cleaned of control characters.
    fn line(&self, line: LogLine);

    /// How far the step is.
    fn progress(&self, progress: Progress);

    /// The sink of one item of the batch that this is the sink of.
    fn of_item(self: Arc<Self>, item: u32) -> Arc<dyn LogSink>;
}

/// A line of a step's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How loud.
    pub level: LogLevel,
    /// Where from.
    pub stream: LogStream,
    /// The text, without a line end.
    pub text: String,
}

/// How loud a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// Where a log line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// The contract's `log`.
    Log,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What it is doing.
    pub message: String,
}

/// Keeps the bytes behind [`OutputRef`]s. Blocking: callers choose the thread.
pub trait OutputStore: Send + Sync {
    /// Begins a blob.
    ///
    /// # Errors
    /// If the store cannot be written.
    fn create(&self, kind: BlobKind) -> io::Result<Box<dyn BlobWriter>>;

    /// Opens a blob. Every frame is verified before a byte of it is handed out.
    ///
    /// # Errors
    /// `NotFound` if there is none; `InvalidData` if it is damaged, which also moves it to quarantine.
    fn open(&self, hash: &ContentHash) -> io::Result<Box<dyn BlobReader>>;
}

/// How a blob is cut into frames; see [`crate::output`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobKind {
    /// Behind every [`FRAME`](crate::limits::FRAME) bytes.
    Bytes,
    /// Behind whole items: `write` is given one item at a time.
    Rows,
}

/// A blob in the making. Dropped without `finish`, it leaves nothing behind.
pub trait BlobWriter: Send {
    /// Appends bytes, or one item.
    ///
    /// # Errors
    /// If the store cannot be written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Completes the blob. It is durable when this returns.
    ///
    /// # Errors
    /// If the store cannot be written.
    fn finish(self: Box<Self>) -> io::Result<BlobInfo>;
}

/// What a completed blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobInfo {
    /// Identifies the content.
    pub hash: ContentHash,
    /// Bytes.
    pub size: u64,
    /// Items, for rows.
    pub items: u64,
}

/// Reads a blob frame by frame.
pub trait BlobReader: Send {
    /// What the blob is.
    fn info(&self) -> BlobInfo;

    /// How many frames it has.
    fn frames(&self) -> usize;

    /// One frame's bytes, verified, with the index of its first item (or byte, for [`BlobKind::Bytes`]).
    ///
    /// # Errors
    /// `InvalidData` if the frame is damaged.
    fn frame(&mut self, index: usize) -> io::Result<Frame>;

    /// The frame that holds an item (or byte).
    fn frame_of(&self, item: u64) -> usize;
}

/// A verified piece of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The index of its first item or byte.
    pub first: u64,
    /// Its items; for bytes, how many.
    pub items: u64,
    /// Its bytes.
    pub bytes: Bytes,
}
