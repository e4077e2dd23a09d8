//! Values ↔ MessagePack.
//!
//! Structs are maps by field name, and types with a form for people (addresses, dates, ids) use it, because that is
//! what their JSON Schema says. Paths to errors are found in a second pass, so that the first one costs nothing.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is wrong with a value, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Such as `days[3].temp_max`; empty for the whole value.
    pub(crate) path: String,
    pub(crate) message: String,
}

impl Fault {
    fn new(path: &serde_path_to_error::Path, message: String) -> Self {
        let path = path.to_string();
        Self { path: if path == "." { String::new() } else { path }, message }
    }

    /// The same fault in the item at `index` of a stream.
    pub(crate) fn in_item(mut self, index: u64) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("[{index}]{separator}{}", self.path);
        self
    }
}

/// Appends `value` to `buffer`; leaves the buffer as it was if that fails.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T, buffer: &mut Vec<u8>) -> Result<(), Fault> {
    let start = buffer.len();
    let mut serializer = rmp_serde::Serializer::new(&mut *buffer).with_struct_map().with_human_readable();
    if value.serialize(&mut serializer).is_ok() {
        return Ok(());
    }
    buffer.truncate(start);
    let mut serializer = rmp_serde::Serializer::new(&mut *buffer).with_struct_map().with_human_readable();
    let again = serde_path_to_error::serialize(value, &mut serializer);
    again.map_err(|error| {
        buffer.truncate(start);
        Fault::new(error.path(), error.inner().to_string())
    })
}

/// Reads the value that `bytes` hold.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let deserializer = || rmp_serde::Deserializer::from_read_ref(bytes).with_human_readable();
    if let Ok(value) = T::deserialize(&mut deserializer()) {
        return Ok(value);
    }
    serde_path_to_error::deserialize(&mut deserializer())
        .map_err(|error| Fault::new(error.path(), error.inner().to_string()))
}

/// Reads the first of the values that `bytes` hold one behind the other, and says what is behind it.
pub(crate) fn decode_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), Fault> {
    // This reader copies texts once more than that of `decode`, but it is the one that tells how far it is.
    let mut deserializer = rmp_serde::Deserializer::new(bytes).with_human_readable();
    match T::deserialize(&mut deserializer) {
        Ok(value) => Ok((value, deserializer.into_inner())),
        // Reads the item again, to learn the path.
        Err(error) => match decode::<T>(bytes) {
            Err(fault) => Err(fault),
            Ok(_) => Err(Fault { path: String::new(), message: error.to_string() }),
        },
    }
}
