//! JSON as MessagePack.

/// MessagePack of a JSON value.
///
/// # Errors
/// If it is nested too deeply.
pub fn from_json(json: &serde_json::Value) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    rmp_serde::to_vec(json)
}
