//! The composition root: the one place that puts concrete implementations together.
//!
//! A program that embeds stepmill begins with [`Host::builder`]; `host/examples/quickstart.rs` is a whole one.

mod adapters;
mod cache;
mod catalog;
pub mod control;
mod driver;
mod folders;
mod history;
mod keeper;
mod library;
mod order;
pub mod params;
mod parts;
mod recovery;
mod rerun;
mod resume;
mod run;
mod secrets;
pub mod service;
#[cfg(test)]
mod simulation;
mod start;
pub mod storage;
pub mod triggers;
mod uploads;

use std::{collections::HashMap, io, num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
};

use self::order::Order;
pub use self::{
    folders::Folders,
    history::History,
    library::Library,
    params::{ParamInput, Params, ParamsError},
    recovery::{Recovery, RecoveryError},
    rerun::{Again, Rerun},
    run::{Interruption, Run},
    secrets::GivenSecrets,
    service::{Service, ServiceOptions},
    start::{StartError, StartRequest, Submitted},
    uploads::{UploadError, Uploaded, Uploads},
};
use crate::{
    access::Policy,
    definition::{Pipeline, problem::Problems},
    effects,
    execute::{
        dispatcher::{Entry, Ports},
        ports::{BoxFuture, JournalError, Observer, OutputStore},
        requests::CancelError,
        reuse::ReusingRunner,
    },
    ids::{Name, RunId},
    observe::Fanout,
    persist::{DataDir, ServiceStore, SqliteJournal},
    plan::Compiled,
    runtime::{NoSecrets, Surroundings, engine::EngineError},
};
pub use crate::{
    persist::{DataDirError, Health, Reader, StoreError, reader, service as service_rows},
    runtime::{COMPILE_COMMAND, Compiler, ModuleError, SecretSource, compile_child_main},
    schedule::TriggerFactory,
};
/// What is deployed, for adapters.
pub mod registry {
    pub use crate::{
        definition::VersionRef,
        persist::service::{Pins, VersionState},
        registry::{Broken, Deployed, Module, RegistryError, Upload, Uploaded},
    };
}
use adapters::{JournalLogs, SystemClock};
use cache::JournalResults;
use control::ControlSocket;
use driver::Driver;
use keeper::Keeper;
use parts::{Sandboxes, Storage};
use run::ActiveRuns;
use storage::RetentionPolicy;

/// How long runs may take to stop when their host is closed: each has to record it.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// A host: a data directory, held for writing, and everything that runs pipelines in it.
pub struct Host {
    library: Library,
    journal: Arc<SqliteJournal>,
    history: History,
    outputs: Arc<dyn OutputStore>,
    sandboxes_started: Box<dyn Fn() -> u64 + Send + Sync>,
    driver: Arc<Driver>,
    settings: HostSettings,
    policy: Policy,
    active: Arc<ActiveRuns>,
    keeper: Arc<Keeper>,
    /// Files that wait for their runs.
    uploads: Arc<Uploads>,
    _control: Option<ControlSocket>,
}

/// Decides how a [`Host`] is put together.
pub struct HostBuilder {
    data: PathBuf,
    compiler: Compiler,
    parallelism: usize,
    policy: Policy,
    secrets: Arc<dyn SecretSource>,
    triggers: HashMap<Name, Arc<dyn TriggerFactory>>,
    observers: Vec<Arc<dyn Observer>>,
    retention: Option<RetentionPolicy>,
    max_runs: usize,
    persistent: bool,
}

/// What a host was told when it was opened.
#[derive(Debug, Clone, Copy)]
pub struct HostSettings {
    /// How many attempts of one run run at once.
    pub parallelism: usize,
    /// How many runs are active at once.
    pub max_runs: usize,
    /// How much is kept; everything, without.
    pub retention: Option<RetentionPolicy>,
}

/// Why a host cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory is in use, or cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Outputs cannot be stored.
    #[error("the output store cannot be opened: {0}")]
    Outputs(#[from] io::Error),
    /// WebAssembly cannot be run here.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl OpenError {
    /// Whether another process holds the data directory.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::DataDir(DataDirError::Locked { .. }))
    }
}

