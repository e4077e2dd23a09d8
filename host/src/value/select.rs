//! Finds a part of a value without decoding the rest.

use std::fmt;

use super::{
    cursor::{Cursor, Fault, Token},
    path::{Segment, ValuePath},
};

/// The most keys that a message lists.
const SHOWN_KEYS: usize = 8;

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectError {
    /// What the path starts from, such as a step's name.
    root: String,
    /// The deepest part of the path that exists.
    found: ValuePath,
    /// What is missing there.
    problem: Missing,
}

/// What a path asks for that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The map has other keys; the first few are listed.
    Key {
        /// The one that is missing.
        key: String,
        /// Some of those that are there.
        others: Vec<String>,
    },
    /// The list is shorter.
    Index {
        /// The one that is missing.
        index: u64,
        /// How long the list is.
        length: u64,
    },
    /// Keys are in maps only; this is something else.
    NotAMap(&'static str),
    /// Items are in lists only; this is something else.
    NotAList(&'static str),
    /// The bytes are not MessagePack.
    Malformed,
}

impl std::error::Error for SelectError {}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, found, problem } = self;
        match problem {
            Missing::Key { key, others } if others.is_empty() => write!(f, "`{root}{found}` has no key `{key}`"),
            Missing::Key { key, others } => {
                write!(f, "`{root}{found}` has no key `{key}`; it has `{}`", others.join("`, `"))
            }
            Missing::Index { index, length } => {
                let items = if *length == 1 { "item" } else { "items" };
                write!(f, "`{root}{found}` has {length} {items}, so there is no `{root}{found}[{index}]`")
            }
            Missing::NotAMap(kind) => write!(f, "`{root}{found}` is {kind}, not a map"),
            Missing::NotAList(kind) => write!(f, "`{root}{found}` is {kind}, not a list"),
            Missing::Malformed => write!(f, "`{root}{found}` is not well-formed MessagePack"),
        }
    }
}

impl SelectError {
    /// Names what the path starts from, such as a step; without this it is called `value`.
    #[must_use]
    pub fn under(self, root: impl Into<String>) -> Self {
        Self { root: root.into(), ..self }
    }

    /// What is missing.
    #[must_use]
    pub fn missing(&self) -> &Missing {
        &self.problem
    }
}

impl From<Fault> for Missing {
    fn from(_: Fault) -> Self {
        Self::Malformed
    }
}

/// The bytes of the value at the path. Of duplicate keys, the first counts.
///
/// # Errors
/// If the path leads nowhere.
pub fn select<'a>(bytes: &'a [u8], path: &ValuePath) -> Result<&'a [u8], SelectError> {
    let mut part = bytes;
    for (depth, segment) in path.segments().iter().enumerate() {
        part = step(part, segment).map_err(|problem| SelectError {
            root: "value".to_owned(),
            found: ValuePath::new(path.segments()[..depth].to_vec()),
            problem,
        })?;
    }
    Ok(part)
}

fn step<'a>(bytes: &'a [u8], segment: &Segment) -> Result<&'a [u8], Missing> {
    let mut cursor = Cursor::new(bytes);
    match (segment, cursor.token()?) {
        (Segment::Key(key), Token::Map(count)) => find_key(&mut cursor, key, count),
        (Segment::Index(index), Token::Array(count)) => find_index(&mut cursor, *index, count.into()),
        (Segment::Key(_), other) => Err(Missing::NotAMap(other.kind())),
        (Segment::Index(_), other) => Err(Missing::NotAList(other.kind())),
    }
}

fn find_key<'a>(cursor: &mut Cursor<'a>, key: &str, count: u32) -> Result<&'a [u8], Missing> {
    let mut others = Vec::new();
    for _ in 0..count {
        let mut ahead = *cursor;
        let found = ahead.token()?;
        cursor.skip()?;
        let start = cursor.at();
        cursor.skip()?;
        match found {
            Token::Str(text) if text == key.as_bytes() => return Ok(cursor.since(start)),
            Token::Str(text) if others.len() < SHOWN_KEYS => {
                others.push(String::from_utf8_lossy(text).chars().take(64).collect());
            }
            _ => {}
        }
    }
    Err(Missing::Key { key: key.to_owned(), others })
}

fn find_index<'a>(cursor: &mut Cursor<'a>, index: u64, length: u64) -> Result<&'a [u8], Missing> {
    if index >= length {
        return Err(Missing::Index { index, length });
    }
    for _ in 0..index {
        cursor.skip()?;
    }
    let start = cursor.at();
    cursor.skip()?;
    Ok(cursor.since(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::json;

    fn bytes(value: serde_json::Value) -> Vec<u8> {
        json::from_json(&value).unwrap()
    }

    fn sample() -> Vec<u8> {
        bytes(serde_json::json!({"days": [{"t": 1.5}, "x", [1, 2, [3]]], "a b": {"c": null}, "n": 7}))
    }

    fn found(path: &str) -> serde_json::Value {
        json::to_json(select(&sample(), &path.parse().unwrap()).unwrap()).unwrap()
    }

    fn message(path: &str) -> String {
        select(&sample(), &path.parse().unwrap()).unwrap_err().under("parse").to_string()
    }

    #[test]
    fn parts_are_found() {
        assert_eq!(found(".days[0].t"), 1.5);
        assert_eq!(found(".days[2][2]"), serde_json::json!([3]));
        assert_eq!(found("[\"a b\"].c"), serde_json::Value::Null);
        assert_eq!(select(&sample(), &ValuePath::default()).unwrap(), sample());
    }

    #[test]
    fn messages_say_what_is_there() {
        assert_eq!(message(".days[1].t"), "`parse.days[1]` is a string, not a map");
        assert_eq!(message(".days[3]"), "`parse.days` has 3 items, so there is no `parse.days[3]`");
        assert_eq!(message(".dayz"), "`parse` has no key `dayz`; it has `days`, `a b`, `n`");
        assert_eq!(message(".n[0]"), "`parse.n` is an integer, not a list");
    }

    #[test]
    fn the_first_of_equal_keys_counts() {
        let twice = [0x82, 0xa1, b'a', 1, 0xa1, b'a', 2];
        assert_eq!(select(&twice, &".a".parse().unwrap()), Ok(&[1_u8][..]));
    }

    #[test]
    fn malformed_bytes_are_an_error() {
        let cut = &sample()[..10];
        let error = select(cut, &".n".parse().unwrap()).unwrap_err();
        assert_eq!(error.missing(), &Missing::Malformed);
        assert_eq!(select(&[], &".n".parse().unwrap()).unwrap_err().missing(), &Missing::Malformed);
    }
}
