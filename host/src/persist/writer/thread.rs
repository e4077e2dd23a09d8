//! The writer, and the loop of its thread.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use rusqlite::{Connection, config::DbConfig};
use tokio::sync::oneshot;

use super::{
    Artifact, NewRun, Reply, Request, Shared,
    answer::Answer,
    change, database,
    logs::PendingLogs,
    projection::ActiveRun,
    statements::{self, Refusal},
    turn::{Gone, Turns},
};
use crate::{
    execute::ports::{Accepted, JournalError, RequestKey},
    ids::RunId,
    persist::{
        codec::EncodedEvent,
        data_dir::WriterDir,
        error::write_error,
        sequence::{self, Position},
        service::requests,
    },
};

/// How many calls share a commit at most: bounds how long the first of them waits.
const GROUP: usize = 1_024;

/// How many prepared statements are kept. There are fewer.
const STATEMENTS: usize = 64;

pub(super) struct Writer {
    connection: Connection,
    dir: WriterDir,
    shared: Arc<Shared>,
    /// The runs that have not finished and were written to.
    active: HashMap<RunId, ActiveRun>,
    logs: PendingLogs,
    /// The calls of the group that is being written, and the answers to those that were done. They live here so that
    /// when the writer fails, nobody is let go before the reason is known.
    calls: VecDeque<Request>,
    answers: Vec<Answer>,
}

/// The loop of the writer's thread: serves until the journal is closed, abandoned, or fails. When it fails, the queue goes
/// with it, and everybody who waits learns why from `shared`.
pub(super) fn serve(turns: &Turns, queue: &Receiver<Request>, queued: &AtomicUsize) {
    while let Ok(true) = serve_group(turns, queue, queued) {}
}

/// Waits for calls and writes them as one group; whether there is another one.
fn serve_group(turns: &Turns, queue: &Receiver<Request>, queued: &AtomicUsize) -> Result<bool, Gone> {
    // The turn ends here: others may have theirs while nothing is queued.
    let time_left = turns.next()?.logs_time_left();
    let first = match time_left {
        None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        Some(time) => queue.recv_timeout(time),
    };
    let mut group = match first {
        Ok(request) => vec![request],
        Err(RecvTimeoutError::Timeout) => Vec::new(),
        Err(RecvTimeoutError::Disconnected) => {
            let mut turn = turns.next()?;
            turn.write(Vec::new(), true)?;
            turn.finish(None);
            return Ok(false);
        }
    };
    group.extend(queue.try_iter().take(GROUP));
    let mut turn = turns.next()?;
    // Not before the turn has begun: nobody who finds the queue empty may come before what was in it.
    queued.fetch_sub(group.len(), Ordering::Relaxed);
    let closing = group.iter().position(|request| matches!(request, Request::Close { .. }));
    let Some(closing) = closing else {
        let logs_are_due = group.is_empty() || turn.logs_time_left() == Some(Duration::ZERO);
        turn.write(group, logs_are_due)?;
        return Ok(true);
    };
    // What was queued behind the end is dropped, which tells its callers.
    let mut group: Vec<_> = group.drain(..=closing).collect();
    let end = group.pop();
    turn.write(group, true)?;
    turn.finish(end.and_then(|request| if let Request::Close { reply } = request { Some(reply) } else { None }));
    Ok(false)
}

