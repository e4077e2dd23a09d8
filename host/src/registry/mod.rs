//! What is deployed: modules by name, pipelines by name, and what each means now. A change is checked against everything
//! that it would affect, committed, and only then seen; runs that have started keep what they started with.

mod catalog;
mod error;
mod pipelines;
mod shelf;
mod uploads;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::watch,
};

pub use self::{
    error::{Broken, RegistryError},
    pipelines::Deployed,
    shelf::{Module, Shelf},
    uploads::{Upload, Uploaded},
};
use crate::{
    access::{Operator, Policy},
    definition::{self, Pipeline, problem::Problems},
    execute::ports::JournalError,
    ids::Name,
    persist::{ServiceStore, StoreError, service::Pins},
    plan::{self, Plan},
    runtime::Modules,
};

/// The deployed modules and pipelines of a host.
pub struct Registry {
    store: ServiceStore,
    modules: Arc<Modules>,
    policy: Policy,
    state: RwLock<State>,
    /// Held while something is changed: changes come one after the other.
    changing: tokio::sync::Mutex<()>,
    /// Whether it is not known what is stored, since a change met an error: it may be durable nevertheless.
    doubtful: AtomicBool,
    changes: watch::Sender<u64>,
}

/// What is deployed now.
#[derive(Clone, Default)]
struct State {
    shelf: Arc<Shelf>,
    pipelines: BTreeMap<Name, Arc<Deployed>>,
}

impl State {
    fn read(store: &ServiceStore, policy: &Policy) -> Result<Self, StoreError> {
        let shelf = Arc::new(Shelf::read(store)?);
        let mut pipelines = BTreeMap::new();
        for row in store.deployed()? {
            let compiled = compile(&row.pipeline, (&row.text, &row.pins), &shelf, policy);
            if let Err(problems) = &compiled {
                tracing::error!(pipeline = %row.pipeline, %problems, "a deployed pipeline cannot run; its triggers are off");
            }
            pipelines.insert(row.pipeline.clone(), Arc::new(Deployed::new(row, compiled)));
        }
        Ok(Self { shelf, pipelines })
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    /// Reads what is deployed. A pipeline that does not fit its modules any more is there, with its problems.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn open(store: ServiceStore, modules: Arc<Modules>, policy: Policy) -> Result<Self, StoreError> {
        let state = RwLock::new(State::read(&store, &policy)?);
        let (changing, doubtful) = (tokio::sync::Mutex::new(()), AtomicBool::new(false));
        Ok(Self { store, modules, policy, state, changing, doubtful, changes: watch::Sender::new(0) })
    }

    /// Reads what is deployed again where that is not known, since a change met an error.
    ///
    /// # Errors
    /// If the database does not work yet.
    pub async fn settle(&self) -> Result<(), RegistryError> {
        if !self.doubtful.load(Ordering::Acquire) {
            return Ok(());
        }
        let _one_at_a_time = self.changing.lock().await;
        self.settle_alone().await
    }

    /// The same, with `changing` held.
    async fn settle_alone(&self) -> Result<(), RegistryError> {
        if !self.doubtful.load(Ordering::Acquire) {
            return Ok(());
        }
        // What was under way becomes durable before this, or never.
        self.store.barrier().await?;
        let stored = aside(|| State::read(&self.store, &self.policy))?;
        self.publish(|state| *state = stored);
        self.doubtful.store(false, Ordering::Release);
        Ok(())
    }

    /// Waits for a change; after an error, [`settle`](Self::settle) finds out what has become of it.
    pub(crate) async fn stored<T>(
        &self,
        change: impl Future<Output = Result<T, JournalError>>,
    ) -> Result<T, JournalError> {
        // First, since this future may be dropped.
        self.doubtful.store(true, Ordering::Release);
        let stored = change.await;
        match &stored {
            Ok(_) => self.doubtful.store(false, Ordering::Release),
            Err(_) => self.changes.send_modify(|count| *count += 1),
        }
        stored
    }

    /// The modules, as they are now.
    #[must_use]
    pub fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.read().shelf)
    }

    /// A deployed pipeline, as it is now.
    #[must_use]
    pub fn pipeline(&self, name: &Name) -> Option<Arc<Deployed>> {
        self.read().pipelines.get(name).cloned()
    }

    /// All deployed pipelines, by name.
    #[must_use]
    pub fn pipelines(&self) -> Vec<Arc<Deployed>> {
        self.read().pipelines.values().cloned().collect()
    }

    /// The deployed pipelines that have a step of a module.
    #[must_use]
    pub fn users(&self, module: &Name) -> Vec<Name> {
        let uses = |deployed: &&Arc<Deployed>| deployed.uses(module);
        self.read().pipelines.values().filter(uses).map(|deployed| deployed.name().clone()).collect()
    }

    /// Is told of every change; what it was has to be asked for.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everybody see a change that was committed.
    fn publish(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
    }

    /// The pipelines that have unpinned steps of a module, each compiled against other modules.
    fn recompile(&self, module: &Name, shelf: &Shelf) -> Vec<(Arc<Deployed>, Result<Compiled, Problems>)> {
        let affected: Vec<_> = self.pipelines().into_iter().filter(|deployed| deployed.uses(module)).collect();
        let compiled = affected.into_iter().map(|deployed| {
            let compiled = compile(deployed.name(), (deployed.text(), &deployed.row().pins), shelf, &self.policy);
            (deployed, compiled)
        });
        compiled.collect()
    }
}

/// A pipeline that fits its modules.
#[derive(Debug, Clone)]
struct Compiled {
    pipeline: Pipeline,
    plan: Arc<Plan>,
    warnings: Problems,
}

/// Compiles without keeping this thread's other work waiting: types that somebody else made can take long to compare.
fn aside<T>(compile: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(compile),
        _ => compile(),
    }
}

/// Compiles a deployed text. It was a pipeline when it was deployed, but this version may see it otherwise.
fn compile(name: &Name, (text, pins): (&str, &Pins), shelf: &Shelf, policy: &Policy) -> Result<Compiled, Problems> {
    let pipeline = definition::toml::parse(Path::new(&format!("{name}.toml")), text)?;
    pipelines::check_for_server(&pipeline, pins)?;
    let plan::Compiled { mut plan, warnings, .. } = plan::compile(&pipeline, &catalog::ShelfCatalog { shelf, pins })?;
    let warnings = [warnings.list(), &pipelines::without_file(&pipeline)].concat();
    let warnings = Problems::new(&pipeline.source, warnings);
    pipelines::forget_local_files(&mut plan);
    policy.check(&plan).map_err(|refusal| refusal.problems(&pipeline, Operator::OfService))?;
    Ok(Compiled { pipeline, plan: Arc::new(plan), warnings })
}
