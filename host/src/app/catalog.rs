//! Modules by path: a component, or a step crate that is built on demand.

use std::{fs, io, path::Path, sync::Arc};

use tokio::runtime::Handle;

use crate::{
    build,
    definition::{ModuleDecl, VersionRef},
    ids::Name,
    limits,
    module::ModuleInfo,
    plan::catalog::{Catalog, CatalogError},
    runtime::Modules,
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
            return Err(CatalogError { message: format!("there is no module `{name}`"), help: Some(help) });
        };
        let info = self.handle.block_on(load(&self.modules, &decl.path.value))?;
        match version {
            None => Ok(info),
            Some(VersionRef::Digest(digest)) if *digest == info.digest => Ok(info),
            Some(VersionRef::Digest(digest)) => Err(CatalogError {
                message: format!("module `{name}` is {}, not {digest}", info.digest),
                help: Some(format!("use `{name}` without a digest, or another file in `[modules]`")),
            }),
            Some(VersionRef::Version(version)) => Err(CatalogError {
                message: format!("module `{name}` comes from a path, which has no version `{version}`"),
                help: Some(format!("use `{name}` without a version, or with `@sha256:…`")),
            }),
        }
    }
}

/// Loads the module at a path.
pub(super) async fn load(modules: &Arc<Modules>, path: &Path) -> Result<Arc<ModuleInfo>, CatalogError> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let built;
    let file = if metadata.is_dir() {
        let dir = path.to_owned();
        let result = tokio::task::spawn_blocking(move || build::build_if_stale(&dir)).await;
        built = result.map_err(|_| stopping())?.map_err(|error| unbuildable(&error))?;
        built.as_path()
    } else {
        path
    };
    let size = fs::metadata(file).map_err(|error| unreadable(file, &error))?.len();
    if size > limits::MAX_MODULE {
        let message = format!("`{}` has {size} bytes; a module has at most {}", file.display(), limits::MAX_MODULE);
        return Err(CatalogError { message, help: Some("build it in release mode, and strip it".into()) });
    }
    let wasm = fs::read(file).map_err(|error| unreadable(file, &error))?;
    let module = modules.load(wasm.into()).await.map_err(|error| CatalogError {
        message: format!("`{}` cannot be used: {error}", path.display()),
        help: None,
    })?;
    Ok(Arc::new(module.info().clone()))
}

fn unreadable(path: &Path, error: &io::Error) -> CatalogError {
    CatalogError {
        message: format!("`{}` cannot be read: {error}", path.display()),
        help: Some("paths in `[modules]` are relative to the pipeline's folder".into()),
    }
}

fn unbuildable(error: &build::BuildError) -> CatalogError {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let message = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    CatalogError { message, help: error.help() }
}

fn stopping() -> CatalogError {
    CatalogError { message: "the host is stopping".into(), help: None }
}
