//! Who somebody is: tokens with roles, the sessions of browsers, and links for one login.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::{
    execute::ports::JournalError,
    ids::Timestamp,
    persist::{
        ServiceStore, StoreError,
        service::{ChangeError, NewToken, SecretHash, SessionKind, TokenError, TokenRow},
    },
};

/// What begins every token: lets scanners of repositories find one that was committed.
const PREFIX: &str = "stpm_";
/// Random bytes in a token.
const BYTES: usize = 32;
/// The longest text that is looked up.
const MAX_TOKEN: usize = 128;
/// How long a browser stays logged in.
const SESSION: i64 = 7 * 24 * 3_600_000;
/// How long a login link can be used.
const LINK: i64 = 3_600_000;

/// What a token may do. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// See everything but secrets.
    Viewer,
    /// Start, cancel and repeat runs; pause pipelines and triggers.
    Operator,
    /// Upload modules, deploy pipelines.
    Publisher,
    /// Make tokens, set secrets, approve, read the audit log.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Publisher, Self::Admin];

    /// The word that users write.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Publisher => "publisher",
            Self::Admin => "admin",
        }
    }

    /// The role that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// Somebody who proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The number of the token.
    pub token: i64,
    /// Its name, which the audit log shows.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// A text that proves something to whoever has its hash. Never printed by accident.
pub struct Bearer(String);

impl Bearer {
    fn generate() -> Result<Self, TokensError> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|error| TokensError::Random(error.to_string()))?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The text, to be shown to its owner once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}

/// Why tokens cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It is not allowed as things are.
    #[error(transparent)]
    Change(#[from] ChangeError<TokenError>),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The system has no randomness.
    #[error("no token can be made, since the system gives no random bytes: {0}")]
    Random(String),
}

/// The tokens of a service.
#[derive(Debug, Clone)]
pub struct Tokens {
    store: ServiceStore,
}

impl Tokens {
    /// Those that are kept in this store.
    #[must_use]
    pub fn new(store: ServiceStore) -> Self {
        Self { store }
    }

    /// Makes a token; what is returned is not kept.
    ///
    /// # Errors
    /// If the name is taken, or it cannot be stored.
    pub async fn create(
        &self,
        name: &str,
        role: Role,
        expires_at: Option<Timestamp>,
        by: &str,
    ) -> Result<Bearer, TokensError> {
        let bearer = Bearer::generate()?;
        self.keep(&bearer, name, role, expires_at, by).await?;
        Ok(bearer)
    }

    /// A token that opens nothing yet: [`keep_admin`](Self::keep_admin) makes it valid once its owner has seen it.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn draft(&self) -> Result<Bearer, TokensError> {
        Bearer::generate()
    }

    /// Makes a drafted token valid, as an admin's.
    ///
    /// # Errors
    /// If the name is taken, or it cannot be stored.
    pub async fn keep_admin(&self, bearer: &Bearer, name: &str, by: &str) -> Result<(), TokensError> {
        self.keep(bearer, name, Role::Admin, None, by).await
    }

    async fn keep(
        &self,
        bearer: &Bearer,
        name: &str,
        role: Role,
        expires_at: Option<Timestamp>,
        by: &str,
    ) -> Result<(), TokensError> {
        let hash = hash(bearer.reveal());
        let new = NewToken { name: name.to_owned(), role: role.as_str().to_owned(), hash, expires_at };
        Ok(self.store.create_token(new, by, Timestamp::now()).await?)
    }

    /// Makes a token invalid.
    ///
    /// # Errors
    /// If there is none, or it is the last one of an admin, or the last of those that do not expire.
    pub async fn revoke(&self, name: &str, by: &str) -> Result<(), TokensError> {
        Ok(self.store.revoke_token(name, Role::Admin.as_str(), by, Timestamp::now()).await?)
    }

    /// All of them, without what is secret.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn list(&self) -> Result<Vec<TokenRow>, TokensError> {
        Ok(self.store.tokens()?)
    }

    /// Who holds this token.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn identify(&self, bearer: &str) -> Result<Option<Identity>, TokensError> {
        if bearer.len() > MAX_TOKEN || !bearer.starts_with(PREFIX) {
            return Ok(None);
        }
        Ok(self.store.token(&hash(bearer), Timestamp::now())?.and_then(identity))
    }

    /// Who holds this session's cookie.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn identify_session(&self, cookie: &str) -> Result<Option<Identity>, TokensError> {
        if cookie.len() > MAX_TOKEN || !cookie.starts_with(PREFIX) {
            return Ok(None);
        }
        let found = self.store.session(&hash(cookie), SessionKind::Session, Timestamp::now())?;
        Ok(found.and_then(identity))
    }

    /// Makes a link's secret, for one login within the hour.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub async fn link(&self, token: i64) -> Result<Bearer, TokensError> {
        self.stand_for(token, SessionKind::Link, LINK).await
    }

    /// Opens a session for a token, or for a link, which is used up by it.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub async fn log_in(&self, secret: &str) -> Result<Option<(Identity, Bearer)>, TokensError> {
        let identity = match self.identify(secret)? {
            Some(identity) => identity,
            None if secret.len() <= MAX_TOKEN => {
                let link = hash(secret);
                let found = self.store.session(&link, SessionKind::Link, Timestamp::now())?;
                // Of two who use it at once, the one who takes it away is let in.
                match found.and_then(identity) {
                    Some(identity) if self.store.end_session(link).await? => identity,
                    _ => return Ok(None),
                }
            }
            None => return Ok(None),
        };
        let session = self.stand_for(identity.token, SessionKind::Session, SESSION).await?;
        Ok(Some((identity, session)))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub async fn log_out(&self, cookie: &str) -> Result<(), TokensError> {
        self.store.end_session(hash(cookie)).await?;
        Ok(())
    }

    async fn stand_for(&self, token: i64, kind: SessionKind, lives: i64) -> Result<Bearer, TokensError> {
        let bearer = Bearer::generate()?;
        let now = Timestamp::now();
        self.store.create_session(hash(bearer.reveal()), token, kind, now, Timestamp(now.0 + lives)).await?;
        Ok(bearer)
    }
}

/// The text is 32 random bytes: nothing that makes guessing slower is needed.
fn hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

/// A row with a role that this version does not know lets nobody in.
fn identity(row: TokenRow) -> Option<Identity> {
    Some(Identity { token: row.id, role: Role::from_word(&row.role)?, name: row.name })
}
