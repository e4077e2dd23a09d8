//! What the pipeline as a whole must obey, however it was written: names are unique and those it refers to exist.

use std::{collections::HashMap, ops::Range};

use super::{
    ConfigValue, ParamKind, Reference, Spanned, UseRef,
    draft::{Draft, LimitKey, ParamDraft, Read, StepDraft},
    problem::Problem,
    quantity::{show_duration, show_size},
    reference::UseRefError,
    report::Report,
    suggest::{closest, quoted, shorten},
};
use crate::{
    ids::{Name, NameError},
    limits::MAX_PIPELINE_STEPS,
};
use serde_json::Value as Json;

pub(super) const BAD_REFERENCE: &str = "stepmill::definition::bad_reference";
pub(super) const BAD_LITERAL: &str = "stepmill::definition::bad_literal";

/// Names that mean something else in references and conditions.
const RESERVED: [&str; 4] = ["params", "steps", "run", "item"];

/// The most names that a message lists.
const MAX_LISTED: usize = 12;

/// Where names were first declared.
type Names<'a> = HashMap<&'a str, Range<usize>>;

/// Checks everything that needs more than one value of the pipeline.
pub(super) fn all(draft: &Draft, report: &mut Report) {
    unique("module", draft.modules.iter().map(|module| &module.name), report);
    let params = unique("parameter", draft.params.iter().map(|param| &param.name), report);
    let steps = unique("step", draft.steps.iter().map(|step| &step.name), report);
    count(draft, report);
    draft.params.iter().for_each(|param| default(param, report));
    for step in &draft.steps {
        reserved(step, report);
        arguments(step, &steps, &params, report);
        needs(step, &steps, report);
        limits(step, report);
    }
    if let Ok(Some(output)) = &draft.output
        && !steps.contains_key(output.value.as_str())
    {
        unknown_name("step", "`output`", output, &steps, report);
    }
}

/// A problem with a name, and the name that may have been meant.
pub(super) fn bad_name(what: &str, error: &NameError, text: &str, span: Range<usize>) -> Problem {
    let problem = Problem::error("stepmill::definition::bad_name", format!("{what}: {error}"), span);
    let meant = text.to_ascii_lowercase().replace(['-', ' '], "_");
    match Name::new(&meant) {
        Ok(name) => problem.help(format!("did you mean `{name}`?")),
        Err(_) => problem.help("such as `parse`, `hot_days` or `station_2`"),
    }
}

/// A problem with `use`, and what may have been meant.
pub(super) fn bad_use(text: &str, error: &UseRefError, span: Range<usize>) -> Problem {
    let message = format!("`{}` names no step of a module: {error}", shorten(text));
    let meant = text.to_ascii_lowercase().replace('-', "_");
    let help = match error {
        UseRefError::Name(_) if meant.parse::<UseRef>().is_ok() => format!("did you mean `{meant}`?"),
        _ => "such as `weather/parse`, `weather@1.2/parse` or `weather@sha256:…/parse`".to_owned(),
    };
    Problem::error("stepmill::definition::bad_use", message, span).help(help)
}

/// A problem with config that refers to a step.
pub(super) fn config_from_step(step: &Name, span: Range<usize>) -> Problem {
    let message = format!("config comes from `params`, not from the output of a step such as `{step}`");
    Problem::error(BAD_REFERENCE, message, span).help("refer to a parameter, or make it an input of the step")
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a Read<Spanned<Name>>>, report: &mut Report) -> Names<'a> {
    let mut known = Names::new();
    for name in names.flatten() {
        let Some(first) = known.get(name.value.as_str()) else {
            known.insert(name.value.as_str(), name.span.clone());
            continue;
        };
        let message = format!("there are two {what}s named `{}`", name.value);
        report.push(
            Problem::error("stepmill::definition::duplicate", message, name.span.clone())
                .says("here again")
                .also(first.clone(), "first here")
                .help("rename or remove one of them"),
        );
    }
    known
}

fn count(draft: &Draft, report: &mut Report) {
    let place = || draft.name.as_ref().map_or(0..0, |name| name.span.clone());
    if draft.steps.is_empty() {
        report.push_absence(
            Problem::error("stepmill::definition::no_steps", "the pipeline has no steps", place())
                .help("add one: `[steps.NAME]` and under it `use = \"module/step\"`"),
        );
    } else if let Some(step) = draft.steps.get(MAX_PIPELINE_STEPS) {
        let message =
            format!("the pipeline has {} steps; at most {MAX_PIPELINE_STEPS} are possible", draft.steps.len());
        let span = step.name.as_ref().map_or(place(), |name| name.span.clone());
        report.push(
            Problem::error("stepmill::definition::too_many_steps", message, span)
                .says("the first that is too many")
                .help("split it into several pipelines"),
        );
    }
}

