//! From a pipeline as written to a plan, or to everything that is wrong with it.

use std::collections::HashSet;

use super::{
    ArgumentSource, CaseRef, ForEach, Plan, PlanArgument, PlanBranch, PlanCase, PlanModule, PlanParam, PlanStep,
    PlanTrigger,
    bind::{Binding, Bound, Names, Source, bind},
    catalog::Catalog,
    check::{self, Checker},
    conditions,
    graph::{Cycle, StepGraph},
    joins,
    resolve::{self, Modules, Used},
};
use crate::{
    definition::{
        BranchDecl, ConfigValue, Pipeline, Reference, StepDecl,
        condition::Read,
        problem::{Problem, Problems},
    },
    event::Join,
    grants::Grants,
    ids::StepIndex,
    limits::MAX_PIPELINE_STEPS,
};

/// How many steps of a cycle are named, and edges shown.
const CYCLE_SHOWN: usize = 12;

/// A plan, and what is doubtful about it.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// What will run.
    pub plan: Plan,
    /// What starts runs of it. Apart from the plan, whose hash does not change with them.
    pub triggers: Vec<PlanTrigger>,
    /// What may be wrong with it.
    pub warnings: Problems,
}

/// Compiles a pipeline. The catalog is asked once for each module.
///
/// # Errors
/// Everything that is wrong with the pipeline, warnings included, in the order of the text.
pub fn compile(pipeline: &Pipeline, catalog: &dyn Catalog) -> Result<Compiled, Problems> {
    let mut found = Vec::new();
    if pipeline.steps.len() > MAX_PIPELINE_STEPS {
        let message = format!("the pipeline has more than {MAX_PIPELINE_STEPS} steps");
        let problem = Problem::error("stepmill::plan::too_large", message, pipeline.name.span.clone());
        return Err(Problems::new(&pipeline.source, vec![problem.help("split it into several pipelines")]));
    }
    let names = Names::of(pipeline, &mut found);
    let modules = resolve::modules(pipeline, catalog, &mut found);
    let used = resolve::steps(pipeline, &modules, &mut found);
    let output = pipeline.output.as_ref().and_then(|output| names.step(&output.value, &output.span, &mut found));

    let outputs = check::outputs(pipeline, &used);
    let mut checker = Checker::new(pipeline, &outputs);
    let mut bindings = Vec::with_capacity(pipeline.steps.len());
    for (place, (step, used)) in pipeline.steps.iter().zip(&used).enumerate() {
        let binding = bind(place, pipeline, used.as_ref(), &names, &mut found);
        checker.step(step, &binding, &mut found);
        bindings.push(binding);
    }
    conditions::check(pipeline, &names, &checker, &mut found);
    found.extend(unused_params(pipeline));

    let order = order(pipeline, &bindings, &mut found);
    joins::check(pipeline, &bindings, &order, &mut found);
    found.sort_by_key(|problem| problem.labels.first().map_or(0, |(span, _)| span.start));
    let problems = Problems::new(&pipeline.source, found);
    let errors = problems.list().iter().any(|problem| !problem.warning);
    match Parts::all(pipeline, &modules, used, bindings, order) {
        Some(parts) if !errors => {
            let triggers = pipeline.triggers.iter().map(PlanTrigger::of).collect();
            Ok(Compiled { plan: parts.plan(output), triggers, warnings: problems })
        }
        _ => Err(problems),
    }
}

fn order(pipeline: &Pipeline, bindings: &[Binding<'_, '_>], found: &mut Vec<Problem>) -> Vec<usize> {
    let edges =
        bindings.iter().enumerate().flat_map(|(to, binding)| binding.waits.iter().map(move |wait| (wait.on, to)));
    match StepGraph::new(pipeline.steps.len(), edges).order() {
        Ok(order) => order,
        Err(cycles) => {
            found.extend(cycles.iter().map(|cycle| cycle_problem(pipeline, bindings, cycle)));
            Vec::new()
        }
    }
}

