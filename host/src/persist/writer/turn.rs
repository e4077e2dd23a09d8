//! Whose turn it is to write: the writer's thread has one for each group, and a caller that would only wait for it may
//! take one itself, which saves waking two threads.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use super::{
    Reply,
    health::{Shared, stopped},
    request::Request,
    thread::Writer,
};
use crate::persist::{data_dir::WriterDir, error::StoreError, schema};

/// The writer, for one at a time; none while it is down, and none once it is closed or dead.
pub(super) struct Turns {
    writer: Mutex<Option<Writer>>,
    dir: WriterDir,
    shared: Arc<Shared>,
}

/// The right to write.
pub(super) struct Turn<'a>(MutexGuard<'a, Option<Writer>>);

/// The writer is gone: `Shared` knows why.
#[derive(Debug)]
pub(super) struct Gone;

impl Turns {
    pub(super) fn new(writer: Writer, dir: WriterDir, shared: Arc<Shared>) -> Self {
        Self { writer: Mutex::new(Some(writer)), dir, shared }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn dir(&self) -> &WriterDir {
        &self.dir
    }

    /// Waits for a turn.
    pub(super) fn next(&self) -> Result<Turn<'_>, Gone> {
        Turn::of(self.lock())
    }

    /// A turn, if it is free.
    pub(super) fn at_once(&self) -> Option<Turn<'_>> {
        let writer = match self.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Turn::of(writer).ok()
    }

    /// Opens the database again after the writer failed. Nothing that was in memory is carried over.
    pub(super) fn reopen(&self, since: Instant) -> Result<(), StoreError> {
        let connection = schema::reopen_writer(&self.dir, self.shared.is_suspect())?;
        let mut writer = self.lock();
        *writer = Some(Writer::new(connection, self.dir.clone(), Arc::clone(&self.shared)));
        // While the turn is held: a caller that fails at once must not be overruled.
        self.shared.recover(since.elapsed());
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Turn<'a> {
    fn of(writer: MutexGuard<'a, Option<Writer>>) -> Result<Self, Gone> {
        if writer.is_some() { Ok(Self(writer)) } else { Err(Gone) }
    }

    /// Writes a group, and answers all calls in it. A writer that fails or panics is gone afterwards.
    pub(super) fn write(&mut self, group: Vec<Request>, logs_are_due: bool) -> Result<(), Gone> {
        let Some(writer) = self.0.as_mut() else { return Err(Gone) };
        // The writer and all that it had in memory is given up after a panic.
        let failure = match catch_unwind(AssertUnwindSafe(|| writer.write(group, logs_are_due))) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        if let Some(writer) = self.0.take() {
            match failure {
                Some(error) => writer.give_up(&error),
                None => writer.abandon(&stopped()),
            }
        }
        Err(Gone)
    }

    /// How long until log lines must be written; `None` if there are none.
    pub(super) fn logs_time_left(&self) -> Option<Duration> {
        self.0.as_ref().and_then(Writer::logs_time_left)
    }

    /// The last turn: closes the database, and answers who asked for that.
    pub(super) fn finish(mut self, reply: Option<oneshot::Sender<Reply>>) {
        if let Some(writer) = self.0.take() {
            writer.finish(reply);
        }
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}
