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

/// Why a module is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CatalogError {
    /// One sentence or more; may have several lines (a compiler's output).
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}
