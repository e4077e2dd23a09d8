//! The component: its imports behind [`Host`], its exports in front of the registry.

use std::io;

use super::{FileSink, FileSource, Host, RowSink, RowSource};
use crate::context::{Level, RunFacts, SecretError};
use crate::error::{ErrorKind, Location, Result, StepError};
use crate::file::FileInfo;
use crate::input::Content;
use crate::output::Outcome;
use crate::registry::{self, Form, Role, Step};

mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "step-module" });
}

use bindings::exports::stepmill::step::steps as exports;
use bindings::stepmill::step::{host as imports, types as wit};

/// What a host reads before it compiles the module, so that a mismatch is a sentence and not a link error.
const ABI: &str = concat!("abi=0.1.0 sdk=rust/", env!("CARGO_PKG_VERSION"));

#[used]
#[unsafe(link_section = "stepmill:sdk")]
static SECTION: [u8; ABI.len()] = match ABI.as_bytes().first_chunk() {
    Some(text) => *text,
    None => unreachable!(),
};

struct Module;

bindings::export!(Module with_types_in bindings);

impl exports::Guest for Module {
    /// `describe` has no way to fail, so a module that cannot be described traps, with the reason on stderr.
    fn describe() -> Vec<wit::StepInfo> {
        let described = registry::steps().and_then(|steps| steps.into_iter().map(describe).collect());
        described.unwrap_or_else(|error: StepError| panic!("{error}"))
    }

    fn run(step: String, arguments: Vec<exports::Argument>) -> Result<exports::Output, wit::StepError> {
        let contents = arguments.into_iter().map(|argument| (argument.name, content(argument.content)));
        let outcome = registry::run(&step, contents.collect());
        // A component has no exit at which the standard library would write what `print!` left without an end of line.
        let _ = io::Write::flush(&mut io::stdout());
        match outcome {
            Ok(Outcome::Value(bytes)) => Ok(exports::Output::Value(bytes)),
            Ok(Outcome::Rows) => Ok(exports::Output::Rows),
            Err(error) => Err(error.into()),
        }
    }
}

fn describe(step: &Step) -> Result<wit::StepInfo> {
    let (schemas, output) = step.schemas()?;
    let parameters = step.parameters.iter().zip(schemas).map(|(parameter, schema)| wit::Parameter {
        name: parameter.name.to_owned(),
        description: parameter.description.to_owned(),
        role: match parameter.role {
            Role::Input => wit::Role::Input,
            Role::Config => wit::Role::Config,
        },
        form: parameter.form.into(),
        optional: parameter.optional,
        default: parameter.default.and_then(|default| default()),
        schema: schema.as_value().to_string(),
    });
    Ok(wit::StepInfo {
        name: step.name.to_owned(),
        description: step.description.to_owned(),
        parameters: parameters.collect(),
        output: wit::OutputInfo { form: step.output.form.into(), schema: output.as_value().to_string() },
    })
}

fn content(content: exports::Content) -> Content {
    match content {
        exports::Content::Value(bytes) => Content::Value(bytes),
        exports::Content::Rows(reader) => Content::Rows(Box::new(reader)),
    }
}

impl From<Form> for wit::Form {
    fn from(form: Form) -> Self {
        match form {
            Form::Value => Self::Value,
            Form::Rows => Self::Rows,
        }
    }
}

impl From<StepError> for wit::StepError {
    fn from(error: StepError) -> Self {
        let (kind, message, causes) = error.into_parts();
        let kind = match kind {
            ErrorKind::Failed => wit::ErrorKind::Failed,
            ErrorKind::Permanent => wit::ErrorKind::Permanent,
            ErrorKind::RetryAfter(delay) => {
                wit::ErrorKind::RetryAfter(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
            }
            ErrorKind::UnknownStep => wit::ErrorKind::UnknownStep,
            ErrorKind::InvalidInput(location) => wit::ErrorKind::InvalidInput(location.into()),
            ErrorKind::InvalidOutput(location) => wit::ErrorKind::InvalidOutput(location.into()),
        };
        Self { kind, message, causes }
    }
}

impl From<Location> for wit::Location {
    fn from(Location { parameter, path }: Location) -> Self {
        Self { parameter, path }
    }
}

/// What the host gives to this component.
pub(crate) struct Imports;

impl Host for Imports {
    fn log(&self, level: Level, message: &str) {
        let level = match level {
            Level::Trace => imports::Level::Trace,
            Level::Debug => imports::Level::Debug,
            Level::Info => imports::Level::Info,
            Level::Warn => imports::Level::Warn,
            Level::Error => imports::Level::Error,
        };
        imports::log(level, message);
    }

    fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        imports::progress(done, total, message);
    }

    fn cancelled(&self) -> bool {
        imports::cancelled()
    }

    fn run_facts(&self) -> Option<RunFacts> {
        let facts = imports::get_run_facts()?;
        Some(RunFacts {
            run: facts.run,
            pipeline: facts.pipeline,
            step: facts.step,
            attempt: facts.attempt,
            idempotency_key: facts.idempotency_key,
            scheduled_for: facts.scheduled_for,
        })
    }

    fn secret(&self, name: &str) -> Result<String, SecretError> {
        imports::secret(name).map_err(|error| match error {
            imports::SecretError::NotGranted => SecretError::NotGranted,
            imports::SecretError::NotSet => SecretError::NotSet,
        })
    }

    fn output_rows(&self) -> Result<Box<dyn RowSink>> {
        let writer = imports::output_rows().map_err(|error| write_error(&error))?;
        Ok(Box::new(writer))
    }

    fn open_file(&self, info: &FileInfo) -> io::Result<Box<dyn FileSource>> {
        match imports::open_file(&info.hash) {
            Ok(reader) => Ok(Box::new(reader)),
            Err(imports::OpenError::NotAnInput) => Err(super::not_an_input(info)),
        }
    }

    fn create_file(&self, name: &str, media_type: &str) -> io::Result<Box<dyn FileSink>> {
        match imports::create_file(name, media_type) {
            Ok(writer) => Ok(Box::new(writer)),
            Err(error) => Err(write_error(&error).into()),
        }
    }
}

fn write_error(error: &imports::WriteError) -> StepError {
    match error {
        imports::WriteError::Malformed(message) => StepError::permanent(format_args!("a malformed item: {message}")),
        imports::WriteError::Unavailable => {
            StepError::permanent("the step's output is not a stream, or its writer was taken before")
        }
        imports::WriteError::InvalidName(message) => StepError::permanent(message),
    }
}

impl RowSource for imports::RowReader {
    fn next(&mut self) -> Option<Vec<u8>> {
        Self::next(self)
    }
}

impl RowSink for imports::RowWriter {
    fn write(&mut self, rows: &[u8]) -> Result<()> {
        Self::write(self, rows).map_err(|error| write_error(&error))
    }
}

impl FileSource for imports::FileReader {
    fn read(&mut self, length: u32) -> Vec<u8> {
        Self::read(self, length)
    }
}

impl FileSink for imports::FileWriter {
    fn write(&mut self, bytes: &[u8]) {
        Self::write(self, bytes);
    }

    fn finish(self: Box<Self>) -> FileInfo {
        let info = Self::finish(*self);
        FileInfo { name: info.name, media_type: info.media_type, size: info.size, hash: info.hash }
    }
}
