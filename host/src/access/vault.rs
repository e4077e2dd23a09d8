//! Secrets at rest: sealed with a key that lies in a file of its own, so that a copy of the database tells nothing.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

use crate::{
    disk::{Disk, Make},
    execute::ports::JournalError,
    ids::{Name, Timestamp},
    limits,
    persist::{
        ServiceStore, StoreError,
        service::{ChangeError, NoSecret, SealedSecret, SecretRow},
    },
};

/// Bytes of the key.
const KEY: usize = 32;
/// Bytes of a nonce: random ones of this size do not meet.
const NONCE: usize = 24;

/// Why secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key cannot be read or made.
    #[error("the key of the secrets `{}` cannot be used: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are secrets, and no key.
    #[error("the key `{}` that opens the secrets of this data directory is missing", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no key.
    #[error("the key `{}` is damaged: it does not have {KEY} bytes", path.display())]
    DamagedKey {
        /// The file.
        path: PathBuf,
    },
    /// The key is not the one that the secrets were sealed with.
    #[error("the key `{}` does not open the secret `{name}`", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
        /// The secret.
        name: Name,
    },
    /// The value is too long.
    #[error("a secret has 1 to {} bytes", limits::MAX_SECRET)]
    Size,
    /// There is none of that name.
    #[error(transparent)]
    Change(#[from] ChangeError<NoSecret>),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What became of the secrets of a key that was lost or damaged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The secrets that could not be opened, and were removed.
    pub discarded: Vec<Name>,
    /// Where the damaged key is kept, if there was one.
    pub damaged_key: Option<PathBuf>,
}

/// Opens and seals secrets.
#[derive(Clone)]
pub struct Vault {
    store: ServiceStore,
    cipher: XChaCha20Poly1305,
    path: PathBuf,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("path", &self.path).finish_non_exhaustive()
    }
}

impl VaultError {
    /// What to do about a key that is lost.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoKey { .. } | Self::DamagedKey { .. } | Self::WrongKey { .. } => Some(
                "put back the `secrets.key` that belongs to this data directory; if it is lost, `stepmill admin recover` \
                 discards the secrets that nothing can open any more",
            ),
            _ => None,
        }
    }
}

impl Vault {
    /// The secrets of a store, with the key in a file. It is made where there are neither key nor secrets.
    ///
    /// # Errors
    /// If the key cannot be read or made, is missing, or is another one than the secrets' own.
    pub fn open(store: ServiceStore, key: &Path) -> Result<Self, VaultError> {
        Self::open_on(&Disk::default(), store, key)
    }

    /// The same on another disk.
    pub(crate) fn open_on(disk: &Disk, store: ServiceStore, key: &Path) -> Result<Self, VaultError> {
        let secret = store.any_secret()?;
        if secret.is_some() && !exists(disk, key)? {
            return Err(VaultError::NoKey { path: key.to_owned() });
        }
        let vault = Self::with_key(disk, store, key)?;
        if let Some((name, sealed)) = secret {
            vault.unseal(&name, &sealed)?;
        }
        Ok(vault)
    }

    /// The same where the key may be lost: secrets that it does not open are removed. A damaged key is kept beside the new
    /// one.
    ///
    /// # Errors
    /// If the key cannot be read or made, or the database cannot be read or written.
    pub async fn recover(store: ServiceStore, key: &Path, by: &str) -> Result<Recovered, VaultError> {
        let disk = Disk::default();
        let mut recovered = Recovered::default();
        let vault = match Self::with_key(&disk, store.clone(), key) {
            Err(VaultError::DamagedKey { path }) => {
                let failed = |source| VaultError::Key { path: path.clone(), source };
                let kept = path.with_extension("key.damaged");
                disk.rename(&path, &kept).map_err(failed)?;
                recovered.damaged_key = Some(kept);
                Self::with_key(&disk, store, key)?
            }
            vault => vault?,
        };
        for (name, sealed) in vault.store.sealed_secrets()? {
            if !recovered.discarded.contains(&name) && vault.unseal(&name, &sealed).is_err() {
                vault.remove(&name, by).await?;
                recovered.discarded.push(name);
            }
        }
        Ok(recovered)
    }

