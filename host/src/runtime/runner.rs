//! Runs attempts in sandboxes on this machine: the `StepRunner` of the host.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use futures_util::FutureExt;

use super::{
    attempt::Attempts,
    batch,
    modules::{Module, Modules},
    output,
    outside::Surroundings,
    places::Places,
    sandbox::cancelled,
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
    surroundings: Surroundings,
    places: Places,
    started: AtomicU64,
}

impl SandboxRunner {
    /// A runner of the steps in these modules, whose outputs go to that store; what they may use outside their sandboxes
    /// is in the surroundings, if it is granted.
    #[must_use]
    pub fn new(modules: Arc<Modules>, store: Arc<dyn OutputStore>, surroundings: Surroundings) -> Self {
        let places = Places::default();
        Self { shared: Arc::new(Shared { modules, store, surroundings, places, started: AtomicU64::new(0) }) }
    }

    /// How many sandboxes were made for attempts so far. Benchmarks compare it with the number of steps.
    #[must_use]
    pub fn sandboxes_started(&self) -> u64 {
        self.shared.started.load(Relaxed)
    }
}

impl StepRunner for SandboxRunner {
    fn run(&self, job: AttemptJob, logs: Arc<dyn LogSink>, cancel: Cancel) -> BoxFuture<'static, AttemptReport> {
        let (shared, range, alone) = (self.shared.clone(), job.range(), job.alone);
        let attempts = async move { shared.attempts(job, logs, cancel).await };
        if alone {
            // Another task would have to be woken up, and wake this one up when it is done.
            let ended = AssertUnwindSafe(attempts).catch_unwind();
            return Box::pin(async move { ended.await.unwrap_or_else(|_| broken(range)) });
        }
        let ended = self.shared.modules.guests().run(attempts);
        Box::pin(async move { ended.await.unwrap_or_else(|| broken(range)) })
    }
}

impl Shared {
    async fn attempts(&self, job: AttemptJob, logs: Arc<dyn LogSink>, cancel: Cancel) -> AttemptReport {
        let range = job.range();
        let first = ItemRange { count: 1, ..range };
        let Some(_place) = self.places.take(&job.pipeline, &job.grants).await else {
            return report(range, Err(Stop::failed(FailureKind::Host, "the host is stopping")), Usage::default());
        };
        if *cancel.borrow() {
            return report(first, Err(cancelled()), Usage::default());
        }
        let prepared = self.module(&job).and_then(|module| {
            Attempts::prepare(job, module, &self.store, &self.surroundings, (logs, cancel), &self.started)
        });
        let attempts = match prepared {
            Ok(attempts) => attempts,
            Err(stop) => return report(range, Err(stop), Usage::default()),
        };
        match &attempts.job().items {
            // Apart, so that a single attempt does not carry room for it around.
            Some(batch) => Box::pin(batch::run(&attempts, batch)).await,
            None => {
                let (result, usage) = attempts.run(None).await;
                report(range, result.and_then(|checked| output::keep(checked, self.store.as_ref())), usage)
            }
        }
    }

    fn module(&self, job: &AttemptJob) -> Result<Arc<Module>, Stop> {
        self.modules
            .get(&job.module)
            .ok_or_else(|| Stop::failed(FailureKind::BadModule, format!("the module {} is not loaded", job.module)))
    }
}

/// The host panicked, or its guests' threads are gone.
fn broken(items: ItemRange) -> AttemptReport {
    let failure = "the host itself failed while the step ran; this is a bug of stepmill, please report it";
    report(items, Err(Stop::failed(FailureKind::Host, failure)), Usage::default())
}

fn report(items: ItemRange, result: Result<OutputRef, Stop>, usage: Usage) -> AttemptReport {
    let (end, interrupted) = ended(items, result, usage);
    AttemptReport { ended: vec![end], interrupted }
}

/// How attempts ended, and why the host cannot go on, if it cannot.
pub(super) fn ended(items: ItemRange, result: Result<OutputRef, Stop>, usage: Usage) -> (AttemptEnd, Option<String>) {
    let (result, interrupted) = match result {
        Ok(output) => (Ok(output), None),
        Err(Stop::Failed(failure)) => (Err(failure), None),
        Err(Stop::Interrupted(problem)) => (Err(StepFailure::new(FailureKind::Host, problem.clone())), Some(problem)),
    };
    (AttemptEnd::of(items, result, usage), interrupted)
}
