//! Values → JSON.

use std::{cell::Cell, collections::HashSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap, SerializeSeq},
};
use serde_json::Value as Json;

use super::{BYTES, EXT, FLOAT, INT, MAP, SAFE_INT, is_taken};
use crate::value::{
    cursor::{Cursor, Token},
    validate::{ValueError, validate},
};

/// A value that serialises as its JSON, without a tree in memory: for large values and writers.
#[derive(Debug, Clone, Copy)]
pub struct AsJson<'a>(&'a [u8]);

impl<'a> AsJson<'a> {
    /// Checks and takes a value.
    ///
    /// # Errors
    /// If the bytes are not exactly one well-formed value.
    pub fn new(bytes: &'a [u8]) -> Result<Self, ValueError> {
        validate(bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for AsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Node(&Cell::new(Cursor::new(self.0))).serialize(serializer)
    }
}

/// The JSON of a value. A tree of JSON takes many times the memory of the bytes: cap their length before.
///
/// # Errors
/// If the bytes are not exactly one well-formed value.
pub fn to_json(bytes: &[u8]) -> Result<Json, ValueError> {
    let value = AsJson::new(bytes)?;
    // A validated value has nothing that could fail; should that be wrong, the text says so instead of a panic.
    Ok(serde_json::to_value(value).unwrap_or_else(|error| Json::String(error.to_string())))
}

/// The value at the cursor, which is left behind it. Recursion ends at the depth that validation allows.
struct Node<'c, 'a>(&'c Cell<Cursor<'a>>);

impl<'a> Node<'_, 'a> {
    fn token<E: serde::ser::Error>(&self) -> Result<Token<'a>, E> {
        let mut cursor = self.0.get();
        let token = cursor.token().map_err(|fault| E::custom(format_args!("malformed value: {fault:?}")))?;
        self.0.set(cursor);
        Ok(token)
    }
}

impl Serialize for Node<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.token()? {
            Token::Nil => serializer.serialize_unit(),
            Token::Bool(value) => serializer.serialize_bool(value),
            Token::UInt(value) if value <= SAFE_INT => serializer.serialize_u64(value),
            Token::UInt(value) => tagged(serializer, INT, &value.to_string()),
            Token::Negative(value) if value.unsigned_abs() <= SAFE_INT => serializer.serialize_i64(value),
            Token::Negative(value) => tagged(serializer, INT, &value.to_string()),
            Token::F32(value) => float(serializer, value.into()),
            Token::F64(value) => float(serializer, value),
            Token::Str(text) => serializer.serialize_str(utf8(text)?),
            Token::Bin(bytes) => tagged(serializer, BYTES, &STANDARD.encode(bytes)),
            Token::Ext(kind, bytes) => tagged(serializer, EXT, &(kind, STANDARD.encode(bytes))),
            Token::Array(count) => {
                let mut list = serializer.serialize_seq(Some(count as usize))?;
                (0..count).try_for_each(|_| list.serialize_element(&Node(self.0)))?;
                list.end()
            }
            Token::Map(count) if is_object(self.0.get(), count) => self.object(serializer, count),
            Token::Map(count) => tagged(serializer, MAP, &Entries(self.0, count)),
        }
    }
}

impl Node<'_, '_> {
    fn object<S: Serializer>(&self, serializer: S, count: u32) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(count as usize))?;
        for _ in 0..count {
            let Token::Str(key) = self.token()? else {
                return Err(S::Error::custom("malformed value: a key is no string"));
            };
            map.serialize_entry(utf8(key)?, &Node(self.0))?;
        }
        map.end()
    }
}

/// The entries of a map that is no JSON object: a list of pairs.
struct Entries<'c, 'a>(&'c Cell<Cursor<'a>>, u32);

impl Serialize for Entries<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.1 as usize))?;
        (0..self.1).try_for_each(|_| list.serialize_element(&(Node(self.0), Node(self.0))))?;
        list.end()
    }
}

/// Looks ahead whether the keys of a map are different strings, and do not look like one of our own words.
fn is_object(mut cursor: Cursor<'_>, count: u32) -> bool {
    let mut seen = HashSet::new();
    (0..count).all(|_| {
        let Ok(Token::Str(key)) = cursor.token() else { return false };
        let collides = count == 1 && std::str::from_utf8(key).is_ok_and(is_taken);
        cursor.skip().is_ok() && !collides && seen.insert(key)
    })
}

fn tagged<S: Serializer>(serializer: S, tag: &str, content: &(impl Serialize + ?Sized)) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(tag, content)?;
    map.end()
}

fn float<S: Serializer>(serializer: S, value: f64) -> Result<S::Ok, S::Error> {
    match value {
        _ if value.is_finite() => serializer.serialize_f64(value),
        _ if value.is_nan() => tagged(serializer, FLOAT, "NaN"),
        _ if value > 0.0 => tagged(serializer, FLOAT, "Infinity"),
        _ => tagged(serializer, FLOAT, "-Infinity"),
    }
}

fn utf8<E: serde::ser::Error>(text: &[u8]) -> Result<&str, E> {
    std::str::from_utf8(text).map_err(E::custom)
}