fn reserved(step: &StepDraft, report: &mut Report) {
    if let Ok(name) = &step.name
        && RESERVED.contains(&name.value.as_str())
    {
        let message = format!("a step cannot be named `{}`: the name is reserved", name.value);
        report.push(
            Problem::error("stepmill::definition::reserved_name", message, name.span.clone())
                .help(format!("choose another name; {} are reserved", quoted(RESERVED))),
        );
    }
}

fn arguments(step: &StepDraft, steps: &Names<'_>, params: &Names<'_>, report: &mut Report) {
    let mut given = Names::new();
    let names = step.inputs.iter().map(|(name, _)| name).chain(step.config.iter().map(|(name, _)| name));
    for name in names.flatten() {
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
    for (name, reference) in &step.inputs {
        let Ok(reference) = reference else { continue };
        let who = argument_title("input", name, step);
        check_reference(&who, &reference.value, &reference.span, (steps, params), report);
    }
    for (name, value) in &step.config {
        let Ok(value) = value else { continue };
        if let ConfigValue::Reference(reference) = &value.value {
            let who = argument_title("config", name, step);
            check_reference(&who, reference, &value.span, (steps, params), report);
        }
    }
}

fn argument_title(what: &str, name: &Read<Spanned<Name>>, step: &StepDraft) -> String {
    match name {
        Ok(name) => format!("{what} `{}` of step `{}`", name.value, step.title),
        Err(_) => format!("{what} of step `{}`", step.title),
    }
}

fn check_reference(
    who: &str,
    reference: &Reference,
    span: &Range<usize>,
    (steps, params): (&Names<'_>, &Names<'_>),
    report: &mut Report,
) {
    let (what, name, known) = match reference {
        Reference::Step(name, _) => ("step", name, steps),
        Reference::Param(name, _) => ("parameter", name, params),
    };
    if !known.contains_key(name.as_str()) {
        let name = Spanned { value: name.clone(), span: span.clone() };
        let other_kind = matches!(reference, Reference::Step(..)) && params.contains_key(name.value.as_str());
        if other_kind {
            let message = format!("{who}: there is no step `{}`", name.value);
            report.push_absence(
                Problem::error("stepmill::definition::unknown_step", message, name.span)
                    .help(format!("for the parameter of that name write `params.{}`", name.value)),
            );
        } else {
            unknown_name(what, who, &name, known, report);
        }
    }
}

fn needs(step: &StepDraft, steps: &Names<'_>, report: &mut Report) {
    let mut seen = Names::new();
    for need in step.needs.iter().flatten() {
        if !steps.contains_key(need.value.as_str()) {
            unknown_name("step", &format!("`needs` of step `{}`", step.title), need, steps, report);
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

fn unknown_name(what: &str, who: &str, name: &Spanned<Name>, known: &Names<'_>, report: &mut Report) {
    if report.is_full() {
        report.push_absence(Problem::error("stepmill::definition::unknown_step", "", name.span.clone()));
        return;
    }
    let code = match what {
        "step" => "stepmill::definition::unknown_step",
        _ => "stepmill::definition::unknown_param",
    };
    let problem = Problem::error(code, format!("{who}: there is no {what} `{}`", name.value), name.span.clone());
    let problem = match closest(name.value.as_str(), known.keys().copied()) {
        Some(meant) if what == "step" => problem.help(format!("did you mean `{meant}`?")),
        Some(meant) => problem.help(format!("did you mean `params.{meant}`?")),
        None if known.is_empty() => problem.help(format!("the pipeline has no {what}s")),
        None if known.len() > MAX_LISTED => problem.help(format!("the pipeline has no {what} with a name like this")),
        None => {
            // Hash maps have no order, messages need one.
            let mut names: Vec<_> = known.iter().collect();
            names.sort_by_key(|(name, span)| (span.start, **name));
            problem.help(format!("it has {}", quoted(names.into_iter().map(|(name, _)| *name))))
        }
    };
    report.push_absence(problem);
}

fn limits(step: &StepDraft, report: &mut Report) {
    for (key, value) in &step.limits {
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
    let (fits, wanted) = match kind {
        ParamKind::String => (default.value.is_string(), "a string"),
        ParamKind::Integer => (default.value.is_i64() || default.value.is_u64(), "an integer"),
        ParamKind::Number => (default.value.is_number(), "a number"),
        ParamKind::Boolean => (default.value.is_boolean(), "`true` or `false`"),
        ParamKind::File => (default.value.as_str().is_some_and(|path| !path.is_empty()), "the path of a file"),
        ParamKind::Json => (true, ""),
    };
    if !fits {
        let name = param.name.as_ref().map_or_else(|_| String::new(), |name| format!(" of parameter `{}`", name.value));
        let message = format!("the default{name} must be {wanted}, not {}", describe(&default.value));
        report.push(
            Problem::error("stepmill::definition::bad_default", message, default.span.clone())
                .help("change the default or the `type`"),
        );
    }
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
