//! Tokens, the sessions of browsers that logged in with one, and links that let one log in. Only hashes are kept.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{ChangeError, ServiceStore, audit};
use crate::{
    ids::Timestamp,
    limits::{MAX_SESSIONS, MAX_TOKENS},
    persist::{StoreError, codec},
};

/// The sha256 of a secret that somebody holds.
pub type SecretHash = [u8; 32];

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its number.
    pub id: i64,
    /// What it is called. Others are not called so while it is listed: the audit log names it.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// From when on it is not valid any more.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// See [`TokenRow::name`].
    pub name: String,
    /// See [`TokenRow::role`].
    pub role: String,
    /// The hash of the token itself.
    pub hash: SecretHash,
    /// See [`TokenRow::expires_at`].
    pub expires_at: Option<Timestamp>,
}

/// What stands for a token for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// A browser's cookie.
    Session,
    /// A link, for one login.
    Link,
}

impl SessionKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Link => "link",
        }
    }
}

/// Why a token cannot be made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Another one has the name.
    #[error("there is a token `{0}` already, and names are not used again: choose another")]
    Taken(String),
    /// There are too many.
    #[error("there are {MAX_TOKENS} tokens that are valid: revoke some first")]
    TooMany,
    /// There is none.
    #[error("there is no token `{0}` that is valid")]
    Unknown(String),
    /// Without it nobody could make tokens any more.
    #[error("`{0}` is the last admin token: make another one first")]
    Last(String),
    /// Without it nobody could make tokens any more once the others have expired.
    #[error("`{0}` is the last admin token that does not expire: make another one first")]
    LastToStay(String),
}

const TOKEN: &str = "t.id, t.name, t.role, t.created_at, t.created_by, t.expires_at, t.revoked_at";

fn token(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        id: row.get(0)?,
        name: row.get(1)?,
        role: row.get(2)?,
        created_at: Timestamp(row.get(3)?),
        created_by: row.get(4)?,
        expires_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        revoked_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
    })
}

/// Whether a token is valid at `?1`.
const VALID: &str = "t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?1)";

impl ServiceStore {
    /// Makes a token.
    ///
    /// # Errors
    /// If its name is taken, there are too many, or the database cannot be written.
    pub async fn create_token(&self, new: NewToken, by: &str, at: Timestamp) -> Result<(), ChangeError<TokenError>> {
        let by = by.to_owned();
        let changed = self.journal.change(move |connection| {
            let mut taken = connection.prepare_cached("SELECT 1 FROM tokens WHERE name = ?")?;
            if taken.exists([&new.name])? {
                return Ok(Err(TokenError::Taken(new.name.clone())));
            }
            if !make_place(connection, at)? {
                return Ok(Err(TokenError::TooMany));
            }
            let mut insert = connection.prepare_cached(
                "INSERT INTO tokens (name, role, hash, created_at, created_by, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
            )?;
            insert.execute(params![new.name, new.role, new.hash, at.0, by, new.expires_at.map(|at| at.0)])?;
            let detail = serde_json::json!({ "role": new.role }).to_string();
            audit::insert(connection, at, &by, "token.create", &new.name, Some(&detail))?;
            Ok(Ok(()))
        });
        changed.await?.map_err(ChangeError::Refused)
    }

    /// Makes a token invalid, and all sessions with it. `keep_role`: of this role one must remain, and one that does not
    /// expire if this one does not.
    ///
    /// # Errors
    /// If there is none of that name, it is the last of its kind, or the database cannot be written.
    pub async fn revoke_token(
        &self,
        name: &str,
        keep_role: &'static str,
        by: &str,
        at: Timestamp,
    ) -> Result<(), ChangeError<TokenError>> {
        let (name, by) = (name.to_owned(), by.to_owned());
        let changed = self.journal.change(move |connection| {
            let Some(found) = valid_by_name(connection, &name, at)? else {
                return Ok(Err(TokenError::Unknown(name.clone())));
            };
            let others = Others::of(connection, &found, at)?;
            if found.role == keep_role && others.valid == 0 {
                return Ok(Err(TokenError::Last(name.clone())));
            }
            if found.role == keep_role && found.expires_at.is_none() && others.lasting == 0 {
                return Ok(Err(TokenError::LastToStay(name.clone())));
            }
            connection.execute("UPDATE tokens SET revoked_at = ? WHERE id = ?", params![at.0, found.id])?;
            connection.execute("DELETE FROM sessions WHERE token = ?", [found.id])?;
            audit::insert(connection, at, &by, "token.revoke", &name, None)?;
            Ok(Ok(()))
        });
        changed.await?.map_err(ChangeError::Refused)
    }

