//! Runs steps natively, through the same encoding as in a pipeline.
//!
//! A step is an ordinary function, and a test may call it like one. [`call`] goes the whole way instead: arguments are
//! encoded, matched by name, decoded; defaults stand in; the output is encoded and decoded again.
//!
//! ```
//! use stepmill_sdk::{prelude::*, testing};
//!
//! /// Adds up what is above a limit.
//! #[step]
//! fn add_up(amounts: Rows<u64>, #[config(default = 10)] above: u64) -> Result<u64> {
//!     amounts.filter(|amount| amount.as_ref().map_or(true, |amount| *amount > above)).sum::<Result<u64>>()
//! }
//!
//! assert_eq!(testing::call("add_up").rows("amounts", [5, 20, 30]).run::<u64>()?, 50);
//! assert_eq!(testing::call("add_up").rows("amounts", [5, 20, 30]).config("above", 0).run::<u64>()?, 55);
//!
//! let error = testing::call("add_up").rows("amounts", ["many"]).run::<u64>().unwrap_err();
//! assert!(error.message().starts_with("step `add_up` cannot read parameter `amounts` at `[0]`"));
//! # Ok::<(), StepError>(())
//! ```

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::codec::{self, Fault};
use crate::context::{Level, RunFacts};
use crate::error::{Result, StepError};
use crate::host::memory::{Call, MEMORY};
use crate::input::{self, Content};
use crate::output::Outcome;
use crate::registry::{self, Form, Role};
use crate::rows::{Place, Writer};

/// Prepares a call of the step called `name`, which is in this crate or in one that it depends on and mentions.
#[must_use]
pub fn call(name: &str) -> StepCall {
    StepCall { name: name.to_owned(), contents: Vec::new(), call: Call::default(), problem: None }
}

/// A call in preparation.
pub struct StepCall {
    name: String,
    contents: Vec<(String, Content)>,
    call: Call,
    /// The first argument that could not be encoded.
    problem: Option<StepError>,
}

impl StepCall {
    /// Gives an input one value.
    #[must_use]
    pub fn input(mut self, name: &str, value: impl Serialize) -> Self {
        let mut bytes = Vec::new();
        if let Err(fault) = codec::encode(&value, &mut bytes) {
            self.reject(name, fault);
        }
        self.encoded(name, bytes)
    }

    /// Gives config a value.
    #[must_use]
    pub fn config(self, name: &str, value: impl Serialize) -> Self {
        self.input(name, value)
    }

    /// Gives an input the items of a stream.
    #[must_use]
    pub fn rows<T: Serialize>(mut self, name: &str, items: impl IntoIterator<Item = T>) -> Self {
        /// Small, so that tests see more than one batch.
        const ITEMS: usize = 100;
        let mut batches = vec![Vec::new()];
        for (index, item) in items.into_iter().enumerate() {
            if index % ITEMS == 0 {
                batches.push(Vec::new());
            }
            let encoded = batches.last_mut().map(|batch| codec::encode(&item, batch));
            if let Some(Err(fault)) = encoded {
                self.reject(name, fault.in_item(index as u64));
            }
        }
        self.contents.push((name.to_owned(), Content::Rows(Box::new(batches.into_iter()))));
        self
    }

    /// Gives an input the MessagePack of one value, as a producer in another language may have made it.
    #[must_use]
    pub fn encoded(mut self, name: &str, value: Vec<u8>) -> Self {
        self.contents.push((name.to_owned(), Content::Value(value)));
        self
    }

    /// Grants a secret; without a value it is granted, but not set.
    #[must_use]
    pub fn secret<'a>(mut self, name: &str, value: impl Into<Option<&'a str>>) -> Self {
        self.call.secrets.insert(name.to_owned(), value.into().map(str::to_owned));
        self
    }

    /// Answers the requests that the step sends.
    ///
    /// ```
    /// use stepmill_sdk::{http::{Request, Response}, prelude::*, testing};
    ///
    /// /// Asks for the weather.
    /// #[step]
    /// fn weather(#[config] url: String) -> Result<String> {
    ///     Request::get(url).send()?.error_for_status()?.text()
    /// }
    ///
    /// let call = || testing::call("weather").config("url", "https://example.com/today");
    /// let said = call().http(|request| match request.url() {
    ///     "https://example.com/today" => Response::new(200).with_body("sunny"),
    ///     _ => Response::new(404),
    /// });
    /// assert_eq!(said.run::<String>()?, "sunny");
    /// assert!(call().run::<String>().is_err());
    /// # Ok::<(), StepError>(())
    /// ```
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http(mut self, answer: impl FnMut(&crate::http::Request) -> crate::http::Response + 'static) -> Self {
        self.call.http = Some(Box::new(answer));
        self
    }

    /// Grants `run`, with these facts.
    #[must_use]
    pub fn run_facts(mut self, facts: RunFacts) -> Self {
        self.call.facts = Some(facts);
        self
    }

    /// Lets the run be cancelled already.
    #[must_use]
    pub fn cancelled(mut self) -> Self {
        self.call.cancelled = true;
        self
    }

    fn reject(&mut self, name: &str, fault: Fault) {
        let error =
            StepError::new(format_args!("the test's value for `{name}` at `{}`: {}", fault.path, fault.message));
        self.problem.get_or_insert(error);
    }

    /// Calls the step and decodes its output; a stream becomes a list.
    ///
    /// # Errors
    /// What the step failed with; or that there is no such step, or that its output is no `T`.
    pub fn run<T: DeserializeOwned>(self) -> Result<T> {
        self.execute().value()
    }

    /// Calls the step, and keeps all that it leaves behind.
    #[must_use]
    pub fn execute(mut self) -> Called {
        if let Some(problem) = self.problem {
            return Called { output: Err(problem), call: Call::default() };
        }
        let rows = Rc::new(RefCell::new(Vec::new()));
        self.call.rows = Some(Rc::clone(&rows));
        let outer = MEMORY.with(|memory| memory.swap_call(Some(self.call)));
        let outcome = describe(&self.name).and_then(|_| registry::run(&self.name, self.contents));
        let call = MEMORY.with(|memory| memory.swap_call(outer)).unwrap_or_default();
        let output = outcome.map(|outcome| match outcome {
            Outcome::Value(bytes) => Encoded { form: Form::Value, bytes },
            Outcome::Rows => Encoded { form: Form::Rows, bytes: rows.take() },
        });
        Called { output, call }
    }
}

