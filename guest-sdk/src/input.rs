//! What a parameter can be, and how it gets its argument.

use std::any::Any;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bytes::Bytes;
use crate::codec::{self, Fault};
use crate::error::{ErrorKind, Location, Result, StepError};
use crate::host::RowSource;
use crate::registry::Form;
use crate::rows::{Place, Rows};
use crate::schema;

/// The data of an argument.
pub(crate) enum Content {
    Value(Vec<u8>),
    Rows(Box<dyn RowSource>),
}

/// The arguments of one call, as far as they are not taken yet.
pub struct Arguments {
    step: &'static str,
    contents: Vec<(String, Content)>,
}

impl Arguments {
    pub(crate) fn new(step: &'static str, contents: Vec<(String, Content)>) -> Self {
        Self { step, contents }
    }

    pub(crate) fn step(&self) -> &'static str {
        self.step
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.contents.iter().map(|(name, _)| name.as_str())
    }

    fn take(&mut self, parameter: &'static str) -> (Option<Content>, Place) {
        let index = self.contents.iter().position(|(name, _)| name == parameter);
        let content = index.map(|index| self.contents.swap_remove(index).1);
        (content, Place { step: self.step, parameter })
    }
}

/// What an input can be: every owned type that is read and described, or [`Rows`] of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an input of a step",
    note = "an input is a type with `#[derive(Deserialize, JsonSchema)]`, or `Rows<T>` of one"
)]
pub trait Input: Sized {
    /// How the data arrives.
    const FORM: Form;

    /// The schema of the value, or of one item.
    fn schema() -> Schema;

    /// The schema where the parameter is an `Option`.
    fn optional_schema() -> Schema;

    /// Makes the value. Not for authors of steps.
    #[doc(hidden)]
    fn read(content: Received) -> Result<Self>;
}

/// An argument on its way into a parameter.
pub struct Received {
    content: Content,
    place: Place,
}

impl<T: DeserializeOwned + JsonSchema + 'static> Input for T {
    const FORM: Form = Form::Value;

    fn schema() -> Schema {
        schema::read::<T>()
    }

    fn optional_schema() -> Schema {
        schema::read::<Option<T>>()
    }

    fn read(Received { content, place }: Received) -> Result<Self> {
        match content {
            Content::Value(bytes) => decode(bytes).map_err(|fault| invalid(fault, &place)),
            Content::Rows(_) => Err(invalid(wrong_form("one value", "a stream"), &place)),
        }
    }
}

impl<T: DeserializeOwned + JsonSchema + 'static> Input for Rows<T> {
    const FORM: Form = Form::Rows;

    fn schema() -> Schema {
        schema::read::<T>()
    }

    fn optional_schema() -> Schema {
        schema::read::<T>()
    }

    fn read(Received { content, place }: Received) -> Result<Self> {
        match content {
            Content::Rows(source) => Ok(Rows::decode(source, invalid, place)),
            Content::Value(_) => Err(invalid(wrong_form("a stream", "one value"), &place)),
        }
    }
}

/// Reads a value; takes the buffer over where it is the value.
fn decode<T: DeserializeOwned + 'static>(buffer: Vec<u8>) -> Result<T, Fault> {
    let mut slot: Option<T> = None;
    if let Some(bytes) = (&mut slot as &mut dyn Any).downcast_mut::<Option<Bytes>>() {
        *bytes = Some(Bytes::from_encoded(buffer)?);
        return slot.ok_or_else(|| Fault { path: String::new(), message: "no bytes".to_owned() });
    }
    codec::decode(&buffer)
}

fn wrong_form(wanted: &str, found: &str) -> Fault {
    Fault { path: String::new(), message: format!("the step reads {wanted}, but it was given {found}") }
}

/// The error for an argument that does not have the type the step wants.
pub(crate) fn invalid(fault: Fault, place: &Place) -> StepError {
    let Place { step, parameter } = place;
    let spot = if fault.path.is_empty() { String::new() } else { format!(" at `{}`", fault.path) };
    let message = format!("step `{step}` cannot read parameter `{parameter}`{spot}: {}", fault.message);
    let location = Location { parameter: (*parameter).to_owned(), path: fault.path };
    StepError::of_kind(ErrorKind::InvalidInput(location), message)
}

fn missing(place: &Place) -> StepError {
    invalid(Fault { path: String::new(), message: "it is missing".to_owned() }, place)
}

/// A required input.
pub fn input<T: Input>(arguments: &mut Arguments, name: &'static str) -> Result<T> {
    match arguments.take(name) {
        (Some(content), place) => T::read(Received { content, place }),
        (None, place) => Err(missing(&place)),
    }
}

/// An input that may be absent, or null.
pub fn optional_input<T: Input>(arguments: &mut Arguments, name: &'static str) -> Result<Option<T>> {
    /// MessagePack's null.
    const NIL: &[u8] = &[0xc0];
    match arguments.take(name) {
        (None, _) => Ok(None),
        (Some(Content::Value(bytes)), _) if bytes == NIL => Ok(None),
        (Some(content), place) => T::read(Received { content, place }).map(Some),
    }
}

/// What config can be: every owned type that is read and described.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be config of a step",
    note = "config is a type with `#[derive(Deserialize, JsonSchema)]`"
)]
pub trait Config: DeserializeOwned + JsonSchema + 'static {}

impl<T: DeserializeOwned + JsonSchema + 'static> Config for T {}

/// Config that must be given.
pub fn config<T: Config>(arguments: &mut Arguments, name: &'static str) -> Result<T> {
    input(arguments, name)
}

/// Config that has a default.
pub fn config_or<T: Config>(arguments: &mut Arguments, name: &'static str, default: fn() -> T) -> Result<T> {
    match arguments.take(name) {
        (Some(content), place) => T::read(Received { content, place }),
        (None, _) => Ok(default()),
    }
}

/// A default as it is shown to people; none if JSON cannot say it.
pub fn default_json<T: Serialize>(value: T) -> Option<String> {
    serde_json::to_string(&value).ok()
}
