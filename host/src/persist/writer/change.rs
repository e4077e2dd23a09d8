//! Changes of what is kept besides runs: each is a function that the writer calls within a group, so that it is durable
//! with the same commit as everything else, and seen by nobody before.

use std::fmt;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::{Answer, Reply, Request, SqliteJournal};
use crate::execute::ports::{BoxFuture, JournalError};

/// What a change leaves behind: whether it is kept, and whom to tell.
type Changed = (bool, Box<dyn FnOnce(Reply) + Send>);

/// Makes a change.
type Make = dyn FnOnce(&Connection) -> rusqlite::Result<Changed> + Send;

/// A change that waits to be made.
pub(super) struct Change(Box<Make>);

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change")
    }
}

impl SqliteJournal {
    /// Queues a change, and answers what it returned once that is durable. One that returns an error leaves nothing. It
    /// holds up all runs, so it must be short.
    pub(in crate::persist) fn change<T: Send + 'static, E: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<Result<T, E>> + Send + 'static,
    ) -> BoxFuture<'static, Result<Result<T, E>, JournalError>> {
        let (sender, answer) = oneshot::channel();
        let change = Change(Box::new(move |connection| {
            let result = change(connection)?;
            let kept = result.is_ok();
            // Nobody need wait for an answer.
            Ok((kept, Box::new(move |reply: Reply| drop(sender.send(reply.map(|()| result))))))
        }));
        let queued = self.queue.send(Request::Change(change)).map_err(|_| self.shared.reason());
        let shared = std::sync::Arc::clone(&self.shared);
        Box::pin(async move {
            queued?;
            answer.await.unwrap_or_else(|_| Err(shared.reason()))
        })
    }
}

/// Makes a change. One that breaks a rule of the tables is a mistake in this program, but no reason to stop.
pub(super) fn make(connection: &Connection, change: Change) -> rusqlite::Result<Option<Answer>> {
    connection.execute_batch("SAVEPOINT change")?;
    match (change.0)(connection) {
        Ok((true, tell)) => {
            connection.execute_batch("RELEASE change")?;
            Ok(Some(Answer::Changed(tell)))
        }
        Ok((false, tell)) => {
            connection.execute_batch("ROLLBACK TO change; RELEASE change")?;
            Ok(Some(Answer::Changed(tell)))
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            tracing::error!(%error, "a change breaks a rule of the database; please report this");
            connection.execute_batch("ROLLBACK TO change; RELEASE change")?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
