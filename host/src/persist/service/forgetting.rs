//! What is forgotten of requests. One whose run is there is remembered. Of the others, those of each trigger and token have
//! a bound, which every change keeps: it costs the same however many there are.

use rusqlite::{Connection, OptionalExtension, params};

use super::ServiceStore;
use crate::{
    execute::ports::{Before, JournalError, Memory, RequestKey},
    ids::{Name, RunId},
    limits::MAX_FORGETTABLE_REQUESTS,
    persist::{StoreError, codec::int},
};

/// How many requests are forgotten in one commit at most.
const PIECE: u32 = 256;

pub(super) fn word(memory: Memory) -> &'static str {
    match memory {
        Memory::Latest => "latest",
        Memory::Time => "time",
        Memory::File => "file",
    }
}

/// How a request was answered that is not remembered singly.
pub(super) fn forgotten(connection: &Connection, request: &RequestKey) -> rusqlite::Result<Option<Before>> {
    let Some(time) = request.scheduled_for.filter(|_| request.memory == Memory::Time) else { return Ok(None) };
    let mut select =
        connection.prepare_cached("SELECT 1 FROM request_scopes WHERE scope = ? AND forgotten_until >= ?")?;
    let before = || Before { run: None, reason: Some("its time was dealt with long ago".to_owned()), same: true };
    Ok(select.exists(params![request.scope, time.0])?.then(before))
}

