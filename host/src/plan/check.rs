//! Types on edges, in words that name both ends.

use std::{collections::HashMap, sync::LazyLock};

use serde_json::{Value as Json, json};

use super::{
    bind::{Binding, Bound, Source},
    resolve::Used,
    schema::{self, Data, Place, Verdict, Why},
    suggest::{listed, nearest},
};
use crate::{
    definition::{ParamKind, Pipeline, StepDecl, problem::Problem},
    module::{Form, OutputInfo, Parameter},
    value::path::{Segment, ValuePath},
};

/// Checks every edge. A verdict is found once for each pair of ends: pipelines use the same steps over and over.
pub(super) struct Checker<'p, 'm> {
    pipeline: &'p Pipeline,
    used: &'m [Option<Used<'m>>],
    verdicts: HashMap<(*const Json, Form, &'p ValuePath, *const Parameter), Verdict>,
}

/// The type of a parameter, in words.
pub(super) fn wanted(parameter: &Parameter) -> String {
    schema::describe(consumer(parameter))
}

fn consumer(parameter: &Parameter) -> Data<'_> {
    Data { form: parameter.form, schema: &parameter.schema }
}

impl<'p, 'm> Checker<'p, 'm> {
    pub(super) fn new(pipeline: &'p Pipeline, used: &'m [Option<Used<'m>>]) -> Self {
        Self { pipeline, used, verdicts: HashMap::new() }
    }

    /// Checks what a step is given.
    pub(super) fn step(&mut self, step: &StepDecl, binding: &Binding<'p, 'm>, found: &mut Vec<Problem>) {
        for bound in &binding.arguments {
            match bound.source {
                Source::Item(_) | Source::Run(_) => {}
                Source::Literal(literal) => found.extend(literal_problem(step, bound, literal)),
                Source::Step(from, path) => found.extend(self.edge(step, bound, from, path)),
                Source::Param(from, path) => {
                    found.extend(self.param(step, bound, from, path));
                    found.extend(self.default(step, bound, from, path));
                }
            }
        }
    }

    fn verdict(&mut self, producer: Data<'_>, path: &'p ValuePath, parameter: &'m Parameter) -> Verdict {
        // The addresses stay what they are: modules and the schemas of params outlive the checker.
        let key = (std::ptr::from_ref(producer.schema), producer.form, path, std::ptr::from_ref(parameter));
        self.verdicts.entry(key).or_insert_with(|| schema::check(producer, path, consumer(parameter))).clone()
    }

    fn edge(&mut self, step: &StepDecl, bound: &Bound<'p, 'm>, from: usize, path: &'p ValuePath) -> Option<Problem> {
        let OutputInfo { form, schema } = &self.used.get(from)?.as_ref()?.info.output;
        let verdict = self.verdict(Data { form: *form, schema }, path, bound.parameter);
        let name = &self.pipeline.steps.get(from)?.name.value;
        let says = if path.is_empty() { "returns" } else { "is" };
        let ends = Ends { producer: format!("`{name}{path}`"), says, step, bound };
        ends.problem(verdict)
    }

    fn param(&mut self, step: &StepDecl, bound: &Bound<'p, 'm>, from: usize, path: &'p ValuePath) -> Option<Problem> {
        let param = self.pipeline.params.get(from)?;
        let producer = Data { form: Form::Value, schema: kind_schema(param.kind) };
        let verdict = self.verdict(producer, path, bound.parameter);
        // What a run will be given is the user's choice. Worth a warning is only what the pipeline can put right.
        if matches!(&verdict, Verdict::Unknown { why, .. } if *why != Why::Fraction) {
            return None;
        }
        let producer = format!("`params.{}{path}`", param.name.value);
        let ends = Ends { producer, says: "is", step, bound };
        ends.problem(verdict)
    }

    fn default(&self, step: &StepDecl, bound: &Bound<'_, '_>, from: usize, path: &ValuePath) -> Option<Problem> {
        let param = self.pipeline.params.get(from)?;
        let default = param.default.as_ref()?;
        if param.kind == ParamKind::File {
            return None;
        }
        let Verdict::Cannot { at, produced, wanted } =
            schema::check_literal(part(&default.value, path)?, consumer(bound.parameter))
        else {
            return None;
        };
        let message = format!(
            "the default of `params.{}` does not suit `{}` of `{}`: {}it is {produced}, and {wanted} is wanted",
            param.name.value,
            bound.parameter.name,
            step.name.value,
            at_place(bound.parameter, &at),
        );
        let problem = Problem::error("stepmill::plan::default", message, default.span.clone());
        Some(problem.also(bound.span.clone(), "used here"))
    }
}

/// Both ends of an edge.
struct Ends<'e, 'p, 'm> {
    /// As the pipeline refers to it, with quotes.
    producer: String,
    /// `returns` or `is`.
    says: &'static str,
    step: &'e StepDecl,
    bound: &'e Bound<'p, 'm>,
}

