//! A module made from the contract alone, without the SDK: what any language has to do.

wit_bindgen::generate!({ path: "../../../wit", world: "step-module", generate_all });

use exports::stepmill::step::steps::{Argument, Content, Guest, Output};
use stepmill::step::{
    host,
    types::{ErrorKind, Form, Location, OutputInfo, Parameter, Role, StepError, StepInfo},
};

struct Module;

impl Guest for Module {
    fn describe() -> Vec<StepInfo> {
        let parameter = Parameter {
            name: "text".to_owned(),
            description: String::new(),
            role: Role::Input,
            form: Form::Value,
            optional: false,
            default: None,
            schema: r#"{"type": "string"}"#.to_owned(),
        };
        vec![StepInfo {
            name: "reverse".to_owned(),
            description: "Turns a text around.".to_owned(),
            parameters: vec![parameter],
            output: OutputInfo { form: Form::Value, schema: r#"{"type": "string"}"#.to_owned() },
        }]
    }

    fn run(step: String, arguments: Vec<Argument>) -> Result<Output, StepError> {
        if step != "reverse" {
            return Err(error(ErrorKind::UnknownStep, "there is no such step"));
        }
        let text = arguments.into_iter().find(|argument| argument.name == "text");
        let Some(Argument { content: Content::Value(bytes), .. }) = text else {
            return Err(invalid("it is missing"));
        };
        let text = read_text(&bytes).ok_or_else(|| invalid("it is no text"))?;
        host::log(host::Level::Info, "turning around");
        Ok(Output::Value(write_text(&text.chars().rev().collect::<String>())))
    }
}

fn error(kind: ErrorKind, message: &str) -> StepError {
    StepError { kind, message: message.to_owned(), causes: Vec::new() }
}

fn invalid(message: &str) -> StepError {
    let location = Location { parameter: "text".to_owned(), path: String::new() };
    error(ErrorKind::InvalidInput(location), message)
}

/// A MessagePack string of at most 255 bytes.
fn read_text(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [head @ 0xa0..=0xbf, text @ ..] if text.len() == usize::from(head & 0x1f) => text,
        [0xd9, length, text @ ..] if text.len() == usize::from(*length) => text,
        _ => return None,
    };
    String::from_utf8(text.to_vec()).ok()
}

fn write_text(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xdb];
    bytes.extend(u32::try_from(text.len()).unwrap_or_default().to_be_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

export!(Module);
