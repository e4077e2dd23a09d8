//! The writer, and the loop of its thread.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::RecvTimeoutError,
    },
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    Reply, database,
    files::OpenFiles,
    health::Shared,
    logs::PendingLogs,
    recovery::Recovery,
    request::{Outcome, Request},
    tables::Tables,
    turn::{Gone, Turns},
};
use crate::{
    effects::Receiver,
    execute::ports::JournalError,
    persist::{
        data_dir::WriterDir,
        error::{Fault, call_error, fault, write_error},
    },
};

/// How many calls share a commit at most: bounds how long the first of them waits.
const GROUP: usize = 1_024;

pub(super) struct Writer {
    tables: Tables,
    files: OpenFiles,
    dir: WriterDir,
    shared: Arc<Shared>,
    logs: PendingLogs,
    /// The calls that are being written. They live here so that when the writer fails, each is answered with the reason.
    group: Vec<Request>,
    /// The calls that come after them, where a group is written one by one.
    rest: VecDeque<Request>,
}

/// The loop of the writer's thread: serves until the journal is closed or damaged. While the writer is down, it refuses all
/// calls and opens the database again.
pub(super) async fn serve(turns: Arc<Turns>, mut queue: Receiver<Request>, queued: Arc<AtomicUsize>) {
    let mut recovery = Recovery::default();
    loop {
        match serve_group(&turns, &mut queue, &queued).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(Gone) => {
                if !recovery.run(&turns, &mut queue, &queued).await {
                    return;
                }
            }
        }
    }
}

/// Waits for calls and writes them as one group; whether there is another one.
async fn serve_group(turns: &Turns, queue: &mut Receiver<Request>, queued: &AtomicUsize) -> Result<bool, Gone> {
    // The turn ends here: others may have theirs while nothing is queued.
    let time_left = turns.next()?.logs_time_left();
    let mut group = match queue.next(time_left).await {
        Ok(request) => vec![request],
        Err(RecvTimeoutError::Timeout) => Vec::new(),
        Err(RecvTimeoutError::Disconnected) => {
            let mut turn = turns.next()?;
            turn.write(Vec::new(), true)?;
            turn.finish(None);
            return Ok(false);
        }
    };
    group.extend(queue.waiting().take(GROUP));
    let turn = turns.next();
    // Not before the turn has begun: a caller that finds the queue empty must not come before what was in it.
    queued.fetch_sub(group.len(), Ordering::Relaxed);
    let Ok(mut turn) = turn else {
        // A caller that wrote by itself met the failure.
        return if turns.shared().refuse(group) { Ok(false) } else { Err(Gone) };
    };
    let closing = group.iter().position(|request| matches!(request, Request::Close { .. }));
    let Some(closing) = closing else {
        let logs_are_due = group.is_empty() || turn.logs_time_left() == Some(Duration::ZERO);
        turn.write(group, logs_are_due)?;
        return Ok(true);
    };
    let mut late = group.split_off(closing);
    if turn.write(group, true).is_ok()
        && let Request::Close { reply } = late.remove(0)
    {
        turn.finish(Some(reply));
    }
    turns.shared().refuse(late);
    Ok(false)
}

impl Writer {
    pub(super) fn new(connection: rusqlite::Connection, dir: WriterDir, shared: Arc<Shared>) -> Self {
        Self {
            tables: Tables::new(connection),
            files: OpenFiles::of(&dir),
            dir,
            shared,
            logs: PendingLogs::default(),
            group: Vec::new(),
            rest: VecDeque::new(),
        }
    }

    /// How long until log lines must be written; `None` if there are none.
    pub(super) fn logs_time_left(&self) -> Option<Duration> {
        self.logs.time_left()
    }

    /// Writes a group in one commit, and answers the calls in it. An error is one that stops the writer.
    pub(super) fn write(&mut self, group: Vec<Request>, logs_are_due: bool) -> rusqlite::Result<()> {
        for request in group {
            match request {
                Request::Log(entry) => self.logs.add(entry),
                call => self.group.push(call),
            }
        }
        // A caller that wrote in between took the lines along.
        let logs_are_due = self.logs.time_left().is_some() && (logs_are_due || self.logs.are_many());
        if self.group.is_empty() && !logs_are_due {
            return Ok(());
        }
        if let Err(error) = self.commit() {
            self.separate(&error).map_err(|()| error)?;
            while let Some(call) = self.rest.pop_front() {
                self.group.push(call);
                if let Err(error) = self.commit() {
                    self.separate(&error).map_err(|()| error)?;
                }
            }
        }
        Ok(())
    }

