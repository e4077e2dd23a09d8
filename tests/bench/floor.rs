//! The floor: what the machine and the libraries cost without stepmill. A bare loop around wasmtime with the fastest
//! settings known and around SQLite with full durability; everything else is compared with it.

use std::{path::Path, time::Instant};

use rusqlite::Connection;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, InstancePre, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

mod contract {
    wasmtime::component::bindgen!({ path: "../wit", exports: { default: async } });
}

use contract::{
    StepModulePre,
    exports::stepmill::step::steps::{ArgumentParam, ContentParam, Output},
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

/// A component, compiled and linked, and a database beside it.
pub struct Floor {
    engine: Engine,
    module: StepModulePre<Bare>,
    database: Connection,
}

impl Floor {
    pub fn new(component: &Path, folder: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let engine = Engine::new(&settings())?;
        let component = Component::from_binary(&engine, &std::fs::read(component)?)?;
        let mut linker = Linker::<Bare>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        linker.define_unknown_imports_as_traps(&component)?;
        let instance: InstancePre<Bare> = linker.instantiate_pre(&component)?;
        let database = Connection::open(folder.join("floor.db"))?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        database.execute("CREATE TABLE done (step INTEGER PRIMARY KEY, output BLOB NOT NULL)", [])?;
        Ok(Self { engine, module: StepModulePre::new(instance)?, database })
    }

    /// A fresh store and instance, one call, everything dropped.
    pub async fn call(&self, step: &str, arguments: &[ArgumentParam<'_>]) -> wasmtime::Result<Vec<u8>> {
        let state = Bare { wasi: WasiCtx::builder().build(), table: ResourceTable::new() };
        let mut store = Store::new(&self.engine, state);
        store.set_hostcall_fuel(1 << 30);
        store.set_epoch_deadline(u64::MAX / 2);
        let module = self.module.instantiate_async(&mut store).await?;
        match module.stepmill_step_steps().call_run(&mut store, step, arguments).await? {
            Ok(Output::Value(bytes)) => Ok(bytes),
            Ok(Output::Rows) => Ok(Vec::new()),
            Err(error) => Err(wasmtime::Error::msg(error.message)),
        }
    }

    /// The instance rate of one thread: microseconds for a fresh instance and a call of the step that does nothing.
    pub async fn sandbox_us(&self, count: u32) -> wasmtime::Result<f64> {
        let start = Instant::now();
        for _ in 0..count {
            self.call("noop", &[]).await?;
        }
        Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(count))
    }

    /// The floor of a durable step: a fresh instance, a call, and a commit. In microseconds.
    pub async fn durable_us(&self, count: u32) -> Result<f64, Box<dyn std::error::Error>> {
        let mut insert = self.database.prepare("INSERT OR REPLACE INTO done VALUES (?1, ?2)")?;
        let start = Instant::now();
        for step in 0..count {
            let output = self.call("noop", &[]).await?;
            insert.execute((step, output))?;
        }
        Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(count))
    }

    /// The floor of a large value: `turns` instances that each take it, give it back, have it hashed and written
    /// to a durable file. In seconds.
    pub async fn large_s(&self, value: &[u8], turns: u32, folder: &Path) -> Result<f64, Box<dyn std::error::Error>> {
        let start = Instant::now();
        let mut value = value.to_vec();
        for turn in 0..turns {
            let argument = ArgumentParam { name: "data", content: ContentParam::Value(&value) };
            let output = self.call("pass", &[argument]).await?;
            std::hint::black_box(blake3::hash(&output));
            let file = folder.join(format!("floor-{turn}"));
            std::fs::write(&file, &output)?;
            std::fs::File::open(&file)?.sync_all()?;
            std::fs::File::open(folder)?.sync_all()?;
            std::fs::remove_file(&file)?;
            value = output;
        }
        Ok(start.elapsed().as_secs_f64())
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
