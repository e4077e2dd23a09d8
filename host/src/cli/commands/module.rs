//! Step crates and components.

use std::path::Path;

use crate::{
    build::{self, BuildError},
    cli::{
        args::{BuildArgs, InspectArgs},
        exit::{CliError, Exit},
        output::{print, print_json},
        render,
        settings::Settings,
    },
    dto::ModuleView,
    plan::catalog::CatalogError,
};

pub(super) async fn build(settings: &Settings, args: &BuildArgs) -> Result<Exit, CliError> {
    let dir = args.dir.clone();
    let built = tokio::task::spawn_blocking(move || build::build(&dir)).await.map_err(CliError::host)?;
    let component = built.map_err(build_error)?;
    show(settings, &component, false, args.json.json).await
}

pub(super) async fn inspect(settings: &Settings, args: &InspectArgs) -> Result<Exit, CliError> {
    show(settings, &args.path, args.schemas, args.json.json).await
}

async fn show(settings: &Settings, path: &Path, schemas: bool, json: bool) -> Result<Exit, CliError> {
    let library = super::library(settings).await?;
    let module = library.inspect(path).await.map_err(catalog_error)?;
    let view = ModuleView::new(path, &module);
    if json {
        print_json(&view)?;
    } else {
        print(&render::module::render(&view, schemas, settings.width, settings.stdout))?;
    }
    Ok(Exit::Success)
}

fn build_error(error: BuildError) -> CliError {
    let help = error.help();
    let error = if matches!(error, BuildError::Answer(_)) { CliError::host(error) } else { CliError::input(error) };
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}

fn catalog_error(error: CatalogError) -> CliError {
    let help = error.help.clone();
    let error = if error.host { CliError::host(error) } else { CliError::input(error) };
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}