    /// All tokens, also those that are not valid any more, in the order in which they were made.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(&format!("SELECT {TOKEN} FROM tokens t ORDER BY t.id"))?;
            let found = select.query_map([], token)?;
            self.reader.readable("tokens", found)
        })
    }

    /// The valid token with that hash.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn token(&self, hash: &SecretHash, at: Timestamp) -> Result<Option<TokenRow>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select =
                connection.prepare_cached(&format!("SELECT {TOKEN} FROM tokens t WHERE t.hash = ?2 AND {VALID}"))?;
            Ok(select.query_row(params![at.0, hash], token).optional()?)
        })
    }

    /// Lets something stand for a token until it expires. What has expired is forgotten, and the oldest of too many.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn create_session(
        &self,
        hash: SecretHash,
        token: i64,
        kind: SessionKind,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), crate::execute::ports::JournalError> {
        let changed = self.journal.change(move |connection| {
            connection.execute("DELETE FROM sessions WHERE expires_at <= ?", [at.0])?;
            connection.execute(
                "INSERT INTO sessions (hash, token, kind, expires_at) VALUES (?, ?, ?, ?)",
                params![hash, token, kind.as_str(), expires_at.0],
            )?;
            connection.execute(
                "DELETE FROM sessions WHERE hash <> ?1 AND hash IN (SELECT hash FROM sessions \
                 WHERE token = ?2 AND kind = ?3 ORDER BY expires_at DESC LIMIT -1 OFFSET ?4)",
                params![hash, token, kind.as_str(), codec::int(MAX_SESSIONS)],
            )?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        changed.await.map(|Ok(())| ())
    }

    /// The valid token that something stands for.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn session(&self, hash: &SecretHash, kind: SessionKind, at: Timestamp) -> Result<Option<TokenRow>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT {TOKEN} FROM sessions s JOIN tokens t ON t.id = s.token \
                 WHERE s.hash = ?2 AND s.kind = ?3 AND s.expires_at > ?1 AND {VALID}"
            ))?;
            Ok(select.query_row(params![at.0, hash, kind.as_str()], token).optional()?)
        })
    }

    /// Forgets what stood for a token; whether it was there.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn end_session(&self, hash: SecretHash) -> Result<bool, crate::execute::ports::JournalError> {
        let changed = self.journal.change(move |connection| {
            let ended = connection.execute("DELETE FROM sessions WHERE hash = ?", [hash])?;
            Ok(Ok::<_, std::convert::Infallible>(ended > 0))
        });
        changed.await.map(|Ok(ended)| ended)
    }
}

/// Makes a place for another token: the oldest one that is not valid any more goes where there are too many. Whether there
/// is one.
fn make_place(connection: &Connection, at: Timestamp) -> rusqlite::Result<bool> {
    let count: u64 = connection.query_row("SELECT count(*) FROM tokens", [], |row| codec::count(row, 0))?;
    if count < MAX_TOKENS {
        return Ok(true);
    }
    let sql = format!(
        "DELETE FROM tokens WHERE id = (SELECT t.id FROM tokens t WHERE NOT ({VALID}) \
         ORDER BY t.revoked_at IS NULL, t.id LIMIT 1)"
    );
    Ok(connection.execute(&sql, [at.0])? > 0)
}

fn valid_by_name(connection: &Connection, name: &str, at: Timestamp) -> rusqlite::Result<Option<TokenRow>> {
    let mut select =
        connection.prepare_cached(&format!("SELECT {TOKEN} FROM tokens t WHERE t.name = ?2 AND {VALID}"))?;
    select.query_row(params![at.0, name], token).optional()
}

/// How many other tokens have a token's role.
struct Others {
    /// Those that are valid.
    valid: i64,
    /// Those of them that do not expire.
    lasting: i64,
}

impl Others {
    fn of(connection: &Connection, token: &TokenRow, at: Timestamp) -> rusqlite::Result<Self> {
        let mut select = connection.prepare_cached(&format!(
            "SELECT count(*), count(*) FILTER (WHERE t.expires_at IS NULL) FROM tokens t \
             WHERE t.role = ?2 AND t.id != ?3 AND {VALID}"
        ))?;
        let counts = |row: &Row<'_>| Ok(Self { valid: row.get(0)?, lasting: row.get(1)? });
        select.query_row(params![at.0, token.role, token.id], counts)
    }
}
