//! What the pipeline as a whole must obey, however it was written: names are unique and those it refers to exist.

mod branches;
mod flow;
mod triggers;

use std::{collections::HashMap, ops::Range};

use super::{
    ConfigValue, ParamKind, Reference, Spanned,
    draft::{Draft, LimitKey, ParamDraft, Read, StepDraft},
    problem::Problem,
    quantity::{show_duration, show_size},
    report::Report,
    suggest::{closest, quoted},
};
use crate::{ids::Name, limits::MAX_PIPELINE_STEPS};
use serde_json::Value as Json;

/// Names that mean something else in references and conditions.
const RESERVED: [&str; 4] = ["params", "steps", "run", "item"];

/// The most names that a message lists.
const MAX_LISTED: usize = 12;

/// Where names were first declared.
type Places<'a> = HashMap<&'a str, Range<usize>>;

/// The names of one kind that a pipeline declares.
struct Names<'a> {
    what: &'static str,
    places: Places<'a>,
    /// Whether these are all. Else nothing can be said to be unknown.
    complete: bool,
}

impl Names<'_> {
    fn lacks(&self, name: &Name) -> bool {
        self.complete && !self.places.contains_key(name.as_str())
    }

    fn is_params(&self) -> bool {
        self.what == "parameter"
    }

    /// What stands before such a name in a reference.
    fn prefix(&self) -> &'static str {
        if self.is_params() { "params." } else { "" }
    }

    /// The code of a problem with a name that is not among these.
    fn code(&self) -> &'static str {
        if self.is_params() { "stepmill::definition::unknown_param" } else { "stepmill::definition::unknown_step" }
    }
}

/// Checks everything that needs more than one value of the pipeline.
pub(super) fn all(draft: &Draft, report: &mut Report) {
    unique("module", &draft.modules, |module| &module.name, report);
    let params = unique("parameter", &draft.params, |param| &param.name, report);
    let steps = unique("step", &draft.steps, |step| &step.name, report);
    count(draft, report);
    draft.params.iter().flatten().for_each(|param| default(param, report));
    for step in draft.steps.iter().flatten() {
        reserved("step", &step.name, report);
        once(step, report);
        references(step, &steps, &params, report);
        needs(step, &steps, report);
        limits(step, report);
        flow::check(step, report);
    }
    branches::check(draft, report);
    triggers::check(draft, &params, report);
    if let Ok(Some(output)) = &draft.output
        && steps.lacks(&output.value)
    {
        unknown_name("`output`", output, &steps, report);
    }
}

fn unique<'a, T>(
    what: &'static str,
    list: &'a Read<Vec<T>>,
    name_of: impl Fn(&'a T) -> &'a Read<Spanned<Name>>,
    report: &mut Report,
) -> Names<'a> {
    let mut known = Places::new();
    for name in list.iter().flatten().flat_map(name_of) {
        let Some(first) = known.get(name.value.as_str()) else {
            known.insert(name.value.as_str(), name.span.clone());
            continue;
        };
        let message = format!("there are two {} named `{}`", plural(what), name.value);
        report.push(
            Problem::error("stepmill::definition::duplicate", message, name.span.clone())
                .says("here again")
                .also(first.clone(), "first here")
                .help("rename or remove one of them"),
        );
    }
    Names { what, places: known, complete: list.is_ok() }
}

fn plural(what: &str) -> String {
    if what.ends_with("ch") { format!("{what}es") } else { format!("{what}s") }
}

fn count(draft: &Draft, report: &mut Report) {
    let place = || draft.name.as_ref().map_or(0..0, |name| name.span.clone());
    let Ok(steps) = &draft.steps else { return };
    if steps.is_empty() {
        report.push_absence(
            Problem::error("stepmill::definition::no_steps", "the pipeline has no steps", place())
                .help("add one: `[steps.NAME]` and under it `use = \"module/step\"`"),
        );
    } else if let Some(step) = steps.get(MAX_PIPELINE_STEPS) {
        let message = format!("the pipeline has {} steps; at most {MAX_PIPELINE_STEPS} are possible", steps.len());
        let span = step.name.as_ref().map_or(place(), |name| name.span.clone());
        report.push(
            Problem::error("stepmill::definition::too_many_steps", message, span)
                .says("the first that is too many")
                .help("split it into several pipelines"),
        );
    }
}

fn reserved(what: &str, name: &Read<Spanned<Name>>, report: &mut Report) {
    if let Ok(name) = name
        && RESERVED.contains(&name.value.as_str())
    {
        let message = format!("a {what} cannot be named `{}`: the name is reserved", name.value);
        report.push(
            Problem::error("stepmill::definition::reserved_name", message, name.span.clone())
                .help(format!("choose another name; {} are reserved", quoted(RESERVED))),
        );
    }
}

fn once(step: &StepDraft, report: &mut Report) {
    let mut given = Places::new();
    let inputs = step.inputs.iter().flatten().flat_map(|(name, _)| name);
    for name in inputs.chain(step.config.iter().flatten().flat_map(|(name, _)| name)) {
        if let Some(first) = given.insert(name.value.as_str(), name.span.clone()) {
            let message = format!("step `{}` is given `{}` twice", step.title, name.value);
            report.push(
                Problem::error("stepmill::definition::duplicate", message, name.span.clone())
                    .says("here again")
                    .also(first, "first here")
                    .help("remove one: a parameter is either an input or config"),
            );
        }
    }
}

