//! Counts what happens, for Prometheus.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::{
    event::{EventKind, RunEvent},
    execute::ports::{LogLine, Observer, Progress},
    failure::FailureKind,
    ids::{RunId, Timestamp},
    output::AttemptName,
    plan::Plan,
};

/// Upper bounds, in seconds.
const RUN_SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0];
const STEP_SECONDS: [f64; 11] = [0.000_1, 0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TurnedAway {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limited {
    limit: String,
}

/// What was counted since the host was started.
pub struct Metrics {
    registry: Registry,
    accepted: Counter,
    finished: Family<Ended, Counter>,
    attempts: Family<Ended, Counter>,
    reused: Counter,
    limits: Family<Limited, Counter>,
    run_seconds: Histogram,
    step_seconds: Histogram,
    log_lines: Counter,
    webhooks_rejected: Family<TurnedAway, Counter>,
    active: Gauge,
    queued: Gauge,
    /// When the runs that have not ended were accepted, and whether they have begun.
    open: Mutex<HashMap<RunId, (Timestamp, bool)>>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("stepmill"),
            accepted: Counter::default(),
            finished: Family::default(),
            attempts: Family::default(),
            reused: Counter::default(),
            limits: Family::default(),
            run_seconds: Histogram::new(RUN_SECONDS),
            step_seconds: Histogram::new(STEP_SECONDS),
            log_lines: Counter::default(),
            webhooks_rejected: Family::default(),
            active: Gauge::default(),
            queued: Gauge::default(),
            open: Mutex::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("runs_accepted", "Runs that were accepted", metrics.accepted.clone());
        registry.register("runs_finished", "Runs that ended, by how", metrics.finished.clone());
        registry.register("runs_active", "Runs that have begun and not ended", metrics.active.clone());
        registry.register("runs_queued", "Runs that were accepted and have not begun", metrics.queued.clone());
        registry.register("attempts", "Attempts at steps that ended, by how", metrics.attempts.clone());
        registry.register("results_reused", "Results that were taken from the cache", metrics.reused.clone());
        registry.register("limits_reached", "Attempts that a limit ended, by limit", metrics.limits.clone());
        registry.register("log_lines", "Lines that steps wrote to their logs", metrics.log_lines.clone());
        let rejected = metrics.webhooks_rejected.clone();
        registry.register("webhooks_rejected", "Deliveries to webhooks that were turned away, by reason", rejected);
        registry.register_with_unit(
            "run_duration",
            "From a run's acceptance to its end",
            Unit::Seconds,
            metrics.run_seconds.clone(),
        );
        registry.register_with_unit(
            "attempt_duration",
            "What attempts that were executed took",
            Unit::Seconds,
            metrics.step_seconds.clone(),
        );
        metrics
    }
}

impl Metrics {
    /// All of them in the OpenMetrics text format.
    ///
    /// # Errors
    /// Never: a string takes all that is written to it.
    pub fn render(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// A delivery to a webhook was turned away.
    pub fn reject_webhook(&self, reason: &'static str) {
        self.webhooks_rejected.get_or_create(&TurnedAway { reason }).inc();
    }

    fn attempt(&self, outcome: &'static str) {
        self.attempts.get_or_create(&Ended { outcome }).inc();
    }

    #[expect(clippy::cast_precision_loss, reason = "durations in a histogram")]
    fn count(&self, event: &RunEvent) {
        match &event.kind {
            EventKind::AttemptSucceeded { reused: Some(_), items, .. } => {
                self.reused.inc_by(items.count.into());
            }
            EventKind::AttemptSucceeded { usage, .. } => {
                self.attempt("succeeded");
                self.step_seconds.observe(usage.wall_us as f64 / 1e6);
            }
            EventKind::AttemptFailed { failure, usage, .. } => {
                self.attempt(if failure.kind == FailureKind::Cancelled { "cancelled" } else { "failed" });
                if let FailureKind::LimitReached(limit) = &failure.kind {
                    self.limits.get_or_create(&Limited { limit: format!("{limit:?}").to_lowercase() }).inc();
                }
                self.step_seconds.observe(usage.wall_us as f64 / 1e6);
            }
            EventKind::AttemptLost { .. } => self.attempt("lost"),
            _ => {}
        }
    }

    /// Follows runs from their acceptance, or from when this host took them up, to their end.
    #[expect(clippy::cast_precision_loss, reason = "durations in a histogram")]
    fn follow(&self, event: &RunEvent) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.kind {
            EventKind::Created { .. } => {
                self.accepted.inc();
                self.queued.inc();
                open.insert(event.run, (event.at, false));
            }
            EventKind::Finished { outcome } => {
                self.finished.get_or_create(&Ended { outcome: outcome.as_str() }).inc();
                if let Some((accepted, begun)) = open.remove(&event.run) {
                    if begun {
                        self.active.dec()
                    } else {
                        self.queued.dec()
                    };
                    self.run_seconds.observe((event.at.0 - accepted.0).max(0) as f64 / 1e3);
                }
            }
            kind if kind.begins() => match open.get_mut(&event.run) {
                Some((_, begun)) if *begun => {}
                Some((_, begun)) => {
                    *begun = true;
                    self.queued.dec();
                    self.active.inc();
                }
                None => {
                    open.insert(event.run, (event.at, true));
                    self.active.inc();
                }
            },
            _ => {}
        }
    }
}

impl Observer for Metrics {
    fn committed(&self, _: &Plan, events: &[RunEvent]) {
        for event in events {
            self.count(event);
            self.follow(event);
        }
    }

    fn logged(&self, _: &AttemptName, _: &LogLine) {
        self.log_lines.inc();
    }

    fn progressed(&self, _: &AttemptName, _: &Progress) {}
}
