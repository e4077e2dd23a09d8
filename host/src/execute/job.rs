//! From a planned step and the state of its run to the job that a runner is given.

use bytes::Bytes;

use super::{
    fan_out::{Source, SourceData},
    ports::{Argument, ArgumentData, AttemptJob, ItemBatch},
    state::RunState,
};
use crate::{
    event::StepState,
    failure::{FailureKind, StepFailure},
    ids::{StepIndex, Timestamp},
    output::{AttemptName, ItemRange, OutputRef},
    plan::{ArgumentSource, PlanArgument, RunFact},
    value::{self, encode::Encoder, path::ValuePath},
};

/// The job of the next attempt at a step.
pub(super) fn prepare(state: &RunState, index: StepIndex, attempt: u32) -> Result<AttemptJob, StepFailure> {
    let plan = state.plan();
    let step = plan.step(index);
    let arguments = step.arguments.iter().filter_map(|argument| bind(state, argument).transpose());
    let module = plan
        .modules
        .get(step.module as usize)
        .ok_or_else(|| StepFailure::new(FailureKind::Host, "the plan does not list the step's module"))?;
    Ok(AttemptJob {
        name: AttemptName { run: state.run(), step: step.name.clone(), item: None, attempt },
        pipeline: plan.pipeline.clone(),
        module: module.digest,
        function: step.function.clone(),
        arguments: arguments.collect::<Result<_, _>>()?,
        output: step.output,
        limits: step.limits.clone(),
        grants: step.grants.clone(),
        scheduled_for: state.scheduled_for(),
        copy: state.copy(),
        reuse: state.options().cache && !step.uncached,
        items: None,
        alone: false,
    })
}

/// The job of the next attempt at some items of a step.
pub(super) fn prepare_items(
    state: &RunState,
    index: StepIndex,
    range: ItemRange,
    attempt: u32,
) -> Result<AttemptJob, StepFailure> {
    let lost = || StepFailure::new(FailureKind::Host, "the items of the step are not there; please report this");
    let source = state.items(index).ok_or_else(lost)?.source().clone();
    let mut job = prepare(state, index, attempt)?;
    job.name.item = Some(range.first);
    job.items = Some(ItemBatch { source, range });
    Ok(job)
}

/// Where the items of a step come from.
pub(super) fn source(state: &RunState, index: StepIndex) -> Result<Source, StepFailure> {
    let plan = state.plan();
    let missing = || StepFailure::new(FailureKind::BadItems, "what `for_each` refers to is not there");
    let source = &plan.step(index).for_each.as_ref().ok_or_else(missing)?.source;
    let (words, data) = match source {
        ArgumentSource::Step { step, path } => {
            let output = state.output(*step).ok_or_else(missing)?;
            (format!("{}{path}", plan.step(*step).name), SourceData::Output(output.clone(), path.clone()))
        }
        ArgumentSource::Param { name, path } => {
            let output = state.param(name.as_str()).ok_or_else(missing)?;
            (format!("params.{name}{path}"), SourceData::Output(output.clone(), path.clone()))
        }
        ArgumentSource::Literal(json) => (json.to_string(), SourceData::Value(literal(json)?)),
        ArgumentSource::Run(fact) => (format!("run.{}", fact.as_str()), SourceData::Value(self::fact(state, *fact))),
        ArgumentSource::Item { .. } => return Err(missing()),
    };
    Ok(Source { words, data })
}

/// An argument with its data; none if its upstream has no output, which the step's join tolerates.
fn bind(state: &RunState, argument: &PlanArgument) -> Result<Option<Argument>, StepFailure> {
    let missing = |what: &str| {
        StepFailure::new(FailureKind::Host, format!("`{}` is not there for parameter `{}`", what, argument.name))
    };
    let stored =
        |output: &OutputRef, path: &ValuePath| ArgumentData::Output { output: output.clone(), path: path.clone() };
    let data = match &argument.source {
        ArgumentSource::Step { step, path } => match state.output(*step) {
            Some(output) => stored(output, path),
            None if state.state(*step) != StepState::Succeeded => return Ok(None),
            None => return Err(missing(state.plan().step(*step).name.as_str())),
        },
        ArgumentSource::Param { name, path } => {
            stored(state.param(name.as_str()).ok_or_else(|| missing(name.as_str()))?, path)
        }
        ArgumentSource::Item { path } => ArgumentData::Item { path: path.clone() },
        ArgumentSource::Run(fact) => ArgumentData::Value(self::fact(state, *fact)),
        ArgumentSource::Literal(json) => ArgumentData::Value(literal(json)?),
    };
    Ok(Some(Argument { name: argument.name.clone(), form: argument.form, data }))
}

fn literal(json: &serde_json::Value) -> Result<Bytes, StepFailure> {
    let bytes = value::json::from_json(json);
    bytes.map(Bytes::from).map_err(|error| StepFailure::new(FailureKind::InvalidInput, error.to_string()))
}

/// A fact of the run, as inputs and conditions are given it.
pub(super) fn fact(state: &RunState, fact: RunFact) -> Bytes {
    match fact {
        RunFact::Id => text(&state.run().to_string()),
        // A run that was not scheduled is due when it is accepted.
        RunFact::ScheduledFor => text(&due(state).rfc3339()),
    }
}

fn due(state: &RunState) -> Timestamp {
    state.scheduled_for().unwrap_or_else(|| state.created_at())
}

/// A text as MessagePack.
pub(super) fn text(text: &str) -> Bytes {
    let mut encoder = Encoder::default();
    encoder.str(text);
    encoder.into_vec().into()
}
