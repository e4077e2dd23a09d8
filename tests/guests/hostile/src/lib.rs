//! Programs that want to harm the host. Each is a step without parameters; what is to come of it stands in `corpus/`.

mod memory;
mod surroundings;
mod talk;
mod time;
mod types;
mod values;
mod wasi;

wit_bindgen::generate!({ path: "../../../wit", world: "step-module", generate_all });

use exports::stepmill::step::steps::{Argument, Guest, Output};
use stepmill::step::types::{ErrorKind, Form, OutputInfo, Parameter, Role, StepError, StepInfo};

/// What a step answers: a MessagePack value, or bytes that pretend to be one.
type Program = fn() -> Vec<u8>;

fn programs() -> impl Iterator<Item = (&'static str, Program)> {
    let groups = [memory::PROGRAMS, surroundings::PROGRAMS, talk::PROGRAMS, time::PROGRAMS, values::PROGRAMS];
    groups.into_iter().flatten().copied()
}

struct Module;

impl Guest for Module {
    fn describe() -> Vec<StepInfo> {
        let step = |(name, _): (&str, Program)| StepInfo {
            name: name.to_owned(),
            description: String::new(),
            parameters: Vec::new(),
            output: OutputInfo { form: Form::Value, schema: "true".to_owned() },
        };
        let typed = types::schemas().into_iter().flat_map(|(name, schema)| [made(name, &schema), taken(name, &schema)]);
        programs().map(step).chain(typed).collect()
    }

    fn run(step: String, _: Vec<Argument>) -> Result<Output, StepError> {
        match programs().find(|(name, _)| *name == step) {
            Some((_, program)) => Ok(Output::Value(program())),
            None => Err(StepError { kind: ErrorKind::UnknownStep, message: step, causes: Vec::new() }),
        }
    }
}

/// A step that says that it returns values of a type.
fn made(name: &str, schema: &str) -> StepInfo {
    StepInfo {
        name: format!("makes_{name}"),
        description: String::new(),
        parameters: Vec::new(),
        output: OutputInfo { form: Form::Value, schema: schema.to_owned() },
    }
}

/// A step that says that it takes values of a type.
fn taken(name: &str, schema: &str) -> StepInfo {
    let parameter = Parameter {
        name: "value".to_owned(),
        description: String::new(),
        role: Role::Input,
        form: Form::Value,
        optional: false,
        default: None,
        schema: schema.to_owned(),
    };
    StepInfo { name: format!("takes_{name}"), parameters: vec![parameter], ..made(name, "true") }
}

/// A number as MessagePack.
fn number(value: u32) -> Vec<u8> {
    [&[0xce], &value.to_be_bytes()[..]].concat()
}

/// Text as MessagePack.
fn text(value: &str) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    [&[0xdb], &length.to_be_bytes()[..], value.as_bytes()].concat()
}

export!(Module);
