//! A service that cannot be opened, or that nobody can log in to, made usable again by who has its data directory.

use std::path::Path;

use super::{Compiler, Host, OpenError, service::KEY_FILE};
use crate::{
    access::{
        Tokens, Vault,
        tokens::{Bearer, TokensError},
        vault::{Recovered, VaultError},
    },
    execute::ports::JournalError,
};

/// Who does it, in the audit log.
const ACTOR: &str = "admin recover";
/// What the token is called, and with a number behind it where that is taken.
const TOKEN: &str = "recovered";

/// A data directory that is being recovered; no service runs in it.
pub struct Recovery {
    host: Host,
    tokens: Tokens,
}

/// Why nothing can be recovered.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The data directory is in use, or cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The key of the secrets cannot be used.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A token cannot be made.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The database cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Recovery {
    /// Takes a data directory, which is there already.
    ///
    /// # Errors
    /// If another process holds it, or it cannot be used.
    pub async fn open(data: &Path, compiler: Compiler) -> Result<Self, RecoveryError> {
        let host = Host::builder(data).compiler(compiler).retention(None).open().await?;
        let tokens = Tokens::new(host.store());
        Ok(Self { host, tokens })
    }

    /// Removes the secrets that the key does not open, and makes a key where there is none or a damaged one.
    ///
    /// # Errors
    /// If the key cannot be read or made, or the database cannot be written.
    pub async fn discard_unreadable_secrets(&self) -> Result<Recovered, RecoveryError> {
        let key = self.host.history().dir().root().join(KEY_FILE);
        Ok(Vault::recover(self.host.store(), &key, ACTOR).await?)
    }

    /// A token that opens nothing before it is [kept](Self::keep).
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn draft(&self) -> Result<Bearer, RecoveryError> {
        Ok(self.tokens.draft()?)
    }

    /// Makes a token valid, as an admin's; returns what it is called.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub async fn keep(&self, token: &Bearer) -> Result<String, RecoveryError> {
        let taken: Vec<String> = self.tokens.list()?.into_iter().map(|token| token.name).collect();
        let names = (1_u32..).map(|number| if number == 1 { TOKEN.to_owned() } else { format!("{TOKEN}-{number}") });
        let name = names.into_iter().find(|name| !taken.contains(name)).unwrap_or_default();
        self.tokens.keep_admin(token, &name, ACTOR).await?;
        Ok(name)
    }

    /// Gives the data directory back.
    ///
    /// # Errors
    /// If something could not be written.
    pub async fn close(self) -> Result<(), RecoveryError> {
        Ok(self.host.close().await?)
    }
}
