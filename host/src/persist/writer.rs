//! The writing side: one writer owns the database. Its thread commits whatever has queued up, so that many runs share the
//! cost of a sync to the disk; who would only wait for it writes by itself. What was acknowledged survives a power loss.

mod attempts;
mod change;
mod files;
mod health;
mod logs;
mod observed;
mod projection;
mod recovery;
mod request;
mod shadow;
mod statements;
mod steps;
mod tables;
mod thread;
mod turn;

use std::{
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

pub use health::Health;
use health::Shared;
use request::{NewRun, Request};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
pub(super) use shadow::Shadow;
use tokio::sync::{oneshot, watch};
use turn::{Gone, Turns};

use super::{codec, data_dir::WriterDir, error::StoreError, schema};
use crate::{
    effects::{self, Thread},
    event::RunEvent,
    execute::ports::{Accepted, BoxFuture, Journal, JournalError, LogLine, RequestKey},
    ids::{PlanHash, RunId, StepIndex, Timestamp},
    module::ModuleInfo,
    plan::Plan,
};

/// How many calls may wait for the writer. More wait in the caller's thread: outputs of 64 KiB add up.
const QUEUE: usize = 1_024;

/// The journal in SQLite. Calls are queued in order; see [`Journal`].
///
/// An error that belongs to one call, such as a row that is too large, is the answer to that call alone. When the disk
/// fails or is full, everything that is queued or being written is refused with the reason, and its outcome is unknown:
/// after a failed sync it may be on the disk or not. The database is then closed and opened again, which settles that; until
/// it is, all calls are refused. A damaged database is not opened again. See [`Self::health`].
#[derive(Debug)]
pub struct SqliteJournal {
    queue: Queue,
    turns: Arc<Turns>,
    thread: Mutex<Option<Thread>>,
    shared: Arc<Shared>,
}

/// What waits for the writer's thread.
#[derive(Debug)]
struct Queue {
    sender: effects::Sender<Request>,
    length: Arc<AtomicUsize>,
}

/// What a journal has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalStats {
    /// Transactions committed.
    pub commits: u64,
    /// Events in them.
    pub events: u64,
}

/// Lines that one attempt wrote to its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The run.
    pub run: RunId,
    /// The step.
    pub step: StepIndex,
    /// The item; 0 for a step without `for_each`.
    pub item: u32,
    /// Counts from 1.
    pub attempt: u32,
    /// What it wrote.
    pub lines: Vec<LogLine>,
}

/// A compiled module: which file of machine code may be loaded for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// What the module says of itself; its digest is the key.
    pub info: ModuleInfo,
    /// Names everything else that the machine code depends on: compiler version, settings, processor.
    pub engine: String,
    /// The sha256 of the machine code.
    pub code_hash: [u8; 32],
    /// Its size in bytes.
    pub code_size: u64,
    /// When it was compiled.
    pub created_at: Timestamp,
}

/// The answer to a queued call: arrives when it is durable. Need not be awaited.
#[derive(Debug)]
#[must_use = "the call is only durable when this says so"]
pub struct Ack {
    reply: Result<oneshot::Receiver<Reply>, JournalError>,
    shared: Arc<Shared>,
}

type Reply = Result<(), JournalError>;

impl SqliteJournal {
    /// Opens the journal of a data directory, makes or migrates the database where needed, and starts the writer.
    ///
    /// # Errors
    /// If the database is another program's, from a newer version (then nothing is changed), damaged, or unusable.
    pub fn open(dir: &WriterDir) -> Result<Self, StoreError> {
        dir.mark_open()?;
        let connection = schema::open_writer(dir)?;
        Self::start(connection, dir)
    }

    fn start(connection: Connection, dir: &WriterDir) -> Result<Self, StoreError> {
        let (sender, requests) = effects::queue(QUEUE);
        let length = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new(Shared::default());
        let writer = thread::Writer::new(connection, dir.clone(), Arc::clone(&shared));
        let turns = Arc::new(Turns::new(writer, dir.clone(), Arc::clone(&shared)));
        let serve = thread::serve(Arc::clone(&turns), requests, Arc::clone(&length));
        let thread = effects::thread("journal", serve).map_err(|source| super::DataDirError::Io {
            action: "start the writer of",
            path: database(dir),
            source,
        })?;
        Ok(Self { queue: Queue { sender, length }, turns, thread: Mutex::new(Some(thread)), shared })
    }

