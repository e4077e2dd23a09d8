//! Whose turn it is to write: the writer's thread has one for each group, and a caller that would only wait for it may
//! take one itself, which saves waking two threads.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{Reply, Request, thread::Writer};

/// The writer, for one at a time.
pub(super) struct Turns(Mutex<Option<Writer>>);

/// The right to write. A writer that panics or fails is gone, and with it everybody who waits.
pub(super) struct Turn<'a>(MutexGuard<'a, Option<Writer>>);

/// The writer is gone: `Shared` knows why.
#[derive(Debug)]
pub(super) struct Gone;

impl Turns {
    pub(super) fn new(writer: Writer) -> Self {
        Self(Mutex::new(Some(writer)))
    }

    /// Waits for a turn.
    pub(super) fn next(&self) -> Result<Turn<'_>, Gone> {
        Turn::of(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A turn, if nobody has it.
    pub(super) fn at_once(&self) -> Option<Turn<'_>> {
        let writer = match self.0.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Turn::of(writer).ok()
    }
}

impl<'a> Turn<'a> {
    fn of(writer: MutexGuard<'a, Option<Writer>>) -> Result<Self, Gone> {
        if writer.is_some() { Ok(Self(writer)) } else { Err(Gone) }
    }

    /// Writes a group, and answers those who asked for what is in it.
    pub(super) fn write(&mut self, group: Vec<Request>, logs_are_due: bool) -> Result<(), Gone> {
        let Some(writer) = self.0.as_mut() else { return Err(Gone) };
        let Err(error) = writer.write(group, logs_are_due) else { return Ok(()) };
        if let Some(writer) = self.0.take() {
            writer.give_up(&error);
        }
        Err(Gone)
    }

    /// How long until log lines must be written; `None` if there are none.
    pub(super) fn logs_time_left(&self) -> Option<Duration> {
        self.0.as_ref().and_then(Writer::logs_time_left)
    }

    /// The last turn: closes the database, and tells who asked for that.
    pub(super) fn finish(mut self, reply: Option<oneshot::Sender<Reply>>) {
        if let Some(writer) = self.0.take() {
            writer.finish(reply);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.take();
        }
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}
