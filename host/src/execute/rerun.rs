//! What a run that repeats another one takes over from it: decided once, from what happened there, before it begins.
//!
//! A result is taken over if it would be the same again: the step and all above it are as they were. What then differs
//! is left to the run itself, which decides about every step that was not taken over as any run does.

use std::collections::BTreeSet;

use crate::{
    event::{EventKind, Origin, ParamValue, RunEvent, RunOptions},
    ids::{ModuleDigest, Name, RunId, StepIndex},
    output::{AttemptName, ItemRange, OutputRef},
    plan::{ArgumentSource, Condition, Plan, PlanStep, Read},
};

/// What is to be done again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Mode {
    /// Everything.
    #[default]
    Whole,
    /// What did not succeed, and what depends on it.
    Failed,
    /// These steps and what depends on them; and what did not succeed.
    From(BTreeSet<StepIndex>),
}

/// A run that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    /// Which.
    pub run: RunId,
    /// What it executed.
    pub plan: &'a Plan,
    /// What happened in it.
    pub events: &'a [RunEvent],
}

impl Earlier<'_> {
    /// What it was given.
    #[must_use]
    pub fn params(&self) -> &[ParamValue] {
        self.events.iter().find_map(|event| created(&event.kind)).unwrap_or_default()
    }
}

fn created(kind: &EventKind) -> Option<&[ParamValue]> {
    match kind {
        EventKind::Created { params, .. } => Some(params),
        _ => None,
    }
}

/// The first events of a run of `plan` that repeats another one.
#[must_use]
pub fn first_events(
    earlier: Earlier<'_>,
    plan: &Plan,
    params: Vec<ParamValue>,
    mode: &Mode,
    options: RunOptions,
) -> Vec<EventKind> {
    let carried = match mode {
        Mode::Whole => Vec::new(),
        Mode::Failed => carry(earlier, plan, &params, &BTreeSet::new()),
        Mode::From(steps) => carry(earlier, plan, &params, steps),
    };
    let created = EventKind::Created { params, origin: Origin::Rerun { of: earlier.run }, options };
    std::iter::once(created).chain(carried).collect()
}

/// The steps are in topological order, so what is above a step is known when its turn comes.
fn carry(earlier: Earlier<'_>, plan: &Plan, params: &[ParamValue], again: &BTreeSet<StepIndex>) -> Vec<EventKind> {
    let mut past = happened(earlier);
    let changed = changed_params(earlier.params(), params);
    let mut same = vec![false; plan.steps.len()];
    let mut events = Vec::new();
    for step in plan.indices() {
        let planned = plan.step(step);
        let Some(old) = earlier.plan.find(planned.name.as_str()) else { continue };
        let unchanged = !again.contains(&step)
            && planned.upstreams.iter().all(|up| same[up.get()])
            && !depends_on_run(plan, planned)
            && !params_read(plan, planned).iter().any(|name| changed.contains(*name))
            && definition(earlier.plan, earlier.plan.step(old)) == definition(plan, planned);
        if !unchanged {
            continue;
        }
        let Some(past) = past.get_mut(old.get()) else { continue };
        let (output, skipped) = (past.output.take(), past.skipped);
        same[step.get()] = skipped || output.is_some();
        if let Some((output, from)) = output {
            events.push(EventKind::Carried { step, items: ItemRange::WHOLE, output, from });
        } else if let Some(items) = past.items.take().filter(|_| !skipped) {
            events.push(EventKind::FannedOut { step, items });
            let ranges = past.ranges.drain(..);
            events.extend(ranges.map(|(items, output, from)| EventKind::Carried { step, items, output, from }));
        }
    }
    events
}

/// What became of a step in the earlier run.
#[derive(Default)]
struct Past {
    /// What it returned, and the attempt that did; of a `for_each` step, the first item's.
    output: Option<(OutputRef, AttemptName)>,
    skipped: bool,
    /// Its items, if it had some.
    items: Option<OutputRef>,
    /// Those that succeeded.
    ranges: Vec<(ItemRange, OutputRef, AttemptName)>,
}

impl Past {
    fn succeeded(&mut self, range: ItemRange, output: &OutputRef, from: AttemptName) {
        if self.items.is_some() {
            self.ranges.push((range, output.clone(), from));
        } else {
            self.output = Some((output.clone(), from));
        }
    }
}

fn happened(earlier: Earlier<'_>) -> Vec<Past> {
    let mut past: Vec<Past> = earlier.plan.steps.iter().map(|_| Past::default()).collect();
    let named = |step: StepIndex, item: Option<u32>, attempt: u32| {
        let step = earlier.plan.step(step).name.clone();
        AttemptName { run: earlier.run, step, item, attempt }
    };
    for event in earlier.events {
        match &event.kind {
            EventKind::FannedOut { step, items } => with(&mut past, *step, |past| past.items = Some(items.clone())),
            EventKind::AttemptSucceeded { step, items, attempt, output, .. } => with(&mut past, *step, |past| {
                let item = past.items.is_some().then_some(items.first);
                past.succeeded(*items, output, named(*step, item, *attempt));
            }),
            // Names the attempt that ran, not one of those that took its result over.
            EventKind::Carried { step, items, output, from } => {
                with(&mut past, *step, |past| past.succeeded(*items, output, from.clone()));
            }
            EventKind::StepSucceeded { step, output } => with(&mut past, *step, |past| {
                let first = past.ranges.iter().min_by_key(|(range, ..)| range.first);
                // Of no items there was no attempt; the first one there could have been stands for it.
                let from = first.map_or_else(|| named(*step, None, 1), |(.., from)| from.clone());
                past.output = Some((output.clone(), from));
            }),
            EventKind::StepSkipped { step, .. } => with(&mut past, *step, |past| past.skipped = true),
            _ => {}
        }
    }
    past
}

