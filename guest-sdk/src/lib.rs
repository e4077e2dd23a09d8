//! Write stepmill pipeline steps in Rust.
//!
//! A step is a function with one attribute:
//!
//! ```
//! use stepmill_sdk::prelude::*;
//!
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! struct Day { date: String, temp_max: f64 }
//!
//! /// Keeps the days hotter than `threshold` (°C).
//! #[step]
//! fn hot_days(days: Vec<Day>, #[config(default = 30.0)] threshold: f64) -> Result<Vec<Day>> {
//!     Ok(days.into_iter().filter(|day| day.temp_max > threshold).collect())
//! }
//!
//! // It stays an ordinary function:
//! let days = vec![Day { date: "2015-07-01".into(), temp_max: 33.9 }];
//! assert_eq!(hot_days(days, 35.0)?.len(), 0);
//! # Ok::<(), StepError>(())
//! ```
//!
//! `stepmill build` makes a component of the crate. The crate needs no other dependency, no `crate-type` and no
//! feature: by hand it is
//! `cargo rustc --lib --crate-type cdylib --target wasm32-wasip2 --release`.
//!
//! # Parameters
//!
//! | written | is |
//! | --- | --- |
//! | `days: Vec<Day>` | an input; any owned type with `Deserialize` and `JsonSchema` |
//! | `days: Option<Vec<Day>>` | an input that may be absent (a skipped upstream) or null |
//! | `days: Rows<Day>` | an input read item by item, larger than memory; also as `Option` |
//! | `csv: File` | bytes with a name and a media type, also inside other values |
//! | `data: Bytes` | bytes as a value |
//! | `#[config] unit: String` | config that the pipeline must give |
//! | `#[config(default)] limit: u32` | config with the default of its type |
//! | `#[config(default = 30.0)] threshold: f64` | config with a default, any expression; the type is `Serialize` too |
//! | `#[config] note: Option<String>` | config that may be left out |
//! | `context: &Context` | log, progress, cancellation, run facts, secrets; see [`Context`] |
//! | `out: &mut Writer<Day>` | the output, written item by item |
//!
//! Doc comments describe: on the function, the step; on a parameter, the parameter.
//!
//! # Returns
//!
//! | written | is |
//! | --- | --- |
//! | nothing, `T` | one value; any type with `Serialize` and `JsonSchema` |
//! | `impl Iterator<Item = T>`, `Rows<T>` | a stream, written as it is made |
//! | `impl Iterator<Item = Result<T, E>>` | a stream that may fail on the way |
//! | `Result<any of these>`, `Result<any of these, E>` | `E` is a [`StepError`], an error, or has at least a text |
//!
//! The macro goes by how these are written: an alias of `Option`, `Result`, `Context` or `Writer` must keep its name.
//! The function may be `async`.
//!
//! # Values
//!
//! Values are MessagePack: structs are maps by field name, enums are as serde writes them, integers have at most 64
//! bits, `Vec<u8>` is a list of numbers (use [`Bytes`]). A type may use every attribute of serde and schemars.
//!
//! # Outside
//!
//! A step sees nothing but what it is given. The pipeline's `grants` ask for more: clocks, randomness, facts of the run,
//! secrets (`Context::secret`), environment variables (`std::env::var`), and HTTP with the feature `http` (`http::Request`).
//!
//! # Tests
//!
//! Steps are tested natively, called as the functions they are, or, with the whole boundary, through [`testing`].
#![warn(missing_docs, unreachable_pub)]

mod bytes;
mod codec;
mod context;
mod error;
mod executor;
mod file;
mod host;
#[cfg(feature = "http")]
pub mod http;
mod input;
mod output;
pub mod prelude;
mod registry;
mod rows;
mod schema;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod traits;

pub use bytes::Bytes;
pub use context::{Context, Level, RunFacts, SecretError};
pub use error::{ErrorKind, Location, Result, StepError};
pub use file::{File, FileReader, FileWriter};
pub use input::{Config, Input};
pub use output::{Item, Output};
pub use registry::{Form, Role};
pub use rows::{Rows, Writer};
pub use stepmill_macros::step;
pub use traits::{Deserialize, JsonSchema, Serialize};

/// What the macros expand to. Nothing here is for authors of steps, and all of it may change.
#[doc(hidden)]
pub mod __rt {
    pub use crate::context::Context;
    pub use crate::error::{StepError, kinds};
    pub use crate::executor::block_on;
    pub use crate::input::{Arguments, config, config_or, default_json, input, optional_input};
    pub use crate::output::{Outcome, Output, finish, write_items, write_results, writer};
    pub use crate::registry::{OutputInfo, Parameter, Step};
    pub use {inventory, schemars, serde};

    /// A text as the bytes of a static.
    pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
        match text.as_bytes().first_chunk() {
            Some(bytes) => *bytes,
            None => panic!("the text has another length"),
        }
    }

    /// The context that a step is given.
    pub fn context() -> Context {
        Context::current()
    }
}
