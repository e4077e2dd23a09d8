//! The floor: what the machine and the libraries cost without stepmill. A bare loop around wasmtime with the fastest
//! settings known and around SQLite with full durability; everything else is compared with it.

use std::{error::Error, fs, fs::File, path::Path, thread, time::Instant};

use rusqlite::Connection;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, Linker, ResourceTable, ResourceType},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// The contract, bound in the way that copies least.
mod contract {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "step-module",
        ownership: Borrowing { duplicate_if_necessary: true },
        exports: { default: async },
    });
}

use contract::{
    StepModulePre,
    exports::stepmill::step::steps::{Argument, Content, Output},
    stepmill::step::host::RowReader,
};

/// What a store of the bare loop holds.
struct Bare {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Bare {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A component, compiled and linked.
struct Module {
    engine: Engine,
    linked: StepModulePre<Bare>,
}

impl Module {
    /// A fresh store and instance, one call, everything dropped.
    async fn call(&self, step: &str, arguments: &[Argument<'_>]) -> wasmtime::Result<Vec<u8>> {
        let state = Bare { wasi: WasiCtx::builder().build(), table: ResourceTable::new() };
        let mut store = Store::new(&self.engine, state);
        store.set_hostcall_fuel(1 << 30);
        store.set_epoch_deadline(u64::MAX / 2);
        let module = self.linked.instantiate_async(&mut store).await?;
        match module.stepmill_step_steps().call_run(&mut store, step, arguments).await? {
            Ok(Output::Value(bytes)) => Ok(bytes),
            Ok(Output::Rows) => Ok(Vec::new()),
            Err(error) => Err(wasmtime::Error::msg(error.message)),
        }
    }

    /// A link of a chain: takes what the link before it returned.
    async fn link(&self, before: &[u8]) -> wasmtime::Result<Vec<u8>> {
        self.call("link", &[Argument { name: "before", content: Content::Value(before) }]).await
    }

    /// Calls so many times, nothing else: seconds for each.
    async fn sandboxes(&self, count: u32) -> wasmtime::Result<f64> {
        let start = Instant::now();
        let mut value = vec![0];
        for _ in 0..count {
            value = self.link(&value).await?;
        }
        Ok(start.elapsed().as_secs_f64() / f64::from(count))
    }
}

/// A module, and a database beside it.
pub(crate) struct Floor {
    module: Module,
    database: Connection,
}

impl Floor {
    /// Compiles a component and makes a database in the folder.
    pub(crate) fn new(component: &Path, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let engine = Engine::new(&settings())?;
        let component = Component::from_binary(&engine, &fs::read(component)?)?;
        let mut linker = Linker::<Bare>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        // The type of an argument mentions it; everything else that the steps used here import is never called.
        linker.instance("stepmill:step/host@0.1.0")?.resource(
            "row-reader",
            ResourceType::host::<RowReader>(),
            |_, _| Ok(()),
        )?;
        linker.define_unknown_imports_as_traps(&component)?;
        let linked = StepModulePre::new(linker.instantiate_pre(&component)?)?;
        let database = Connection::open(folder.join("floor.db"))?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        database.execute("CREATE TABLE done (step INTEGER PRIMARY KEY, output BLOB NOT NULL)", [])?;
        Ok(Self { module: Module { engine, linked }, database })
    }

    /// A fresh instance and a call, nothing else: seconds for each of so many.
    pub(crate) async fn sandbox(&self, count: u32) -> wasmtime::Result<f64> {
        self.module.sandboxes(count).await
    }

    /// The same on so many threads at once: how many in a second they do together.
    pub(crate) fn sandboxes_at_once(&self, threads: usize, count: u32) -> Result<f64, Box<dyn Error>> {
        let module = &self.module;
        let seconds = thread::scope(|scope| {
            let work = || -> Result<f64, String> {
                let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|e| e.to_string())?;
                runtime.block_on(module.sandboxes(count)).map_err(|error| error.to_string())
            };
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?).collect()
        });
        Ok(Result::<Vec<f64>, String>::map(seconds, |each| each.into_iter().map(f64::recip).sum())?)
    }

    /// A fresh instance, a call, and a commit: seconds for each of so many.
    pub(crate) async fn durable_step(&self, count: u32) -> Result<f64, Box<dyn Error>> {
        let mut insert = self.database.prepare("INSERT OR REPLACE INTO done VALUES (?1, ?2)")?;
        let start = Instant::now();
        let mut value = vec![0];
        for step in 0..count {
            value = self.module.link(&value).await?;
            insert.execute((step, &value))?;
        }
        Ok(start.elapsed().as_secs_f64() / f64::from(count))
    }

    /// A large value through so many instances; each takes it, gives it back, has it hashed and written to a durable
    /// file. In seconds.
    pub(crate) async fn large_value(&self, value: &[u8], turns: u32, folder: &Path) -> Result<f64, Box<dyn Error>> {
        let mut value = value.to_vec();
        let start = Instant::now();
        for turn in 0..turns {
            let argument = Argument { name: "data", content: Content::Value(&value) };
            let output = self.module.call("pass", &[argument]).await?;
            std::hint::black_box(blake3::hash(&output));
            let path = folder.join(format!("floor-{turn}"));
            fs::write(&path, &output)?;
            File::open(&path)?.sync_all()?;
            File::open(folder)?.sync_all()?;
            value = output;
        }
        let seconds = start.elapsed().as_secs_f64();
        for turn in 0..turns {
            fs::remove_file(folder.join(format!("floor-{turn}")))?;
        }
        Ok(seconds)
    }
}

/// The fastest settings known: a pool that clears only the pages that were written, no component-model concurrency.
fn settings() -> Config {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_core_instances(64).total_component_instances(64).total_memories(64).total_tables(64).total_stacks(64);
    pool.linear_memory_keep_resident(1 << 20).table_keep_resident(1 << 20).pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.concurrency_support(false).epoch_interruption(true).cranelift_nan_canonicalization(true);
    config
}
