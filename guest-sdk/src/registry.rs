//! The steps of a module: how they are collected, described and called.

use schemars::Schema;

use crate::error::{ErrorKind, Location, Result, StepError};
use crate::input::{Arguments, Config, Content, Input};
use crate::output::{Item, Outcome, Output};
use crate::schema;

/// How data crosses the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One value, whole in memory.
    Value,
    /// A stream of values.
    Rows,
}

/// Where the data of a parameter comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The output of another step, or a parameter of the run.
    Input,
    /// The step's `config` in the pipeline.
    Config,
}

/// A step, as `#[step]` submits it.
pub struct Step {
    /// Its name in the module.
    pub name: &'static str,
    /// What it does, in Markdown.
    pub description: &'static str,
    /// Its inputs and config.
    pub parameters: &'static [Parameter],
    /// What it returns.
    pub output: OutputInfo,
    /// Calls the function.
    pub run: fn(&mut Arguments) -> Result<Outcome>,
}

inventory::collect!(Step);

/// An input or config of a step.
pub struct Parameter {
    /// Its name in the function.
    pub name: &'static str,
    /// What it is for, in Markdown.
    pub description: &'static str,
    /// Where its data comes from.
    pub role: Role,
    /// How its data arrives.
    pub form: Form,
    /// Whether the step runs without it.
    pub optional: bool,
    /// The value that stands in for config that is left out, as JSON.
    pub default: Option<fn() -> Option<String>>,
    /// The schema of the value, or of one item.
    pub schema: fn() -> Schema,
}

impl Parameter {
    /// A required input.
    pub const fn input<T: Input>(name: &'static str, description: &'static str) -> Self {
        Self { name, description, role: Role::Input, form: T::FORM, optional: false, default: None, schema: T::schema }
    }

    /// An input that is written as an `Option<T>`.
    pub const fn optional_input<T: Input>(name: &'static str, description: &'static str) -> Self {
        let schema = T::optional_schema;
        Self { name, description, role: Role::Input, form: T::FORM, optional: true, default: None, schema }
    }

    /// Config.
    pub const fn config<T: Config>(
        name: &'static str,
        description: &'static str,
        optional: bool,
        default: Option<fn() -> Option<String>>,
    ) -> Self {
        let schema = schema::read::<T>;
        Self { name, description, role: Role::Config, form: Form::Value, optional, default, schema }
    }
}

/// What a step returns.
pub struct OutputInfo {
    /// How the data leaves.
    pub form: Form,
    /// The schema of the value, or of one item.
    pub schema: fn() -> Schema,
}

impl OutputInfo {
    /// What the type says.
    pub const fn of<T: Output>() -> Self {
        Self { form: T::FORM, schema: T::schema }
    }

    /// What an iterator or a writer makes.
    pub const fn rows<T: Item>() -> Self {
        Self { form: Form::Rows, schema: schema::written::<T> }
    }
}

/// All steps, by name.
///
/// # Errors
/// If two have the same name.
pub(crate) fn steps() -> Result<Vec<&'static Step>> {
    sorted(inventory::iter::<Step>.into_iter().collect())
}

/// The linker's order is nobody's business, and the answer to `describe` must not change.
fn sorted(mut steps: Vec<&Step>) -> Result<Vec<&Step>> {
    steps.sort_unstable_by_key(|step| step.name);
    match steps.windows(2).find(|pair| pair[0].name == pair[1].name) {
        None => Ok(steps),
        Some(pair) => Err(StepError::permanent(format_args!(
            "two steps are named `{}`: give one another name with `#[step(name = \"..\")]`",
            pair[0].name
        ))),
    }
}

impl Step {
    /// The schemas of the parameters, in order, and of the output.
    ///
    /// # Errors
    /// If a type has integers that do not fit.
    pub(crate) fn schemas(&self) -> Result<(Vec<Schema>, Schema)> {
        let parameters = self.parameters.iter().map(|parameter| {
            let place = format!("parameter `{}`", parameter.name);
            self.check((parameter.schema)(), &place)
        });
        Ok((parameters.collect::<Result<_>>()?, self.check((self.output.schema)(), "output")?))
    }

    fn check(&self, schema: Schema, place: &str) -> Result<Schema> {
        match schema::wide_integer(schema.as_value()) {
            None => Ok(schema),
            Some(path) => Err(StepError::permanent(format_args!(
                "step `{}`, {place}: the schema has an integer of 128 bits at `{path}`, and values have at most 64; \
                 use `i64`, `u64` or a string",
                self.name
            ))),
        }
    }
}

/// Runs the step called `name`.
pub(crate) fn run(name: &str, contents: Vec<(String, Content)>) -> Result<Outcome> {
    let Some(step) = inventory::iter::<Step>.into_iter().find(|step| step.name == name) else {
        return Err(unknown(name));
    };
    let mut arguments = Arguments::new(step.name, contents);
    let known = |name: &str| step.parameters.iter().any(|parameter| parameter.name == name);
    if let Some(stray) = arguments.names().find(|name| !known(name)) {
        let location = Location { parameter: stray.to_owned(), path: String::new() };
        let message = format!("step `{name}` has no parameter `{stray}`");
        return Err(StepError::of_kind(ErrorKind::InvalidInput(location), message));
    }
    (step.run)(&mut arguments)
}

/// The error for a step that is not there.
pub(crate) fn unknown(name: &str) -> StepError {
    let mut names: Vec<&str> = inventory::iter::<Step>.into_iter().map(|step| step.name).collect();
    names.sort_unstable();
    let message = format!("this module has no step `{name}`; it has: {}", names.join(", "));
    StepError::of_kind(ErrorKind::UnknownStep, message)
}

#[cfg(test)]
mod tests {
    use super::{OutputInfo, Step, sorted};
    use crate::output::Outcome;

    fn named(name: &'static str) -> Step {
        let output = OutputInfo::of::<()>();
        Step { name, description: "", parameters: &[], output, run: |_| Ok(Outcome::Rows) }
    }

    #[test]
    fn steps_come_in_the_order_of_their_names() {
        let (a, b, c) = (named("a"), named("b"), named("c"));
        let names = sorted(vec![&c, &a, &b]).map(|steps| steps.iter().map(|step| step.name).collect::<Vec<_>>());
        assert_eq!(names, Ok(vec!["a", "b", "c"]));
    }

    #[test]
    fn two_steps_of_one_name_are_refused() {
        let (a, b, also_a) = (named("a"), named("b"), named("a"));
        let message = sorted(vec![&a, &b, &also_a]).err().map(|error| error.to_string());
        assert!(message.is_some_and(|message| message.starts_with("two steps are named `a`")));
    }
}