    /// Queues lines of a log. They are visible to readers after at most a tenth of a second. They are not acknowledged,
    /// and lost when the journal fails: the run stops then, too.
    pub fn log(&self, entry: LogEntry) {
        if self.send(Request::Log(entry)).is_err() {
            tracing::debug!("the journal does not work, log lines are lost");
        }
    }

    /// Records a compiled module, in place of an earlier one for the same engine.
    pub fn put_artifact(&self, artifact: Artifact) -> Ack {
        match serde_json::to_string(&artifact.info) {
            Ok(info) => self.enqueue(|reply| Request::Artifact { artifact: Box::new(artifact), info, reply }),
            Err(error) => self.refused(JournalError(format!("a module's description cannot be serialised: {error}"))),
        }
    }

    /// Removes a run that has ended, with all rows about it: its results are not found by others any more. The blobs that
    /// it refers to stay. Refused for one that has not ended; one that is not there is no error.
    pub(super) fn remove(&self, run: RunId) -> Ack {
        self.enqueue(|reply| Request::Remove { run, reply })
    }

    /// Gives some of the database's room that nothing needs back to the file system.
    pub(super) fn shrink(&self) -> Ack {
        self.enqueue(|reply| Request::Shrink { reply })
    }

    /// Waits until every call before it is committed or refused: nothing that was queued earlier becomes durable after
    /// this has returned. Whatever has to be read as it will stay is read after a barrier.
    pub fn barrier(&self) -> Ack {
        self.enqueue(|reply| Request::Barrier { reply })
    }

    /// What the journal has done since it was opened.
    #[must_use]
    pub fn stats(&self) -> JournalStats {
        let (commits, events) = self.shared.counts();
        JournalStats { commits, events }
    }

    /// Whether calls are taken.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// The same, and every change of it.
    #[must_use]
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.shared.subscribe()
    }

    /// How often the storage failed since the journal was opened. What was read before a failure may have been overtaken by
    /// what was under way when it happened.
    pub(super) fn failures(&self) -> u64 {
        self.shared.failures()
    }

    /// Commits what is queued, folds the write-ahead log into the database and stops the writer. Blocks. Later calls are
    /// refused; closing again does nothing. Dropping the journal closes it, too, but tells nobody what went wrong.
    ///
    /// # Errors
    /// If something queued could not be written, or the storage has failed and does not work yet.
    pub fn close(&self) -> Result<(), JournalError> {
        let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        let (reply, answer) = oneshot::channel();
        // A failed send means that the thread has ended; its failure is told below.
        let _ = self.queue.send(Request::Close { reply });
        let panicked = !thread.join();
        let mut answer = answer;
        let closed = match answer.try_recv() {
            Ok(answer) if !panicked => answer,
            _ => Err(self.shared.reason()),
        };
        if closed.is_err()
            && let Err(error) = self.turns.dir().mark_stopped()
        {
            tracing::warn!("to the next start this end looks like a crash: {error}");
        }
        closed
    }

    fn enqueue(&self, request: impl FnOnce(oneshot::Sender<Reply>) -> Request) -> Ack {
        let (reply, answer) = oneshot::channel();
        match self.send(request(reply)) {
            Ok(()) => Ack { reply: Ok(answer), shared: Arc::clone(&self.shared) },
            Err(error) => self.refused(error),
        }
    }

    /// Queues a call, unless the writer is down.
    fn send(&self, request: Request) -> Result<(), JournalError> {
        self.shared.check()?;
        self.queue.send(request).map_err(|Gone| self.shared.reason())
    }

    fn refused(&self, error: JournalError) -> Ack {
        Ack { reply: Err(error), shared: Arc::clone(&self.shared) }
    }

    fn try_create(
        &self,
        run: RunId,
        plan: &Plan,
        events: Vec<RunEvent>,
        request: Option<RequestKey>,
    ) -> Result<oneshot::Receiver<Result<Accepted, JournalError>>, JournalError> {
        let json = serde_json::to_string(plan)
            .map_err(|error| JournalError(format!("the plan cannot be serialised: {error}")))?;
        let run = NewRun {
            id: run,
            pipeline: plan.pipeline.clone(),
            plan_hash: PlanHash(*blake3::hash(json.as_bytes()).as_bytes()),
            plan_json: json,
            steps: plan.steps.iter().map(|step| step.name.clone()).collect(),
        };
        let events = codec::encode(events)?;
        let (reply, answer) = oneshot::channel();
        let request = Request::Create { run, events, request, reply };
        self.send(request)?;
        Ok(answer)
    }
}

