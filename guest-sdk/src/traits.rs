//! serde's and schemars' traits, with derives that need neither crate among the dependencies of the author's.

pub use schema::JsonSchema;
pub use serde::de::Deserialize;
pub use serde::ser::Serialize;
pub use stepmill_macros::{Deserialize, Serialize};

mod schema {
    // The name is a trait and a derive. Naming our derive hides the other one, and leaves the trait.
    pub use schemars::*;
    pub use stepmill_macros::JsonSchema;
}
