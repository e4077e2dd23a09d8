//! The one mapping between values and JSON, for people and tools; `docs/values.md` describes it.
//!
//! What JSON has no word for becomes a map of one key that begins with `$`. The list of such keys is closed: a map
//! that looks like one of them without being it is written as `$map`.

mod read;
mod write;

pub use read::{JsonError, from_json};
pub use write::{AsJson, to_json};

/// `{"$bytes": base64}`
const BYTES: &str = "$bytes";
/// `{"$ext": [type, base64]}`
const EXT: &str = "$ext";
/// `{"$float": "NaN"}`, or `Infinity`, or `-Infinity`
const FLOAT: &str = "$float";
/// `{"$int": "18446744073709551615"}`
const INT: &str = "$int";
/// `{"$map": [[key, value], …]}`
const MAP: &str = "$map";

/// The largest integer that every JSON reader keeps exactly: 2⁵³.
const SAFE_INT: u64 = 1 << 53;

/// Whether a map of this one key would be taken for something else.
fn is_taken(key: &str) -> bool {
    matches!(key, BYTES | EXT | FLOAT | INT | MAP)
}

#[cfg(test)]
mod tests;
