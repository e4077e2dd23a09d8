//! Triggers in the builder.

use std::{path::PathBuf, time::Duration};

use serde_json::{Map, Value as Json};

use super::{Literal, Param, PipelineBuilder, Shared, Target, whole_ms};
use crate::{
    definition::trigger::{CatchUp, Overlap},
    event::Outcome,
    ids::Timestamp,
    limits::{SETTLE_MS, WEBHOOK_BODY},
};

/// A trigger of the pipeline being built. Clones are the same trigger.
#[derive(Debug, Clone)]
pub struct Trigger {
    shared: Shared,
    index: usize,
}

/// What a trigger waits for.
#[derive(Debug, Clone)]
pub struct When(pub(super) WhenParts);

#[derive(Debug, Clone)]
pub(super) enum WhenParts {
    Cron { expression: String, timezone: Option<String>, catch_up: CatchUp },
    Every { ms: u64, start: Option<Timestamp>, catch_up: CatchUp },
    File { path: PathBuf, pattern: Option<String>, settle_ms: u64 },
    Webhook { path: String, secret: Option<String>, max_body: u64 },
    Finished { pipeline: String, states: Vec<Outcome> },
    Custom { kind: String, settings: Map<String, Json> },
}

#[derive(Debug, Clone)]
pub(super) struct TriggerParts {
    pub(super) name: String,
    pub(super) when: WhenParts,
    pub(super) payload: Option<Target>,
    pub(super) params: Vec<(Target, Literal)>,
    pub(super) overlap: Overlap,
    pub(super) paused: bool,
}

impl PipelineBuilder {
    /// Adds a trigger.
    pub fn trigger(&self, name: impl Into<String>, when: When) -> Trigger {
        let mut parts = self.shared.lock();
        parts.triggers.push(TriggerParts {
            name: name.into(),
            when: when.0,
            payload: None,
            params: Vec::new(),
            overlap: Overlap::default(),
            paused: false,
        });
        Trigger { shared: self.shared.clone(), index: parts.triggers.len() - 1 }
    }
}

impl Trigger {
    /// Has a parameter take what an event brings along: the file, the body, the run that has finished.
    pub fn payload(self, param: &Param) -> Self {
        let target = self.shared.target(&param.shared, Target::Param(param.index));
        self.change(|trigger| trigger.payload = Some(target))
    }

    /// Gives its runs a parameter.
    pub fn param(self, param: &Param, value: impl Into<Literal>) -> Self {
        let target = self.shared.target(&param.shared, Target::Param(param.index));
        let value = value.into();
        self.change(|trigger| trigger.params.push((target, value)))
    }

    /// Says what happens to an event while a run of the trigger goes on.
    pub fn overlap(self, overlap: Overlap) -> Self {
        self.change(|trigger| trigger.overlap = overlap)
    }

    /// Has it wait only when somebody resumes it.
    pub fn paused(self) -> Self {
        self.change(|trigger| trigger.paused = true)
    }

    fn change(self, change: impl FnOnce(&mut TriggerParts)) -> Self {
        self.shared.lock().triggers.get_mut(self.index).map(change);
        self
    }
}

impl When {
    /// At the times of an expression as in crontab(5), in UTC unless [`timezone`](Self::timezone) says otherwise.
    pub fn cron(expression: impl Into<String>) -> Self {
        Self(WhenParts::Cron { expression: expression.into(), timezone: None, catch_up: CatchUp::default() })
    }

    /// Again and again; whole milliseconds, rounded up.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self(WhenParts::Every { ms: whole_ms(interval), start: None, catch_up: CatchUp::default() })
    }

    /// When a file appears in a folder.
    pub fn file(folder: impl Into<PathBuf>) -> Self {
        Self(WhenParts::File { path: folder.into(), pattern: None, settle_ms: SETTLE_MS })
    }

    /// When a request comes that is signed with the server's secret of this name.
    pub fn webhook(path: impl Into<String>, secret: impl Into<String>) -> Self {
        Self(WhenParts::Webhook { path: path.into(), secret: Some(secret.into()), max_body: WEBHOOK_BODY })
    }

    /// When a request comes, from anybody.
    pub fn open_webhook(path: impl Into<String>) -> Self {
        Self(WhenParts::Webhook { path: path.into(), secret: None, max_body: WEBHOOK_BODY })
    }

    /// When a run of another pipeline has ended in one of these ways.
    pub fn finished(pipeline: impl Into<String>, states: impl Into<Vec<Outcome>>) -> Self {
        Self(WhenParts::Finished { pipeline: pipeline.into(), states: states.into() })
    }

    /// When the factory that the program registered by this name says so.
    pub fn custom(kind: impl Into<String>, settings: Map<String, Json>) -> Self {
        Self(WhenParts::Custom { kind: kind.into(), settings })
    }

    /// Says on whose clocks a cron expression is read.
    #[must_use]
    pub fn timezone(mut self, name: impl Into<String>) -> Self {
        if let WhenParts::Cron { timezone, .. } = &mut self.0 {
            *timezone = Some(name.into());
        }
        self
    }

    /// Says what happens to times that were missed, of cron expressions and intervals.
    #[must_use]
    pub fn catch_up(mut self, policy: CatchUp) -> Self {
        if let WhenParts::Cron { catch_up, .. } | WhenParts::Every { catch_up, .. } = &mut self.0 {
            *catch_up = policy;
        }
        self
    }

    /// Says where the intervals begin.
    #[must_use]
    pub fn start(mut self, at: Timestamp) -> Self {
        if let WhenParts::Every { start, .. } = &mut self.0 {
            *start = Some(at);
        }
        self
    }

    /// Says which names of files count, such as `*.csv`.
    #[must_use]
    pub fn pattern(mut self, text: impl Into<String>) -> Self {
        if let WhenParts::File { pattern, .. } = &mut self.0 {
            *pattern = Some(text.into());
        }
        self
    }

    /// Says how long a file must stay as it is; whole milliseconds, rounded up.
    #[must_use]
    pub fn settle(mut self, time: Duration) -> Self {
        if let WhenParts::File { settle_ms, .. } = &mut self.0 {
            *settle_ms = whole_ms(time);
        }
        self
    }

    /// Limits the body of a webhook, in bytes.
    #[must_use]
    pub fn max_body(mut self, bytes: u64) -> Self {
        if let WhenParts::Webhook { max_body, .. } = &mut self.0 {
            *max_body = bytes;
        }
        self
    }
}
