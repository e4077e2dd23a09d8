//! What starts runs of a plan. Beside the plan and not in it: an edited trigger makes no other plan.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{
    definition::trigger::{Overlap, TriggerDecl, TriggerKind},
    ids::Name,
};

/// A trigger, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanTrigger {
    /// Its name, unique in its pipeline.
    pub name: Name,
    /// What it waits for.
    pub kind: TriggerKind,
    /// The parameter that takes what an event brings along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Name>,
    /// What its runs are given besides.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Json>,
    /// What happens to an event while a run of the trigger goes on.
    #[serde(default)]
    pub overlap: Overlap,
    /// Whether it begins to wait only when somebody resumes it.
    #[serde(default)]
    pub paused: bool,
}

impl PlanTrigger {
    /// As a pipeline says it.
    #[must_use]
    pub fn of(decl: &TriggerDecl) -> Self {
        let params = decl.params.iter().map(|(name, value)| (name.value.to_string(), value.value.clone()));
        Self {
            name: decl.name.value.clone(),
            kind: decl.kind.clone(),
            payload: decl.payload.as_ref().map(|param| param.value.clone()),
            params: params.collect(),
            overlap: decl.overlap,
            paused: decl.paused,
        }
    }
}
