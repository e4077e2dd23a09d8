//! What a host is put together from: where it stores things, and what runs its steps. A simulation brings its own of the
//! latter.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::{OpenError, adapters::JournalArtifacts, library::Library};
use crate::{
    event::Outcome,
    execute::{
        dispatcher::RunError,
        ports::{BoxFuture, OutputStore, StepRunner},
    },
    ids::ModuleDigest,
    persist::{Reader, SqliteJournal, WriterDir, outputs::BlobStore},
    runtime::{Compiler, ModuleError, Modules, ModulesOptions, SandboxRunner, Surroundings},
};

/// Where a host stores things.
pub(super) struct Storage {
    pub(super) dir: WriterDir,
    pub(super) journal: Arc<SqliteJournal>,
    pub(super) reader: Arc<Reader>,
    pub(super) outputs: Arc<dyn OutputStore>,
}

impl Storage {
    /// Opens everything in a data directory.
    pub(super) fn open(dir: WriterDir) -> Result<Self, OpenError> {
        let journal = Arc::new(SqliteJournal::open(&dir)?);
        let reader = Arc::new(Reader::open(dir.dir())?);
        let store = BlobStore::open_on(dir.dir().disk(), dir.dir().root())?;
        store.sweep_temporaries()?;
        Ok(Self { dir, journal, reader, outputs: Arc::new(store) })
    }
}

/// What runs a host's steps.
pub(super) struct Sandboxes {
    pub(super) library: Library,
    pub(super) modules: Arc<dyn ModuleSource>,
    pub(super) runner: Arc<dyn StepRunner>,
    /// How many sandboxes were made for attempts so far.
    pub(super) started: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Sandboxes {
    /// Sandboxes of WebAssembly.
    pub(super) fn open(storage: &Storage, compiler: Compiler, surroundings: Surroundings) -> Result<Self, OpenError> {
        let index = JournalArtifacts { journal: Arc::clone(&storage.journal), reader: Arc::clone(&storage.reader) };
        let data = storage.dir.dir().root().to_owned();
        let options = ModulesOptions { data, compiler, index: Arc::new(index) };
        let modules = Modules::new_on(storage.dir.dir().disk().clone(), options)?;
        let outputs = Arc::clone(&storage.outputs);
        let runner = Arc::new(SandboxRunner::new(Arc::clone(&modules), outputs, surroundings));
        let counted = Arc::clone(&runner);
        Ok(Self {
            library: Library::new(Arc::clone(&modules)),
            modules: Arc::new(modules),
            runner,
            started: Box::new(move || counted.sandboxes_started()),
        })
    }
}

/// Where the modules of runs come from, and where runs are driven.
pub(super) trait ModuleSource: Send + Sync {
    /// Makes a module ready that was loaded into this data directory before.
    fn restore(&self, digest: ModuleDigest) -> BoxFuture<'_, Result<(), ModuleError>>;

    /// Drives a run where its guests run: what one of them returned is then handed to the next without another thread,
    /// which would have to wake up first.
    fn drive(&self, run: BoxFuture<'static, Result<Outcome, RunError>>) -> JoinHandle<Result<Outcome, RunError>>;
}

impl ModuleSource for Arc<Modules> {
    fn restore(&self, digest: ModuleDigest) -> BoxFuture<'_, Result<(), ModuleError>> {
        Box::pin(async move { Modules::restore(self, digest).await.map(drop) })
    }

    fn drive(&self, run: BoxFuture<'static, Result<Outcome, RunError>>) -> JoinHandle<Result<Outcome, RunError>> {
        self.spawn(run)
    }
}
