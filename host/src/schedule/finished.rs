//! Events of runs that have ended, for pipelines that wait for them.

use super::ports::{Payload, TriggerEvent};
use crate::{
    event::Outcome,
    ids::{Name, RunId},
    plan::TriggerKind,
};

/// The event that the end of a run is to a trigger, if it waits for such a run.
#[must_use]
pub fn event(kind: &TriggerKind, pipeline: &Name, run: RunId, state: Outcome) -> Option<TriggerEvent> {
    let TriggerKind::Finished { pipeline: wanted, states } = kind else { return None };
    (wanted == pipeline && states.contains(&state)).then(|| TriggerEvent {
        key: run.to_string(),
        scheduled_for: None,
        payload: Payload::Run { pipeline: pipeline.clone(), run, state },
    })
}
