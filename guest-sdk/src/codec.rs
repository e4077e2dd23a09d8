//! Values ↔ MessagePack.
//!
//! Structs are maps by field name, and types with a form for people (addresses, dates, ids) use it, because that is
//! what their JSON Schema says. Paths to errors are found in a second pass, so that the first one costs nothing.

use rmp::Marker;
use rmp_serde::decode::Error;
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
        .map_err(|error| Fault::new(error.path(), explain(error.inner())))
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
            Ok(_) => Err(Fault { path: String::new(), message: explain(&error) }),
        },
    }
}

/// Says what is wrong without the words of the format.
fn explain(error: &Error) -> String {
    match error {
        Error::TypeMismatch(marker) => format!("found {}, which does not fit", kind(*marker)),
        Error::InvalidMarkerRead(_) | Error::InvalidDataRead(_) => "the value ends too early".to_owned(),
        Error::OutOfRange => "the number is out of range".to_owned(),
        other => other.to_string(),
    }
}

fn kind(marker: Marker) -> &'static str {
    match marker {
        Marker::FixPos(_) | Marker::U8 | Marker::U16 | Marker::U32 | Marker::U64 => "an integer",
        Marker::FixNeg(_) | Marker::I8 | Marker::I16 | Marker::I32 | Marker::I64 => "a negative integer",
        Marker::F32 | Marker::F64 => "a number with a fraction",
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => "a text",
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => "a list",
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => "a map",
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => "bytes",
        Marker::True | Marker::False => "a boolean",
        Marker::Null => "null",
        _ => "something unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_first, encode};

    #[test]
    fn values_stand_one_behind_the_other() {
        let mut buffer = Vec::new();
        encode("one", &mut buffer).unwrap();
        encode(&2_u64, &mut buffer).unwrap();
        let (first, rest) = decode_first::<String>(&buffer).unwrap();
        assert_eq!((first.as_str(), decode_first::<u64>(rest).unwrap()), ("one", (2, &[][..])));
    }

    #[test]
    fn faults_in_items_say_which() {
        let fault = decode::<Vec<u8>>(&[0x92, 0x01, 0xc2]).unwrap_err();
        assert_eq!(
            (fault.path.as_str(), fault.message.as_str()),
            ("[1]", "invalid type: boolean `false`, expected u8")
        );
        assert_eq!(fault.in_item(7).path, "[7][1]");
        let fault = decode::<u8>(&[0xcd, 0x01, 0x00]).unwrap_err();
        assert_eq!(fault.in_item(7).path, "[7]");
        assert_eq!(decode::<String>(&[0xa5, b'x']).unwrap_err().message, "the value ends too early");
    }
}
