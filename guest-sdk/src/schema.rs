//! JSON Schemas of the types that cross the boundary.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

/// The schema of what a `T` is read from.
pub(crate) fn read<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<T>()
}

/// The schema of what a `T` is written as.
pub(crate) fn written<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

/// Says where `schema` asks for more than 64 bits, which no value has. The macro sees only what stands in the
/// signature; here are the fields of the types too.
pub(crate) fn wide_integer(schema: &Value) -> Option<String> {
    let below = |key: String, inner: &Value| Some(format!("/{key}{}", wide_integer(inner)?));
    match schema {
        Value::Object(members) => match members.get("format").and_then(Value::as_str) {
            Some("int128" | "uint128") => Some(String::new()),
            _ => members.iter().find_map(|(key, member)| below(key.clone(), member)),
        },
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| below(index.to_string(), item)),
        _ => None,
    }
}
