//! From what a step is given to what it takes: every parameter finds its data, every name its meaning.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::LazyLock,
};

use serde_json::Value as Json;

use super::{
    resolve::Used,
    suggest::{listed, nearest},
};
use crate::{
    definition::{ConfigValue, Pipeline, Reference, RunFact, Spanned, StepDecl, problem::Problem},
    ids::Name,
    module::{Parameter, Role},
    value::path::ValuePath,
};

pub(super) static WHOLE: LazyLock<ValuePath> = LazyLock::new(ValuePath::default);

/// What the names in a pipeline mean.
pub(super) struct Names<'p> {
    steps: HashMap<&'p str, usize>,
    params: HashMap<&'p str, usize>,
    branches: HashMap<&'p str, usize>,
}

/// Where data comes from; steps and params by their place in the pipeline.
#[derive(Clone, Copy)]
pub(super) enum Source<'p> {
    Step(usize, &'p ValuePath),
    Param(usize, &'p ValuePath),
    Literal(&'p Json),
    Item(&'p ValuePath),
    Run(RunFact),
}

/// A parameter with its data.
pub(super) struct Bound<'p, 'm> {
    pub(super) parameter: &'m Parameter,
    pub(super) source: Source<'p>,
    /// Where the pipeline says so.
    pub(super) span: Range<usize>,
}

/// That a step waits for another.
pub(super) struct Wait {
    pub(super) on: usize,
    pub(super) span: Range<usize>,
    /// Whether only a condition wants it: then it does not count in the join.
    pub(super) condition: bool,
    /// What for, such as `takes x`.
    pub(super) words: String,
}

/// What a step of the pipeline is given.
pub(super) struct Binding<'p, 'm> {
    /// In the order of the function's parameters.
    pub(super) arguments: Vec<Bound<'p, 'm>>,
    /// Where its items come from.
    pub(super) for_each: Option<Source<'p>>,
    /// The cases that it is in: places of branches in the pipeline and of cases in them.
    pub(super) cases: Vec<(usize, usize)>,
    pub(super) waits: Vec<Wait>,
}

/// What the pipeline says about one parameter; without a source if that makes no sense.
struct Entry<'p> {
    name: &'p Spanned<Name>,
    role: Role,
    source: Option<Source<'p>>,
    span: Range<usize>,
}

impl<'p> Names<'p> {
    pub(super) fn of(pipeline: &'p Pipeline, found: &mut Vec<Problem>) -> Self {
        let mut index = |what: &str, names: Vec<&'p Spanned<Name>>| {
            let mut places = HashMap::with_capacity(names.len());
            for (place, name) in names.into_iter().enumerate() {
                if places.contains_key(name.value.as_str()) {
                    let message = format!("there are two {what}s `{}`", name.value);
                    found.push(Problem::error("stepmill::plan::duplicate", message, name.span.clone()));
                } else {
                    places.insert(name.value.as_str(), place);
                }
            }
            places
        };
        Self {
            steps: index("step", pipeline.steps.iter().map(|step| &step.name).collect()),
            branches: index("branch", pipeline.branches.iter().map(|branch| &branch.name).collect()),
            params: index("param", pipeline.params.iter().map(|param| &param.name).collect()),
        }
    }

    pub(super) fn step(&self, name: &Name, span: &Range<usize>, found: &mut Vec<Problem>) -> Option<usize> {
        let step = self.steps.get(name.as_str()).copied();
        if step.is_none() {
            let problem = Problem::error(
                "stepmill::plan::unknown_step",
                format!("there is no step `{name}` in the pipeline"),
                span.clone(),
            );
            found.push(with_suggestion(problem, name, self.steps.keys().copied(), "steps"));
        }
        step
    }

    pub(super) fn find_step(&self, name: &str) -> Option<usize> {
        self.steps.get(name).copied()
    }

    pub(super) fn find_param(&self, name: &str) -> Option<usize> {
        self.params.get(name).copied()
    }

    pub(super) fn unknown_param(&self, name: &Name, span: &Range<usize>) -> Problem {
        let message = format!("the pipeline has no param `{name}`");
        let problem = Problem::error("stepmill::plan::unknown_param", message, span.clone());
        with_suggestion(problem, name, self.params.keys().copied(), "params")
    }

    pub(super) fn branch(&self, name: &Name, span: &Range<usize>, found: &mut Vec<Problem>) -> Option<usize> {
        let branch = self.branches.get(name.as_str()).copied();
        if branch.is_none() {
            let message = format!("the pipeline has no branch `{name}`");
            let problem = Problem::error("stepmill::plan::unknown_branch", message, span.clone());
            found.push(with_suggestion(problem, name, self.branches.keys().copied(), "branches"));
        }
        branch
    }

    fn source(&self, at: &'p Reference, span: &Range<usize>, found: &mut Vec<Problem>) -> Option<Source<'p>> {
        match at {
            Reference::Step(name, path) => self.step(name, span, found).map(|step| Source::Step(step, path)),
            Reference::Param(name, path) => {
                let param = self.params.get(name.as_str()).copied();
                if param.is_none() {
                    found.push(self.unknown_param(name, span));
                }
                param.map(|param| Source::Param(param, path))
            }
            Reference::Item(path) => Some(Source::Item(path)),
            Reference::Run(fact) => Some(Source::Run(*fact)),
        }
    }
}

pub(super) fn with_suggestion<'n>(
    problem: Problem,
    name: &Name,
    known: impl Iterator<Item = &'n str> + Clone,
    what: &str,
) -> Problem {
    if let Some(nearest) = nearest(name.as_str(), known.clone()) {
        return problem.help(format!("did you mean `{nearest}`?"));
    }
    // The names come from a hash map: sorted, so that a message is the same every time.
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    problem.help(format!("its {what} are: {}", listed(known)))
}

/// Finds the data for every parameter of the step at `place`.
pub(super) fn bind<'p, 'm>(
    place: usize,
    pipeline: &'p Pipeline,
    used: Option<&Used<'m>>,
    names: &Names<'p>,
    found: &mut Vec<Problem>,
) -> Binding<'p, 'm> {
    let step = &pipeline.steps[place];
    let entries = entries(step, names, found);
    let mut waits: Vec<Wait> = entries.iter().filter_map(wait).collect();
    for need in &step.needs {
        if let Some(on) = names.step(&need.value, &need.span, found) {
            let words = format!("`{}` needs it", step.name.value);
            waits.push(Wait { on, span: need.span.clone(), condition: false, words });
        }
    }
    let for_each = for_each(step, names, &mut waits, found);
    let cases = names.conditions(step, pipeline, &mut waits, found);
    let mut binding = Binding { arguments: Vec::new(), for_each, cases, waits };
    let Some(used) = used else {
        return binding;
    };
    report_unknown(step, used, &entries, found);
    let mut by_name: HashMap<(&str, Role), &Entry<'p>> = HashMap::new();
    for entry in &entries {
        by_name.entry((entry.name.value.as_str(), entry.role)).or_insert(entry);
    }
    for parameter in &used.info.parameters {
        if let Some(entry) = by_name.get(&(parameter.name.as_str(), parameter.role)) {
            let span = entry.span.clone();
            binding.arguments.extend(entry.source.map(|source| Bound { parameter, source, span }));
        } else if let Some(on) = implied(place, parameter, names) {
            let span = step.uses.span.clone();
            let words = format!("`{}` takes the step of the name of its input `{}`", step.name.value, parameter.name);
            binding.waits.push(Wait { on, span: span.clone(), condition: false, words });
            binding.arguments.push(Bound { parameter, source: Source::Step(on, &WHOLE), span });
        } else if !parameter.optional && parameter.default.is_none() && !wrong_role(step, parameter) {
            found.push(missing(step, parameter));
        }
    }
    binding
}

fn entries<'p>(step: &'p StepDecl, names: &Names<'p>, found: &mut Vec<Problem>) -> Vec<Entry<'p>> {
    let mut entries = Vec::with_capacity(step.inputs.len() + step.config.len());
    for (name, reference) in &step.inputs {
        let source = names.source(&reference.value, &reference.span, found);
        entries.push(Entry { name, role: Role::Input, source, span: reference.span.clone() });
    }
    for (name, value) in &step.config {
        let source = match &value.value {
            ConfigValue::Literal(literal) => Some(Source::Literal(literal)),
            ConfigValue::Reference(reference) => names.source(reference, &value.span, found),
        };
        entries.push(Entry { name, role: Role::Config, source, span: value.span.clone() });
    }
    let mut seen = HashSet::new();
    for entry in &entries {
        if !seen.insert((entry.name.value.as_str(), entry.role)) {
            let message = format!("step `{}` is given `{}` twice", step.name.value, entry.name.value);
            found.push(Problem::error("stepmill::plan::duplicate", message, entry.name.span.clone()));
        }
    }
    entries
}

fn for_each<'p>(
    step: &'p StepDecl,
    names: &Names<'p>,
    waits: &mut Vec<Wait>,
    found: &mut Vec<Problem>,
) -> Option<Source<'p>> {
    let reference = step.for_each.as_ref()?;
    let source = names.source(&reference.value, &reference.span, found)?;
    if let Source::Step(on, _) = source {
        let words = format!("`{}` runs for each of its items", step.name.value);
        waits.push(Wait { on, span: reference.span.clone(), condition: false, words });
    }
    Some(source)
}

