//! `[triggers]`: what starts runs, as written.

mod pattern;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{
    Spanned,
    cron::{CronExpr, TimeZone},
};
pub use crate::event::Overlap;
use crate::{
    event::Outcome,
    ids::{Name, Timestamp},
};
pub use pattern::{FilePattern, PatternError};

/// `[triggers.NAME]`: one trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerDecl {
    /// Its name.
    pub name: Spanned<Name>,
    /// What it waits for.
    pub kind: TriggerKind,
    /// The parameter that takes what an event brings along.
    pub payload: Option<Spanned<Name>>,
    /// `params.NAME = literal`: what its runs are given besides.
    pub params: Vec<(Spanned<Name>, Spanned<Json>)>,
    /// What happens to an event while a run of the trigger goes on.
    pub overlap: Overlap,
    /// Whether it begins to wait only when somebody resumes it.
    pub paused: bool,
}

/// What a trigger waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// `cron`: a time of the calendar.
    Cron {
        /// Which times.
        expression: CronExpr,
        /// On whose clocks.
        timezone: TimeZone,
        /// What happens to times that were missed.
        catch_up: CatchUp,
    },
    /// `every`: so much time since the last time.
    Interval {
        /// How much, in milliseconds.
        every_ms: u64,
        /// The first time; all others are whole intervals from it. If nothing is said, 1970-01-01 UTC.
        start: Option<Timestamp>,
        /// What happens to times that were missed.
        catch_up: CatchUp,
    },
    /// `file`: a file that appears in a folder.
    File {
        /// The folder.
        path: PathBuf,
        /// Which names.
        pattern: FilePattern,
        /// How long a file must stay as it is before it counts as complete, in milliseconds.
        settle_ms: u64,
    },
    /// `webhook`: a request to the server.
    Webhook {
        /// The last part of its address.
        path: Name,
        /// How it proves where it comes from.
        auth: WebhookAuth,
        /// The most bytes of a body.
        max_body: u64,
    },
    /// `finished`: the end of a run of a pipeline.
    Finished {
        /// Of which one.
        pipeline: Name,
        /// The ends that count.
        states: Vec<Outcome>,
    },
    /// `custom`: what a program that embeds the host has a factory for.
    Custom {
        /// The factory's name.
        kind: Name,
        /// What the factory is told.
        settings: Map<String, Json>,
    },
}

/// How a webhook proves where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookAuth {
    /// By a signature with the server's secret of this name.
    Secret(Name),
    /// Not at all, and somebody said so.
    None,
}

/// What happens to times that were missed while nobody was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// They are counted.
    Skip,
    /// The latest one starts a run, the others are counted.
    #[default]
    Latest,
    /// Each starts a run, but only the latest hundred; the others are counted.
    All,
}

impl TriggerKind {
    /// The word that users read and factories are registered by.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Cron { .. } => "cron",
            Self::Interval { .. } => "every",
            Self::File { .. } => "file",
            Self::Webhook { .. } => "webhook",
            Self::Finished { .. } => "finished",
            Self::Custom { kind, .. } => kind.as_str(),
        }
    }
}

impl CatchUp {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Skip, Self::Latest, Self::All];

    /// The word in a file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Latest => "latest",
            Self::All => "all",
        }
    }
}
