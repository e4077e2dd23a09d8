//! The modules that this host can run: loaded once, each checked, compiled, asked what it contains, and linked.

use std::{
    collections::HashMap,
    future::Future,
    io,
    path::PathBuf,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use bytes::Bytes;
use tokio::task::JoinHandle;
use wasmtime::{
    Engine,
    component::{Component, HasSelf, Linker},
};

use super::{
    bindings::{StepModule, StepModulePre},
    cache::{ArtifactIndex, ArtifactRecord, Files, sha256},
    call,
    compile::{CompileError, Compiler},
    describe::{self, DescriptionError},
    engine::{EngineError, EngineKey, Engines},
    guests::Guests,
    header::{self, Header, HeaderError},
    host::logs::Logs,
    sandbox::Sandbox,
    stop::Stop,
    text::message,
    wasi,
};
use crate::{
    disk::Disk,
    execute::ports::{LogLine, LogSink, Progress},
    failure::{FailureKind, LimitKind, StepFailure},
    grants::Grants,
    ids::ModuleDigest,
    limits::Limits,
    module::ModuleInfo,
};

/// Where modules are kept and how they are compiled.
pub struct ModulesOptions {
    /// The data directory.
    pub data: PathBuf,
    /// Where modules are compiled.
    pub compiler: Compiler,
    /// What is remembered about compiled modules.
    pub index: Arc<dyn ArtifactIndex>,
}

/// Why a module cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// It is no module of steps.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// It does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It does not fit the contract, although it says so.
    #[error("the module does not fit the contract: {0}")]
    Contract(String),
    /// It did not answer when it was asked what it contains.
    #[error("the module cannot say what steps it has: {0}")]
    Describe(StepFailure),
    /// Its answer is not acceptable.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// The machine code that this host made cannot be loaded.
    #[error("the machine code of the module cannot be loaded: {0}")]
    Code(String),
    /// There is no engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It is not in the data directory.
    #[error("the module {digest} is not in the data directory any more: run the pipeline from its source again")]
    Missing {
        /// Which one.
        digest: ModuleDigest,
    },
    /// The data directory cannot be used.
    #[error("the module cannot be kept in the data directory: {0}")]
    Disk(#[from] io::Error),
    /// The host is going down.
    #[error("the host is stopping")]
    Stopping,
}

impl ModuleError {
    /// Whether the module is not usable for reasons that are not its own.
    #[must_use]
    pub fn is_hosts_fault(&self) -> bool {
        match self {
            Self::Header(_) | Self::Contract(_) | Self::Description(_) => false,
            Self::Compile(error) => matches!(error, CompileError::Child { .. } | CompileError::Engine(_)),
            Self::Describe(failure) => failure.kind == FailureKind::Host,
            Self::Code(_) | Self::Engine(_) | Self::Missing { .. } | Self::Disk(_) | Self::Stopping => true,
        }
    }
}

/// A module that is ready to run.
pub struct Module {
    info: ModuleInfo,
    pre: StepModulePre<Sandbox>,
    /// The same with HTTP in it, for steps that it is granted to; or why that does not fit.
    networked: OnceLock<Result<StepModulePre<Sandbox>, String>>,
}

impl Module {
    /// What it says of itself.
    #[must_use]
    pub fn info(&self) -> &ModuleInfo {
        &self.info
    }

    fn new(info: ModuleInfo, pre: StepModulePre<Sandbox>) -> Self {
        Self { info, pre, networked: OnceLock::new() }
    }

    /// What a sandbox with these grants is made from. A step without a grant cannot reach what it does not have: it is not
    /// even linked.
    ///
    /// # Errors
    /// If the module does not fit what it would be given.
    pub(super) fn pre(&self, grants: &Grants) -> Result<&StepModulePre<Sandbox>, Stop> {
        if grants.net.is_empty() {
            return Ok(&self.pre);
        }
        let link = || link_networked(&self.pre).map_err(|error| message(&format!("{error:#}")));
        let networked = self.networked.get_or_init(link).as_ref();
        networked
            .map_err(|why| Stop::failed(FailureKind::BadModule, format!("the module does not fit the contract: {why}")))
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").field("info", &self.info).finish_non_exhaustive()
    }
}

/// All modules of a data directory.
pub struct Modules {
    engines: Engines,
    pooled: Linker<Sandbox>,
    on_demand: OnceLock<Linker<Sandbox>>,
    guests: Guests,
    files: Files,
    compiler: Compiler,
    index: Arc<dyn ArtifactIndex>,
    loaded: RwLock<HashMap<ModuleDigest, Arc<Module>>>,
    /// Held while a module is compiled: one at a time, and each only once.
    compiling: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Modules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Modules").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Modules {
    /// Sets up the engines and the threads for guests.
    ///
    /// # Errors
    /// If WebAssembly cannot be run here.
    pub fn new(options: ModulesOptions) -> Result<Arc<Self>, EngineError> {
        Self::new_on(Disk::default(), options)
    }

    /// The same on another disk.
    pub(crate) fn new_on(disk: Disk, options: ModulesOptions) -> Result<Arc<Self>, EngineError> {
        let engines = Engines::new()?;
        let pooled = linker(engines.pooled())?;
        Ok(Arc::new(Self {
            engines,
            pooled,
            on_demand: OnceLock::new(),
            guests: Guests::start().map_err(EngineError::Threads)?,
            files: Files::new(disk, options.data),
            compiler: options.compiler,
            index: options.index,
            loaded: RwLock::default(),
            compiling: tokio::sync::Mutex::new(()),
        }))
    }

    /// The machine code that this host's engines can load.
    #[must_use]
    pub fn engine_key(&self) -> &EngineKey {
        self.engines.key()
    }

    /// The module with that digest, if it was loaded.
    #[must_use]
    pub fn get(&self, digest: &ModuleDigest) -> Option<Arc<Module>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    /// Loads a module and keeps it in the data directory.
    ///
    /// # Errors
    /// If the bytes are not a module of steps that this host can run.
    pub async fn load(self: &Arc<Self>, wasm: Bytes) -> Result<Arc<Module>, ModuleError> {
        let this = self.clone();
        self.guests.run(async move { this.load_here(wasm).await }).await.unwrap_or(Err(ModuleError::Stopping))
    }

    /// Loads a module that was loaded into this data directory before.
    ///
    /// # Errors
    /// If it is not there any more, or cannot be run.
    pub async fn restore(self: &Arc<Self>, digest: ModuleDigest) -> Result<Arc<Module>, ModuleError> {
        if let Some(module) = self.get(&digest) {
            return Ok(module);
        }
        let wasm = match self.files.module(&digest) {
            Ok(wasm) => wasm,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ModuleError::Missing { digest }),
            Err(error) => return Err(error.into()),
        };
        self.load(wasm.into()).await
    }

    /// Runs what hands work to guests, on their threads. What takes long there holds guests up.
    pub(crate) fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.guests.spawn(work)
    }

    pub(super) fn guests(&self) -> &Guests {
        &self.guests
    }

    async fn load_here(&self, wasm: Bytes) -> Result<Arc<Module>, ModuleError> {
        // A look at the length first: hashing what is far too large would take time.
        header::check_size(&wasm)?;
        let digest = ModuleDigest(tokio::task::block_in_place(|| sha256(&wasm)));
        if let Some(module) = self.get(&digest) {
            return Ok(module);
        }
        let module = match self.load_cached(&digest)? {
            Some(module) => module,
            None => {
                let header = tokio::task::block_in_place(|| header::inspect(&wasm))?;
                let _one_at_a_time = self.compiling.lock().await;
                match self.load_cached(&digest)? {
                    Some(module) => module,
                    None => self.compile(digest, &wasm, header).await?,
                }
            }
        };
        tokio::task::block_in_place(|| self.files.keep_module(&digest, &wasm))?;
        let module = Arc::new(module);
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        Ok(loaded.entry(digest).or_insert(module).clone())
    }

    fn load_cached(&self, digest: &ModuleDigest) -> Result<Option<Module>, ModuleError> {
        let Some(record) = self.index.get(digest, self.engines.key()) else { return Ok(None) };
        let Some(code) = tokio::task::block_in_place(|| self.files.code(&record)) else { return Ok(None) };
        Ok(Some(Module::new(record.info, self.link(&code)?)))
    }

    async fn compile(&self, digest: ModuleDigest, wasm: &Bytes, header: Header) -> Result<Module, ModuleError> {
        let code = self.compiler.compile(wasm).await?;
        let pre = self.link(&code)?;
        let logs = Logs::new(Arc::new(Tracing(digest)), &Limits::describe());
        let answer = call::describe(&pre, digest, logs.clone()).await;
        logs.finish();
        let steps = describe::check(answer.map_err(|stop| ModuleError::Describe(of_description(failure_of(stop))))?)?;
        let (name, version) = header.package.map_or((None, None), |(name, version)| (Some(name), version));
        let Header { imports, sdk, .. } = header;
        let info = ModuleInfo { digest, size: wasm.len() as u64, name, version, sdk, imports, steps };
        let record = ArtifactRecord {
            engine: self.engines.key().clone(),
            sha256: sha256(&code),
            size: code.len() as u64,
            info: info.clone(),
        };
        tokio::task::block_in_place(|| self.remember(record, &code))?;
        Ok(Module::new(info, pre))
    }

    /// Code first: a record without its file would only be a miss, but a file without its record is garbage.
    fn remember(&self, record: ArtifactRecord, code: &[u8]) -> io::Result<()> {
        self.files.keep_code(&record.info.digest, &record.engine, code)?;
        self.index.put(record)
    }

    /// Links machine code that this host's compiler made, to the engine that it fits.
    fn link(&self, code: &[u8]) -> Result<StepModulePre<Sandbox>, ModuleError> {
        match deserialize(self.engines.pooled(), code) {
            Ok(component) => self.pre(&self.pooled, &component),
            // Too large for the pool; if something else is wrong with it, it is wrong there too.
            Err(_) => {
                let engine = self.engines.on_demand()?;
                let component = deserialize(engine, code).map_err(|error| ModuleError::Code(format!("{error:#}")))?;
                if self.on_demand.get().is_none() {
                    // Somebody may have been faster: their linker is as good.
                    let _ = self.on_demand.set(linker(engine)?);
                }
                let linker = self.on_demand.get().ok_or(ModuleError::Stopping)?;
                self.pre(linker, &component)
            }
        }
    }

    fn pre(&self, linker: &Linker<Sandbox>, component: &Component) -> Result<StepModulePre<Sandbox>, ModuleError> {
        let contract = |error: wasmtime::Error| ModuleError::Contract(message(&format!("{error:#}")));
        instantiate_pre(linker, component, &[]).map_err(contract)
    }
}

