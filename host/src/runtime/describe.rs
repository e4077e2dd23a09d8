//! What a module says of itself, checked: it is text from a stranger that will be shown and relied on.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::{
    bindings::stepmill::step::types::{self as wit},
    text::{cut, visible, visible_lines},
};
use crate::{
    ids::Name,
    limits::{MAX_DESCRIPTION, MAX_PARAMETERS, MAX_STEPS_PER_MODULE},
    module::{Form, OutputInfo, Parameter, Role, StepInfo},
};

/// What is wrong with a description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the module describes itself wrongly: {0}")]
pub struct DescriptionError(String);

type Result<T> = std::result::Result<T, DescriptionError>;

/// Checks and takes over the steps of a module, sorted by name.
///
/// # Errors
/// If a name, schema or number is not acceptable.
pub(super) fn check(steps: Vec<wit::StepInfo>) -> Result<Vec<StepInfo>> {
    if steps.is_empty() {
        return Err(wrong("it lists no steps; mark a function with `#[step]`"));
    }
    if steps.len() > MAX_STEPS_PER_MODULE {
        return Err(wrong(format!("it lists {} steps, and at most {MAX_STEPS_PER_MODULE} are accepted", steps.len())));
    }
    let mut checked = steps.into_iter().map(step).collect::<Result<Vec<_>>>()?;
    checked.sort_by(|a, b| a.name.cmp(&b.name));
    match checked.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(wrong(format!("it lists the step `{}` twice", pair[0].name))),
        None => Ok(checked),
    }
}

fn step(step: wit::StepInfo) -> Result<StepInfo> {
    let name = name(&step.name, "a step")?;
    let what = format!("step `{name}`");
    if step.parameters.len() > MAX_PARAMETERS {
        let many = step.parameters.len();
        return Err(wrong(format!("{what} has {many} parameters, and at most {MAX_PARAMETERS} are accepted")));
    }
    let mut seen = HashSet::new();
    let mut parameters = Vec::with_capacity(step.parameters.len());
    for parameter in step.parameters {
        let parameter = self::parameter(parameter, &what)?;
        if !seen.insert(parameter.name.clone()) {
            return Err(wrong(format!("{what} lists the parameter `{}` twice", parameter.name)));
        }
        parameters.push(parameter);
    }
    let output = OutputInfo {
        form: form(step.output.form),
        schema: schema(&step.output.schema, &format!("the output of {what}"))?,
    };
    Ok(StepInfo { description: description(&step.description), name, parameters, output })
}

fn parameter(parameter: wit::Parameter, step: &str) -> Result<Parameter> {
    let name = name(&parameter.name, &format!("a parameter of {step}"))?;
    let what = format!("the parameter `{name}` of {step}");
    let default = match &parameter.default {
        Some(text) => Some(json(text, &format!("the default of {what}"))?),
        None => None,
    };
    Ok(Parameter {
        description: description(&parameter.description),
        role: match parameter.role {
            wit::Role::Input => Role::Input,
            wit::Role::Config => Role::Config,
        },
        form: form(parameter.form),
        optional: parameter.optional,
        default,
        schema: schema(&parameter.schema, &what)?,
        name,
    })
}

fn name(text: &str, what: &str) -> Result<Name> {
    Name::new(text).map_err(|_| {
        let shown = visible(cut(text, 64));
        wrong(format!("{what} is called `{shown}`, and names are made of lower-case letters, digits and `_`"))
    })
}

fn form(form: wit::Form) -> Form {
    match form {
        wit::Form::Value => Form::Value,
        wit::Form::Rows => Form::Rows,
    }
}

fn schema(text: &str, what: &str) -> Result<Json> {
    let schema = json(text, &format!("the schema of {what}"))?;
    if schema.is_object() || schema.is_boolean() {
        return Ok(schema);
    }
    Err(wrong(format!("the schema of {what} is neither an object nor a boolean")))
}

/// `serde_json` refuses deep nesting by itself.
fn json(text: &str, what: &str) -> Result<Json> {
    if text.len() > MAX_DESCRIPTION {
        return Err(wrong(format!("{what} has {} bytes, and at most {MAX_DESCRIPTION} are accepted", text.len())));
    }
    serde_json::from_str(text).map_err(|error| wrong(format!("{what} is not JSON: {error}")))
}

fn description(text: &str) -> String {
    visible_lines(cut(text, MAX_DESCRIPTION))
}

fn wrong(problem: impl Into<String>) -> DescriptionError {
    DescriptionError(problem.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_step(name: &str) -> wit::StepInfo {
        let output = wit::OutputInfo { form: wit::Form::Value, schema: "true".to_owned() };
        wit::StepInfo {
            name: name.to_owned(),
            description: "Does\u{1b} it.\nMore.".to_owned(),
            parameters: vec![a_parameter("x")],
            output,
        }
    }

    fn a_parameter(name: &str) -> wit::Parameter {
        wit::Parameter {
            name: name.to_owned(),
            description: String::new(),
            role: wit::Role::Config,
            form: wit::Form::Value,
            optional: true,
            default: Some("1".to_owned()),
            schema: "{}".to_owned(),
        }
    }

    fn problem(change: impl Fn(&mut wit::StepInfo)) -> String {
        let mut step = a_step("a");
        change(&mut step);
        check(vec![step]).unwrap_err().to_string()
    }

    #[test]
    fn good_descriptions_are_sorted_and_clean() {
        let steps = check(vec![a_step("b"), a_step("a")]).unwrap();
        assert_eq!(steps[0].name, "a");
        assert_eq!(steps[0].description, "Does\\u{1b} it.\nMore.");
        assert_eq!(steps[0].parameters[0].default, Some(1.into()));
    }

    #[test]
    fn bad_descriptions_are_refused_by_name() {
        assert!(check(vec![]).is_err());
        assert!(check(vec![a_step("a"), a_step("a")]).unwrap_err().to_string().contains("`a` twice"));
        assert!(problem(|step| step.name = "../x".to_owned()).contains("`../x`"));
        assert!(problem(|step| step.parameters.push(a_parameter("x"))).contains("`x` twice"));
        assert!(problem(|step| step.parameters[0].schema = "3".to_owned()).contains("neither an object"));
        assert!(problem(|step| step.output.schema = "{".to_owned()).contains("the output of step `a` is not JSON"));
        assert!(problem(|step| step.parameters[0].default = Some("[".repeat(100_000))).contains("the default of"));
        assert!(problem(|step| step.parameters[0].schema = "[".repeat(10_000)).contains("not JSON"));
        assert!(
            problem(|step| step.parameters = vec![a_parameter("x"); MAX_PARAMETERS + 1]).contains("257 parameters")
        );
    }
}
