//! Bytes that cross the boundary as bytes.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::Fault;

/// A MessagePack `bin`. serde takes a `Vec<u8>` for a list of numbers, up to twice the size and far slower.
///
/// As the whole of an input or an output it is passed on without a copy.
///
/// ```
/// use stepmill_sdk::prelude::*;
///
/// #[step]
/// fn checksum(data: Bytes) -> u64 {
///     data.iter().map(|byte| u64::from(*byte)).sum()
/// }
///
/// assert_eq!(checksum(Bytes::from(vec![1, 2, 3])), 6);
/// ```
#[derive(Clone, Default)]
pub struct Bytes {
    buffer: Vec<u8>,
    /// Where the content starts: before it may be the header that it arrived with.
    start: usize,
}

/// The longest header of a `bin`.
const HEADER: usize = 5;

impl Bytes {
    /// The content as a vector. Costs nothing for bytes that were made from one.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<u8> {
        self.buffer.drain(..self.start);
        self.buffer
    }

    /// Takes over the buffer of an encoded value.
    pub(crate) fn from_encoded(buffer: Vec<u8>) -> Result<Self, Fault> {
        let mut rest = buffer.as_slice();
        match rmp::decode::read_bin_len(&mut rest) {
            Ok(length) if length as usize == rest.len() => {
                let start = buffer.len() - rest.len();
                Ok(Self { buffer, start })
            }
            // Not a `bin`, but perhaps a list of numbers or a text.
            _ => crate::codec::decode(&buffer),
        }
    }

    /// The buffer with the header in front of the content.
    pub(crate) fn into_encoded(mut self) -> Result<Vec<u8>, Fault> {
        let mut header = Vec::with_capacity(HEADER);
        let length = u32::try_from(self.len()).map_err(|_| Fault {
            path: String::new(),
            message: format!("{} bytes are more than a value can have; write a file", self.len()),
        })?;
        // Writing to a vector does not fail.
        let _ = rmp::encode::write_bin_len(&mut header, length);
        match self.start.checked_sub(header.len()) {
            Some(0) => {
                self.buffer[..header.len()].copy_from_slice(&header);
            }
            _ => drop(self.buffer.splice(..self.start, header)),
        }
        Ok(self.buffer)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(buffer: Vec<u8>) -> Self {
        Self { buffer, start: 0 }
    }
}

impl From<&[u8]> for Bytes {
    fn from(content: &[u8]) -> Self {
        content.to_vec().into()
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.into_vec()
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer[self.start..]
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BytesVisitor)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(bytes.into())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(bytes.into())
    }

    /// Lists of numbers, from producers that know no `bin`.
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Bytes, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = items.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }
}

impl JsonSchema for Bytes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentEncoding": "base64", "x-stepmill": "bytes" })
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn passing_through_keeps_the_buffer() {
        let encoded = Bytes::from(vec![7; 70_000]).into_encoded().unwrap();
        let place = encoded.as_ptr();
        let bytes = Bytes::from_encoded(encoded).unwrap();
        assert_eq!(bytes.len(), 70_000);
        let encoded = bytes.into_encoded().unwrap();
        assert_eq!(encoded.as_ptr(), place);
        assert_eq!(Bytes::from_encoded(encoded).unwrap().into_vec(), vec![7; 70_000]);
    }

    #[test]
    fn both_ways_of_encoding_agree() {
        for length in [0, 1, 255, 256, 65_535, 65_536] {
            let bytes = Bytes::from(vec![1; length]);
            let mut encoded = Vec::new();
            crate::codec::encode(&bytes, &mut encoded).unwrap();
            assert_eq!(bytes.into_encoded().unwrap(), encoded, "{length}");
        }
    }

    #[test]
    fn takes_a_list_of_numbers() {
        let mut encoded = Vec::new();
        crate::codec::encode(&vec![1_u8, 2, 200], &mut encoded).unwrap();
        assert_eq!(Bytes::from_encoded(encoded).unwrap().into_vec(), [1, 2, 200]);
    }
}
