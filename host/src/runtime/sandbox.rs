//! The sandbox: a fresh store for each attempt, with everything in it that one guest may see and use.

use std::sync::Arc;

use wasmtime::{Engine, Store, StoreContextMut, UpdateDeadline, component::ResourceTable};
use wasmtime_wasi::filesystem::WasiFilesystemCtx;

use super::{
    host::{logs::Logs, step_io::StepIo},
    meter::{Meter, Spent},
    stop::Stop,
    wasi::{Randomness, VirtualClock},
};
use crate::{
    execute::ports::{ArgumentData, AttemptJob, Cancel},
    failure::{FailureKind, LimitKind},
    ids::ModuleDigest,
    limits::Limits,
};

/// What the host knows about one running guest.
pub(super) struct Sandbox {
    pub(super) table: ResourceTable,
    pub(super) meter: Meter,
    pub(super) clock: Arc<VirtualClock>,
    pub(super) seed: Seed,
    pub(super) random: Option<Box<Randomness>>,
    pub(super) filesystem: WasiFilesystemCtx,
    pub(super) logs: Logs,
    pub(super) limits: Limits,
    /// None while the guest describes itself.
    pub(super) io: Option<StepIo>,
    spent: Arc<Spent>,
    cancel: Option<Cancel>,
}

/// What randomness follows from.
#[derive(Debug, Clone)]
pub(super) enum Seed {
    /// A module that describes itself.
    Module(ModuleDigest),
    /// An attempt: all that the guest is given, and nothing about the run.
    Attempt(Arc<AttemptJob>),
}

impl Seed {
    /// The same for the same module, step and inputs.
    pub(super) fn derive(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("stepmill 2026-11 randomness of a pure step");
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        };
        match self {
            Self::Module(digest) => part(&digest.0),
            Self::Attempt(job) => {
                part(&job.module.0);
                part(job.function.as_str().as_bytes());
                for argument in &job.arguments {
                    part(argument.name.as_str().as_bytes());
                    match &argument.data {
                        ArgumentData::Value(value) => part(blake3::hash(value).as_bytes()),
                        ArgumentData::Output { output, path } => {
                            part(&output.hash.0);
                            part(path.to_string().as_bytes());
                        }
                        ArgumentData::Item { path } => part(path.to_string().as_bytes()),
                    }
                }
            }
        }
        hasher.finalize().into()
    }
}

impl Sandbox {
    pub(super) fn new(limits: &Limits, logs: Logs, seed: Seed, spent: Arc<Spent>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles as usize);
        Self {
            table,
            meter: Meter::new(limits, spent.clone()),
            clock: Arc::default(),
            seed,
            random: None,
            filesystem: WasiFilesystemCtx::default(),
            logs,
            limits: limits.clone(),
            io: None,
            spent,
            cancel: None,
        }
    }

    /// For an attempt: with data to read and write, and a way to be cancelled.
    pub(super) fn for_attempt(mut self, io: StepIo, cancel: Cancel) -> Self {
        self.io = Some(io);
        self.cancel = Some(cancel);
        self
    }

    /// A store around it, with every limit set.
    ///
    /// # Errors
    /// If memory is exhausted.
    pub(super) fn into_store(self, engine: &Engine) -> wasmtime::Result<Store<Self>> {
        let (fuel, handles) = (self.limits.hostcall_bytes(), self.limits.handles as usize);
        let mut store = Store::try_new(engine, self)?;
        store.limiter(|sandbox| &mut sandbox.meter);
        store.set_hostcall_fuel(fuel);
        store.set_max_component_handles(handles);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store: StoreContextMut<'_, Self>| store.data().tick());
        Ok(store)
    }

    /// Called from the guest whenever the epoch has moved on: it yields, unless it must end.
    fn tick(&self) -> wasmtime::Result<UpdateDeadline> {
        if self.cancel.as_ref().is_some_and(|cancel| *cancel.borrow()) {
            return Err(cancelled().into());
        }
        let most = self.limits.cpu_ms;
        if self.spent.cpu_micros_now() / 1_000 >= most {
            let message = format!(
                "the step computed for more than {most} ms: raise `limits.cpu` of the step, or give it less to do at once"
            );
            return Err(Stop::limit(LimitKind::Cpu, message).into());
        }
        Ok(UpdateDeadline::Yield(1))
    }
}

/// The run was cancelled.
pub(super) fn cancelled() -> Stop {
    Stop::failed(FailureKind::Cancelled, "the run was cancelled while the step ran")
}
