//! Triggers, and what became of their events.

use serde::{Deserialize, Serialize};

use super::Versioned;
use crate::{
    ids::{Name, RunId, Timestamp},
    persist::service::RequestRow,
};

/// A trigger of a deployed pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TriggerView {
    /// Its pipeline.
    pub pipeline: Name,
    /// Its name.
    pub name: Name,
    /// `cron`, `every`, `file`, `webhook`, `finished`, or a program's own.
    pub kind: String,
    /// What it waits for, as far as that is one text: an expression, a folder, an address.
    pub waits_for: String,
    /// In which zone an expression is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Whether it starts no runs, it or its whole pipeline being paused.
    pub paused: bool,
    /// What happens to an event while a run of it goes on.
    pub overlap: String,
    /// The next times, of a schedule that is not paused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<String>,
    /// Times that no run was started for, since nobody was there.
    pub missed: u64,
    /// Why it starts no runs, if its pipeline cannot run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// All triggers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TriggerList {
    /// By pipeline and name.
    pub triggers: Vec<TriggerView>,
}

impl Versioned for TriggerList {
    const SCHEMA: &'static str = "stepmill.triggers/1";
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TriggerEventView {
    /// Its key: unique among those of the trigger.
    pub key: String,
    /// When it was dealt with.
    pub at: String,
    /// When its run was due, if it was scheduled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_for: Option<String>,
    /// Its run; it may have been removed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Why it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<RequestRow> for TriggerEventView {
    fn from(row: RequestRow) -> Self {
        Self {
            key: row.key,
            at: row.at.rfc3339(),
            scheduled_for: row.scheduled_for.map(Timestamp::rfc3339),
            run: row.run,
            reason: row.reason,
        }
    }
}

/// A delivery to a webhook that was turned away. Its sender was told less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RejectedView {
    /// When.
    pub at: String,
    /// Why.
    pub reason: String,
}

/// The events of a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TriggerEventPage {
    /// The newest first.
    pub events: Vec<TriggerEventView>,
    /// Of a webhook, on the first page: the latest deliveries that were turned away since the host was started, the newest
    /// first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<RejectedView>,
    /// For the next page; none behind the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Versioned for TriggerEventPage {
    const SCHEMA: &'static str = "stepmill.trigger_events/1";
}
