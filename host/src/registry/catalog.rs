//! The shelf as what plans are compiled with.

use std::sync::Arc;

use super::shelf::{Shelf, is_ready};
use crate::{
    definition::{ModuleDecl, VersionRef, suggest},
    ids::Name,
    module::ModuleInfo,
    persist::service::Pins,
    plan::catalog::{Catalog, CatalogError},
};

pub(super) struct ShelfCatalog<'a> {
    pub(super) shelf: &'a Shelf,
    /// The bytes of the modules that a pipeline takes from paths.
    pub(super) pins: &'a Pins,
}

impl Catalog for ShelfCatalog<'_> {
    fn module(
        &self,
        name: &Name,
        version: Option<&VersionRef>,
        decl: Option<&ModuleDecl>,
    ) -> Result<Arc<ModuleInfo>, CatalogError> {
        let pinned = decl.and_then(|_| self.pins.get(name)).map(|digest| VersionRef::Digest(*digest));
        let version = version.or(pinned.as_ref());
        let Some(module) = self.shelf.module(name) else {
            let names = self.shelf.modules().map(|(name, _)| name.as_str());
            let help = match suggest::closest(name.as_str(), names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "upload it with `stepmill push FILE.wasm`".to_owned(),
            };
            return Err(CatalogError::input(format!("there is no module `{name}`")).help(help));
        };
        let (found, what) = match version {
            None => (module.active(), "active version".to_owned()),
            Some(wanted @ VersionRef::Version(version)) => (module.find(wanted), format!("version `{version}`")),
            Some(wanted @ VersionRef::Digest(digest)) => (module.find(wanted), format!("version {digest}")),
        };
        match found {
            Some(version) if is_ready(version) => Ok(Arc::new(version.info.clone())),
            Some(_) => Err(CatalogError::input(format!("this version of module `{name}` waits for an approval"))
                .help(format!("`stepmill modules approve {name}` approves it"))),
            None => Err(CatalogError::input(format!("module `{name}` has no {what}"))
                .help(format!("`stepmill modules show {name}` lists its versions"))),
        }
    }
}