/// An output as the host would store it.
struct Encoded {
    form: Form,
    bytes: Vec<u8>,
}

/// What a call left behind.
pub struct Called {
    output: Result<Encoded>,
    call: Call,
}

impl Called {
    /// The output; a stream becomes a list.
    ///
    /// # Errors
    /// What the step failed with; or that its output is no `T`.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T> {
        let Encoded { form, bytes } = self.output.as_ref().map_err(Clone::clone)?;
        let decoded = match form {
            Form::Value => codec::decode(bytes),
            Form::Rows => codec::decode(&as_list(bytes)?),
        };
        decoded.map_err(|fault| {
            StepError::new(format_args!(
                "the output is not what the test expects, at `{}`: {}",
                fault.path, fault.message
            ))
        })
    }

    /// The output's MessagePack: of one value, or of the items one behind the other.
    ///
    /// # Errors
    /// What the step failed with.
    pub fn encoded(&self) -> Result<&[u8]> {
        Ok(&self.output.as_ref().map_err(Clone::clone)?.bytes)
    }

    /// How the output left; none if the step failed.
    #[must_use]
    pub fn form(&self) -> Option<Form> {
        Some(self.output.as_ref().ok()?.form)
    }

    /// What the step logged.
    #[must_use]
    pub fn logs(&self) -> &[LogLine] {
        &self.call.logs
    }

    /// The progress that the step reported.
    #[must_use]
    pub fn progress(&self) -> &[Progress] {
        &self.call.progress
    }
}

/// Puts the header of an array in front of encoded items.
fn as_list(items: &[u8]) -> Result<Vec<u8>> {
    let (mut rest, mut count) = (items, 0_u32);
    while !rest.is_empty() {
        let (serde::de::IgnoredAny, behind) = codec::decode_first(rest)
            .map_err(|fault| StepError::new(format_args!("item {count}: {}", fault.message)))?;
        rest = behind;
        count += 1;
    }
    let mut list = Vec::with_capacity(items.len() + 5);
    rmp::encode::write_array_len(&mut list, count)?;
    list.extend_from_slice(items);
    Ok(list)
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How loud it is.
    pub level: Level,
    /// What it says.
    pub message: String,
}

/// A report of progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// How much is done.
    pub done: u64,
    /// Of how much, where that is known.
    pub total: Option<u64>,
    /// What it says.
    pub message: String,
}

/// Collects what `write` writes, to call a step with a `Writer` as a plain function.
///
/// # Errors
/// What `write` fails with; or that an item cannot be serialised and read again.
pub fn written<T: Serialize + DeserializeOwned>(write: impl FnOnce(&mut Writer<T>) -> Result<()>) -> Result<Vec<T>> {
    let rows = Rc::new(RefCell::new(Vec::new()));
    let mut writer = Writer::new(Box::new(Rc::clone(&rows)), "written");
    write(&mut writer)?;
    writer.flush()?;
    let list = as_list(&rows.take())?;
    codec::decode(&list).map_err(|fault| input::invalid(fault, &Place { step: "written", parameter: "" }))
}

/// What a host is told about a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepInfo {
    /// Its name in the module.
    pub name: String,
    /// What it does, in Markdown.
    pub description: String,
    /// Its inputs and config.
    pub parameters: Vec<ParameterInfo>,
    /// How the output leaves.
    pub output_form: Form,
    /// The schema of the output, or of one item.
    pub output_schema: Value,
}

/// What a host is told about a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterInfo {
    /// Its name.
    pub name: String,
    /// What it is for, in Markdown.
    pub description: String,
    /// Where its data comes from.
    pub role: Role,
    /// How its data arrives.
    pub form: Form,
    /// Whether the step runs without it.
    pub optional: bool,
    /// The default, as JSON.
    pub default: Option<String>,
    /// The schema of the value, or of one item.
    pub schema: Value,
}

/// Describes the step called `name` as a host would see it.
///
/// # Errors
/// If there is no such step, or the module could not be described.
pub fn describe(name: &str) -> Result<StepInfo> {
    let steps = registry::steps()?;
    let step = steps.into_iter().find(|step| step.name == name).ok_or_else(|| registry::unknown(name))?;
    let (schemas, output) = step.schemas()?;
    let parameters = step.parameters.iter().zip(schemas).map(|(parameter, schema)| ParameterInfo {
        name: parameter.name.to_owned(),
        description: parameter.description.to_owned(),
        role: parameter.role,
        form: parameter.form,
        optional: parameter.optional,
        default: parameter.default.and_then(|default| default()),
        schema: schema.to_value(),
    });
    Ok(StepInfo {
        name: step.name.to_owned(),
        description: step.description.to_owned(),
        parameters: parameters.collect(),
        output_form: step.output.form,
        output_schema: output.to_value(),
    })
}