fn wait(entry: &Entry<'_>) -> Option<Wait> {
    match entry.source {
        Some(Source::Step(on, _)) => {
            let words = format!("taken as `{}`", entry.name.value);
            Some(Wait { on, span: entry.span.clone(), condition: false, words })
        }
        _ => None,
    }
}

/// Without an entry, an input takes the output of the step that it is named after.
fn implied(place: usize, parameter: &Parameter, names: &Names<'_>) -> Option<usize> {
    let named = names.steps.get(parameter.name.as_str()).copied();
    named.filter(|step| parameter.role == Role::Input && *step != place)
}

/// Whether the pipeline has the parameter's name in the table of the other role, which is reported by itself.
fn wrong_role(step: &StepDecl, parameter: &Parameter) -> bool {
    match parameter.role {
        Role::Input => step.config.iter().any(|(name, _)| name.value == parameter.name),
        Role::Config => step.inputs.iter().any(|(name, _)| name.value == parameter.name),
    }
}

fn report_unknown(step: &StepDecl, used: &Used<'_>, entries: &[Entry<'_>], found: &mut Vec<Problem>) {
    for entry in entries {
        let name = &entry.name.value;
        let (code, word, table) = words(entry.role);
        let problem = |message: String| Problem::error(code, message, entry.name.span.clone());
        let target = &step.uses.value;
        let function = format!("{}/{}", target.module, target.step);
        match used.info.parameter(name.as_str()) {
            Some(parameter) if parameter.role == entry.role => {}
            Some(parameter) => {
                let (_, other, other_table) = words(parameter.role);
                let message = format!("`{name}` is {other} of `{function}`, not {word}");
                found.push(problem(message).help(format!("write `{other_table}.{name}` instead of `{table}.{name}`")));
            }
            None => {
                let known = used.info.parameters.iter().filter(|parameter| parameter.role == entry.role);
                let known = known.map(|parameter| parameter.name.as_str());
                let singular = table.trim_end_matches('s');
                let message = format!("`{function}` has no {singular} `{name}`");
                found.push(with_suggestion(problem(message), name, known, table));
            }
        }
    }
}

/// The code of an unknown name, the word with its article, and the table.
fn words(role: Role) -> (&'static str, &'static str, &'static str) {
    match role {
        Role::Input => ("stepmill::plan::unknown_input", "an input", "inputs"),
        Role::Config => ("stepmill::plan::unknown_config", "a config", "config"),
    }
}

fn missing(step: &StepDecl, parameter: &Parameter) -> Problem {
    let target = &step.uses.value;
    let (code, word, line) = match parameter.role {
        Role::Input => ("stepmill::plan::missing_input", "input", format!("inputs.{} = \"STEP\"", parameter.name)),
        Role::Config => ("stepmill::plan::missing_config", "config", format!("config.{} = …", parameter.name)),
    };
    let message = format!(
        "step `{}` does not give `{}/{}` its {word} `{}`",
        step.name.value, target.module, target.step, parameter.name
    );
    Problem::error(code, message, step.uses.span.clone())
        .says(format!("needs `{}`: {}", parameter.name, super::check::wanted(parameter)))
        .help(format!("add `{line}` to `[steps.{}]`", step.name.value))
}
