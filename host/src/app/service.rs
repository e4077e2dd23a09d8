//! A host that is left running: everything that the API speaks for.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{task::AbortHandle, time::Instant};

use super::{
    Host, HostBuilder, OpenError, Params, StartError, StartRequest, Submitted, Uploads,
    folders::Folders,
    reader::{MAX_ROWS, RunFilter},
    secrets::VaultSecrets,
    triggers::Triggers,
};
use crate::{
    access::{Tokens, Vault, tokens::TokensError, vault::VaultError},
    definition::problem::Problems,
    effects,
    event::RunState,
    execute::ports::{Before, BlobKind, JournalError, RequestKey},
    ids::{Name, NameError, RunId, Timestamp},
    observe::{feed::Feed, metrics::Metrics},
    persist::ServiceStore,
    plan::Plan,
    registry::Registry,
    schedule::{Factories, file::FileFactory},
};

/// The file with the key of the secrets, in the data directory.
pub(super) const KEY_FILE: &str = "secrets.key";

/// How often it is asked whether all runs have ended.
const POLL: Duration = Duration::from_millis(20);

/// What a service does beside running pipelines.
#[derive(Debug, Clone, Default)]
pub struct ServiceOptions {
    /// The folders that `file` triggers may watch.
    pub inboxes: Vec<PathBuf>,
    /// The folders whose files are deployed.
    pub folders: Folders,
    /// New runs are refused while less is free on the disk, in bytes.
    pub min_free: u64,
}

/// A host with those who may use it.
pub struct Service {
    /// Runs pipelines.
    pub host: Host,
    /// Who may do what.
    pub tokens: Tokens,
    /// Modules and pipelines.
    pub registry: Registry,
    /// Secrets.
    pub vault: Vault,
    /// What is kept besides runs.
    pub store: ServiceStore,
    /// Wakes who follows runs.
    pub feed: Arc<Feed>,
    /// Counts what happens.
    pub metrics: Arc<Metrics>,
    /// What starts runs.
    pub triggers: Triggers,
    /// Files that wait for their runs.
    pub uploads: Arc<Uploads>,
    /// When it was opened.
    pub started_at: Timestamp,
    /// No new runs while less is free on the disk, in bytes.
    min_free: u64,
    /// Whether outputs could not be stored when somebody asked last.
    outputs_fail: AtomicBool,
    /// Watches folders for modules and pipelines.
    folders: Mutex<Option<AbortHandle>>,
}

/// The disk of the data directory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// How large it is.
    pub total: u64,
    /// What is free.
    pub free: u64,
    /// New runs are refused while less is free.
    pub needed: u64,
}

/// The disk is so full that new runs would endanger those that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("only {free} bytes are free on the disk of the data directory, and new runs need {needed}")]
pub struct DiskPressure {
    /// What is free.
    pub free: u64,
    /// What must be.
    pub needed: u64,
}

