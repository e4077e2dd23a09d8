//! Distinguishes a copied or restored data directory from its original, which may still be alive and go on with the same
//! runs.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::{Reader, StoreError};
use crate::{effects, ids::RunId};

/// Gives a copy an identity of its own. It is recognised by its inode: no two files on a file system share one.
pub(super) fn note(connection: &mut Connection, inode: u64) -> rusqlite::Result<()> {
    let inode = inode.cast_signed();
    let known: Option<i64> = connection.query_row("SELECT inode FROM identity", [], |row| row.get(0))?;
    match known {
        Some(known) if known == inode => Ok(()),
        None => connection.execute("UPDATE identity SET inode = ?", [inode]).map(drop),
        Some(_) => {
            connection.execute(
                "UPDATE identity SET inode = ?, copy = ?, copied_runs = (SELECT coalesce(max(key), 0) FROM runs)",
                params![inode, effects::uuid().as_bytes()],
            )?;
            tracing::warn!(
                "the data directory is a copy, or was restored: the runs that came with it go on with other idempotency \
                 keys, since its original may go on with them too"
            );
            Ok(())
        }
    }
}

impl Reader {
    /// The copy with which a run came, if it began in another data directory than this one.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn copy_of(&self, run: RunId) -> Result<Option<Uuid>, StoreError> {
        self.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT i.copy FROM identity i JOIN runs r ON r.key <= i.copied_runs \
                 WHERE i.copy IS NOT NULL AND r.id = ?",
            )?;
            let copy = select.query_row([run.as_bytes()], |row| row.get(0)).optional()?;
            Ok(copy.map(Uuid::from_bytes))
        })
    }
}