impl HostBuilder {
    /// Where modules are compiled: [`Compiler::InProcess`] unless said otherwise.
    #[must_use]
    pub fn compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = compiler;
        self
    }

    /// How many attempts of one run run at once. Default: twice the processors, at least 8.
    #[must_use]
    pub fn parallelism(mut self, attempts: NonZeroUsize) -> Self {
        self.parallelism = attempts.get();
        self
    }

    /// Which grants steps may have: none, unless said otherwise.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Where the values of granted secrets come from: none are set, unless said otherwise.
    #[must_use]
    pub fn secrets(mut self, secrets: Arc<dyn SecretSource>) -> Self {
        self.secrets = secrets;
        self
    }

    /// Has a service's `custom` triggers of this kind made by this factory.
    #[must_use]
    pub fn trigger(mut self, kind: Name, factory: Arc<dyn TriggerFactory>) -> Self {
        self.triggers.insert(kind, factory);
        self
    }

    /// How many runs are active at once; more are accepted, and wait. Default: all.
    #[must_use]
    pub fn max_runs(mut self, runs: NonZeroUsize) -> Self {
        self.max_runs = runs.get().min(Semaphore::MAX_PERMITS);
        self
    }

    /// Whether a run that is interrupted, because something cannot be stored or read, is tried again until it continues.
    /// Default: no; its [`Run`] reports the error, and it can be resumed.
    #[must_use]
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.persistent = persistent;
        self
    }

    /// Is told what happens.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// How much is kept; a pass behind each run removes the rest, when no other run is active. Where some always are, new
    /// ones wait for a moment now and then. `None` removes nothing.
    /// Default: [`RetentionPolicy::default`].
    #[must_use]
    pub fn retention(mut self, policy: Option<RetentionPolicy>) -> Self {
        self.retention = policy;
        self
    }

    /// Takes the data directory, which is created if it is missing.
    ///
    /// # Errors
    /// If another process holds it, a newer version wrote it, or this machine cannot do what is needed.
    #[expect(clippy::unused_async, reason = "what is opened here needs a tokio runtime around it")]
    pub async fn open(self) -> Result<Host, OpenError> {
        let storage = Storage::open(DataDir::open_writer(&self.data)?)?;
        let surroundings = Surroundings::new(Arc::clone(&self.secrets), self.policy.private().iter().copied());
        let sandboxes = Sandboxes::open(&storage, self.compiler.clone(), surroundings)?;
        let mut host = self.assemble(storage, sandboxes);
        host._control = listen(&host.history.dir().control_socket(), &host.active);
        Ok(host)
    }

    /// Puts a host together that no other process can reach.
    fn assemble(self, storage: Storage, sandboxes: Sandboxes) -> Host {
        let Storage { dir, journal, reader, outputs } = storage;
        let Sandboxes { library, modules, runner, started } = sandboxes;
        let active = Arc::new(ActiveRuns::default());
        let results = Arc::new(JournalResults(Arc::clone(&reader)));
        let reusing = ReusingRunner::new(runner, results, Arc::clone(&outputs), Arc::new(SystemClock));
        let ports = Ports {
            runner: Arc::new(reusing),
            journal: Arc::clone(&journal) as _,
            outputs: Arc::clone(&outputs),
            logs: Arc::new(JournalLogs(Arc::clone(&journal))),
            observer: Arc::new(Fanout::new(self.observers)),
            clock: Arc::new(SystemClock),
            gate: Arc::default(),
        };
        let uploads = Arc::new(Uploads::default());
        let left = if dir.was_stopped() { Entry::AfterInterruption } else { Entry::AfterRestart };
        let keeper =
            Keeper::new(dir.clone(), Arc::clone(&reader), Arc::clone(&journal), self.retention, Arc::clone(&uploads));
        let driver = Driver {
            ports,
            parallelism: self.parallelism,
            journal: Arc::clone(&journal),
            reader: Arc::clone(&reader),
            modules,
            keeper: Arc::clone(&keeper),
            active: Arc::clone(&active),
            admission: Arc::new(Semaphore::new(self.max_runs)),
            persistent: self.persistent,
            left,
        };
        Host {
            library,
            driver: Arc::new(driver),
            keeper,
            history: History::new(dir.dir().clone(), reader, Arc::clone(&outputs)),
            _control: None,
            journal,
            outputs,
            sandboxes_started: started,
            settings: HostSettings {
                parallelism: self.parallelism,
                max_runs: self.max_runs,
                retention: self.retention,
            },
            policy: self.policy,
            active,
            uploads,
        }
    }
}