fn references(step: &StepDraft, steps: &Names<'_>, params: &Names<'_>, report: &mut Report) {
    for (name, reference) in step.inputs.iter().flatten() {
        let Ok(reference) = reference else { continue };
        let who = argument_title("input", name, step);
        reference_exists(&who, &reference.value, &reference.span, (steps, params), report);
    }
    for (name, value) in step.config.iter().flatten() {
        let Ok(value) = value else { continue };
        if let ConfigValue::Reference(reference) = &value.value {
            let who = argument_title("config", name, step);
            reference_exists(&who, reference, &value.span, (steps, params), report);
        }
    }
}

fn argument_title(what: &str, name: &Read<Spanned<Name>>, step: &StepDraft) -> String {
    match name {
        Ok(name) => format!("{what} `{}` of step `{}`", name.value, step.title),
        Err(_) => format!("{what} of step `{}`", step.title),
    }
}

fn reference_exists(
    who: &str,
    reference: &Reference,
    span: &Range<usize>,
    (steps, params): (&Names<'_>, &Names<'_>),
    report: &mut Report,
) {
    let (name, known, is_param) = match reference {
        Reference::Step(name, _) => (name, steps, params.places.contains_key(name.as_str())),
        Reference::Param(name, _) => (name, params, false),
        Reference::Item(_) | Reference::Run(_) => return,
    };
    if !known.lacks(name) {
        return;
    }
    let name = Spanned { value: name.clone(), span: span.clone() };
    if is_param {
        let message = format!("{who}: there is no step `{}`", name.value);
        report.push_absence(
            Problem::error(known.code(), message, name.span)
                .help(format!("for the parameter of that name write `params.{}`", name.value)),
        );
    } else {
        unknown_name(who, &name, known, report);
    }
}

fn needs(step: &StepDraft, steps: &Names<'_>, report: &mut Report) {
    let mut seen = Places::new();
    for need in step.needs.iter().flatten().flatten() {
        if steps.lacks(&need.value) {
            unknown_name(&format!("`needs` of step `{}`", step.title), need, steps, report);
        }
        if let Some(first) = seen.insert(need.value.as_str(), need.span.clone()) {
            let message = format!("step `{}` needs `{}` twice", step.title, need.value);
            report.push(
                Problem::error("stepmill::definition::duplicate", message, need.span.clone())
                    .says("here again")
                    .also(first, "first here")
                    .help("once is enough"),
            );
        }
    }
}

fn unknown_name(who: &str, name: &Spanned<Name>, known: &Names<'_>, report: &mut Report) {
    let Names { what, places, .. } = known;
    let message = format!("{who}: there is no {what} `{}`", name.value);
    let problem = Problem::error(known.code(), message, name.span.clone());
    if report.is_full() {
        report.push_absence(problem);
        return;
    }
    let problem = match closest(name.value.as_str(), places.keys().copied()) {
        Some(meant) => problem.help(format!("did you mean `{}{meant}`?", known.prefix())),
        None if places.is_empty() => problem.help(format!("the pipeline has no {what}s")),
        None if places.len() > MAX_LISTED => problem.help(format!("the pipeline has no {what} with a name like this")),
        None => {
            // Hash maps have no order, messages need one.
            let mut names: Vec<_> = places.iter().collect();
            names.sort_by_key(|(name, span)| (span.start, **name));
            problem.help(format!("the {what}s are {}", quoted(names.into_iter().map(|(name, _)| *name))))
        }
    };
    report.push_absence(problem);
}

fn limits(step: &StepDraft, report: &mut Report) {
    for (key, value) in step.limits.iter().flatten() {
        let Ok(value) = value else { continue };
        let problem = match value.value {
            0 => "must be more than 0".to_owned(),
            asked if asked > key.ceiling() => {
                format!("is {}, but at most {} is possible", show(*key, asked), show(*key, key.ceiling()))
            }
            _ => continue,
        };
        let message = format!("`{}` of step `{}` {problem}", key.name(), step.title);
        let default = *key.place(&mut crate::limits::Limits::default());
        report.push(
            Problem::error("stepmill::definition::limit", message, value.span.clone())
                .help(format!("leave it out for the default, {}", show(*key, default))),
        );
    }
}

fn show(key: LimitKey, value: u64) -> String {
    if key.is_duration() { show_duration(value) } else { show_size(value) }
}

fn default(param: &ParamDraft, report: &mut Report) {
    let (Ok(kind), Ok(Some(default))) = (&param.kind, &param.default) else { return };
    if let Some(wanted) = unfit(*kind, &default.value) {
        let name = param.name.as_ref().map_or_else(|_| String::new(), |name| format!(" of parameter `{}`", name.value));
        let message = format!("the default{name} must be {wanted}, not {}", describe(&default.value));
        report.push(
            Problem::error("stepmill::definition::bad_default", message, default.span.clone())
                .help("change the default or the `type`"),
        );
    }
}

/// What a parameter wants, if a value is not that.
fn unfit(kind: ParamKind, value: &Json) -> Option<&'static str> {
    let (fits, wanted) = match kind {
        ParamKind::String => (value.is_string(), "a string"),
        ParamKind::Integer => (value.is_i64() || value.is_u64(), "an integer"),
        ParamKind::Number => (value.is_number(), "a number"),
        ParamKind::Boolean => (value.is_boolean(), "`true` or `false`"),
        ParamKind::File => (value.as_str().is_some_and(|path| !path.is_empty()), "the path of a file"),
        ParamKind::Json => (true, ""),
    };
    (!fits).then_some(wanted)
}

fn describe(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(number) if number.is_f64() => "a float",
        Json::Number(_) => "an integer",
        Json::String(text) if text.is_empty() => "an empty string",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "a table",
    }
}
