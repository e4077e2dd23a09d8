//! Commands that need no host: new crates, completions, manual pages.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::CommandFactory;

use crate::cli::{
    args::Cli,
    exit::{CliError, Exit},
    new::{self, NewError},
    output::print,
};

pub(super) fn new(path: &Path) -> Result<Exit, CliError> {
    let name = new::create(path).map_err(|error| match error {
        NewError::Write { .. } => CliError::host(error),
        NewError::Exists(_) => CliError::input(error).help("choose another name, or empty the folder"),
        NewError::BadName(_) | NewError::Taken(_) => CliError::input(error),
    })?;
    let folder = path.display();
    print(&format!(
        "made the step crate `{}` in {folder}\n\n  cd {folder}\n  cargo test\n  stepmill run pipeline.toml\n",
        name.package
    ))?;
    Ok(Exit::Success)
}

pub(super) fn completions(shell: clap_complete::Shell) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "stepmill", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}

/// The manual pages cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the manual pages cannot be written to `{}`", folder.display())]
struct ManError {
    folder: PathBuf,
    source: io::Error,
}

pub(super) fn man(out: Option<&Path>) -> Result<Exit, CliError> {
    match out {
        Some(folder) => {
            fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
                .map_err(|source| CliError::host(ManError { folder: folder.to_owned(), source }))?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(CliError::host)?;
            print(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(Exit::Success)
}
