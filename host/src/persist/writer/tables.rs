//! What one call does to the tables, within a transaction.

use std::collections::{HashMap, hash_map::Entry};

use rusqlite::{Connection, config::DbConfig};

use super::{
    LogEntry,
    observed::Watch,
    projection::ActiveRun,
    request::{Done, NewRun, Outcome, Request},
    statements::{self, Refusal},
};
use crate::{
    execute::ports::{Accepted, JournalError, RequestKey},
    ids::RunId,
    persist::{
        codec::EncodedEvent,
        sequence::{self, Position},
        service::requests,
    },
};

/// How many prepared statements are kept. There are fewer.
const STATEMENTS: usize = 64;

/// The tables, and what is kept in memory of the runs that are written to.
pub(super) struct Tables {
    connection: Connection,
    /// The runs that have not finished and were written to. Ahead of the tables until they are saved.
    active: HashMap<RunId, ActiveRun>,
    watch: Watch,
}

/// How many events a call wrote, or why it was refused.
type Written = Result<u64, JournalError>;

impl Tables {
    pub(super) fn new(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Self { connection, active: HashMap::new(), watch: Watch::new() }
    }

    pub(super) fn begin(&self) -> rusqlite::Result<()> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
    }

    /// Commits, with what is in memory only.
    pub(super) fn commit(&mut self) -> rusqlite::Result<()> {
        let ends = self.active.values().filter(|run| run.ends()).count();
        let observed = if ends == 0 { 0 } else { self.watch.note(&self.connection, ends)? };
        for run in self.active.values_mut() {
            run.save(&self.connection, observed)?;
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.watch.committed();
        self.active.retain(|_, run| !run.is_finished());
        Ok(())
    }

    /// Undoes everything since [`Self::begin`]. What is in memory was made from it, so it is read again when needed.
    pub(super) fn undo(&mut self) -> rusqlite::Result<()> {
        self.active.clear();
        self.watch.undone();
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.connection.prepare_cached("ROLLBACK")?.execute([]).map(drop)
    }

    /// Does what one call asks; says what to answer, and how many events it wrote. A call that is refused leaves nothing.
    pub(super) fn call(&mut self, call: &mut Request) -> rusqlite::Result<(Outcome, u64)> {
        let written = match call {
            Request::Create { run, events, request, .. } => return self.create(run, events, request.as_ref()),
            Request::Append { events, .. } => self.append(events)?,
            Request::Change(change) => change.make(&self.connection).map(|()| Ok(0))?,
            Request::Artifact { artifact, info, .. } => {
                statements::put_artifact(&self.connection, artifact, info).map(|()| Ok(0))?
            }
            Request::Remove { run, .. } => self.remove(*run)?,
            Request::Shrink { .. } => statements::shrink(&self.connection).map(|()| Ok(0))?,
            Request::Barrier { .. } | Request::Log(_) | Request::Close { .. } => Ok(0),
            #[cfg(test)]
            Request::Panic { .. } => panic!("asked to"),
        };
        Ok(match written {
            Ok(events) => (Ok(Done::Plain), events),
            Err(refused) => (Err(refused), 0),
        })
    }

    /// Creates a run, unless the same request did so before.
    fn create(
        &mut self,
        run: &NewRun,
        events: &[EncodedEvent],
        request: Option<&RequestKey>,
    ) -> rusqlite::Result<(Outcome, u64)> {
        let before = request.map(|request| requests::find(&self.connection, request)).transpose()?.flatten();
        if let Some(before) = before {
            return Ok((Ok(Done::Created(Accepted::Before(before))), 0));
        }
        match self.insert(run, events)? {
            Ok(written) => {
                if let (Some(request), Some(first)) = (request, events.first()) {
                    requests::insert(&self.connection, request, first.event.at, Ok(run.id))?;
                }
                Ok((Ok(Done::Created(Accepted::New)), written))
            }
            Err(refused) => Ok((Err(refused), 0)),
        }
    }

    fn insert(&mut self, run: &NewRun, events: &[EncodedEvent]) -> rusqlite::Result<Written> {
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

    fn append(&mut self, events: &[EncodedEvent]) -> rusqlite::Result<Written> {
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

    fn remove(&mut self, run: RunId) -> rusqlite::Result<Written> {
        if active_run(&mut self.active, &self.connection, run)?.is_some_and(|run| !run.is_finished()) {
            return Ok(Err(JournalError(format!("run {run} was not removed: it has not ended"))));
        }
        self.active.remove(&run);
        statements::remove_run(&self.connection, run)?;
        Ok(Ok(0))
    }

    /// Writes lines of a log; whether their run is known.
    pub(super) fn write_log(&mut self, entry: &LogEntry) -> rusqlite::Result<bool> {
        match active_run(&mut self.active, &self.connection, entry.run)? {
            Some(run) => run.write_log(&self.connection, entry).map(|()| true),
            None => Ok(false),
        }
    }

    /// Whether a transaction is open: some errors end it by themselves.
    pub(super) fn is_within(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Leaves the files as they are. A checkpoint now could sync successfully although the sync before it lost data.
    pub(super) fn abandon(mut self) {
        if let Err(error) = self.undo() {
            tracing::debug!("the rollback failed, whoever opens the database next does it: {error}");
        }
        if let Err(error) = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
            tracing::debug!("a checkpoint on close cannot be prevented: {error}");
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn into_connection(self) -> Connection {
        self.connection
    }
}

/// The state of a run that is written to, read from the database the first time.
fn active_run<'a>(
    active: &'a mut HashMap<RunId, ActiveRun>,
    connection: &Connection,
    id: RunId,
) -> rusqlite::Result<Option<&'a mut ActiveRun>> {
    match active.entry(id) {
        Entry::Occupied(entry) => Ok(Some(entry.into_mut())),
        Entry::Vacant(entry) => Ok(ActiveRun::load(connection, id)?.map(|run| entry.insert(run))),
    }
}
