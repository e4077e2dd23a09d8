//! All that a step crate usually needs: `use stepmill_sdk::prelude::*;`

pub use crate::traits::{Deserialize, JsonSchema, Serialize};
pub use crate::{Bytes, Context, File, Result, Rows, StepError, Writer, step};
