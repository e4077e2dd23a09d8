//! Where steps' secrets come from: what a program was given, or the vault of a service.

use std::{collections::HashMap, sync::OnceLock};

use zeroize::Zeroizing;

use crate::{
    access::{Vault, vault::VaultError},
    ids::Name,
    runtime::{SecretError, SecretSource},
};

/// Secrets that were given with the command, or by the program around it.
#[derive(Default)]
pub struct GivenSecrets(HashMap<Name, Zeroizing<String>>);

impl FromIterator<(Name, Zeroizing<String>)> for GivenSecrets {
    fn from_iter<T: IntoIterator<Item = (Name, Zeroizing<String>)>>(secrets: T) -> Self {
        Self(secrets.into_iter().collect())
    }
}

impl SecretSource for GivenSecrets {
    fn value(&self, name: &Name) -> Result<Option<Zeroizing<String>>, SecretError> {
        Ok(self.0.get(name).cloned())
    }
}

/// Those of a vault, which is opened behind the host whose database it is in.
#[derive(Default)]
pub(super) struct VaultSecrets(OnceLock<Vault>);

impl VaultSecrets {
    pub(super) fn open(&self, vault: Vault) {
        // Only one is ever opened.
        let _ = self.0.set(vault);
    }
}

impl SecretSource for VaultSecrets {
    fn value(&self, name: &Name) -> Result<Option<Zeroizing<String>>, SecretError> {
        let vault = self.0.get().ok_or_else(|| SecretError::Unavailable("the vault is not open yet".to_owned()))?;
        let values = vault.values(name).map_err(|error| match error {
            VaultError::Store(error) => SecretError::Unavailable(error.to_string()),
            error => SecretError::Unreadable(error.to_string()),
        })?;
        Ok(values.into_iter().next())
    }
}
