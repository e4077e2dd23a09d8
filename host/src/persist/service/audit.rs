//! Who changed what: a row in the same transaction as the change.

use rusqlite::{Connection, params};

use super::ServiceStore;
use crate::{
    ids::Timestamp,
    limits::{MAX_AUDIT, MAX_AUDIT_DETAIL},
    persist::StoreError,
};

/// How many rows go in one commit at most.
const PIECE: i64 = 256;

/// A change that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Counts up.
    pub key: i64,
    /// When.
    pub at: Timestamp,
    /// Who: the name of a token, or `host`, `folder`, …
    pub actor: String,
    /// What, such as `module.activate`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// More about it, as JSON.
    pub detail: Option<String>,
}

/// Which changes a page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only what was done to this.
    pub subject: Option<String>,
    /// Only older than this key.
    pub before: Option<i64>,
}

/// Notes a change.
pub(in crate::persist) fn insert(
    connection: &Connection,
    at: Timestamp,
    actor: &str,
    action: &str,
    subject: &str,
    detail: Option<&str>,
) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)")?;
    let detail = detail.filter(|detail| detail.len() <= MAX_AUDIT_DETAIL);
    let newest = insert.insert(params![at.0, actor, action, subject, detail])?;
    // In small pieces, where an older database holds many more.
    let mut delete =
        connection.prepare_cached("DELETE FROM audit WHERE key <= ?1 AND key < (SELECT min(key) FROM audit) + ?2")?;
    delete.execute([newest - MAX_AUDIT, PIECE])?;
    Ok(())
}

impl ServiceStore {
    /// A page of what was changed, newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn audit(&self, filter: &AuditFilter, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let limit = limit.clamp(1, crate::persist::reader::MAX_ROWS);
        let before = filter.before.unwrap_or(i64::MAX);
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(match filter.subject {
                None => {
                    "SELECT key, at, actor, action, subject, detail FROM audit \
                         WHERE key < ?1 AND ?2 IS NULL ORDER BY key DESC LIMIT ?3"
                }
                Some(_) => {
                    "SELECT key, at, actor, action, subject, detail FROM audit \
                            WHERE key < ?1 AND subject = ?2 ORDER BY key DESC LIMIT ?3"
                }
            })?;
            let found = select.query_map(params![before, filter.subject, limit], |row| {
                Ok(AuditRow {
                    key: row.get(0)?,
                    at: Timestamp(row.get(1)?),
                    actor: row.get(2)?,
                    action: row.get(3)?,
                    subject: row.get(4)?,
                    detail: row.get(5)?,
                })
            })?;
            self.reader.readable("audit", found)
        })
    }

    /// Notes that something was done that is not kept in the database itself.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn note(
        &self,
        actor: String,
        action: &'static str,
        subject: String,
        detail: Option<String>,
    ) -> Result<(), crate::execute::ports::JournalError> {
        let changed = self.journal.change(move |connection| {
            insert(connection, Timestamp::now(), &actor, action, &subject, detail.as_deref())?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        changed.await.map(|Ok(())| ())
    }
}
