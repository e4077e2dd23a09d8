//! The sandbox: a fresh store for each attempt, with everything in it that one guest may see and use.

use std::sync::Arc;

use wasmtime::{Engine, Store, StoreContextMut, UpdateDeadline, component::ResourceTable};
use wasmtime_wasi::filesystem::WasiFilesystemCtx;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::{
    host::{logs::Logs, step_io::StepIo},
    meter::{Meter, Spent},
    net::Net,
    outside::Outside,
    stop::Stop,
    subject::Subject,
    wasi::{Randomness, Time},
};
use crate::{
    execute::ports::Cancel,
    failure::{FailureKind, LimitKind},
    limits::{Limits, MAX_NET_FIELDS},
};

/// What the host knows about one running guest.
pub(super) struct Sandbox {
    pub(super) table: ResourceTable,
    pub(super) meter: Meter,
    pub(super) time: Time,
    pub(super) subject: Subject,
    pub(super) random: Option<Box<Randomness>>,
    pub(super) filesystem: WasiFilesystemCtx,
    pub(super) logs: Logs,
    /// What is granted besides clocks, randomness and facts.
    pub(super) outside: Option<Arc<Outside>>,
    net: Net,
    http: WasiHttpCtx,
    pub(super) limits: Limits,
    /// None while the guest describes itself.
    pub(super) io: Option<StepIo>,
    spent: Arc<Spent>,
    cancel: Option<Cancel>,
}

impl Sandbox {
    pub(super) fn new(limits: &Limits, logs: Logs, subject: Subject, spent: Arc<Spent>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles as usize);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_NET_FIELDS);
        Self {
            table,
            meter: Meter::new(limits, spent.clone()),
            time: Time::new(subject.grants().has_time()),
            subject,
            random: None,
            filesystem: WasiFilesystemCtx::default(),
            logs,
            outside: None,
            net: Net::none(),
            http,
            limits: limits.clone(),
            io: None,
            spent,
            cancel: None,
        }
    }

    /// For an attempt: with data to read and write, a way to be cancelled, and what is granted.
    pub(super) fn for_attempt(mut self, io: StepIo, cancel: Cancel, outside: Option<Arc<Outside>>) -> Self {
        if let Some(outside) = &outside {
            self.net = Net::granted(outside.clone(), self.logs.clone());
        }
        self.outside = outside;
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

    /// Whether the run is being cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|cancel| *cancel.borrow())
    }

    /// Called from the guest whenever the epoch has moved on: it yields, unless it must end.
    fn tick(&self) -> wasmtime::Result<UpdateDeadline> {
        // Who is told of it has time to end by itself; `call::within` ends that.
        if !self.subject.grants().run && self.is_cancelled() {
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

impl WasiHttpView for Sandbox {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.net, table: &mut self.table, ctx: &mut self.http }
    }
}

/// The run was cancelled.
pub(super) fn cancelled() -> Stop {
    Stop::failed(FailureKind::Cancelled, "the run was cancelled while the step ran")
}