/// Notes that a run is gone: what asked for it may be forgotten.
pub(in crate::persist) fn run_is_gone(connection: &Connection, run: RunId) -> rusqlite::Result<()> {
    let mut update =
        connection.prepare_cached("UPDATE requests SET kept = 0 WHERE run = ? AND kept = 1 RETURNING scope, memory")?;
    // A statement that returns rows is only carried out to its end if all are asked for.
    let found = update.query_map([run.as_bytes()], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for (scope, memory) in found.collect::<Result<Vec<_>, _>>()? {
        if memory != word(Memory::File) {
            forget_earliest(connection, &scope)?;
        }
    }
    Ok(())
}

/// Counts one more request of a scope that may be forgotten, and forgets the earliest ones that are too many. One more than
/// was added goes where there are more: of an older database, in which they were not counted.
pub(super) fn forget_earliest(connection: &Connection, scope: &str) -> rusqlite::Result<()> {
    let mut count = connection.prepare_cached(
        "INSERT INTO request_scopes (scope, forgettable) VALUES (?, 1) \
         ON CONFLICT (scope) DO UPDATE SET forgettable = forgettable + 1 RETURNING forgettable",
    )?;
    let count: i64 = count.query_row([scope], |row| row.get(0))?;
    let excess = count.saturating_sub(int(MAX_FORGETTABLE_REQUESTS));
    if excess <= 0 {
        return Ok(());
    }
    let mut delete = connection.prepare_cached(
        "DELETE FROM requests WHERE number IN (SELECT number FROM requests \
         WHERE scope = ? AND kept = 0 AND memory <> 'file' ORDER BY place LIMIT ?) RETURNING memory, place",
    )?;
    let gone = delete.query_map(params![scope, excess.min(2)], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let gone = gone.collect::<Result<Vec<(String, i64)>, _>>()?;
    let until = gone.iter().filter(|(memory, _)| memory == word(Memory::Time)).map(|(_, place)| *place).max();
    let mut update = connection.prepare_cached(
        "UPDATE request_scopes SET forgettable = forgettable - ?2, \
         forgotten_until = nullif(max(coalesce(forgotten_until, ?4), coalesce(?3, ?4)), ?4) WHERE scope = ?1",
    )?;
    update.execute(params![scope, int(gone.len() as u64), until, i64::MIN])?;
    Ok(())
}

/// Whose requests those of a scope are.
enum Owner {
    Token(i64),
    Trigger(Name, Name),
}

impl Owner {
    fn of(scope: &str) -> Option<Self> {
        let (kind, rest) = scope.split_once('/')?;
        match kind {
            "token" => rest.parse().ok().map(Self::Token),
            "trigger" => {
                let (pipeline, trigger) = rest.split_once('/')?;
                Some(Self::Trigger(Name::new(pipeline).ok()?, Name::new(trigger).ok()?))
            }
            _ => None,
        }
    }

    fn is_gone(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let found = match self {
            Self::Token(id) => connection.prepare_cached("SELECT 1 FROM tokens WHERE id = ?")?.exists([id])?,
            Self::Trigger(pipeline, trigger) => connection
                .prepare_cached("SELECT 1 FROM triggers WHERE pipeline = ? AND name = ?")?
                .exists([pipeline.as_str(), trigger.as_str()])?,
        };
        Ok(!found)
    }
}

/// A request for a file.
struct FileRequest {
    number: i64,
    place: i64,
    key: String,
}

impl ServiceStore {
    /// Forgets what cannot come again: requests of triggers and tokens that are not remembered themselves any more, and those
    /// for files that are gone, except for the latest of each trigger. In short pieces; how many requests that were.
    ///
    /// `is_there` says whether the event with a key can be offered again, because its file is still what it was. It may block.
    ///
    /// # Errors
    /// If the database cannot be read or written. What was forgotten until then is.
    pub async fn forget_requests(
        &self,
        is_there: impl Fn(&str) -> bool + Clone + Send + 'static,
    ) -> Result<u64, ForgetError> {
        let (mut forgotten, mut after) = (0, String::new());
        while let Some(scope) = self.read(move |store| store.next_scope(&after)).await? {
            forgotten += if self.clone().owner_is_gone(scope.clone()).await? {
                self.forget_scope(scope.clone()).await?
            } else {
                self.forget_files(&scope, is_there.clone()).await?
            };
            after = scope;
        }
        Ok(forgotten)
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        crate::effects::blocking_or_panic(move || read(&store)).await
    }

    fn next_scope(&self, after: &str) -> Result<Option<String>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached("SELECT min(scope) FROM requests WHERE scope > ?")?;
            Ok(select.query_row([after], |row| row.get(0))?)
        })
    }

    async fn owner_is_gone(self, scope: String) -> Result<bool, StoreError> {
        let Some(owner) = Owner::of(&scope) else { return Ok(false) };
        self.read(move |store| store.reader.query(|connection, _| Ok(owner.is_gone(connection)?))).await
    }

    /// Forgets the requests of a scope whose runs are gone.
    async fn forget_scope(&self, scope: String) -> Result<u64, ForgetError> {
        let mut forgotten = 0;
        loop {
            let scope = scope.clone();
            let changed = self.journal.change(move |connection| {
                // It may be there again.
                if Owner::of(&scope).is_none_or(|owner| !owner.is_gone(connection).unwrap_or(false)) {
                    return Ok(Ok::<_, std::convert::Infallible>(0));
                }
                let mut delete = connection.prepare_cached(
                    "DELETE FROM requests WHERE number IN \
                     (SELECT number FROM requests WHERE scope = ?1 AND kept = 0 AND memory <> 'file' LIMIT ?2) \
                     OR number IN (SELECT number FROM requests WHERE scope = ?1 AND kept = 0 AND memory = 'file' LIMIT ?2)",
                )?;
                let gone = delete.execute(params![scope, PIECE])?;
                if gone == 0 {
                    connection.execute("DELETE FROM request_scopes WHERE scope = ?", [&scope])?;
                }
                Ok(Ok(gone as u64))
            });
            let Ok(gone) = changed.await?;
            forgotten += gone;
            if gone == 0 {
                return Ok(forgotten);
            }
        }
    }

    /// Forgets requests of a scope for files that are gone, but for the latest.
    async fn forget_files(
        &self,
        scope: &str,
        is_there: impl Fn(&str) -> bool + Clone + Send + 'static,
    ) -> Result<u64, ForgetError> {
        let of = scope.to_owned();
        let Some(end) = self.read(move |store| store.latest_files_begin(&of)).await? else { return Ok(0) };
        let (mut forgotten, mut after) = (0, i64::MIN);
        loop {
            let (of, is_there) = (scope.to_owned(), is_there.clone());
            let found = self.read(move |store| {
                let page = store.file_requests(&of, after, end)?;
                let last = page.last().map(|request| request.place);
                let gone = page.into_iter().filter(|request| !is_there(&request.key)).map(|request| request.number);
                Ok(last.map(|last| (last, gone.collect::<Vec<_>>())))
            });
            let Some((last, gone)) = found.await? else { return Ok(forgotten) };
            after = last;
            forgotten += gone.len() as u64;
            let changed = self.journal.change(move |connection| {
                let mut delete = connection.prepare_cached("DELETE FROM requests WHERE number = ? AND kept = 0")?;
                gone.iter().try_for_each(|number| delete.execute([number]).map(drop))?;
                Ok(Ok::<_, std::convert::Infallible>(()))
            });
            let Ok(()) = changed.await?;
        }
    }

    /// The place of the first of the latest requests for files, if there are earlier ones.
    fn latest_files_begin(&self, scope: &str) -> Result<Option<i64>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT place FROM requests WHERE scope = ? AND kept = 0 AND memory = 'file' \
                 ORDER BY place DESC LIMIT 1 OFFSET ?",
            )?;
            let offset = int(MAX_FORGETTABLE_REQUESTS);
            let earlier: Option<i64> = select.query_row(params![scope, offset], |row| row.get(0)).optional()?;
            Ok(earlier.map(|place| place.saturating_add(1)))
        })
    }

    fn file_requests(&self, scope: &str, after: i64, end: i64) -> Result<Vec<FileRequest>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT number, place, key FROM requests WHERE scope = ? AND kept = 0 AND memory = 'file' \
                 AND place > ? AND place < ? ORDER BY place LIMIT ?",
            )?;
            let found = select.query_map(params![scope, after, end, PIECE], |row| {
                Ok(FileRequest { number: row.get(0)?, place: row.get(1)?, key: row.get(2)? })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }
}

/// Why requests cannot be forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
