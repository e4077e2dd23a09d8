//! Changes of what is kept besides runs: each is a function that the writer calls within a group, so that it is durable
//! with the same commit as everything else, and visible to no reader before.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{Reply, SqliteJournal, request::Request};
use crate::execute::ports::{BoxFuture, JournalError};

/// A change that waits to be made.
pub(super) struct Change(Box<dyn Make>);

/// A change and its caller, whatever it returns.
trait Make: Send {
    /// Makes the change and keeps its result; whether it is to be kept. Called again when the commit was not made.
    fn make(&mut self, connection: &Connection) -> rusqlite::Result<bool>;

    /// Answers the caller with the result, or with the reason why there is none.
    fn answer(self: Box<Self>, reply: Reply);
}

struct Typed<T, E, F> {
    change: F,
    result: Option<Result<T, E>>,
    sender: oneshot::Sender<Result<Result<T, E>, JournalError>>,
}

impl<T, E, F> Make for Typed<T, E, F>
where
    T: Send,
    E: Send,
    F: FnMut(&Connection) -> rusqlite::Result<Result<T, E>> + Send,
{
    fn make(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        // What it wrote is rolled back, and no state of ours is in its hands.
        let made = catch_unwind(AssertUnwindSafe(|| (self.change)(connection)));
        let result = made.unwrap_or_else(|panic| Err(panicked(&*panic)))?;
        let kept = result.is_ok();
        self.result = Some(result);
        Ok(kept)
    }

    fn answer(self: Box<Self>, reply: Reply) {
        let Self { sender, result, .. } = *self;
        let missing = || JournalError("a change has no result; please report this".to_owned());
        // The caller may have stopped waiting.
        let _ = sender.send(reply.and_then(|()| result.ok_or_else(missing)));
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change")
    }
}

impl SqliteJournal {
    /// Queues a change, and answers what it returned once that is durable. One that returns an error leaves nothing. It
    /// holds up all runs, so it must be short. It is called again where another call prevented the common commit.
    pub(in crate::persist) fn change<T: Send + 'static, E: Send + 'static>(
        &self,
        change: impl FnMut(&Connection) -> rusqlite::Result<Result<T, E>> + Send + 'static,
    ) -> BoxFuture<'static, Result<Result<T, E>, JournalError>> {
        let (sender, answer) = oneshot::channel();
        let change = Change(Box::new(Typed { change, result: None, sender }));
        let queued = self.send(Request::Change(change));
        let shared = std::sync::Arc::clone(&self.shared);
        Box::pin(async move {
            queued?;
            answer.await.unwrap_or_else(|_| Err(shared.reason()))
        })
    }
}

impl Change {
    /// Makes the change. One that returns an error leaves nothing.
    pub(super) fn make(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        connection.prepare_cached("SAVEPOINT change")?.execute([])?;
        if !self.0.make(connection)? {
            connection.prepare_cached("ROLLBACK TO change")?.execute([])?;
        }
        connection.prepare_cached("RELEASE change")?.execute([])?;
        Ok(())
    }

    pub(super) fn answer(self, reply: Reply) {
        self.0.answer(reply);
    }
}

fn panicked(panic: &(dyn Any + Send)) -> rusqlite::Error {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let said = said.unwrap_or("no reason was given");
    rusqlite::Error::ToSqlConversionFailure(format!("a change panicked: {said}; please report this").into())
}
