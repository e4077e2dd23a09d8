//! What a step waits for that has not begun, or whose items have not all begun.

use serde::{Deserialize, Serialize};

use super::{items::ItemsView, step::StepView};
use crate::{
    event::StepState,
    ids::{Name, StepIndex, Timestamp},
    plan::{Plan, PlanStep},
};

/// The most steps that are named.
const MAX_NAMES: usize = 10;

/// What a step waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WaitView {
    /// What sort of thing.
    pub kind: WaitKind,
    /// Steps that have not ended, the first ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Name>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::time::optional")]
    #[schema(value_type = Option<String>)]
    pub until: Option<Timestamp>,
    /// The same in words.
    pub message: String,
}

/// What sort of thing a step waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// Upstreams that have not ended.
    Upstreams,
    /// The end of all other steps: it is a `finally` step.
    Finally,
    /// The time of its next attempt, or of its items' next attempts.
    Retry,
    /// Room: its upstreams have ended, its conditions are being decided or it is about to start.
    Room,
    /// Some items run, the others wait for them.
    Items,
}

impl WaitView {
    fn new(kind: WaitKind, message: String) -> Self {
        Self { kind, steps: Vec::new(), until: None, message }
    }

    /// What a step of a run that has not ended waits for; nothing if it does not wait.
    pub(super) fn of(plan: &Plan, index: StepIndex, steps: &[StepView]) -> Option<Self> {
        let (step, view) = (plan.step(index), steps.get(index.get())?);
        if view.state == StepState::Running {
            return Self::items(step, view.items.as_ref()?, view.retry_at);
        }
        if view.state != StepState::Waiting {
            return None;
        }
        if let Some(at) = view.retry_at {
            return Some(Self::retry(at, format!("tried again at {}", at.rfc3339())));
        }
        let open = |up: &StepIndex| steps.get(up.get()).is_some_and(|view| !view.state.is_terminal());
        let upstreams: Vec<_> = step.upstreams.iter().copied().filter(open).collect();
        if !upstreams.is_empty() {
            return Some(Self::steps(WaitKind::Upstreams, "waits for", plan, &upstreams));
        }
        if step.finally {
            let others: Vec<_> = plan.indices().filter(|other| !plan.step(*other).finally && open(other)).collect();
            if !others.is_empty() {
                return Some(Self::steps(
                    WaitKind::Finally,
                    "runs when all others have ended; waits for",
                    plan,
                    &others,
                ));
            }
        }
        Some(Self::new(WaitKind::Room, "about to start, as soon as there is room".to_owned()))
    }

    fn steps(kind: WaitKind, words: &str, plan: &Plan, steps: &[StepIndex]) -> Self {
        let names: Vec<_> = steps.iter().take(MAX_NAMES).map(|step| plan.step(*step).name.clone()).collect();
        let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let more = steps.len().saturating_sub(MAX_NAMES);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        Self { steps: names, ..Self::new(kind, format!("{words} {}{rest}", quoted.join(", "))) }
    }

    fn retry(at: Timestamp, message: String) -> Self {
        Self { until: Some(at), ..Self::new(WaitKind::Retry, message) }
    }

    fn items(step: &PlanStep, items: &ItemsView, retry_at: Option<Timestamp>) -> Option<Self> {
        let ItemsView { waiting, running, retrying, .. } = *items;
        if waiting == 0 {
            return None;
        }
        if let (0, Some(at)) = (waiting - retrying.min(waiting), retry_at) {
            return Some(Self::retry(
                at,
                format!("{waiting} failed items are tried again, the next at {}", at.rfc3339()),
            ));
        }
        let most = step.for_each.as_ref().and_then(|for_each| for_each.max_parallel);
        let why = most.map_or_else(|| "for room".to_owned(), |most| format!("for others (`max_parallel = {most}`)"));
        Some(Self::new(WaitKind::Items, format!("{waiting} items wait {why}, {running} run")))
    }
}
