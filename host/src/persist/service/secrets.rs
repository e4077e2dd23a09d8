//! Secrets, as they lie on the disk: sealed. Whoever holds the key opens them, see [`crate::access::vault`].

use rusqlite::{OptionalExtension, Row, params};

use super::{ChangeError, ServiceStore, audit};
use crate::{
    ids::{Name, Timestamp},
    limits::MAX_SECRET_VERSIONS,
    persist::{StoreError, codec},
};

/// A value, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// Counts up with each value of the name.
    pub version: u32,
    /// Of the cipher, never used twice.
    pub nonce: Vec<u8>,
    /// The value and what proves that nobody changed it.
    pub sealed: Vec<u8>,
}

/// What is known of a secret without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRow {
    /// Its name.
    pub name: Name,
    /// The version of its newest value.
    pub version: u32,
    /// When that was set.
    pub set_at: Timestamp,
    /// By whom.
    pub set_by: String,
    /// How long the value before it is valid, too.
    pub previous_until: Option<Timestamp>,
}

/// Why a secret cannot be removed.
#[derive(Debug, thiserror::Error)]
#[error("there is no secret `{0}`")]
pub struct NoSecret(pub Name);

impl ServiceStore {
    /// The number that the next value of a secret gets.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn next_secret_version(&self, name: &Name) -> Result<u32, StoreError> {
        self.reader.query(|connection, _| {
            let mut select =
                connection.prepare_cached("SELECT coalesce(max(version), 0) FROM secrets WHERE name = ?")?;
            let last: u32 = select.query_row([name.as_str()], |row| codec::count(row, 0))?;
            Ok(last.saturating_add(1))
        })
    }

    /// Sets the newest value of a secret. The one before it is valid until `previous_until`, or not any more; of values that
    /// are replaced within that time, only the latest are.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn set_secret(
        &self,
        name: &Name,
        secret: SealedSecret,
        previous_until: Option<Timestamp>,
        by: &str,
        at: Timestamp,
    ) -> Result<(), crate::execute::ports::JournalError> {
        let (name, by) = (name.clone(), by.to_owned());
        let changed = self.journal.change(move |connection| {
            connection.execute(
                "UPDATE secrets SET expires_at = min(coalesce(expires_at, ?2), ?2) WHERE name = ?1",
                params![name.as_str(), previous_until.unwrap_or(at).0],
            )?;
            connection
                .execute("DELETE FROM secrets WHERE name = ? AND expires_at <= ?", params![name.as_str(), at.0])?;
            connection.execute(
                "INSERT INTO secrets (name, version, nonce, sealed, set_at, set_by) VALUES (?, ?, ?, ?, ?, ?)",
                params![name.as_str(), secret.version, secret.nonce, secret.sealed, at.0, by],
            )?;
            connection.execute(
                "DELETE FROM secrets WHERE name = ? AND version <= ?",
                params![name.as_str(), secret.version.saturating_sub(MAX_SECRET_VERSIONS)],
            )?;
            audit::insert(connection, at, &by, "secret.set", name.as_str(), None)?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        changed.await.map(|Ok(())| ())
    }

    /// Removes all values of a secret.
    ///
    /// # Errors
    /// If there is none, or the database cannot be written.
    pub async fn remove_secret(&self, name: &Name, by: &str, at: Timestamp) -> Result<(), ChangeError<NoSecret>> {
        let (name, by) = (name.clone(), by.to_owned());
        let changed = self.journal.change(move |connection| {
            if connection.execute("DELETE FROM secrets WHERE name = ?", [name.as_str()])? == 0 {
                return Ok(Err(NoSecret(name.clone())));
            }
            audit::insert(connection, at, &by, "secret.remove", name.as_str(), None)?;
            Ok(Ok(()))
        });
        changed.await?.map_err(ChangeError::Refused)
    }

    /// The values of a secret that are valid, the newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn secret(&self, name: &Name, at: Timestamp) -> Result<Vec<SealedSecret>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT version, nonce, sealed FROM secrets \
                 WHERE name = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY version DESC",
            )?;
            let found = select.query_map(params![name.as_str(), at.0], sealed)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// What secrets there are, by name.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn secrets(&self, at: Timestamp) -> Result<Vec<SecretRow>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT name, max(version), set_at, set_by, \
                 (SELECT max(o.expires_at) FROM secrets o WHERE o.name = s.name AND o.expires_at > ?) \
                 FROM secrets s GROUP BY name ORDER BY name",
            )?;
            let found = select.query_map([at.0], |row| {
                Ok(SecretRow {
                    name: codec::word(row, 0, |text| Name::new(text).ok())?,
                    version: codec::count(row, 1)?,
                    set_at: Timestamp(row.get(2)?),
                    set_by: row.get(3)?,
                    previous_until: row.get::<_, Option<i64>>(4)?.map(Timestamp),
                })
            })?;
            self.reader.readable("secrets", found)
        })
    }

    /// Some sealed value, to see whether a key opens it.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn any_secret(&self) -> Result<Option<(Name, SealedSecret)>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(&format!("{NAMED} LIMIT 1"))?;
            Ok(select.query_row([], named).optional()?)
        })
    }

    /// All sealed values, also those that are not valid any more.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn sealed_secrets(&self) -> Result<Vec<(Name, SealedSecret)>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(&format!("{NAMED} ORDER BY name, version"))?;
            let found = select.query_map([], named)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }
}

const NAMED: &str = "SELECT version, nonce, sealed, name FROM secrets";

fn named(row: &Row<'_>) -> rusqlite::Result<(Name, SealedSecret)> {
    Ok((codec::word(row, 3, |text| Name::new(text).ok())?, sealed(row)?))
}

fn sealed(row: &Row<'_>) -> rusqlite::Result<SealedSecret> {
    Ok(SealedSecret { version: codec::count(row, 0)?, nonce: row.get(1)?, sealed: row.get(2)? })
}