    /// Writes the group and answers its calls; with an error, nothing of it is committed, and none is answered.
    fn commit(&mut self) -> rusqlite::Result<()> {
        self.tables.begin()?;
        let mut outcomes = Vec::with_capacity(self.group.len());
        let mut events = 0;
        for call in &mut self.group {
            let (outcome, written) = self.tables.call(call)?;
            outcomes.push(outcome);
            events += written;
        }
        self.write_logs()?;
        self.files.check_lock()?;
        self.tables.commit()?;
        self.files.check_database()?;
        drop(self.logs.take());
        self.shared.count(events);
        self.answer(outcomes);
        Ok(())
    }

    fn answer(&mut self, outcomes: Vec<Outcome>) {
        for (call, outcome) in self.group.drain(..).zip(outcomes) {
            call.answer(outcome);
        }
    }

    /// The group could not be committed, because of one of its calls. Where there are several, each is written again in a
    /// commit of its own, which shows which one it is; that one is refused. Fails if the writer has to stop.
    ///
    /// No savepoint for each call: that would cost every group, and what is in memory of a run would have to be restored.
    fn separate(&mut self, error: &rusqlite::Error) -> Result<(), ()> {
        let fault = fault(error);
        if !matches!(fault, Fault::Call | Fault::Busy) {
            return Err(());
        }
        self.tables.undo().map_err(drop)?;
        if fault == Fault::Call && self.group.len() > 1 {
            self.rest.extend(self.group.drain(..));
            return Ok(());
        }
        let reason = call_error(&database(&self.dir), error);
        tracing::error!("a call to the journal is refused: {}", reason.0);
        if self.group.is_empty() {
            tracing::warn!("log lines that cannot be written are dropped");
            drop(self.logs.take());
        }
        self.group.drain(..).for_each(|call| call.refuse(&reason));
        Ok(())
    }

    /// Writes the lines that wait. Those that cannot be written are dropped; the calls in the group are not to suffer.
    fn write_logs(&mut self) -> rusqlite::Result<()> {
        for entry in self.logs.entries() {
            match self.tables.write_log(entry) {
                Ok(true) => {}
                Ok(false) => tracing::warn!(run = %entry.run, "log lines of an unknown run are dropped"),
                Err(error) if fault(&error) == Fault::Call && self.tables.is_within() => {
                    tracing::warn!(run = %entry.run, %error, "log lines that cannot be written are dropped");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Closes in good order: a checkpoint, then the note that nothing is open.
    pub(super) fn finish(self, reply: Option<oneshot::Sender<Reply>>) {
        let path = database(&self.dir);
        let connection = self.tables.into_connection();
        let folded = fold(&connection);
        let closed = match connection.close() {
            Ok(()) => match folded {
                Ok(()) => self.dir.mark_closed().map_err(|error| JournalError(error.to_string())),
                // All is durable in the log; the next start looks at what is amiss.
                Err(error) => {
                    tracing::warn!("the database is left with its log: {}", write_error(&path, &error));
                    self.dir.mark_stopped().map_err(|error| JournalError(error.to_string()))
                }
            },
            Err((_, error)) => Err(write_error(&path, &error)),
        };
        let closed_already = JournalError("it was closed".to_owned());
        self.shared.close(closed.clone().err().unwrap_or(closed_already));
        if let Some(reply) = reply {
            let _ = reply.send(closed);
        }
    }

    /// Stops after an error of the storage.
    pub(super) fn give_up(self, error: &rusqlite::Error) {
        let reason = write_error(&database(&self.dir), error);
        let fault = match fault(error) {
            Fault::Damage if self.shared.doubts_damage() => Fault::Disk,
            fault => fault,
        };
        if fault == Fault::Gone {
            // Only the log may be: what it held, and was promised, is kept in the database.
            let _ = fold(self.tables.connection());
        }
        self.stop(fault, &reason);
    }

    /// Stops for another reason.
    pub(super) fn abandon(self, reason: &JournalError) {
        self.stop(Fault::Stop, reason);
    }

    fn stop(self, fault: Fault, reason: &JournalError) {
        self.shared.fail(fault, reason);
        self.tables.abandon();
        self.group.into_iter().chain(self.rest).for_each(|call| call.refuse(reason));
    }
}

/// Brings the write-ahead log into the database, and empties it where no reader needs it just now. Closing does so only
/// where no other process has the database open.
fn fold(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