fn failure_of(stop: Stop) -> StepFailure {
    match stop {
        Stop::Failed(failure) => failure,
        Stop::Interrupted(problem) => StepFailure::new(FailureKind::Host, problem),
    }
}

/// What limits of steps say to do is of no use here: those of a description are the same for all modules.
fn of_description(failure: StepFailure) -> StepFailure {
    match failure.kind {
        FailureKind::LimitReached(LimitKind::Instances) => failure,
        FailureKind::LimitReached(_) => {
            let what = failure.message.split_once(": ").map_or(failure.message.as_str(), |(what, _)| what);
            let message = format!("{what}, and no module may to describe itself: let it do less before a step runs");
            StepFailure::bounded(failure.kind, message, failure.causes)
        }
        _ => failure,
    }
}

fn linker(engine: &Engine) -> Result<Linker<Sandbox>, EngineError> {
    let setup = |error: wasmtime::Error| EngineError::Setup(format!("{error:#}"));
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker).map_err(setup)?;
    StepModule::add_to_linker::<_, HasSelf<Sandbox>>(&mut linker, |sandbox| sandbox).map_err(setup)?;
    Ok(linker)
}

fn instantiate_pre(
    linker: &Linker<Sandbox>,
    component: &Component,
    offered: &[&str],
) -> wasmtime::Result<StepModulePre<Sandbox>> {
    let pre = match linker.instantiate_pre(component) {
        Ok(pre) => pre,
        // It imports more of WASI than is offered. Standard libraries do so for functions that nobody calls.
        Err(_) => {
            let mut linker = linker.clone();
            wasi::deny_the_rest(&mut linker, component, offered)?;
            linker.instantiate_pre(component)?
        }
    };
    StepModulePre::new(pre)
}

/// The same module with HTTP in its linker.
fn link_networked(pre: &StepModulePre<Sandbox>) -> wasmtime::Result<StepModulePre<Sandbox>> {
    let mut linker = linker(pre.engine()).map_err(wasmtime::Error::new)?;
    wasi::add_http(&mut linker)?;
    instantiate_pre(&linker, pre.instance_pre().component(), &[wasi::HTTP])
}

fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes come from this host's own compiler, either directly or from a file whose sha256 was compared
    // with the index in memory; nobody can change them any more. wasmtime checks that they fit its version and settings.
    unsafe { Component::deserialize(engine, code) }
}

/// What modules say while they describe themselves.
struct Tracing(ModuleDigest);

impl LogSink for Tracing {
    fn line(&self, line: LogLine) {
        tracing::debug!(module = %self.0, text = line.text, "a module wrote while it described itself");
    }

    fn progress(&self, _: Progress) {}

    fn of_item(self: Arc<Self>, _: u32) -> Arc<dyn LogSink> {
        self
    }
}
