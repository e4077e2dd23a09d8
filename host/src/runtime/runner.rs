//! Runs attempts in sandboxes on this machine: the `StepRunner` of the host.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio::sync::Semaphore;

use super::{
    attempt::Attempts,
    batch,
    engine::MAX_SANDBOXES,
    modules::{Module, Modules},
    output,
    sandbox::cancelled,
    stop::Stop,
};
use crate::{
    execute::ports::{AttemptEnd, AttemptJob, AttemptReport, BoxFuture, Cancel, LogSink, OutputStore, StepRunner},
    failure::{FailureKind, StepFailure, Usage},
    ids::Name,
    output::{ItemRange, OutputRef},
};

/// The most places that one pipeline takes: whatever its steps do, there are some for others.
const MAX_SHARE: usize = (MAX_SANDBOXES - MAX_SANDBOXES / 4) as usize;

/// Runs each attempt in a fresh sandbox.
pub struct SandboxRunner {
    shared: Arc<Shared>,
}

struct Shared {
    modules: Arc<Modules>,
    store: Arc<dyn OutputStore>,
    /// The pool has so many places.
    places: Semaphore,
    /// Those that the attempts of one pipeline may take.
    shares: Mutex<HashMap<Name, Weak<Semaphore>>>,
    started: AtomicU64,
}

impl SandboxRunner {
    /// A runner of the steps in these modules, whose outputs go to that store.
    #[must_use]
    pub fn new(modules: Arc<Modules>, store: Arc<dyn OutputStore>) -> Self {
        let places = Semaphore::new(MAX_SANDBOXES as usize);
        Self {
            shared: Arc::new(Shared { modules, store, places, shares: Mutex::default(), started: AtomicU64::new(0) }),
        }
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
            let range = job.range();
            let attempts = async move { shared.attempts(job, logs, cancel).await };
            modules.guests().run(attempts).await.unwrap_or_else(|| {
                let failure = "the host itself failed while the step ran; this is a bug of stepmill, please report it";
                report(range, Err(Stop::failed(FailureKind::Host, failure)), Usage::default())
            })
        })
    }
}

impl Shared {
    async fn attempts(&self, job: AttemptJob, logs: Arc<dyn LogSink>, cancel: Cancel) -> AttemptReport {
        let range = job.range();
        let first = ItemRange { count: 1, ..range };
        let share = self.share(&job.pipeline);
        let (Ok(_share), Ok(_place)) = (share.acquire().await, self.places.acquire().await) else {
            return report(range, Err(Stop::failed(FailureKind::Host, "the host is stopping")), Usage::default());
        };
        if *cancel.borrow() {
            return report(first, Err(cancelled()), Usage::default());
        }
        let prepared = self
            .module(&job)
            .and_then(|module| Attempts::prepare(job, module, &self.store, (logs, cancel), &self.started));
        let attempts = match prepared {
            Ok(attempts) => attempts,
            Err(stop) => return report(range, Err(stop), Usage::default()),
        };
        match &attempts.job().items {
            Some(batch) => batch::run(&attempts, batch).await,
            None => {
                let (result, usage) = attempts.run(None).await;
                report(range, result.and_then(|checked| output::keep(checked, self.store.as_ref())), usage)
            }
        }
    }

    fn share(&self, pipeline: &Name) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(pipeline).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(MAX_SHARE));
        shares.insert(pipeline.clone(), Arc::downgrade(&share));
        share
    }

    fn module(&self, job: &AttemptJob) -> Result<Arc<Module>, Stop> {
        self.modules
            .get(&job.module)
            .ok_or_else(|| Stop::failed(FailureKind::BadModule, format!("the module {} is not loaded", job.module)))
    }
}

fn report(items: ItemRange, result: Result<OutputRef, Stop>, usage: Usage) -> AttemptReport {
    let (end, storage) = ended(items, result, usage);
    AttemptReport { ended: vec![end], storage }
}

/// How attempts ended, and why the host cannot store anything any more, if it cannot.
pub(super) fn ended(items: ItemRange, result: Result<OutputRef, Stop>, usage: Usage) -> (AttemptEnd, Option<String>) {
    let (result, storage) = match result {
        Ok(output) => (Ok(output), None),
        Err(Stop::Failed(failure)) => (Err(failure), None),
        Err(Stop::Storage(problem)) => (Err(StepFailure::new(FailureKind::Host, problem.clone())), Some(problem)),
    };
    (AttemptEnd::of(items, result, usage), storage)
}
