//! Types on edges, in words that name both ends.

use std::{collections::HashMap, sync::LazyLock};

use serde_json::{Value as Json, json};

use super::{
    bind::{Binding, Bound, Source, WHOLE},
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
    outputs: &'m [Option<OutputInfo>],
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
    /// `outputs` is what the steps of the pipeline return as a whole, where that is known.
    pub(super) fn new(pipeline: &'p Pipeline, outputs: &'m [Option<OutputInfo>]) -> Self {
        Self { pipeline, outputs, verdicts: HashMap::new() }
    }

    /// Checks what a step is given, and what it runs for.
    pub(super) fn step(&mut self, step: &StepDecl, binding: &Binding<'p, 'm>, found: &mut Vec<Problem>) {
        found.extend(self.for_each(step, binding.for_each.as_ref()));
        for bound in &binding.arguments {
            match bound.source {
                Source::Item(part) => found.extend(self.item(step, bound, binding.for_each.as_ref(), part)),
                Source::Run(fact) => {
                    let verdict =
                        self.verdict(Data { form: Form::Value, schema: &TEXT_SCHEMA }, &WHOLE, bound.parameter);
                    let producer = format!("`run.{}`", fact.as_str());
                    found.extend(Ends { producer, says: "is", step, bound }.problem(verdict));
                }
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

    /// What a source gives, the part of it that is meant, and what the pipeline calls that.
    fn given(&self, source: &Source<'p>) -> Option<(Data<'m>, &'p ValuePath, String)> {
        match *source {
            Source::Step(from, path) => {
                let OutputInfo { form, schema } = self.outputs.get(from)?.as_ref()?;
                let name = &self.pipeline.steps.get(from)?.name.value;
                Some((Data { form: *form, schema }, path, format!("`{name}{path}`")))
            }
            Source::Param(from, path) => {
                let param = self.pipeline.params.get(from)?;
                let data = Data { form: Form::Value, schema: kind_schema(param.kind) };
                Some((data, path, format!("`params.{}{path}`", param.name.value)))
            }
            Source::Literal(_) | Source::Item(_) | Source::Run(_) => None,
        }
    }

    fn for_each(&self, step: &StepDecl, source: Option<&Source<'p>>) -> Option<Problem> {
        let (data, path, producer) = self.given(source?)?;
        let span = step.for_each.as_ref()?.span.clone();
        let name = &step.name.value;
        match schema::check_items(data, path) {
            Verdict::Fits => None,
            // What a run will be given is the user's choice.
            Verdict::Unknown { .. } if matches!(source?, Source::Param(..)) => None,
            Verdict::Unknown { why, .. } => {
                let message = format!("`{name}` may fail to run for each of {producer}: {why}");
                Some(Problem::warning("stepmill::plan::doubtful", message, span).says(why.to_string()))
            }
            Verdict::Cannot { produced, .. } => {
                let message = format!("`{name}` cannot run for each of {producer}: it is {produced}, not a list");
                let problem =
                    Problem::error("stepmill::plan::for_each", message, span).says(format!("it is {produced}"));
                Some(problem.help("`for_each` takes a list or rows, or a part that is a list: `step.path`"))
            }
            Verdict::NoPart { part, of, known } => {
                let message = format!("`{name}` cannot run for each of {producer}: there is no `{part}` in {of}");
                let problem = Problem::error("stepmill::plan::no_part", message, span).says(format!("it is {of}"));
                Some(match no_part_help(&part, &known) {
                    Some(help) => problem.help(help),
                    None => problem,
                })
            }
        }
    }

    fn item(
        &self,
        step: &StepDecl,
        bound: &Bound<'p, 'm>,
        source: Option<&Source<'p>>,
        part: &ValuePath,
    ) -> Option<Problem> {
        let (data, path, _) = self.given(source?)?;
        let verdict = schema::check_item(data, path, part, consumer(bound.parameter));
        // As with parameters: only what the pipeline can put right is worth a warning.
        if matches!(&verdict, Verdict::Unknown { why, .. } if *why != Why::Fraction && matches!(source?, Source::Param(..)))
        {
            return None;
        }
        Ends { producer: format!("`item{part}`"), says: "is", step, bound }.problem(verdict)
    }

    /// Reports the part of a step's output that a condition reads and that cannot exist.
    pub(super) fn read_output(&self, from: usize, path: &ValuePath) -> Option<Misread> {
        let OutputInfo { form, schema } = self.outputs.get(from)?.as_ref()?;
        if *form == Form::Rows {
            return Some(Misread { message: "it is a stream, which a condition cannot read".to_owned(), help: None });
        }
        misread(schema::lacks(Data { form: *form, schema }, path)?)
    }

    /// The same for a parameter.
    pub(super) fn read_param(&self, from: usize, path: &ValuePath) -> Option<Misread> {
        let param = self.pipeline.params.get(from)?;
        misread(schema::lacks(Data { form: Form::Value, schema: kind_schema(param.kind) }, path)?)
    }

    fn edge(&mut self, step: &StepDecl, bound: &Bound<'p, 'm>, from: usize, path: &'p ValuePath) -> Option<Problem> {
        let OutputInfo { form, schema } = self.outputs.get(from)?.as_ref()?;
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

/// Why a condition cannot read something.
pub(super) struct Misread {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

fn misread(verdict: Verdict) -> Option<Misread> {
    let Verdict::NoPart { part, of, known } = verdict else { return None };
    Some(Misread { message: format!("there is no `{part}` in {of}"), help: no_part_help(&part, &known) })
}

/// What each step of the pipeline returns as a whole: with `for_each` a stream of what it returns for an item, in
/// which rows are lists.
pub(super) fn outputs(pipeline: &Pipeline, used: &[Option<Used<'_>>]) -> Vec<Option<OutputInfo>> {
    let output = |(step, used): (&StepDecl, &Option<Used<'_>>)| {
        let one = &used.as_ref()?.info.output;
        Some(match (&step.for_each, one.form) {
            (None, _) => one.clone(),
            (Some(_), Form::Value) => OutputInfo { form: Form::Rows, schema: one.schema.clone() },
            (Some(_), Form::Rows) => OutputInfo { form: Form::Rows, schema: schema::list_of(&one.schema) },
        })
    };
    pipeline.steps.iter().zip(used).map(output).collect()
}

static TEXT_SCHEMA: LazyLock<Json> = LazyLock::new(|| json!({ "type": "string" }));

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
