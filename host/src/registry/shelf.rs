//! The modules by name, with all their versions, as they are at one moment.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    definition::VersionRef,
    ids::{ModuleDigest, Name},
    limits::MAX_MODULE_VERSIONS,
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

impl Shelf {
    /// Forgets the oldest versions of a module beyond so many, except for the active one and those that are used.
    pub(super) fn forget_versions(&mut self, name: &Name, is_used: impl Fn(ModuleDigest) -> bool) -> Vec<ModuleDigest> {
        let Some(module) = self.modules.get_mut(name) else { return Vec::new() };
        let excess = module.versions.len().saturating_sub(MAX_MODULE_VERSIONS);
        let digests = module.versions.iter().map(|version| version.info.digest);
        let unused = digests.filter(|digest| Some(*digest) != module.active && !is_used(*digest));
        let forgotten: Vec<_> = unused.take(excess).collect();
        module.versions.retain(|version| !forgotten.contains(&version.info.digest));
        forgotten
    }
}

/// Whether a version may be used.
pub(super) fn is_ready(version: &VersionRow) -> bool {
    version.state == VersionState::Ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::Timestamp, module::ModuleInfo};

    fn version(number: u8) -> VersionRow {
        let digest = ModuleDigest([number; 32]);
        let info = ModuleInfo {
            digest,
            size: 1,
            name: None,
            version: None,
            sdk: None,
            imports: Vec::new(),
            steps: Vec::new(),
        };
        let (name, uploaded_by) = (Name::new("m").unwrap(), "me".to_owned());
        VersionRow { name, version: None, state: VersionState::Ready, uploaded_at: Timestamp(1), uploaded_by, info }
    }

    #[test]
    fn the_latest_versions_stay_and_those_that_are_used() {
        let name = Name::new("m").unwrap();
        let digest = |number| ModuleDigest([number; 32]);
        let most = u8::try_from(MAX_MODULE_VERSIONS).unwrap();
        let mut shelf = (0..most).fold(Shelf::default(), |shelf, n| shelf.with(Some(version(n)), &name, None));
        assert_eq!(shelf.forget_versions(&name, |_| false), []);
        shelf = (most..most + 3).fold(shelf, |shelf, n| shelf.with(Some(version(n)), &name, Some(Some(digest(0)))));
        assert_eq!(shelf.forget_versions(&name, |used| used == digest(2)), [1, 3, 4].map(digest));
        let module = shelf.module(&name).unwrap();
        assert_eq!(module.versions.len(), MAX_MODULE_VERSIONS);
        assert!(module.active().is_some() && module.find(&VersionRef::Digest(digest(2))).is_some());
        assert_eq!(shelf.forget_versions(&Name::new("other").unwrap(), |_| false), []);
    }
}