/// Runs go on without the socket; only `runs cancel` from another process does not reach them then.
fn listen(path: &std::path::Path, active: &Arc<ActiveRuns>) -> Option<ControlSocket> {
    let (active, runtime) = (Arc::clone(active), Handle::current());
    match ControlSocket::listen(path, Arc::new(move |request| active.answer(&request, &runtime))) {
        Ok(socket) => Some(socket),
        Err(error) => {
            tracing::warn!(%error, "other processes cannot cancel runs of this one: no socket at {}", path.display());
            None
        }
    }
}

impl Host {
    /// A host for this data directory.
    pub fn builder(data: impl Into<PathBuf>) -> HostBuilder {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        HostBuilder {
            data: data.into(),
            compiler: Compiler::InProcess,
            parallelism: (processors * 2).max(8),
            policy: Policy::default(),
            secrets: Arc::new(NoSecrets),
            triggers: HashMap::new(),
            observers: Vec::new(),
            retention: Some(RetentionPolicy::default()),
            max_runs: Semaphore::MAX_PERMITS,
            persistent: false,
        }
    }

    /// Resolves and checks a pipeline: builds and loads its modules, and plans it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub async fn compile(&self, pipeline: &Pipeline) -> Result<Compiled, Problems> {
        self.library.compile(pipeline).await
    }

    /// The modules that this host has loaded.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// What has happened in this data directory.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// How many sandboxes were made for attempts so far.
    #[must_use]
    pub fn sandboxes_started(&self) -> u64 {
        (self.sandboxes_started)()
    }

    /// Asks an active run to end as cancelled; `force`: without its `finally` steps. The request is durable when the future
    /// ends, and was made also if that is dropped. Asking again changes nothing.
    ///
    /// # Errors
    /// If no run of that id is active, or the request cannot be recorded.
    pub fn cancel(&self, run: RunId, force: bool) -> impl Future<Output = Result<(), CancelError>> + Send + use<> {
        self.active.cancel(run, force)
    }

    /// Why an active run does not continue at the moment, if it does not.
    #[must_use]
    pub fn interruption(&self, run: RunId) -> Option<Interruption> {
        self.active.interruption(run)
    }

    /// The active runs that do not continue at the moment, and why.
    #[must_use]
    pub fn interruptions(&self) -> HashMap<RunId, Interruption> {
        self.active.interruptions()
    }

    /// Whether a run is active, or waits for its turn.
    #[must_use]
    pub fn is_active(&self, run: RunId) -> bool {
        self.active.contains(run)
    }

    /// Ends when none of these runs is active any more.
    #[cfg(test)]
    pub(crate) fn ended(&self, runs: Vec<RunId>) -> BoxFuture<'static, ()> {
        Box::pin(self.active.ended(&runs))
    }

    /// Ends when no run before a place in an order is active any more.
    fn ended_before(&self, order: Arc<Order>, place: u64) -> BoxFuture<'static, ()> {
        Box::pin(self.active.ended_before(order, place))
    }

    /// How many runs are active, those that wait for their turn included.
    #[must_use]
    pub fn active_runs(&self) -> usize {
        self.active.count()
    }

    /// What it was told when it was opened.
    #[must_use]
    pub fn settings(&self) -> HostSettings {
        self.settings
    }

    /// Which grants steps may have.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether anything can be stored.
    #[must_use]
    pub fn health(&self) -> Health {
        self.journal.health()
    }

    /// The same, and every change of it.
    #[must_use]
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.journal.watch_health()
    }

    /// What is kept besides runs.
    #[must_use]
    pub fn store(&self) -> ServiceStore {
        ServiceStore::new(Arc::clone(&self.journal), Arc::clone(self.history.shared_reader()))
    }

    /// Ends: waits until everything is written, and gives the data directory back. Runs that are still active stop where
    /// they are, and can be resumed.
    ///
    /// # Errors
    /// If something could not be written.
    pub async fn close(&self) -> Result<(), JournalError> {
        if tokio::time::timeout(STOP_PATIENCE, self.active.stop()).await.is_err() {
            tracing::warn!("some runs did not stop in time; they continue at the next start as after a crash");
        }
        self.keeper.rest().await;
        let journal = Arc::clone(&self.journal);
        effects::blocking_or_panic(move || journal.close()).await
    }
}
