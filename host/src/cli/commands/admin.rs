//! `admin`: what is done to the data directory of a server while it is stopped.

use super::{open_error, store_error};
use crate::{
    app::{History, Recovery, RecoveryError},
    cli::{
        exit::{CliError, Exit},
        output::{note, print_once},
        serve::{not_shown, vault_error},
        settings::Settings,
    },
    ids::Name,
};

/// Makes an admin token, and lets a server start again whose key of the secrets is lost.
pub(super) async fn recover(settings: &Settings) -> Result<Exit, CliError> {
    // Opened by a reader first: a mistyped path must not make a data directory.
    drop(History::open(&settings.data_dir).map_err(store_error)?);
    let recovery = Recovery::open(&settings.data_dir, super::compiler()?).await.map_err(error)?;
    let token = recovery.draft().map_err(error)?;
    // It opens nothing yet: where this fails, or what follows, no token is left behind.
    if !print_once(&format!("{}\n", token.reveal()))? {
        return Err(not_shown());
    }
    let recovered = recovery.discard_unreadable_secrets().await.map_err(error)?;
    if let Some(kept) = &recovered.damaged_key {
        note(&format!(
            "replaced the key of the secrets, which was damaged; the damaged one is kept as `{}`",
            kept.display()
        ));
    }
    if !recovered.discarded.is_empty() {
        note(&lost(&recovered.discarded));
    }
    let name = recovery.keep(&token).await.map_err(error)?;
    recovery.close().await.map_err(error)?;
    if !settings.quiet {
        note(&format!("this is the admin token `{name}`, shown only now"));
    }
    Ok(Exit::Success)
}

fn lost(secrets: &[Name]) -> String {
    let names: Vec<_> = secrets.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "discarded secrets that the key does not open: {}; set them again with `stepmill secrets set NAME`",
        names.join(", ")
    )
}

fn error(error: RecoveryError) -> CliError {
    match error {
        RecoveryError::Open(error) => open_error(error),
        RecoveryError::Vault(error) => vault_error(error),
        error => CliError::host(error),
    }
}
