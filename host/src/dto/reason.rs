//! Why a step did not run, and what the conditions above it had read.

use serde::{Deserialize, Serialize};

use crate::{
    event::{CancelReason, Join, ReadValue, SkipReason, StepState},
    ids::{Name, StepIndex},
    plan::Plan,
};

/// The most upstreams that a message names.
const MAX_NAMES: usize = 4;

/// Why a step did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReasonView {
    /// What sort of reason.
    pub kind: ReasonKind,
    /// The step that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Name>,
    /// How that step ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<StepState>,
    /// The join that is not satisfied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<Join>,
    /// The condition that is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The branch that went another way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<Name>,
    /// The step's case of the branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<Name>,
    /// The case that was taken, if one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<Name>,
    /// What the conditions had read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ReadValue>,
    /// The reason in words.
    pub message: String,
}

/// What sort of reason keeps a step from running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// Its join is not satisfied by how its upstreams ended.
    Upstream,
    /// Its `when` is false.
    Condition,
    /// A branch took another case, or none.
    Branch,
    /// Another step failed, which ends the run.
    StepFailed,
    /// The run was cancelled.
    RunCancelled,
}

impl ReasonView {
    fn new(kind: ReasonKind, message: String) -> Self {
        Self {
            kind,
            step: None,
            state: None,
            join: None,
            expression: None,
            branch: None,
            case: None,
            taken: None,
            values: Vec::new(),
            message,
        }
    }

    /// Why a step was skipped.
    #[must_use]
    pub fn skipped(plan: &Plan, skipped: StepIndex, reason: &SkipReason) -> Self {
        match reason {
            SkipReason::Upstream { step, state, join } => {
                let message = unsatisfied(plan, skipped, *step, *state, *join);
                let step = Some(plan.step(*step).name.clone());
                let (state, join) = (Some(*state), Some(*join));
                Self { step, state, join, ..Self::new(ReasonKind::Upstream, message) }
            }
            SkipReason::Condition { expression, values } => {
                let message = format!("`when` is false: {expression}{}", with(values));
                let (expression, values) = (Some(expression.clone()), values.clone());
                Self { expression, values, ..Self::new(ReasonKind::Condition, message) }
            }
            SkipReason::Branch { branch, case, taken, values } => {
                let went = match taken {
                    Some(taken) => format!("took `{taken}`, not `{case}`"),
                    None => format!("did not take `{case}`: its condition is false"),
                };
                let message = format!("branch `{branch}` {went}{}", with(values));
                Self {
                    branch: Some(branch.clone()),
                    case: Some(case.clone()),
                    taken: taken.clone(),
                    values: values.clone(),
                    ..Self::new(ReasonKind::Branch, message)
                }
            }
        }
    }

    /// Why a step was cancelled.
    #[must_use]
    pub fn cancelled(plan: &Plan, reason: &CancelReason) -> Self {
        match reason {
            CancelReason::StepFailed { step } => {
                let step = plan.step(*step).name.clone();
                let message = format!("`{step}` failed");
                Self { step: Some(step), ..Self::new(ReasonKind::StepFailed, message) }
            }
            CancelReason::RunCancelled => Self::new(ReasonKind::RunCancelled, "the run was cancelled".to_owned()),
        }
    }
}

/// `join all_success needs `parse`, which failed`, each join in its own words.
fn unsatisfied(plan: &Plan, skipped: StepIndex, step: StepIndex, state: StepState, join: Join) -> String {
    let name = &plan.step(step).name;
    let wants = match join {
        Join::AnySuccess => {
            let joined: Vec<_> = plan.step(skipped).joined().collect();
            if joined.len() > 1 {
                let names: Vec<_> =
                    joined.iter().take(MAX_NAMES).map(|up| format!("`{}`", plan.step(*up).name)).collect();
                let more = joined.len().saturating_sub(MAX_NAMES);
                let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
                return format!(
                    "join any_success needs one of {}{rest}, and none succeeded; `{name}` {}",
                    names.join(", "),
                    ended(state)
                );
            }
            ""
        }
        Join::NoneFailed => " to succeed or be skipped",
        Join::AllSuccess | Join::AllDone => "",
    };
    format!("join {} needs `{name}`{wants}, which {}", join.as_str(), ended(state))
}

/// ` (check.rows = 5)`, nothing if nothing was read.
fn with(values: &[ReadValue]) -> String {
    if values.is_empty() {
        return String::new();
    }
    let read: Vec<_> = values.iter().map(|value| format!("{} = {}", value.path, value.value)).collect();
    format!(" ({})", read.join(", "))
}

fn ended(state: StepState) -> &'static str {
    match state {
        StepState::Waiting | StepState::Running => "has not ended",
        StepState::Succeeded => "succeeded",
        StepState::Failed => "failed",
        StepState::Skipped => "was skipped",
        StepState::Cancelled => "was cancelled",
    }
}
