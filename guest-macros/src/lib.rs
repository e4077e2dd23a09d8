//! The macros of `stepmill-sdk`. Use them through that crate: what they expand to names its hidden runtime.
#![warn(missing_docs, unreachable_pub)]

mod derive;
mod problems;
mod sdk_path;
mod step;

use proc_macro::TokenStream;

/// Makes a function a step of the module that its crate compiles to.
///
/// The function itself stays as it is, so tests call it like any other. Its parameters become the step's
/// inputs and config, its doc comment the description. See the documentation of `stepmill_sdk` for every form.
///
/// Arguments: `#[step(name = "other_name")]` where the step is not to be called like the function, and
/// `#[step(crate = path::to::stepmill_sdk)]` where the SDK has another name.
#[proc_macro_attribute]
pub fn step(arguments: TokenStream, item: TokenStream) -> TokenStream {
    step::expand(arguments.into(), item.into()).into()
}

/// `serde::Serialize`, for crates that depend on `stepmill-sdk` alone. Takes every `#[serde(..)]` attribute.
#[proc_macro_derive(Serialize, attributes(serde, stepmill))]
pub fn derive_serialize(item: TokenStream) -> TokenStream {
    derive::expand(item.into(), derive::Trait::Serialize).into()
}

/// `serde::Deserialize`, for crates that depend on `stepmill-sdk` alone. Takes every `#[serde(..)]` attribute.
#[proc_macro_derive(Deserialize, attributes(serde, stepmill))]
pub fn derive_deserialize(item: TokenStream) -> TokenStream {
    derive::expand(item.into(), derive::Trait::Deserialize).into()
}

/// `schemars::JsonSchema`, for crates that depend on `stepmill-sdk` alone. Takes every `#[serde(..)]` and
/// `#[schemars(..)]` attribute.
#[proc_macro_derive(JsonSchema, attributes(serde, schemars, stepmill))]
pub fn derive_json_schema(item: TokenStream) -> TokenStream {
    derive::expand(item.into(), derive::Trait::JsonSchema).into()
}
