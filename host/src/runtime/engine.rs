//! The engines: how wasmtime is set up, in one place. Every choice is either a guard or was measured.

use std::{
    fmt,
    hash::{Hash, Hasher},
    io,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use wasmtime::{Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::limits::Limits;

/// How many sandboxes of steps without network exist at once; further attempts wait for a place in the pool.
pub const MAX_SANDBOXES: u32 = 64;
/// How many sandboxes of steps with network exist at once. Most of the time they wait.
pub const MAX_NETWORKED: u32 = 1_536;
/// What the pool has places for: the attempts, and the one module that is being asked what it contains.
const POOLED_SANDBOXES: u32 = MAX_SANDBOXES + MAX_NETWORKED + 1;
/// How often a guest that computes is asked to yield.
pub const EPOCH: Duration = Duration::from_millis(10);

/// What a component may consist of to fit into the pool. What needs more runs on the engine without one.
const POOLED_INSTANCES: u32 = 16;
const POOLED_MEMORIES: u32 = 2;
const POOLED_TABLES: u32 = 4;
const POOLED_INSTANCE_BYTES: usize = 1 << 20;
/// How much of a used memory stays resident for the next sandbox; `pagemap_scan` clears only the pages that were written.
const KEEP_RESIDENT: usize = 1 << 20;
/// The most wasm stack frames in a failure.
pub(super) const MAX_FRAMES: usize = 16;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime does not work on this machine.
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Setup(String),
    /// No thread for the clock of the engines.
    #[error("the engine's clock thread cannot be started: {0}")]
    Ticker(#[source] io::Error),
    /// No threads for guests.
    #[error("the threads for steps cannot be started: {0}")]
    Threads(#[source] io::Error),
}

/// Names the machine code that an engine can load: another wasmtime, processor or setting has another key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EngineKey(Arc<str>);

impl EngineKey {
    /// The key as text, fit for a file name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(engine: &Engine) -> Self {
        let mut hasher = Blake3Hasher(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self(hex::encode(&hasher.0.finalize().as_bytes()[..16]).into())
    }
}

impl fmt::Display for EngineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EngineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The standard library's hasher may change with the compiler; keys on disk must not.
struct Blake3Hasher(blake3::Hasher);

impl Hasher for Blake3Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let mut head = [0; 8];
        head.copy_from_slice(&self.0.finalize().as_bytes()[..8]);
        u64::from_le_bytes(head)
    }
}

/// The engine with a pool, and one without for the components that do not fit in it. Both run the same machine code.
pub(super) struct Engines {
    pooled: Engine,
    on_demand: OnceLock<Engine>,
    key: EngineKey,
}

impl Engines {
    /// # Errors
    /// If wasmtime does not work here, or no thread can be started.
    pub(super) fn new() -> Result<Self, EngineError> {
        let pooled = match Engine::new(&pooled_config()) {
            Ok(engine) => engine,
            // A pool reserves terabytes of address space, which a container or `ulimit -v` may forbid.
            Err(error) => {
                tracing::warn!(%error, "sandboxes run without a pool, which is slower");
                on_demand_engine()?
            }
        };
        start_ticker(pooled.weak())?;
        let key = EngineKey::of(&pooled);
        Ok(Self { pooled, on_demand: OnceLock::new(), key })
    }

    pub(super) fn pooled(&self) -> &Engine {
        &self.pooled
    }

    /// # Errors
    /// As for [`Engines::new`].
    pub(super) fn on_demand(&self) -> Result<&Engine, EngineError> {
        if let Some(engine) = self.on_demand.get() {
            return Ok(engine);
        }
        let engine = on_demand_engine()?;
        start_ticker(engine.weak())?;
        Ok(self.on_demand.get_or_init(|| engine))
    }

    pub(super) fn key(&self) -> &EngineKey {
        &self.key
    }
}

/// An engine that allocates each sandbox anew. The only sort a compiling child needs: it runs nothing.
///
/// # Errors
/// If wasmtime does not work on this machine.
pub(super) fn on_demand_engine() -> Result<Engine, EngineError> {
    Engine::new(&config()).map_err(|error| EngineError::Setup(format!("{error:#}")))
}

/// What both engines have in common: everything that shapes machine code.
fn config() -> Config {
    let mut config = Config::new();
    config
        // Guards.
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        .wasm_memory64(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        // Two bytes far apart in a memory would become an image of everything between them, in the machine code.
        .memory_guaranteed_dense_image_size(64 << 10)
        // The same inputs give the same bytes on every machine.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(true)
        .relaxed_simd_deterministic(true)
        // No async exports, no component-model streams: the contract has neither, and a call gets much cheaper.
        .concurrency_support(false)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(MAX_FRAMES));
    config
}

fn pooled_config() -> Config {
    let elements = usize::try_from(Limits::default().table_elements).unwrap_or(usize::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(POOLED_SANDBOXES)
        .total_stacks(POOLED_SANDBOXES)
        .total_core_instances(POOLED_SANDBOXES * POOLED_INSTANCES)
        .total_memories(POOLED_SANDBOXES * POOLED_MEMORIES)
        .total_tables(POOLED_SANDBOXES * POOLED_TABLES)
        .max_core_instances_per_component(POOLED_INSTANCES)
        .max_memories_per_component(POOLED_MEMORIES)
        .max_tables_per_component(POOLED_TABLES)
        .max_memories_per_module(POOLED_MEMORIES)
        .max_tables_per_module(POOLED_TABLES)
        .max_core_instance_size(POOLED_INSTANCE_BYTES)
        .max_component_instance_size(POOLED_INSTANCE_BYTES)
        .table_elements(elements)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Moves an engine's epoch on for as long as the engine lives. A thread of its own: a busy executor must not stop
/// the clock that keeps guests from keeping it busy.
fn start_ticker(engine: EngineWeak) -> Result<(), EngineError> {
    let tick = move || {
        loop {
            thread::sleep(EPOCH);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    };
    thread::Builder::new().name("stepmill-epoch".to_owned()).spawn(tick).map(drop).map_err(EngineError::Ticker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_run_the_same_machine_code() {
        let engines = Engines::new().unwrap();
        assert_eq!(EngineKey::of(engines.on_demand().unwrap()), *engines.key());
        assert_eq!(EngineKey::of(&on_demand_engine().unwrap()), *engines.key());
    }
}
