//! Folders whose files are deployed: modules and pipelines, by whoever may write there.
//!
//! They are looked at again and again instead of waiting for notifications, which file systems lose. A file is taken when
//! it has stayed the same between two looks. What is wrong with it is told once, and what was deployed before stays.

mod look;

use std::{io::Read as _, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use self::look::{Found, Look};
use super::Service;
use crate::{
    definition, effects,
    failure::cut,
    ids::ModuleDigest,
    limits::{MAX_MESSAGE, MAX_MODULE, MAX_PIPELINE_FILE},
    persist::service::Pins,
    registry::{RegistryError, Upload},
    schedule::file::{FileStamp, open_stable},
};

/// How often the folders are looked at.
const POLL: Duration = Duration::from_millis(500);
/// Who did what a folder had done.
const BY: &str = "folder";

/// The folders that are watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders {
    /// Every `.wasm` file in it is uploaded.
    pub modules: Option<PathBuf>,
    /// Every `.toml` file in it is deployed.
    pub pipelines: Option<PathBuf>,
}

/// Why a file was not taken.
enum Refused {
    /// It cannot be read, or not now.
    Unreadable(std::io::Error),
    /// It is too large.
    Large(u64),
    /// It is not text.
    NoText,
    /// The registry does not take it.
    Registry(RegistryError),
}

impl Refused {
    /// What is wrong with it, on one line.
    fn reason(&self) -> String {
        match self {
            Self::Unreadable(error) => format!("it cannot be read: {error}"),
            Self::Large(most) => format!("it is larger than {most} bytes"),
            Self::NoText => "it is not UTF-8 text".to_owned(),
            Self::Registry(RegistryError::Problems(problems)) => {
                let list = problems.list().iter().filter(|problem| !problem.warning);
                list.map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; ")
            }
            Self::Registry(error) => error.to_string(),
        }
    }

    /// Whether another try may help although the file stays as it is.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreadable(_) => true,
            Self::Large(_) | Self::NoText => false,
            Self::Registry(RegistryError::Module(error)) => error.is_hosts_fault(),
            Self::Registry(error) => matches!(error, RegistryError::Journal(_) | RegistryError::Store(_)),
        }
    }
}

impl Service {
    /// Takes what is in the folders, from now until the service ends.
    pub(super) async fn watch(self: Arc<Self>, folders: Folders) {
        if folders == Folders::default() {
            return;
        }
        let mut modules = folders.modules.map(|folder| Look::new(folder, "wasm"));
        let mut pipelines = folders.pipelines.map(|folder| Look::new(folder, "toml"));
        let mut changes = self.registry.changes();
        loop {
            // Modules first: the pipelines beside them may need them.
            if let Some(look) = &mut modules {
                for found in look.ready().await {
                    let taken = self.take_module(&found).await;
                    self.tell(look, &found, taken).await;
                }
            }
            if let Some(look) = &mut pipelines {
                // A module that a pipeline waits for may be there now.
                if changes.has_changed().unwrap_or(false) {
                    changes.mark_unchanged();
                    look.try_again();
                }
                for found in look.ready().await {
                    let taken = self.take_pipeline(&found).await;
                    self.tell(look, &found, taken).await;
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Uploads a module that is not known yet. One that is known may have been taken out of use on purpose.
    async fn take_module(&self, found: &Found) -> Result<Option<String>, Refused> {
        let wasm = read(found, MAX_MODULE).await?;
        let digest = ModuleDigest(Sha256::digest(&wasm).into());
        let shelf = self.registry.shelf();
        let is_known =
            |module: &crate::registry::Module| module.versions.iter().any(|known| known.info.digest == digest);
        if shelf.modules().any(|(_, module)| is_known(module)) {
            return Ok(None);
        }
        let upload = Upload { name: None, activate: true, by: BY.to_owned(), force: false };
        let uploaded = self.registry.upload(wasm, upload).await.map_err(Refused::Registry)?;
        let version = uploaded.version.version.as_deref().unwrap_or("without a version");
        let state = if uploaded.active { "is active" } else { "waits: `stepmill modules approve` lets it in" };
        Ok(Some(format!("the module `{}` {version} {state}", uploaded.version.name)))
    }

    /// Deploys a pipeline whose text is new. One that was deployed before may have been replaced on purpose.
    async fn take_pipeline(&self, found: &Found) -> Result<Option<String>, Refused> {
        let bytes = read(found, MAX_PIPELINE_FILE).await?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Refused::NoText)?;
        if found.is_first
            && let Ok(pipeline) = definition::toml::parse(&found.path, text)
            && self.store.was_deployed(&pipeline.name.value, text).unwrap_or(false)
        {
            tracing::info!(file = %found.path.display(), "its text was deployed before; what is deployed now stays");
            return Ok(None);
        }
        let deployed = self.registry.deploy(text, Pins::default(), BY).await.map_err(Refused::Registry)?;
        Ok(Some(format!("the pipeline `{}` is deployed as revision {}", deployed.name(), deployed.row().revision)))
    }

    /// Says what became of a file, and remembers not to try it again as it is.
    async fn tell(&self, look: &mut Look, found: &Found, taken: Result<Option<String>, Refused>) {
        let file = found.path.display();
        match taken {
            Ok(said) => {
                look.taken(found);
                if let Some(said) = said {
                    tracing::info!(%file, "{said}");
                }
            }
            Err(refused) => {
                let reason = refused.reason();
                if look.refused(found, &reason, refused.may_pass()) {
                    tracing::warn!(%file, "a file was not taken, what was there stays: {reason}");
                    let reason = cut(reason, MAX_MESSAGE);
                    let detail = serde_json::json!({ "reason": reason }).to_string();
                    let noted = self.store.note(BY.to_owned(), "folder.refuse", found.name.clone(), Some(detail)).await;
                    if let Err(error) = noted {
                        tracing::warn!(%error, "that cannot be noted in the audit log");
                    }
                }
            }
        }
    }
}

/// The whole of a file that is still what it was.
async fn read(found: &Found, most: u64) -> Result<Bytes, Refused> {
    if found.stamp.size() > most {
        return Err(Refused::Large(most));
    }
    let (path, stamp): (PathBuf, FileStamp) = (found.path.clone(), found.stamp);
    let read = move || {
        let mut file = open_stable(&path, stamp)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        file.confirm()?;
        Ok(Bytes::from(bytes))
    };
    let joined = effects::blocking(read).await;
    joined.unwrap_or_else(|error| Err(std::io::Error::other(error))).map_err(Refused::Unreadable)
}
