//! Who is told while it happens. Observers never hold a run up and cannot make it fail.

pub mod feed;
pub mod log;
pub mod metrics;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    event::RunEvent,
    execute::ports::{LogLine, Observer, Progress},
    ids::RunId,
    output::AttemptName,
    plan::Plan,
};

/// Tells several observers, one after the other. One that panics affects neither the others nor the run.
#[derive(Clone, Default)]
pub struct Fanout(Vec<Arc<dyn Observer>>);

impl Fanout {
    /// Tells all of these.
    #[must_use]
    pub fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self(observers)
    }

    fn tell(&self, what: impl Fn(&dyn Observer)) {
        for observer in &self.0 {
            if catch_unwind(AssertUnwindSafe(|| what(observer.as_ref()))).is_err() {
                tracing::error!("an observer panicked; what it was told may be missing from what it shows");
            }
        }
    }
}

impl Observer for Fanout {
    fn committed(&self, plan: &Plan, events: &[RunEvent]) {
        self.tell(|observer| observer.committed(plan, events));
    }

    fn logged(&self, attempt: &AttemptName, line: &LogLine) {
        self.tell(|observer| observer.logged(attempt, line));
    }

    fn progressed(&self, attempt: &AttemptName, progress: &Progress) {
        self.tell(|observer| observer.progressed(attempt, progress));
    }

    fn interrupted(&self, run: RunId, reason: Option<&str>) {
        self.tell(|observer| observer.interrupted(run, reason));
    }
}
