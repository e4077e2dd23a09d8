//! The modules by name, with all their versions, as they are at one moment.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    definition::VersionRef,
    ids::{ModuleDigest, Name},
    persist::{
        ServiceStore, StoreError,
        service::{VersionRow, VersionState},
    },
};

/// All modules.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    modules: BTreeMap<Name, Module>,
}

/// A module: its versions, and which of them its name means.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// The bytes that are active; none if the module was removed, or waits for its first approval.
    pub active: Option<ModuleDigest>,
    /// The oldest first.
    pub versions: Vec<Arc<VersionRow>>,
}

impl Module {
    /// The version that the name means.
    #[must_use]
    pub fn active(&self) -> Option<&Arc<VersionRow>> {
        self.versions.iter().find(|version| Some(version.info.digest) == self.active)
    }

    /// A version by what a user calls it: the newest that fits.
    #[must_use]
    pub fn find(&self, wanted: &VersionRef) -> Option<&Arc<VersionRow>> {
        let fits = |version: &&Arc<VersionRow>| match wanted {
            VersionRef::Digest(digest) => version.info.digest == *digest,
            VersionRef::Version(wanted) => version.version.as_deref().is_some_and(|version| is_within(version, wanted)),
        };
        self.versions.iter().rev().find(fits)
    }
}

/// Whether a version is the wanted one, or one of it: `1.2.3` is within `1.2` and `1`.
fn is_within(version: &str, wanted: &str) -> bool {
    version.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Shelf {
    pub(super) fn read(store: &ServiceStore) -> Result<Self, StoreError> {
        let mut shelf = Self::default();
        for row in store.active_modules()? {
            shelf.modules.entry(row.name).or_default().active = row.digest;
        }
        for version in store.module_versions()? {
            shelf.modules.entry(version.name.clone()).or_default().versions.push(Arc::new(version));
        }
        Ok(shelf)
    }

    /// The module of that name.
    #[must_use]
    pub fn module(&self, name: &Name) -> Option<&Module> {
        self.modules.get(name)
    }

    /// All of them, by name.
    pub fn modules(&self) -> impl Iterator<Item = (&Name, &Module)> {
        self.modules.iter()
    }

    /// The same with a version put in, in place of the same bytes, and with what the name means, if that changes.
    pub(super) fn with(&self, version: Option<VersionRow>, name: &Name, active: Option<Option<ModuleDigest>>) -> Self {
        let mut shelf = self.clone();
        let module = shelf.modules.entry(name.clone()).or_default();
        if let Some(version) = version {
            let version = Arc::new(version);
            match module.versions.iter_mut().find(|known| known.info.digest == version.info.digest) {
                Some(known) => *known = version,
                None => module.versions.push(version),
            }
        }
        if let Some(active) = active {
            module.active = active;
        }
        shelf
    }
}

/// Whether a version may be used.
pub(super) fn is_ready(version: &VersionRow) -> bool {
    version.state == VersionState::Ready
}