fn with(past: &mut [Past], step: StepIndex, change: impl FnOnce(&mut Past)) {
    if let Some(past) = past.get_mut(step.get()) {
        change(past);
    }
}

fn changed_params<'p>(old: &[ParamValue], new: &'p [ParamValue]) -> BTreeSet<&'p str> {
    let same = |param: &&ParamValue| {
        let before = old.iter().find(|before| before.name == param.name);
        before.is_some_and(|before| before.value.form == param.value.form && before.value.hash == param.value.hash)
    };
    new.iter().filter(|param| !same(param)).map(|param| param.name.as_str()).collect()
}

/// The conditions of a step: its own, and those of its branches up to its cases.
fn conditions<'p>(plan: &'p Plan, step: &'p PlanStep) -> impl Iterator<Item = &'p Condition> {
    let cases = step.branches.iter().filter_map(|place| {
        let branch = plan.branches.get(place.branch as usize)?;
        Some(branch.cases.iter().take(place.case as usize + 1))
    });
    cases.flatten().filter_map(|case| case.condition.as_ref()).chain(&step.when)
}

/// Whether a step cannot be said to do the same in another run: whether it runs depends on the run itself, or it is
/// there to end the run.
fn depends_on_run(plan: &Plan, step: &PlanStep) -> bool {
    let mut reads = conditions(plan, step).flat_map(Condition::reads);
    step.finally || reads.any(|read| matches!(read, Read::Run(_) | Read::Outcome))
}

fn params_read<'p>(plan: &'p Plan, step: &'p PlanStep) -> Vec<&'p str> {
    let of_condition = conditions(plan, step).flat_map(Condition::reads).filter_map(|read| match read {
        Read::Param(name, _) => Some(name.as_str()),
        _ => None,
    });
    let of_source = sources(step).filter_map(|source| match source {
        ArgumentSource::Param { name, .. } => Some(name.as_str()),
        _ => None,
    });
    of_condition.chain(of_source).collect()
}

fn sources(step: &PlanStep) -> impl Iterator<Item = &ArgumentSource> {
    step.arguments.iter().map(|argument| &argument.source).chain(step.for_each.as_ref().map(|items| &items.source))
}

/// What decides whether a step runs and what it returns, in words that do not depend on the places in its plan. Limits,
/// retries and what a failure does are not among it: a result that is there is the same with others.
#[derive(PartialEq)]
struct Definition<'p> {
    module: Option<ModuleDigest>,
    /// The step with every place in it blanked; `sources`, `upstreams` and `cases` say the same by names.
    rest: PlanStep,
    sources: Vec<Option<&'p Name>>,
    upstreams: BTreeSet<(&'p Name, bool)>,
    cases: Vec<Vec<(&'p Name, Option<&'p Condition>)>>,
}

fn definition<'p>(plan: &'p Plan, step: &'p PlanStep) -> Definition<'p> {
    let name = |index: StepIndex| &plan.step(index).name;
    let upstream = |source: &ArgumentSource| match source {
        ArgumentSource::Step { step, .. } => Some(name(*step)),
        _ => None,
    };
    let case = |place: &crate::plan::CaseRef| {
        let branch = plan.branches.get(place.branch as usize);
        let cases = branch.into_iter().flat_map(|branch| branch.cases.iter().take(place.case as usize + 1));
        cases.map(|case| (&case.name, case.condition.as_ref())).collect()
    };
    Definition {
        module: plan.modules.get(step.module as usize).map(|module| module.digest),
        rest: blanked(step),
        sources: sources(step).map(upstream).collect(),
        upstreams: step.upstreams.iter().map(|up| (name(*up), step.order_only.contains(up))).collect(),
        cases: step.branches.iter().map(case).collect(),
    }
}

fn blanked(step: &PlanStep) -> PlanStep {
    let mut rest = PlanStep {
        module: 0,
        upstreams: Vec::new(),
        downstreams: Vec::new(),
        order_only: Vec::new(),
        branches: Vec::new(),
        on_error: Default::default(),
        limits: Default::default(),
        retry: Default::default(),
        allow_failure: false,
        uncached: false,
        ..step.clone()
    };
    let of_arguments = rest.arguments.iter_mut().map(|argument| &mut argument.source);
    for source in of_arguments.chain(rest.for_each.as_mut().map(|items| &mut items.source)) {
        if let ArgumentSource::Step { step, .. } = source {
            *step = StepIndex(0);
        }
    }
    if let Some(items) = &mut rest.for_each {
        items.max_parallel = None;
    }
    rest
}
