//! `gc`: removes what retention lets go, now and all of it.

use super::{dir_error, store_error};
use crate::{
    app::{
        DataDirError,
        storage::{self, StorageError},
    },
    cli::{
        args::GcArgs,
        exit::{CliError, Exit},
        output::{note, print, print_json},
        render,
        settings::Settings,
    },
    dto::GcReport,
    ids::Timestamp,
};

pub(super) async fn gc(settings: &Settings, args: &GcArgs) -> Result<Exit, CliError> {
    let policy = args.retention.policy();
    let collected = if args.dry_run {
        storage::preview(&settings.data_dir, policy, args.confirm).await
    } else {
        storage::collect(&settings.data_dir, policy, args.confirm).await
    };
    let collected = collected.map_err(|error| match error {
        error @ StorageError::DataDir(DataDirError::Locked { .. }) => {
            CliError::host(error).help("`stepmill gc --dry-run` can be used meanwhile")
        }
        error => storage_error(error),
    })?;
    if args.json.json {
        print_json(&GcReport::new(&collected, args.dry_run))?;
        return Ok(Exit::Success);
    }
    print(&render::storage::collected(&collected, args.dry_run, Timestamp::now(), settings.stdout))?;
    if let Some(days) = policy.days.filter(|_| collected.held_back > 0 && !settings.quiet) {
        note(&render::storage::held_back(collected.held_back, days, Timestamp::now()));
    }
    if args.dry_run && !settings.quiet {
        note("nothing was removed");
    }
    Ok(Exit::Success)
}

pub(super) fn storage_error(error: StorageError) -> CliError {
    match error {
        StorageError::DataDir(error) => dir_error(error),
        StorageError::Store(error) => store_error(error),
        error => CliError::host(error),
    }
}
