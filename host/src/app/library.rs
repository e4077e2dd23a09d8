//! Modules by path, and what can be done with them before anything runs: look inside, check a pipeline.

use std::{path::Path, sync::Arc};

use tokio::runtime::Handle;

use super::{Compiler, Host, OpenError, catalog};
use crate::{
    definition::{Pipeline, problem::Problems},
    effects,
    module::ModuleInfo,
    plan::{self, Compiled, catalog::CatalogError},
    runtime::{MemoryIndex, Modules, ModulesOptions},
};

/// Modules, loaded by path.
#[derive(Clone)]
pub struct Library {
    modules: Arc<Modules>,
    /// What the modules' files live in, where that is not a host's data directory.
    _folder: Option<Arc<tempfile::TempDir>>,
}

impl Library {
    pub(super) fn new(modules: Arc<Modules>) -> Self {
        Self { modules, _folder: None }
    }

    pub(crate) fn modules(&self) -> &Arc<Modules> {
        &self.modules
    }

    /// For looking at modules and pipelines without running them: with the compiled modules of a data directory if
    /// there is one that nobody holds, else with nothing kept.
    ///
    /// # Errors
    /// If the data directory is there but broken, or WebAssembly cannot be run here.
    pub async fn open(data: &Path, compiler: Compiler) -> Result<Self, OpenError> {
        if data.exists() {
            match Host::builder(data).compiler(compiler.clone()).open().await {
                Ok(host) => return Ok(host.library().clone()),
                Err(OpenError::DataDir(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let folder = tempfile::tempdir()?;
        let options =
            ModulesOptions { data: folder.path().to_owned(), compiler, index: Arc::new(MemoryIndex::default()) };
        Ok(Self { modules: Modules::new(options)?, _folder: Some(Arc::new(folder)) })
    }

    /// Loads a module, a `.wasm` file or a step crate, which is built where it is stale.
    ///
    /// # Errors
    /// If there is none, or it is not one.
    pub async fn inspect(&self, path: &Path) -> Result<Arc<ModuleInfo>, CatalogError> {
        catalog::load(&self.modules, path).await
    }

    /// Resolves and checks a pipeline.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub async fn compile(&self, pipeline: &Pipeline) -> Result<Compiled, Problems> {
        let catalog = catalog::LocalCatalog { modules: Arc::clone(&self.modules), handle: Handle::current() };
        let pipeline = pipeline.clone();
        effects::blocking_or_panic(move || plan::compile(&pipeline, &catalog)).await
    }
}
