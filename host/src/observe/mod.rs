//! Who is told while it happens. Observers never hold a run up and cannot make it fail.

pub mod feed;
pub mod log;
pub mod metrics;

use std::sync::Arc;

use crate::{
    event::RunEvent,
    execute::ports::{LogLine, Observer, Progress},
    ids::RunId,
    output::AttemptName,
    plan::Plan,
};

/// Tells several observers, one after the other.
#[derive(Clone, Default)]
pub struct Fanout(Vec<Arc<dyn Observer>>);

impl Fanout {
    /// Tells all of these.
    #[must_use]
    pub fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self(observers)
    }
}

impl Observer for Fanout {
    fn committed(&self, plan: &Plan, events: &[RunEvent]) {
        self.0.iter().for_each(|observer| observer.committed(plan, events));
    }

    fn logged(&self, attempt: &AttemptName, line: &LogLine) {
        self.0.iter().for_each(|observer| observer.logged(attempt, line));
    }

    fn progressed(&self, attempt: &AttemptName, progress: &Progress) {
        self.0.iter().for_each(|observer| observer.progressed(attempt, progress));
    }

    fn interrupted(&self, run: RunId, reason: Option<&str>) {
        self.0.iter().for_each(|observer| observer.interrupted(run, reason));
    }
}