impl Journal for SqliteJournal {
    fn create(
        &self,
        run: RunId,
        plan: Arc<Plan>,
        events: Vec<RunEvent>,
        request: Option<RequestKey>,
    ) -> BoxFuture<'static, Result<Accepted, JournalError>> {
        let queued = self.try_create(run, &plan, events, request);
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { queued?.await.unwrap_or_else(|_| Err(shared.reason())) })
    }

    fn append(&self, events: Vec<RunEvent>) -> BoxFuture<'static, Reply> {
        Box::pin(match codec::encode(events) {
            Ok(events) => self.enqueue(|reply| Request::Append { events, reply }),
            Err(error) => self.refused(error),
        })
    }

    fn append_at_once(&self, events: Vec<RunEvent>) -> BoxFuture<'static, Reply> {
        // Who waits already comes first, and shares a commit.
        let turn = if self.queue.is_empty() { self.turns.at_once() } else { None };
        let Some(mut turn) = turn else { return self.append(events) };
        let events = match codec::encode(events) {
            Ok(events) => events,
            Err(error) => return Box::pin(self.refused(error)),
        };
        let (reply, answer) = oneshot::channel();
        // What goes wrong is in the answer.
        let written = turn.write(vec![Request::Append { events, reply }], false);
        drop(turn);
        if let Err(Gone) = written {
            self.queue.wake();
        }
        Box::pin(Ack { reply: Ok(answer), shared: Arc::clone(&self.shared) })
    }
}

impl Queue {
    /// Puts a call behind the others; waits where they are many.
    fn send(&self, request: Request) -> Result<(), Gone> {
        self.length.fetch_add(1, Ordering::Relaxed);
        self.sender.send(request).map_err(|_| Gone)
    }

    /// Has the writer's thread look at what happened. Where the queue is full, it does so anyway.
    fn wake(&self) {
        self.length.fetch_add(1, Ordering::Relaxed);
        if !self.sender.try_send(Request::Barrier { reply: oneshot::channel().0 }) {
            self.length.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn is_empty(&self) -> bool {
        self.length.load(Ordering::Relaxed) == 0
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!("{error}");
        }
    }
}

impl Ack {
    /// Blocks until the call is durable. Not for async code: there, await it.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn wait(self) -> Result<(), JournalError> {
        effects::wait(self.reply?).unwrap_or_else(|_| Err(self.shared.reason()))
    }
}

impl Future for Ack {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        match &mut self.reply {
            Ok(reply) => match Pin::new(reply).poll(context) {
                Poll::Ready(Ok(reply)) => Poll::Ready(reply),
                Poll::Ready(Err(_)) => Poll::Ready(Err(self.shared.reason())),
                Poll::Pending => Poll::Pending,
            },
            Err(error) => Poll::Ready(Err(error.clone())),
        }
    }
}

#[cfg(test)]
pub(super) fn start(connection: Connection, dir: &WriterDir) -> SqliteJournal {
    SqliteJournal::start(connection, dir).expect("a thread")
}

#[cfg(test)]
impl SqliteJournal {
    /// Makes the writer panic.
    pub(super) fn panic(&self) -> Ack {
        self.enqueue(|reply| Request::Panic { reply })
    }

    /// Panics as the writer.
    pub(super) fn panic_at_once(&self) {
        let mut turn = self.turns.next().expect("a writer");
        assert!(turn.write(vec![Request::Panic { reply: oneshot::channel().0 }], false).is_err());
        drop(turn);
        self.queue.wake();
    }
}

fn database(dir: &WriterDir) -> PathBuf {
    dir.dir().database()
}
