//! Uploading modules, and choosing which of their versions a name means.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

use super::{Broken, Compiled, Deployed, Registry, RegistryError, Shelf, aside, shelf::is_ready};
use crate::{
    definition::{VersionRef, problem::Problems},
    ids::{ModuleDigest, Name, Timestamp},
    module::{Difference, ModuleInfo},
    persist::service::{ModuleChange, VersionRow, VersionState},
};

/// How a module is uploaded.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What it is called, if it does not say so itself.
    pub name: Option<Name>,
    /// Whether its name means it from now on, in any case: else only if the name means nothing yet.
    pub activate: bool,
    /// From whom it comes.
    pub by: String,
    /// Whether it becomes active although pipelines would break, or it asks for more than the version before.
    pub force: bool,
}

/// What became of an upload.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// The version.
    pub version: Arc<VersionRow>,
    /// Whether the name means it now.
    pub active: bool,
    /// How it differs from the version that was active before.
    pub difference: Difference,
    /// The pipelines that do not work with it: it was forced.
    pub broken: Vec<Broken>,
}

/// Pipelines compiled against other modules.
type Recompiled = Vec<(Arc<Deployed>, Result<Compiled, Problems>)>;

impl Registry {
    /// Takes a module: checks it, compiles it, asks it what it contains, and makes it what its name means. One that can
    /// do more than the version before waits for an approval.
    ///
    /// # Errors
    /// If it is no module, other bytes have its version, or pipelines would break. What was active before stays.
    pub async fn upload(&self, wasm: Bytes, upload: Upload) -> Result<Uploaded, RegistryError> {
        // Outside the lock: a module that takes long to compile holds nobody up who changes something else.
        let module = self.modules.load(wasm).await?;
        self.accept(module.info(), upload).await
    }

    /// The same for a module that is loaded already.
    pub(crate) async fn accept(&self, info: &ModuleInfo, upload: Upload) -> Result<Uploaded, RegistryError> {
        let name = upload.name.clone().or_else(|| info.name.clone()).ok_or(RegistryError::Nameless)?;
        let _one_at_a_time = self.changing.lock().await;
        self.settle_alone().await?;
        let shelf = self.shelf();
        let known = shelf.module(&name);
        if let Some(known) = known {
            refuse_other_bytes(&name, &known.versions, info)?;
        }
        let active = known.and_then(|module| module.active());
        let difference = active.map(|active| Difference::between(&active.info, info)).unwrap_or_default();
        let before = known.and_then(|module| module.find(&VersionRef::Digest(info.digest)));
        let approved = upload.force || before.is_some_and(|before| is_ready(before)) || !difference.asks_for_more();
        let version = VersionRow {
            name: name.clone(),
            version: info.version.clone(),
            state: if approved { VersionState::Ready } else { VersionState::Waiting },
            uploaded_at: before.map_or_else(Timestamp::now, |before| before.uploaded_at),
            uploaded_by: before.map_or_else(|| upload.by.clone(), |before| before.uploaded_by.clone()),
            info: info.clone(),
        };
        if active.is_some_and(|active| active.info.digest == info.digest) {
            return Ok(Uploaded { version: Arc::new(version), active: true, difference, broken: Vec::new() });
        }
        let activate = (approved && (upload.activate || active.is_none())).then_some(Some(info.digest));
        let change = ModuleChange::of(&name, activate, &upload.by, "module.upload");
        let broken = self.put(&shelf, Some(version.clone()), change, upload.force).await?;
        Ok(Uploaded { version: Arc::new(version), active: activate.is_some(), difference, broken })
    }

    /// Makes a version that is there what its name means: a roll-back, or forward again.
    ///
    /// # Errors
    /// If there is no such version, it waits for an approval, or pipelines would break and that is not forced.
    pub async fn activate(
        &self,
        name: &Name,
        version: &VersionRef,
        by: &str,
        force: bool,
    ) -> Result<Uploaded, RegistryError> {
        self.choose(name, version, by, force, false).await
    }

    /// Approves a version that asks for more than the one before, and makes it what its name means.
    ///
    /// # Errors
    /// If there is no such version, or pipelines would break and that is not forced.
    pub async fn approve(
        &self,
        name: &Name,
        version: &VersionRef,
        by: &str,
        force: bool,
    ) -> Result<Uploaded, RegistryError> {
        self.choose(name, version, by, force, true).await
    }

