//! From a planned step and the state of its run to the job that a runner is given.

use bytes::Bytes;

use super::{
    ports::{Argument, ArgumentData, AttemptJob},
    state::RunState,
};
use crate::{
    failure::{FailureKind, StepFailure},
    ids::StepIndex,
    output::AttemptName,
    plan::{ArgumentSource, PlanArgument},
    value,
};

/// The job of the next attempt at a step.
pub(super) fn prepare(state: &RunState, index: StepIndex, attempt: u32) -> Result<AttemptJob, StepFailure> {
    let plan = state.plan();
    let step = plan.step(index);
    let arguments = step.arguments.iter().map(|argument| bind(state, argument)).collect::<Result<_, _>>()?;
    let module = plan
        .modules
        .get(step.module as usize)
        .ok_or_else(|| StepFailure::new(FailureKind::Host, "the plan does not list the step's module"))?;
    Ok(AttemptJob {
        name: AttemptName { run: state.run(), step: step.name.clone(), item: None, attempt },
        pipeline: plan.pipeline.clone(),
        module: module.digest,
        function: step.function.clone(),
        arguments,
        output: step.output,
        limits: step.limits.clone(),
        grants: step.grants.clone(),
        scheduled_for: None,
        reuse: !step.uncached,
        items: None,
    })
}

fn bind(state: &RunState, argument: &PlanArgument) -> Result<Argument, StepFailure> {
    let missing = |what: &str| {
        StepFailure::new(FailureKind::Host, format!("`{}` is not there for parameter `{}`", what, argument.name))
    };
    let data = match &argument.source {
        ArgumentSource::Step { step, path } => {
            let name = &state.plan().step(*step).name;
            let output = state.output(*step).ok_or_else(|| missing(name.as_str()))?.clone();
            ArgumentData::Output { output, path: path.clone() }
        }
        ArgumentSource::Param { name, path } => {
            let output = state.param(name.as_str()).ok_or_else(|| missing(name.as_str()))?.clone();
            ArgumentData::Output { output, path: path.clone() }
        }
        ArgumentSource::Item { path } => ArgumentData::Item { path: path.clone() },
        ArgumentSource::Run(_) => return Err(missing("run")),
        ArgumentSource::Literal(json) => {
            let bytes = value::json::from_json(json)
                .map_err(|error| StepFailure::new(FailureKind::InvalidInput, error.to_string()))?;
            ArgumentData::Value(Bytes::from(bytes))
        }
    };
    Ok(Argument { name: argument.name.clone(), form: argument.form, data })
}
