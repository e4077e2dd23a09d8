//! Runs attempts in sandboxes on this machine: the `StepRunner` of the host.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use tokio::sync::Semaphore;

use super::{
    call,
    engine::MAX_SANDBOXES,
    host::{logs::Logs, step_io::StepIo},
    input,
    meter::Spent,
    modules::{Module, Modules},
    output,
    sandbox::{Sandbox, Seed, cancelled},
    stop::Stop,
};
use crate::{
    execute::ports::{AttemptEnd, AttemptJob, AttemptReport, BoxFuture, Cancel, LogSink, OutputStore, StepRunner},
    failure::{FailureKind, StepFailure, Usage},
    output::{ItemRange, OutputRef},
};

/// Runs each attempt in a fresh sandbox.
pub struct SandboxRunner {
    shared: Arc<Shared>,
}

struct Shared {
    modules: Arc<Modules>,
    store: Arc<dyn OutputStore>,
    /// The pool has so many places.
    places: Semaphore,
    started: AtomicU64,
}

impl SandboxRunner {
    /// A runner of the steps in these modules, whose outputs go to that store.
    #[must_use]
    pub fn new(modules: Arc<Modules>, store: Arc<dyn OutputStore>) -> Self {
        let places = Semaphore::new(MAX_SANDBOXES as usize);
        Self { shared: Arc::new(Shared { modules, store, places, started: AtomicU64::new(0) }) }
    }

    /// How many sandboxes were made for attempts so far. Benchmarks compare it with the number of steps.
    #[must_use]
    pub fn sandboxes_started(&self) -> u64 {
        self.shared.started.load(Relaxed)
    }
}

impl StepRunner for SandboxRunner {
    fn run(&self, job: AttemptJob, logs: Arc<dyn LogSink>, cancel: Cancel) -> BoxFuture<'static, AttemptReport> {
        let shared = self.shared.clone();
        Box::pin(async move {
            let modules = shared.modules.clone();
            let attempt = async move { shared.attempt(job, logs, cancel).await };
            modules.guests().run(attempt).await.unwrap_or_else(|| {
                let failure = "the host itself failed while the step ran; this is a bug of stepmill, please report it";
                report(Err(Stop::failed(FailureKind::Host, failure)), Usage::default())
            })
        })
    }
}

impl Shared {
    async fn attempt(&self, job: AttemptJob, sink: Arc<dyn LogSink>, cancel: Cancel) -> AttemptReport {
        let job = Arc::new(job);
        let logs = Logs::new(sink, &job.limits);
        let spent = Arc::new(Spent::default());
        let mut wall_us = 0;
        let result = self.steps(&job, &logs, &spent, cancel, &mut wall_us).await;
        logs.finish();
        let (log_lines, log_lines_dropped) = logs.counts();
        let usage =
            Usage { wall_us, cpu_us: spent.cpu_micros(), memory: spent.peak_memory(), log_lines, log_lines_dropped };
        report(result, usage)
    }

    async fn steps(
        &self,
        job: &Arc<AttemptJob>,
        logs: &Logs,
        spent: &Arc<Spent>,
        cancel: Cancel,
        wall_us: &mut u64,
    ) -> Result<OutputRef, Stop> {
        let Ok(_place) = self.places.acquire().await else {
            return Err(Stop::failed(FailureKind::Host, "the host is stopping"));
        };
        if *cancel.borrow() {
            return Err(cancelled());
        }
        let module = self.module(job)?;
        let load = || input::load_all(&job.arguments, &self.store, &job.limits);
        // Stepping aside for the disk moves this thread's other guests to another thread, which costs more than a step.
        let on_disk = input::are_on_disk(&job.arguments);
        let (inputs, files) = if on_disk { tokio::task::block_in_place(load) } else { load() }?;
        let io = StepIo::new(self.store.clone(), job.output, &job.limits, &files);
        let seed = Seed::Attempt(job.clone());
        let sandbox = Sandbox::new(&job.limits, logs.clone(), seed, spent.clone()).for_attempt(io, cancel.clone());

        self.started.fetch_add(1, Relaxed);
        let began = Instant::now();
        let guest = call::run(module.pre(), sandbox, &job.function, inputs);
        let returned = call::within(&job.limits, Some(cancel), spent.count(guest)).await;
        *wall_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        output::keep(returned?, job.output, &job.limits)
    }

    fn module(&self, job: &AttemptJob) -> Result<Arc<Module>, Stop> {
        self.modules
            .get(&job.module)
            .ok_or_else(|| Stop::failed(FailureKind::BadModule, format!("the module {} is not loaded", job.module)))
    }
}

fn report(result: Result<OutputRef, Stop>, usage: Usage) -> AttemptReport {
    let (result, storage) = match result {
        Ok(output) => (Ok(output), None),
        Err(Stop::Failed(failure)) => (Err(failure), None),
        Err(Stop::Storage(problem)) => (Err(StepFailure::new(FailureKind::Host, problem.clone())), Some(problem)),
    };
    AttemptReport { ended: vec![AttemptEnd::of(ItemRange::WHOLE, result, usage)], storage }
}
