//! One attempt in a sandbox of its own, and what the attempts of one job share.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::{
    call,
    host::{logs::Logs, step_io::StepIo},
    input::{self, Inputs},
    meter::Spent,
    modules::Module,
    output::{self, Checked},
    outside::{Outside, Surroundings},
    sandbox::Sandbox,
    stop::Stop,
    subject::{Given, Item, Subject},
};
use crate::{
    execute::ports::{AttemptJob, Cancel, LogSink, OutputStore},
    failure::Usage,
};

/// What the attempts of one job share.
pub(super) struct Attempts<'a> {
    given: Arc<Given>,
    module: Arc<Module>,
    inputs: Inputs,
    outside: Option<Arc<Outside>>,
    store: &'a Arc<dyn OutputStore>,
    logs: Arc<dyn LogSink>,
    cancel: Cancel,
    started: &'a AtomicU64,
}

impl<'a> Attempts<'a> {
    /// Loads what they are given.
    ///
    /// # Errors
    /// If an argument or a secret cannot be had: then all of them fail.
    pub(super) fn prepare(
        job: AttemptJob,
        module: Arc<Module>,
        store: &'a Arc<dyn OutputStore>,
        surroundings: &Surroundings,
        (logs, cancel): (Arc<dyn LogSink>, Cancel),
        started: &'a AtomicU64,
    ) -> Result<Self, Stop> {
        let load = || Inputs::load(&job, store);
        // Stepping aside for the disk moves this thread's other guests to another thread, which costs more than a step.
        let inputs = if input::are_on_disk(&job.arguments) { tokio::task::block_in_place(load) } else { load() }?;
        let outside = Outside::gather(&job.grants, surroundings)?;
        Ok(Self { given: Arc::new(Given::new(job)), module, inputs, outside, store, logs, cancel, started })
    }

    pub(super) fn job(&self) -> &AttemptJob {
        &self.given.job
    }

    pub(super) fn store(&self) -> &Arc<dyn OutputStore> {
        self.store
    }

    /// Whether the run is being cancelled.
    pub(super) fn are_cancelled(&self) -> bool {
        *self.cancel.borrow()
    }

    /// Runs one attempt to its end.
    pub(super) async fn run(&self, item: Option<Item>) -> (Result<Checked, Stop>, Usage) {
        let logs = Logs::of_item(self.logs.clone(), item.as_ref().map(|item| item.index), &self.job().limits);
        let logs = logs.without_secrets(self.outside.as_ref());
        let spent = Arc::new(Spent::default());
        let began = Instant::now();
        let mut result = self.call(item, &logs, &spent).await;
        if let (Err(Stop::Failed(failure)), Some(outside)) = (&mut result, &self.outside) {
            outside.redactor.apply_to_failure(failure);
        }
        let wall_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        logs.finish();
        let (log_lines, log_lines_dropped) = logs.counts();
        let usage =
            Usage { wall_us, cpu_us: spent.cpu_micros(), memory: spent.peak_memory(), log_lines, log_lines_dropped };
        (result, usage)
    }

    async fn call(&self, item: Option<Item>, logs: &Logs, spent: &Arc<Spent>) -> Result<Checked, Stop> {
        let job = self.job();
        let (inputs, files) = self.inputs.give(item.as_ref(), self.store.as_ref())?;
        let io = StepIo::new(self.store.clone(), job.output, item.is_some(), &job.limits, &files);
        let subject = Subject::Attempt(self.given.clone(), item);
        let sandbox = Sandbox::new(&job.limits, logs.clone(), subject, spent.clone()).for_attempt(
            io,
            self.cancel.clone(),
            self.outside.clone(),
        );
        self.started.fetch_add(1, Relaxed);
        // Pinned here, because it is large, and would be copied into each of the futures around it.
        let guest = pin!(call::run(self.module.pre(&job.grants)?, sandbox, &job.function, inputs));
        let grace = if job.grants.run { call::GRACE } else { Duration::ZERO };
        let returned = call::within(&job.limits, Some(self.cancel.clone()), grace, spent.count(guest)).await;
        output::check(returned?, job.output, &job.limits)
    }
}