fn cycle_problem(pipeline: &Pipeline, bindings: &[Binding<'_, '_>], Cycle(cycle): &Cycle) -> Problem {
    let name = |step: usize| pipeline.steps.get(step).map_or("?", |step| step.name.value.as_str());
    let first = cycle.first().copied().unwrap_or(0);
    let message = if cycle.len() == 1 {
        format!("step `{}` waits for itself", name(first))
    } else {
        let mut shown: Vec<&str> = cycle.iter().take(CYCLE_SHOWN).map(|step| name(*step)).collect();
        if cycle.len() > CYCLE_SHOWN {
            shown.push("…");
        }
        shown.push(name(first));
        format!("{} steps wait for each other: `{}`", cycle.len(), shown.join(" → "))
    };
    // Each step of a cycle takes from the one before it, the first from the last.
    let befores = cycle.iter().cycle().skip(cycle.len() - 1);
    let mut waits = cycle.iter().zip(befores).take(CYCLE_SHOWN).filter_map(|(step, before)| {
        let wait = bindings.get(*step)?.waits.iter().find(|wait| wait.on == *before)?;
        Some((wait.span.clone(), format!("`{}` waits for `{}`: {}", name(*step), name(*before), wait.words)))
    });
    let (span, words) = waits.next().unwrap_or_default();
    let problem = Problem::error("stepmill::plan::cycle", message, span).says(words);
    waits
        .fold(problem, |problem, (span, words)| problem.also(span, words))
        .help("a step runs when all it takes is there: remove one of these edges")
}

/// A `finally` step runs however the others ended, unless it says otherwise.
pub(super) fn join_of(step: &StepDecl) -> Join {
    let default = if step.finally { Join::AllDone } else { Join::default() };
    step.join.as_ref().map_or(default, |join| join.value)
}

fn unused_params(pipeline: &Pipeline) -> impl Iterator<Item = Problem> {
    let references = pipeline.steps.iter().flat_map(|step: &StepDecl| {
        let configs = step.config.iter().filter_map(|(_, value)| match &value.value {
            ConfigValue::Reference(reference) => Some(reference),
            ConfigValue::Literal(_) => None,
        });
        let for_each = step.for_each.iter().map(|reference| &reference.value);
        step.inputs.iter().map(|(_, reference)| &reference.value).chain(configs).chain(for_each)
    });
    let cases = pipeline.branches.iter().flat_map(|branch| &branch.cases).filter_map(|(_, case)| case.as_ref());
    let conditions = pipeline.steps.iter().filter_map(|step| step.when.as_ref()).chain(cases);
    let read = conditions.flat_map(|condition| condition.value.reads()).filter_map(|read| match read {
        Read::Param(name, _) => Some(name.as_str()),
        _ => None,
    });
    let used: HashSet<&str> = references
        .filter_map(|reference| match reference {
            Reference::Param(name, _) => Some(name.as_str()),
            Reference::Step(..) | Reference::Item(_) | Reference::Run(_) => None,
        })
        .chain(read)
        .collect();
    pipeline.params.iter().filter(move |param| !used.contains(param.name.value.as_str())).map(|param| {
        let message = format!("no step takes `params.{}`", param.name.value);
        Problem::warning("stepmill::plan::unused_param", message, param.name.span.clone())
    })
}

/// Everything that a plan is made of, once nothing is missing.
struct Parts<'p, 'm> {
    pipeline: &'p Pipeline,
    modules: &'m Modules,
    used: Vec<Used<'m>>,
    bindings: Vec<Binding<'p, 'm>>,
    /// Which step of the pipeline is at a place of the plan, and the other way round.
    order: Vec<usize>,
    index: Vec<StepIndex>,
}

impl<'p, 'm> Parts<'p, 'm> {
    fn all(
        pipeline: &'p Pipeline,
        modules: &'m Modules,
        used: Vec<Option<Used<'m>>>,
        bindings: Vec<Binding<'p, 'm>>,
        order: Vec<usize>,
    ) -> Option<Self> {
        let used: Vec<Used<'m>> = used.into_iter().collect::<Option<_>>()?;
        let mut index = vec![StepIndex(0); pipeline.steps.len()];
        for (place, step) in order.iter().enumerate() {
            *index.get_mut(*step)? = StepIndex(u32::try_from(place).ok()?);
        }
        (order.len() == pipeline.steps.len()).then_some(Self { pipeline, modules, used, bindings, order, index })
    }

    fn plan(&self, output: Option<usize>) -> Plan {
        let upstreams: Vec<Vec<StepIndex>> = self.order.iter().map(|step| self.upstreams(*step)).collect();
        let mut downstreams = vec![Vec::new(); upstreams.len()];
        // Ascending, because the steps are visited in their order.
        for (to, upstreams) in (0..).map(StepIndex).zip(&upstreams) {
            for from in upstreams {
                downstreams[from.get()].push(to);
            }
        }
        let linked = self.order.iter().zip(upstreams.into_iter().zip(downstreams));
        Plan {
            pipeline: self.pipeline.name.value.clone(),
            description: self.pipeline.description.clone(),
            params: self.params(),
            modules: self.modules(),
            steps: linked.map(|(step, (upstreams, downstreams))| self.step(*step, upstreams, downstreams)).collect(),
            output: output.map(|step| self.index[step]),
            branches: self.branches(),
        }
    }