/// Why a service cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Its host cannot be.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its secrets cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Its tokens cannot be read or made.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// Its runs cannot be taken up again.
    #[error(transparent)]
    Store(#[from] super::StoreError),
    /// It cannot be reached.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

/// Why a deployed pipeline starts no run.
#[derive(Debug, thiserror::Error)]
pub enum StartDeployedError {
    /// There is none of that name.
    #[error("there is no pipeline `{0}`: deploy it with `stepmill deploy`")]
    NoPipeline(Name),
    /// It does not fit its modules any more.
    #[error("the pipeline does not fit its modules any more")]
    Broken(Box<Problems>),
    /// A file that it is given was not sent, or too long ago.
    #[error("parameter `{0}` is no file that was sent, or not any more")]
    NoFile(Name),
    /// A parameter's name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The disk is full.
    #[error(transparent)]
    Disk(#[from] DiskPressure),
    /// The run is refused.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl Service {
    /// Opens the data directory and takes up the runs that an earlier host left.
    ///
    /// # Errors
    /// If the data directory cannot be used.
    pub async fn open(builder: HostBuilder, options: ServiceOptions) -> Result<Arc<Self>, ServiceError> {
        Self::open_with(builder, options, HostBuilder::open).await
    }

    /// The same with a host that is put together by `open`.
    pub(super) async fn open_with<F>(
        mut builder: HostBuilder,
        options: ServiceOptions,
        open: impl FnOnce(HostBuilder) -> F,
    ) -> Result<Arc<Self>, ServiceError>
    where
        F: Future<Output = Result<Host, OpenError>>,
    {
        let mut factories = Factories::new(FileFactory::within(options.inboxes));
        for (kind, factory) in std::mem::take(&mut builder.triggers) {
            factories.register(kind, factory);
        }
        let feed = Arc::new(Feed::default());
        let metrics = Arc::new(Metrics::default());
        let secrets = Arc::new(VaultSecrets::default());
        let builder = builder.observer(Arc::clone(&feed) as _).observer(Arc::clone(&metrics) as _);
        let host = open(builder.persistent(true).secrets(Arc::clone(&secrets) as _)).await?;
        let store = host.store();
        let dir = host.history().dir();
        let vault = Vault::open_on(dir.disk(), store.clone(), &dir.root().join(KEY_FILE))?;
        secrets.open(vault.clone());
        let modules = Arc::clone(host.library().modules());
        let registry = Registry::open(store.clone(), modules, host.policy().clone())?;
        let service = Self {
            registry,
            tokens: Tokens::new(store.clone()),
            vault,
            store,
            feed,
            metrics,
            triggers: Triggers::new(factories),
            uploads: Arc::clone(&host.uploads),
            started_at: Timestamp::now(),
            min_free: options.min_free,
            outputs_fail: AtomicBool::new(false),
            folders: Mutex::default(),
            host,
        };
        service.resume_all().await?;
        let service = Arc::new(service);
        service.start_triggers().await;
        let watch = Arc::clone(&service).watch(options.folders);
        *service.folders.lock().unwrap_or_else(PoisonError::into_inner) = Some(effects::spawn(watch).abort_handle());
        Ok(service)
    }

    /// Ends: runs may go on for a while; what has not ended then goes on when the service is opened again.
    ///
    /// # Errors
    /// If something could not be written.
    pub async fn stop(&self, patience: Duration) -> Result<(), JournalError> {
        self.triggers.stop(patience).await;
        if let Some(watch) = self.folders.lock().unwrap_or_else(PoisonError::into_inner).take() {
            watch.abort();
        }
        let deadline = Instant::now() + patience;
        // Those that are interrupted would not end however long they had.
        while self.host.active_runs() > self.host.interruptions().len() && Instant::now() < deadline {
            tokio::time::sleep(POLL).await;
        }
        self.host.close().await
    }

    /// Starts a run of a deployed pipeline, as it is now.
    ///
    /// # Errors
    /// If there is no such pipeline, it does not fit its modules any more, the disk is full, or the run is refused.
    pub async fn start(
        &self,
        pipeline: &Name,
        params: impl FnOnce(&Plan) -> Result<Params, StartDeployedError>,
        request: StartRequest,
    ) -> Result<Submitted, StartDeployedError> {
        // An answer stands whatever has become since of the pipeline, the files and the disk.
        if let Some(before) = self.answered(request.key.as_ref()).await? {
            return Ok(Submitted::Before(before));
        }
        let deployed = self.registry.pipeline(pipeline);
        let deployed = deployed.ok_or_else(|| StartDeployedError::NoPipeline(pipeline.clone()))?;
        self.check_room()?;
        let plan = deployed.plan().map_err(|problems| StartDeployedError::Broken(Box::new(problems.clone())))?;
        let params = params(plan)?;
        Ok(self.host.submit(Arc::clone(plan), params, request).await?)
    }

    async fn answered(&self, request: Option<&RequestKey>) -> Result<Option<Before>, StartError> {
        let Some(request) = request.cloned() else { return Ok(None) };
        let store = self.store.clone();
        Ok(effects::blocking_or_panic(move || store.answered(&request)).await?)
    }

    /// Whether there is room on the disk for new runs. Those that were accepted go on in any case.
    ///
    /// # Errors
    /// If there is not.
    pub fn check_room(&self) -> Result<(), DiskPressure> {
        match self.disk() {
            Some(Disk { free, needed, .. }) if free < needed => Err(DiskPressure { free, needed }),
            _ => Ok(()),
        }
    }

    /// Whether outputs that are too large for the database can be begun now. The log says when that begins not to be so.
    ///
    /// # Errors
    /// If not, and why.
    pub async fn check_outputs(&self) -> io::Result<()> {
        let (outputs, dir) = (Arc::clone(&self.host.outputs), self.host.history().dir().clone());
        let checked = effects::blocking_or_panic(move || {
            dir.disk().list(&dir.blobs())?;
            // It is never finished, so that nothing of it stays.
            outputs.create(BlobKind::Bytes)?.write(b"probe")
        })
        .await;
        // Anybody may ask, however often.
        let failed_before = self.outputs_fail.swap(checked.is_err(), Ordering::Relaxed);
        if let Err(error) = &checked
            && !failed_before
        {
            tracing::error!(%error, "outputs cannot be stored");
        }
        checked
    }

    /// How full the disk of the data directory is, if it says so.
    #[must_use]
    pub fn disk(&self) -> Option<Disk> {
        let dir = self.host.history().dir();
        match dir.disk().room(dir.root()) {
            Ok(room) => Some(Disk { total: room.total, free: room.free, needed: self.min_free }),
            Err(error) => {
                tracing::warn!(%error, "the disk does not say how much is free");
                None
            }
        }
    }

    /// The runs of a trigger that have not ended: those that have begun before those that wait, in the order of their
    /// acceptance.
    pub(super) fn unfinished_of(&self, pipeline: &Name, trigger: &Name) -> Result<Vec<RunId>, super::StoreError> {
        let mut unfinished = Vec::new();
        for state in RunState::ACTIVE {
            let filter = RunFilter {
                pipeline: Some(pipeline.clone()),
                trigger: Some(trigger.clone()),
                state: Some(state),
                ..RunFilter::default()
            };
            let mut after = None;
            loop {
                let page = self.host.history().reader().runs(&filter, after, MAX_ROWS)?;
                unfinished.extend(page.runs.into_iter().map(|run| run.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        unfinished.reverse();
        Ok(unfinished)
    }
}
