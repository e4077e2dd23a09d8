//! Does not run what ran before: the results of pure steps, found by what they were made of.
//!
//! [`ReusingRunner`] stands before the runner that makes sandboxes. It only knows keys and stored outputs: where keys are
//! kept is the affair of a [`ResultCache`], and that a result counts is decided where it always is, by an event. Whatever
//! goes wrong here costs a computation and never a run.

mod batch;
mod check;
mod explain;
mod key;
mod pack;

#[cfg(test)]
mod tests;

use std::{fmt::Display, sync::Arc};

use self::{
    check::{Checker, is_on_disk},
    pack::reused,
};
pub use self::{
    explain::{Change, explain},
    key::JobKey,
};
use super::{
    ports::{
        AttemptEnd, AttemptJob, AttemptReport, BoxFuture, Cancel, Clock, LogLevel, LogLine, LogSink, LogStream,
        OutputStore, StepRunner,
    },
    stored::StoredError,
};
use crate::{
    effects,
    event::CacheEntry,
    ids::ContentHash,
    output::{AttemptName, OutputRef},
};

/// Finds earlier results.
pub trait ResultCache: Send + Sync {
    /// For each key, the result of an attempt that succeeded, if one is known. Asked for every attempt at a pure step,
    /// so it should be quick.
    fn lookup(&self, keys: Vec<ContentHash>) -> BoxFuture<'static, Result<Vec<Option<CachedResult>>, LookupError>>;
}

/// Earlier results cannot be looked up. What was asked for is computed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("earlier results cannot be looked up: {0}")]
pub struct LookupError(pub String);

/// The result of an earlier attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedResult {
    /// The attempt that computed it; of a `for_each` step, with the item. Its run may have been removed since.
    pub attempt: AttemptName,
    /// The output, or the pack that the item's output is in.
    pub output: OutputRef,
    /// Which element of the pack.
    pub index: u64,
    /// Whether the output is a pack.
    pub packed: bool,
}

/// Answers jobs of pure steps with earlier results, and has the others run.
pub struct ReusingRunner {
    inner: Arc<Inner>,
}

struct Inner {
    runner: Arc<dyn StepRunner>,
    results: Arc<dyn ResultCache>,
    clock: Arc<dyn Clock>,
    checker: Checker,
}

impl ReusingRunner {
    /// A runner that asks `results` first. Outputs are in `store`; the clock is for what it adds to logs.
    #[must_use]
    pub fn new(
        runner: Arc<dyn StepRunner>,
        results: Arc<dyn ResultCache>,
        store: Arc<dyn OutputStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { inner: Arc::new(Inner { runner, results, clock, checker: Checker::new(store) }) }
    }
}

impl StepRunner for ReusingRunner {
    fn run(&self, job: AttemptJob, logs: Arc<dyn LogSink>, cancel: Cancel) -> BoxFuture<'static, AttemptReport> {
        // What a cancelled attempt ends as is the runner's to say.
        if !job.reuse || !job.grants.is_pure() || *cancel.borrow() {
            return self.inner.runner.run(job, logs, cancel);
        }
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            match job.items.clone() {
                None => inner.whole(job, logs, cancel).await,
                Some(items) => inner.batch(job, items, logs, cancel).await,
            }
        })
    }
}

impl Inner {
    async fn whole(self: Arc<Self>, job: AttemptJob, logs: Arc<dyn LogSink>, cancel: Cancel) -> AttemptReport {
        let key = JobKey::of(&job);
        let entry = Box::new(CacheEntry { keys: vec![key.whole()], parts: key.parts().to_vec() });
        let found = self.lookup(&job.name, entry.keys.clone()).await.pop().flatten();
        if let Some(found) = found.filter(|found| !found.packed && found.output.form == job.output) {
            match self.check(&found.output).await {
                Ok(()) => {
                    let end = reused(job.range(), found.output, found.attempt);
                    return AttemptReport { ended: vec![AttemptEnd { cache: Some(entry), ..end }], interrupted: None };
                }
                Err(error) => self.tell_damage(&found.attempt, &error, logs.as_ref()),
            }
        }
        let mut report = self.runner.run(job, logs, cancel).await;
        for end in &mut report.ended {
            if let Ok(output) = &end.result {
                self.checker.remember(output);
                end.cache = Some(entry.clone());
            }
        }
        report
    }

    /// As many answers as keys; none of them if the index cannot be read.
    async fn lookup(&self, job: &AttemptName, keys: Vec<ContentHash>) -> Vec<Option<CachedResult>> {
        let count = keys.len();
        let mut found = self.results.lookup(keys).await.unwrap_or_else(|error| {
            tracing::warn!(attempt = %job, %error, "the step is computed");
            Vec::new()
        });
        found.resize(count, None);
        found
    }

    async fn check(self: &Arc<Self>, output: &OutputRef) -> Result<(), StoredError> {
        if !is_on_disk(output) {
            return self.checker.output(output);
        }
        let (inner, output) = (Arc::clone(self), output.clone());
        blocking(move || inner.checker.output(&output)).await?
    }

    fn tell_damage(&self, attempt: &AttemptName, error: &dyn Display, logs: &dyn LogSink) {
        tracing::warn!(result = %attempt, %error, "a stored result is damaged; it is computed again");
        logs.line(LogLine {
            at: self.clock.now(),
            level: LogLevel::Warn,
            stream: LogStream::Log,
            text: format!("the result of {attempt} is damaged ({error}); computed again"),
        });
    }
}

/// Waits for the disk on a thread that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> std::io::Result<T> {
    effects::blocking(work).await.map_err(std::io::Error::other)
}
