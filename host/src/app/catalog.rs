//! Modules by path: a component, or a step crate that is built on demand.

use std::{fs, io, path::Path, sync::Arc};

use tokio::runtime::Handle;

use crate::{
    build::{self, BuildError},
    definition::{ModuleDecl, VersionRef},
    effects,
    ids::Name,
    limits,
    module::ModuleInfo,
    plan::catalog::{Catalog, CatalogError},
    runtime::{ModuleError, Modules},
};

/// Finds the modules of a pipeline where its `[modules]` say.
pub(super) struct LocalCatalog {
    pub(super) modules: Arc<Modules>,
    pub(super) handle: Handle,
}

impl Catalog for LocalCatalog {
    fn module(
        &self,
        name: &Name,
        version: Option<&VersionRef>,
        decl: Option<&ModuleDecl>,
    ) -> Result<Arc<ModuleInfo>, CatalogError> {
        let Some(decl) = decl else {
            let help = format!("add it to `[modules]`: {name} = {{ path = \"…\" }}, a step crate or a .wasm file");
            return Err(CatalogError::input(format!("there is no module `{name}`")).help(help));
        };
        let info = self.handle.block_on(load(&self.modules, &decl.path.value))?;
        match version {
            None => Ok(info),
            Some(VersionRef::Digest(digest)) if *digest == info.digest => Ok(info),
            Some(VersionRef::Digest(digest)) => {
                let error = CatalogError::input(format!("module `{name}` is {}, not {digest}", info.digest));
                Err(error.help(format!("use `{name}` without a digest, or another file in `[modules]`")))
            }
            Some(VersionRef::Version(version)) => {
                let message = format!("module `{name}` comes from a path, which has no version `{version}`");
                Err(CatalogError::input(message).help(format!("use `{name}` without a version, or with `@sha256:…`")))
            }
        }
    }
}

/// Loads the module at a path.
pub(super) async fn load(modules: &Arc<Modules>, path: &Path) -> Result<Arc<ModuleInfo>, CatalogError> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let built;
    let file = if metadata.is_dir() {
        let dir = path.to_owned();
        let result = effects::blocking(move || build::build_if_stale(&dir)).await;
        built = result.map_err(|_| stopping())?.map_err(|error| unbuildable(&error))?;
        built.as_path()
    } else {
        path
    };
    let size = fs::metadata(file).map_err(|error| unreadable(file, &error))?.len();
    if size > limits::MAX_MODULE {
        let message = format!("`{}` has {size} bytes; a module has at most {}", file.display(), limits::MAX_MODULE);
        return Err(CatalogError::input(message).help("build it in release mode, and strip it"));
    }
    let wasm = fs::read(file).map_err(|error| unreadable(file, &error))?;
    let module = modules.load(wasm.into()).await.map_err(|error| unusable(path, &error))?;
    Ok(Arc::new(module.info().clone()))
}

fn unreadable(path: &Path, error: &io::Error) -> CatalogError {
    let message = format!("`{}` cannot be read: {error}", path.display());
    if names_wrong_file(error) {
        CatalogError::input(message).help("paths in `[modules]` are relative to the pipeline's folder")
    } else {
        CatalogError::host(message)
    }
}

/// Whether another path, or other rights on it, would help; else the disk or the system is at fault.
fn names_wrong_file(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::NotFound
            | Kind::PermissionDenied
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::InvalidFilename
            | Kind::InvalidInput
    )
}

fn unbuildable(error: &BuildError) -> CatalogError {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let message = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    CatalogError { message, help: error.help(), host: matches!(error, BuildError::Answer(_)) }
}

fn unusable(path: &Path, error: &ModuleError) -> CatalogError {
    let message = format!("`{}` cannot be used: {error}", path.display());
    match error {
        ModuleError::Disk(_) => CatalogError::host(message).help("make room there, or choose another with --data-dir"),
        error if error.is_hosts_fault() => CatalogError::host(message),
        _ => CatalogError::input(message),
    }
}

fn stopping() -> CatalogError {
    CatalogError::host("the host is stopping")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{FailureKind, StepFailure};

    #[test]
    fn a_disk_or_a_compiler_that_fails_is_no_fault_of_the_module() {
        let describe = |kind| ModuleError::Describe(StepFailure::new(kind, "it failed"));
        for (error, host) in [
            (ModuleError::Disk(io::Error::from(io::ErrorKind::StorageFull)), true),
            (describe(FailureKind::Host), true),
            (describe(FailureKind::Trapped), false),
            (ModuleError::Contract("no `run`".into()), false),
            (ModuleError::Stopping, true),
        ] {
            assert_eq!(unusable("m.wasm".as_ref(), &error).host, host, "{error}");
        }
    }

    #[test]
    fn a_path_that_is_wrong_is_told_from_a_disk_that_fails() {
        let at = |kind| unreadable("m.wasm".as_ref(), &io::Error::from(kind));
        assert!(!at(io::ErrorKind::NotFound).host);
        assert!(at(io::ErrorKind::NotFound).help.is_some());
        assert!(at(io::ErrorKind::Other).host);
    }
}
