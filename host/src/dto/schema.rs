//! How ids appear in the description of the API: as texts.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::{
    grants::Grant,
    ids::{ContentHash, ModuleDigest, Name, PlanHash, RunId},
    output::AttemptName,
};

macro_rules! text {
    ($($id:ty, $example:literal, $description:literal;)*) => {$(
        impl PartialSchema for $id {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String);
                text.description(Some($description)).examples([$example]).into()
            }
        }

        impl ToSchema for $id {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($id))
            }
        }
    )*};
}

text! {
    Name, "weather", "A name: `[a-z][a-z0-9_]*`.";
    RunId, "0198a3c0-7d2e-7c3b-9b0e-2f6a1d4c5e6f", "The id of a run.";
    ModuleDigest, "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "The sha256 of a module's bytes.";
    ContentHash, "b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", "Identifies the content of an output.";
    PlanHash, "b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", "Identifies what runs.";
    Grant, "clock", "Something outside the sandbox that a step may use.";
    AttemptName, "runs/0198a3c0-7d2e-7c3b-9b0e-2f6a1d4c5e6f/parse/1", "The name of an attempt, and of its output.";
}