    fn params(&self) -> Vec<PlanParam> {
        let params = self.pipeline.params.iter().map(|param| PlanParam {
            name: param.name.value.clone(),
            kind: param.kind,
            description: param.description.clone(),
            default: param.default.as_ref().map(|default| default.value.clone()),
        });
        params.collect()
    }

    fn modules(&self) -> Vec<PlanModule> {
        let modules = self.modules.list.iter();
        modules.map(|(name, info)| PlanModule { name: name.clone(), digest: info.digest }).collect()
    }

    fn upstreams(&self, step: usize) -> Vec<StepIndex> {
        let mut upstreams: Vec<StepIndex> = self.bindings[step].waits.iter().map(|wait| self.index[wait.on]).collect();
        upstreams.sort_unstable();
        upstreams.dedup();
        upstreams
    }

    fn step(&self, place: usize, upstreams: Vec<StepIndex>, downstreams: Vec<StepIndex>) -> PlanStep {
        let (step, used) = (&self.pipeline.steps[place], &self.used[place]);
        let mut grants = Grants::default();
        step.grants.iter().for_each(|grant| grants.add(grant.value.clone()));
        PlanStep {
            name: step.name.value.clone(),
            module: u32::try_from(used.module).unwrap_or(u32::MAX),
            function: used.info.name.clone(),
            arguments: self.bindings[place].arguments.iter().map(|bound| self.argument(bound)).collect(),
            output: used.info.output.form,
            upstreams,
            downstreams,
            on_error: step.on_error,
            limits: step.limits.clone(),
            join: join_of(step),
            order_only: self.order_only(place),
            branches: self.cases(place),
            when: step.when.as_ref().map(|when| when.value.clone()),
            for_each: self.for_each(place),
            retry: step.retry.as_ref().map(|retry| retry.value.clone()).unwrap_or_default(),
            allow_failure: step.allow_failure,
            finally: step.finally,
            grants,
            uncached: !step.cache,
        }
    }

    fn argument(&self, bound: &Bound<'_, '_>) -> PlanArgument {
        PlanArgument {
            name: bound.parameter.name.clone(),
            form: bound.parameter.form,
            source: self.source(&bound.source),
        }
    }

    fn source(&self, source: &Source<'_>) -> ArgumentSource {
        match *source {
            Source::Step(step, path) => ArgumentSource::Step { step: self.index[step], path: path.clone() },
            Source::Param(param, path) => {
                ArgumentSource::Param { name: self.pipeline.params[param].name.value.clone(), path: path.clone() }
            }
            Source::Literal(literal) => ArgumentSource::Literal(literal.clone()),
            Source::Item(path) => ArgumentSource::Item { path: path.clone() },
            Source::Run(fact) => ArgumentSource::Run(fact),
        }
    }

    /// The upstreams that nothing but a condition wants, ascending.
    fn order_only(&self, place: usize) -> Vec<StepIndex> {
        let waits = &self.bindings[place].waits;
        let counted: HashSet<usize> = waits.iter().filter(|wait| !wait.condition).map(|wait| wait.on).collect();
        let only = waits.iter().filter(|wait| !counted.contains(&wait.on));
        let mut only: Vec<StepIndex> = only.map(|wait| self.index[wait.on]).collect();
        only.sort_unstable();
        only.dedup();
        only
    }

    fn for_each(&self, place: usize) -> Option<ForEach> {
        let max_parallel = self.pipeline.steps[place].max_parallel.as_ref().map(|most| most.value);
        self.bindings[place].for_each.as_ref().map(|source| ForEach { source: self.source(source), max_parallel })
    }

    fn cases(&self, place: usize) -> Vec<CaseRef> {
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let cases = self.bindings[place].cases.iter();
        cases.map(|(branch, case)| CaseRef { branch: number(*branch), case: number(*case) }).collect()
    }

    fn branches(&self) -> Vec<PlanBranch> {
        let branch = |branch: &BranchDecl| PlanBranch {
            name: branch.name.value.clone(),
            cases: branch
                .cases
                .iter()
                .map(|(name, condition)| PlanCase {
                    name: name.value.clone(),
                    condition: condition.as_ref().map(|condition| condition.value.clone()),
                })
                .collect(),
        };
        self.pipeline.branches.iter().map(branch).collect()
    }
}
