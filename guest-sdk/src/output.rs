//! What a step can return, and how it reaches the host.

use std::any::Any;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bytes::Bytes;
use crate::codec::{self, Fault};
use crate::error::{ErrorKind, Location, Result, StepError};
use crate::host;
use crate::input::Arguments;
use crate::registry::Form;
use crate::rows::{Rows, Writer};
use crate::schema;

/// What a successful step leaves behind.
pub enum Outcome {
    /// One encoded value.
    Value(Vec<u8>),
    /// Everything is written.
    Rows,
}

/// What a step can return: every type that is written and described, or [`Rows`] of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the output of a step",
    note = "an output is a type with `#[derive(Serialize, JsonSchema)]`, or `impl Iterator<Item = T>` of one"
)]
pub trait Output: Sized {
    /// How the data leaves.
    const FORM: Form;

    /// The schema of the value, or of one item.
    fn schema() -> Schema;

    /// Hands the output to the host. Not for authors of steps.
    #[doc(hidden)]
    fn leave(self, arguments: &Arguments) -> Result<Outcome>;
}

impl<T: Serialize + JsonSchema + 'static> Output for T {
    const FORM: Form = Form::Value;

    fn schema() -> Schema {
        schema::written::<T>()
    }

    fn leave(self, arguments: &Arguments) -> Result<Outcome> {
        encode(self).map(Outcome::Value).map_err(|fault| invalid(fault, arguments.step()))
    }
}

impl<T: Serialize + DeserializeOwned + JsonSchema + 'static> Output for Rows<T> {
    const FORM: Form = Form::Rows;

    fn schema() -> Schema {
        schema::written::<T>()
    }

    fn leave(self, arguments: &Arguments) -> Result<Outcome> {
        write_results(self, |error| error, arguments)
    }
}

/// Writes a value; gives the buffer away where it is the value.
fn encode<T: Serialize + 'static>(value: T) -> Result<Vec<u8>, Fault> {
    let mut slot = Some(value);
    if let Some(bytes) = (&mut slot as &mut dyn Any).downcast_mut::<Option<Bytes>>().and_then(Option::take) {
        return bytes.into_encoded();
    }
    let mut buffer = Vec::new();
    slot.iter().try_for_each(|value| codec::encode(value, &mut buffer))?;
    Ok(buffer)
}

/// The error for an output that cannot be serialised.
pub(crate) fn invalid(fault: Fault, step: &str) -> StepError {
    let spot = if fault.path.is_empty() { String::new() } else { format!(" at `{}`", fault.path) };
    let message = format!("step `{step}` cannot write its output{spot}: {}", fault.message);
    StepError::of_kind(ErrorKind::InvalidOutput(Location { parameter: String::new(), path: fault.path }), message)
}

/// What an item of a stream can be: every type that is written and described.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an item of a step's output",
    note = "an item is a type with `#[derive(Serialize, JsonSchema)]`"
)]
pub trait Item: Serialize + JsonSchema {}

impl<T: Serialize + JsonSchema> Item for T {}

/// The writer of the step's output.
pub fn writer<T: Serialize>(arguments: &Arguments) -> Result<Writer<T>> {
    Ok(Writer::new(host::with(|host| host.output_rows())?, arguments.step()))
}

/// Hands over what the writer still holds.
pub fn finish<T: Serialize>(mut writer: Writer<T>) -> Result<Outcome> {
    writer.flush()?;
    Ok(Outcome::Rows)
}

/// Writes the items as the iterator makes them.
pub fn write_items<T: Serialize>(items: impl Iterator<Item = T>, arguments: &Arguments) -> Result<Outcome> {
    let mut writer = writer(arguments)?;
    for item in items {
        writer.write(&item)?;
    }
    finish(writer)
}

/// Writes the items as the iterator makes them, until one is an error.
pub fn write_results<T: Serialize, E>(
    items: impl Iterator<Item = Result<T, E>>,
    convert: fn(E) -> StepError,
    arguments: &Arguments,
) -> Result<Outcome> {
    let mut writer = writer(arguments)?;
    for item in items {
        writer.write(&item.map_err(convert)?)?;
    }
    finish(writer)
}
