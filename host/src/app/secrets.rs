//! Where steps' secrets come from: what a program was given, or the vault of a service.

use std::{collections::HashMap, sync::OnceLock};

use zeroize::Zeroizing;

use super::{Service, registry::Deployed};
use crate::{
    access::{Vault, vault::VaultError},
    definition::{
        problem::{Problem, Problems},
        trigger::{TriggerKind, WebhookAuth},
    },
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

impl Service {
    /// A warning for each webhook of a pipeline whose secret is not set: until it is, no request is let in.
    ///
    /// # Errors
    /// If the names of the secrets cannot be read.
    pub fn unset_secrets(&self, deployed: &Deployed) -> Result<Option<Problems>, VaultError> {
        let Some(pipeline) = deployed.definition() else { return Ok(None) };
        let set: Vec<Name> = self.vault.list()?.into_iter().map(|secret| secret.name).collect();
        let unset = pipeline.triggers.iter().filter_map(|trigger| match &trigger.kind {
            TriggerKind::Webhook { auth: WebhookAuth::Secret(secret), .. } if !set.contains(secret) => {
                let (name, span) = (&trigger.name.value, trigger.name.span.clone());
                let message = format!("webhook `{name}` refuses all requests: its secret `{secret}` is not set");
                let warning = Problem::warning("stepmill::registry::unset_secret", message, span);
                Some(warning.help(format!("set it: `stepmill secrets set {secret}`")))
            }
            _ => None,
        });
        Ok(Some(Problems::new(&pipeline.source, unset.collect())))
    }
}