    async fn choose(
        &self,
        name: &Name,
        version: &VersionRef,
        by: &str,
        force: bool,
        approve: bool,
    ) -> Result<Uploaded, RegistryError> {
        let _one_at_a_time = self.changing.lock().await;
        self.settle_alone().await?;
        let shelf = self.shelf();
        let module = shelf.module(name).ok_or_else(|| RegistryError::Unknown(format!("module `{name}`")))?;
        let found = module.find(version);
        let found = found.ok_or_else(|| RegistryError::Unknown(format!("such version of module `{name}`")))?;
        if !is_ready(found) && !approve {
            return Err(RegistryError::Waiting(name.clone()));
        }
        let active = module.active();
        let difference = active.map(|active| Difference::between(&active.info, &found.info)).unwrap_or_default();
        let ready = VersionRow { state: VersionState::Ready, ..VersionRow::clone(found) };
        let action = if approve { "module.approve" } else { "module.activate" };
        let change = ModuleChange::of(name, Some(Some(found.info.digest)), by, action);
        let broken = self.put(&shelf, Some(ready.clone()), change, force).await?;
        Ok(Uploaded { version: Arc::new(ready), active: true, difference, broken })
    }

    /// Takes a name away. The bytes stay for the runs that have them, and the versions for the same name to come back.
    ///
    /// # Errors
    /// If there is none, or pipelines use it and that is not forced.
    pub async fn remove_module(&self, name: &Name, by: &str, force: bool) -> Result<Vec<Broken>, RegistryError> {
        let _one_at_a_time = self.changing.lock().await;
        self.settle_alone().await?;
        let shelf = self.shelf();
        if shelf.module(name).is_none_or(|module| module.active.is_none()) {
            return Err(RegistryError::Unknown(format!("module `{name}`")));
        }
        let users: Vec<Name> = self.pipelines().iter().filter(|p| p.follows(name)).map(|p| p.name().clone()).collect();
        if !users.is_empty() && !force {
            return Err(RegistryError::Used { module: name.clone(), users });
        }
        let change = ModuleChange::of(name, Some(None), by, "module.remove");
        self.put(&shelf, None, change, force).await
    }

    /// Checks a change of a module against the pipelines that use it, commits it, and lets it be seen; returns what it
    /// broke by force.
    async fn put(
        &self,
        shelf: &Shelf,
        version: Option<VersionRow>,
        mut change: ModuleChange,
        force: bool,
    ) -> Result<Vec<Broken>, RegistryError> {
        let mut new = shelf.with(version.clone(), &change.name, change.activate);
        let recompiled = match change.activate {
            Some(_) => aside(|| self.recompile(&change.name, &new)),
            None => Vec::new(),
        };
        let broken = broken(&recompiled);
        if !broken.is_empty() && !force {
            return Err(RegistryError::Breaks(broken));
        }
        let digest = version.as_ref().map(|version| version.info.digest);
        change.forget = new.forget_versions(&change.name, |version| Some(version) == digest || self.is_used(version));
        let names: Vec<_> = broken.iter().map(|broken| &broken.pipeline).collect();
        change.detail = json!({ "digest": digest, "active": change.activate.is_some(), "broken": names }).to_string();
        self.stored(self.store.change_module(version, change)).await?;
        self.publish(|state| {
            state.shelf = Arc::new(new);
            for (deployed, compiled) in recompiled {
                let new = Deployed::new(deployed.row().clone(), compiled);
                state.pipelines.insert(deployed.name().clone(), Arc::new(new));
            }
        });
        Ok(broken)
    }
}

impl Registry {
    /// Whether a deployed pipeline runs these bytes, or is deployed with them although it cannot run.
    fn is_used(&self, digest: ModuleDigest) -> bool {
        self.pipelines().iter().any(|deployed| {
            let pinned = deployed.row().pins.values().any(|pinned| *pinned == digest);
            pinned || deployed.plan().is_ok_and(|plan| plan.modules.iter().any(|module| module.digest == digest))
        })
    }
}

impl ModuleChange {
    fn of(name: &Name, activate: Option<Option<ModuleDigest>>, by: &str, action: &'static str) -> Self {
        let (name, by) = (name.clone(), by.to_owned());
        Self { name, activate, by, at: Timestamp::now(), action, detail: String::new(), forget: Vec::new() }
    }
}

/// Those that worked and would not any more.
fn broken(recompiled: &Recompiled) -> Vec<Broken> {
    let broken = recompiled.iter().filter_map(|(deployed, compiled)| match compiled {
        Err(problems) if deployed.plan().is_ok() => {
            Some(Broken { pipeline: deployed.name().clone(), problems: problems.clone() })
        }
        _ => None,
    });
    broken.collect()
}

fn refuse_other_bytes(name: &Name, versions: &[Arc<VersionRow>], info: &ModuleInfo) -> Result<(), RegistryError> {
    let Some(version) = &info.version else { return Ok(()) };
    let same =
        versions.iter().find(|known| known.version.as_ref() == Some(version) && known.info.digest != info.digest);
    match same {
        None => Ok(()),
        Some(known) => {
            let digest = known.info.digest;
            Err(RegistryError::Version { name: name.clone(), version: version.clone(), digest })
        }
    }
}