impl Writer {
    pub(super) fn new(connection: Connection, dir: WriterDir, shared: Arc<Shared>) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Self {
            connection,
            dir,
            shared,
            active: HashMap::new(),
            logs: PendingLogs::default(),
            calls: VecDeque::new(),
            answers: Vec::new(),
        }
    }

    /// How long until log lines must be written; `None` if there are none.
    pub(super) fn logs_time_left(&self) -> Option<Duration> {
        self.logs.time_left()
    }

    /// Writes a group in one commit, and answers those who asked for what is in it.
    pub(super) fn write(&mut self, group: Vec<Request>, logs_are_due: bool) -> rusqlite::Result<()> {
        let (logs, calls): (Vec<_>, Vec<_>) = group.into_iter().partition(|r| matches!(r, Request::Log(_)));
        for request in logs {
            if let Request::Log(entry) = request {
                self.logs.add(entry);
            }
        }
        // A caller that wrote in between took the lines along.
        let logs_are_due = self.logs.time_left().is_some() && (logs_are_due || self.logs.are_many());
        if calls.is_empty() && !logs_are_due {
            return Ok(());
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.calls = calls.into();
        let mut events = 0;
        while let Some(call) = self.calls.pop_front() {
            events += self.call(call)?;
        }
        self.write_logs()?;
        for run in self.active.values_mut() {
            run.save(&self.connection)?;
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.active.retain(|_, run| !run.is_finished());
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        self.shared.events.fetch_add(events, Ordering::Relaxed);
        self.answers.drain(..).for_each(Answer::send);
        Ok(())
    }

    /// Does what one call asks; returns how many events it wrote. A call that is refused leaves nothing.
    fn call(&mut self, call: Request) -> rusqlite::Result<u64> {
        let (written, reply) = match call {
            Request::Create { run, events, request, reply } => return self.create(&run, &events, request, reply),
            Request::Change(change) => {
                self.answers.extend(change::make(&self.connection, change)?);
                return Ok(0);
            }
            Request::Append { events, reply } => (self.append(&events), reply),
            Request::Artifact { artifact, info, reply } => (self.put_artifact(&artifact, &info), reply),
            Request::Remove { run, reply } => (self.remove(run), reply),
            Request::Shrink { reply } => (statements::shrink(&self.connection).map(|()| Ok(0)), reply),
            Request::Barrier { reply } => (Ok(Ok(0)), reply),
            Request::Log(_) | Request::Close { .. } => return Ok(0),
            #[cfg(test)]
            Request::Panic => panic!("asked to"),
        };
        let (events, answer) = match &written {
            Ok(Ok(events)) => (*events, Ok(())),
            Ok(Err(refused)) => (0, Err(refused.clone())),
            // Replaced by the reason when the writer gives up.
            Err(_) => (0, Ok(())),
        };
        self.answers.push(Answer::Plain(reply, answer));
        written.map(|_| events)
    }

    /// Makes a run, unless what asks for it did so before.
    fn create(
        &mut self,
        run: &NewRun,
        events: &[EncodedEvent],
        request: Option<RequestKey>,
        reply: oneshot::Sender<Result<Accepted, JournalError>>,
    ) -> rusqlite::Result<u64> {
        let before = request.as_ref().map(|request| requests::find(&self.connection, request)).transpose()?.flatten();
        let (answer, written) = match before {
            Some(before) => (Ok(Accepted::Before(before)), 0),
            None => match self.insert(run, events)? {
                Ok(written) => {
                    if let (Some(request), Some(first)) = (&request, events.first()) {
                        requests::insert(&self.connection, request, first.event.at, Ok(run.id))?;
                    }
                    (Ok(Accepted::New), written)
                }
                Err(refused) => (Err(refused), 0),
            },
        };
        self.answers.push(Answer::Created(reply, answer));
        Ok(written)
    }

    fn insert(&mut self, run: &NewRun, events: &[EncodedEvent]) -> rusqlite::Result<Result<u64, JournalError>> {
        let position = Position { next: 0, steps: run.steps.len(), finished: false };
        if let Err(error) = sequence::check(run.id, position, events.iter().map(|event| &event.event)) {
            return Ok(Err(error));
        }
        let Some(first) = events.first() else {
            return Ok(Err(JournalError(format!("run {} was refused: it has no first event", run.id))));
        };
        match statements::insert_run(&self.connection, run, first.event.at)? {
            Err(Refusal::Exists) => Ok(Err(JournalError(format!("run {} exists already", run.id)))),
            Ok(key) => {
                let active = ActiveRun::new(key, run.steps.len());
                let active = self.active.entry(run.id).insert_entry(active).into_mut();
                active.apply(&self.connection, events).map(Ok)
            }
        }
    }

    fn append(&mut self, events: &[EncodedEvent]) -> rusqlite::Result<Result<u64, JournalError>> {
        let Some(first) = events.first() else { return Ok(Ok(0)) };
        let id = first.event.run;
        let Some(run) = active_run(&mut self.active, &self.connection, id)? else {
            return Ok(Err(JournalError(format!("there is no run {id}"))));
        };
        match sequence::check(id, run.position(), events.iter().map(|event| &event.event)) {
            Ok(()) => run.apply(&self.connection, events).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    fn put_artifact(&self, artifact: &Artifact, info: &str) -> rusqlite::Result<Result<u64, JournalError>> {
        statements::put_artifact(&self.connection, artifact, info).map(|()| Ok(0))
    }

    fn remove(&mut self, run: RunId) -> rusqlite::Result<Result<u64, JournalError>> {
        if active_run(&mut self.active, &self.connection, run)?.is_some_and(|run| !run.is_finished()) {
            return Ok(Err(JournalError(format!("run {run} was not removed: it has not ended"))));
        }
        self.active.remove(&run);
        statements::remove_run(&self.connection, run)?;
        Ok(Ok(0))
    }

    fn write_logs(&mut self) -> rusqlite::Result<()> {
        for entry in self.logs.take() {
            match active_run(&mut self.active, &self.connection, entry.run)? {
                Some(run) => run.write_log(&self.connection, &entry)?,
                None => tracing::warn!(run = %entry.run, "log lines of an unknown run are dropped"),
            }
        }
        Ok(())
    }

    /// Closes in good order: a checkpoint, then the note that nothing is open.
    pub(super) fn finish(self, reply: Option<oneshot::Sender<Reply>>) {
        let path = database(&self.dir);
        let folded = self.fold();
        let closed = match self.connection.close() {
            Ok(()) => match folded {
                Ok(()) => self.dir.mark_closed().map_err(|error| JournalError(error.to_string())),
                // All is durable in the log; the next start looks at what is amiss.
                Err(error) => {
                    tracing::warn!("the database is left with its log: {}", write_error(&path, &error));
                    Ok(())
                }
            },
            Err((_, error)) => Err(write_error(&path, &error)),
        };
        let closed_already = JournalError("it was closed".to_owned());
        // Can only be set already if the thread had failed, and then it is not here.
        let _ = self.shared.failure.set(closed.clone().err().unwrap_or(closed_already));
        if let Some(reply) = reply {
            let _ = reply.send(closed);
        }
    }

    /// Brings the write-ahead log into the database, and empties it where nobody reads from it just now. Closing does so
    /// only where nobody else has the database open.
    fn fold(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(Duration::ZERO)?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }

    /// Leaves the files as they are: a second sync could succeed although the first one lost data.
    pub(super) fn give_up(mut self, error: &rusqlite::Error) {
        let failure = write_error(&database(&self.dir), error);
        tracing::error!("{failure}");
        let _ = self.shared.failure.set(failure.clone());
        for answer in self.answers.drain(..) {
            answer.fail(failure.clone());
        }
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::debug!("the rollback failed, the next start does it: {error}");
        }
        if let Err(error) = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
            tracing::debug!("a checkpoint on close cannot be prevented: {error}");
        }
    }
}

/// The state of a run that is written to, read from the database the first time.
fn active_run<'a>(
    active: &'a mut HashMap<RunId, ActiveRun>,
    connection: &Connection,
    id: RunId,
) -> rusqlite::Result<Option<&'a mut ActiveRun>> {
    use std::collections::hash_map::Entry;
    match active.entry(id) {
        Entry::Occupied(entry) => Ok(Some(entry.into_mut())),
        Entry::Vacant(entry) => Ok(ActiveRun::load(connection, id)?.map(|run| entry.insert(run))),
    }
}
