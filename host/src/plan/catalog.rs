//! What a plan needs to know of modules, as a port: whoever has modules implements it.

use std::sync::Arc;

use crate::{
    definition::{ModuleDecl, VersionRef},
    ids::Name,
    module::ModuleInfo,
};

/// Finds modules.
pub trait Catalog {
    /// The module that a pipeline calls `name`: from its `[modules]` table if `decl` is given, else from wherever
    /// the catalog keeps modules by name.
    ///
    /// # Errors
    /// If there is no such module, or it is not one.
    fn module(
        &self,
        name: &Name,
        version: Option<&VersionRef>,
        decl: Option<&ModuleDecl>,
    ) -> Result<Arc<ModuleInfo>, CatalogError>;
}

/// The code of problems that are not the pipeline's: the host could not look for a module, or not keep it.
pub const HOST_PROBLEM: &str = "stepmill::plan::host";

/// Why a module cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CatalogError {
    /// One sentence or more; may have several lines (a compiler's output).
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether the host failed (a full disk, a compiler that cannot be started): neither module nor pipeline is wrong.
    pub host: bool,
}

impl CatalogError {
    /// The module, or what was asked for, is wrong.
    #[must_use]
    pub fn input(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, host: false }
    }

    /// The host could not do its part.
    #[must_use]
    pub fn host(message: impl Into<String>) -> Self {
        Self { host: true, ..Self::input(message) }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn help(mut self, words: impl Into<String>) -> Self {
        self.help = Some(words.into());
        self
    }
}