impl Ends<'_, '_, '_> {
    fn problem(&self, verdict: Verdict) -> Option<Problem> {
        let Self { producer, says, step, bound } = self;
        let span = bound.span.clone();
        let (consumer, parameter) = (&step.name.value, &bound.parameter.name);
        match verdict {
            Verdict::Fits => None,
            Verdict::Cannot { at, produced, wanted } => {
                let at = at_place(bound.parameter, &at);
                let message = format!(
                    "`{consumer}` cannot take `{parameter}` from {producer}: {at}{producer} {says} {produced}, `{consumer}` wants {wanted}"
                );
                let problem = Problem::error("stepmill::plan::type", message, span);
                Some(problem.says(format!("{produced}, not {wanted}")))
            }
            Verdict::NoPart { part, of, known } => {
                let message =
                    format!("`{consumer}` cannot take `{parameter}` from {producer}: there is no `{part}` in {of}");
                let problem = Problem::error("stepmill::plan::no_part", message, span).says(format!("it is {of}"));
                Some(match no_part_help(&part, &known) {
                    Some(help) => problem.help(help),
                    None => problem,
                })
            }
            Verdict::Unknown { at, why } => {
                let at = at_place(bound.parameter, &at);
                let message = format!("`{consumer}` may fail to take `{parameter}` from {producer}: {at}{why}");
                Some(Problem::warning("stepmill::plan::doubtful", message, span).says(why.to_string()))
            }
        }
    }
}

fn no_part_help(part: &str, known: &[String]) -> Option<String> {
    let names = || known.iter().map(String::as_str);
    let missing: ValuePath = part.parse().ok()?;
    match missing.segments().first()? {
        Segment::Key(key) => match nearest(key, names()) {
            Some(name) => Some(format!("did you mean `{name}`?")),
            None if known.is_empty() => None,
            None => Some(format!("its parts are: {}", listed(names()))),
        },
        Segment::Index(_) => None,
    }
}

fn literal_problem(step: &StepDecl, bound: &Bound<'_, '_>, literal: &Json) -> Option<Problem> {
    let parameter = bound.parameter;
    let subject = format!("config `{}` of step `{}`", parameter.name, step.name.value);
    let span = bound.span.clone();
    match schema::check_literal(literal, consumer(parameter)) {
        Verdict::Fits | Verdict::NoPart { .. } => None,
        Verdict::Cannot { at, produced, wanted } => {
            let at = at_place(parameter, &at);
            let message = format!("{subject} does not fit: {at}it is {produced}, and {wanted} is wanted");
            Some(Problem::error("stepmill::plan::config", message, span).says(format!("{wanted} is wanted")))
        }
        Verdict::Unknown { at, why } => {
            let message = format!("{subject} may not fit: {}{why}", at_place(parameter, &at));
            Some(Problem::warning("stepmill::plan::doubtful", message, span))
        }
    }
}

/// Where in a parameter's value something is, as the beginning of a sentence.
fn at_place(parameter: &Parameter, at: &Place) -> String {
    if at.is_whole() { String::new() } else { format!("at `{}{at}`, ", parameter.name) }
}

/// The part of a literal at a path.
fn part<'j>(value: &'j Json, path: &ValuePath) -> Option<&'j Json> {
    path.segments().iter().try_fold(value, |value, segment| match segment {
        Segment::Key(key) => value.get(key),
        Segment::Index(index) => value.get(usize::try_from(*index).ok()?),
    })
}

/// What a param of a kind gives.
fn kind_schema(kind: ParamKind) -> &'static Json {
    static SCHEMAS: LazyLock<[Json; 6]> = LazyLock::new(|| {
        [
            json!({ "type": "string" }),
            json!({ "type": "integer", "format": "int64" }),
            json!({ "type": "number" }),
            json!({ "type": "boolean" }),
            json!({ "type": "object", "x-stepmill": "file" }),
            json!(true),
        ]
    });
    let [string, integer, number, boolean, file, any] = &*SCHEMAS;
    match kind {
        ParamKind::String => string,
        ParamKind::Integer => integer,
        ParamKind::Number => number,
        ParamKind::Boolean => boolean,
        ParamKind::File => file,
        ParamKind::Json => any,
    }
}