    fn with_key(disk: &Disk, store: ServiceStore, key: &Path) -> Result<Self, VaultError> {
        let failed = |source| VaultError::Key { path: key.to_owned(), source };
        let bytes = read_or_make(disk, key).map_err(failed)?;
        let cipher = XChaCha20Poly1305::new_from_slice(&bytes);
        let cipher = cipher.map_err(|_| VaultError::DamagedKey { path: key.to_owned() })?;
        Ok(Self { store, cipher, path: key.to_owned() })
    }

    /// Sets a secret. Its value before stays valid until `previous_until`, if that is said.
    ///
    /// # Errors
    /// If the value is empty or too long, or cannot be stored.
    pub async fn set(
        &self,
        name: &Name,
        value: &str,
        previous_until: Option<Timestamp>,
        by: &str,
    ) -> Result<(), VaultError> {
        if value.is_empty() || value.len() > limits::MAX_SECRET {
            return Err(VaultError::Size);
        }
        let version = self.store.next_secret_version(name)?;
        let mut nonce = [0; NONCE];
        let random = getrandom::fill(&mut nonce).map_err(|error| io::Error::other(error.to_string()));
        random.map_err(|source| VaultError::Key { path: self.path.clone(), source })?;
        let bound = bound(name, version);
        let payload = Payload { msg: value.as_bytes(), aad: &bound };
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| VaultError::Size)?;
        let secret = SealedSecret { version, nonce: nonce.to_vec(), sealed };
        Ok(self.store.set_secret(name, secret, previous_until, by, Timestamp::now()).await?)
    }

    /// The values of a secret that are valid, the newest first; none if there is no such secret.
    ///
    /// # Errors
    /// If they cannot be read or opened.
    pub fn values(&self, name: &Name) -> Result<Vec<Zeroizing<String>>, VaultError> {
        let sealed = self.store.secret(name, Timestamp::now())?;
        sealed.iter().map(|sealed| self.unseal(name, sealed)).collect()
    }

    /// Removes a secret.
    ///
    /// # Errors
    /// If there is none, or it cannot be stored.
    pub async fn remove(&self, name: &Name, by: &str) -> Result<(), VaultError> {
        Ok(self.store.remove_secret(name, by, Timestamp::now()).await?)
    }

    /// What secrets there are, without their values.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn list(&self) -> Result<Vec<SecretRow>, VaultError> {
        Ok(self.store.secrets(Timestamp::now())?)
    }

    fn unseal(&self, name: &Name, secret: &SealedSecret) -> Result<Zeroizing<String>, VaultError> {
        let wrong = || VaultError::WrongKey { path: self.path.clone(), name: name.clone() };
        if secret.nonce.len() != NONCE {
            return Err(wrong());
        }
        let bound = bound(name, secret.version);
        let payload = Payload { msg: &secret.sealed, aad: &bound };
        let opened = self.cipher.decrypt(XNonce::from_slice(&secret.nonce), payload).map_err(|_| wrong())?;
        String::from_utf8(opened).map(Zeroizing::new).map_err(|_| wrong())
    }
}

/// What a sealed value is tied to: it cannot be passed off as another secret's, or as a newer one.
fn bound(name: &Name, version: u32) -> Vec<u8> {
    format!("{name}/{version}").into_bytes()
}

fn exists(disk: &Disk, key: &Path) -> Result<bool, VaultError> {
    let found = disk.find(key).map_err(|source| VaultError::Key { path: key.to_owned(), source })?;
    Ok(found.is_some())
}

fn read_or_make(disk: &Disk, path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    match disk.read(path) {
        Ok(bytes) => return Ok(Zeroizing::new(bytes)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) => {}
    }
    let mut key = Zeroizing::new(vec![0; KEY]);
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    let beside = path.with_extension("tmp");
    let mut file = disk.make(&beside, Make::Empty)?;
    file.append(&key)?;
    file.sync()?;
    disk.rename(&beside, path)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        disk.sync_folder(folder)?;
    }
    Ok(key)
}
