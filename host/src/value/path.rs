//! A path into a value, such as `years[3].extremes.high`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The most segments in a path.
const MAX_SEGMENTS: usize = 64;

/// Which part of a value. Written behind a name: `.key`, `["any key"]` and `[index]`, one behind the other; empty is the whole value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ValuePath(Vec<Segment>);

/// One step down into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Into a map.
    Key(String),
    /// Into a list.
    Index(u64),
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a path: {problem}")]
pub struct PathError {
    text: String,
    problem: &'static str,
}

impl ValuePath {
    /// A path of these segments.
    #[must_use]
    pub fn new(segments: Vec<Segment>) -> Self {
        Self(segments)
    }

    /// Whether it means the whole value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// From the outside in.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| segment.fmt(f))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) if is_word(key) => write!(f, ".{key}"),
            Self::Key(key) => write!(f, "[{}]", serde_json::Value::from(key.as_str())),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

impl FromStr for ValuePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let error = |problem| PathError { text: text.chars().take(100).collect(), problem };
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if segments.len() == MAX_SEGMENTS {
                return Err(error("it has more than 64 segments"));
            }
            let (segment, behind) = split_segment(rest).map_err(error)?;
            segments.push(segment);
            rest = behind;
        }
        Ok(Self(segments))
    }
}

fn split_segment(text: &str) -> Result<(Segment, &str), &'static str> {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, behind) = rest.split_at(end);
        return if is_word(key) {
            Ok((Segment::Key(key.to_owned()), behind))
        } else {
            Err("a key behind a dot is made of letters, digits, `_` and `-`; write others as [\"key\"]")
        };
    }
    let inner = text.strip_prefix('[').ok_or("a segment begins with `.` or `[`")?;
    if inner.starts_with('"') {
        let mut strings = serde_json::Deserializer::from_str(inner).into_iter::<String>();
        let Some(Ok(key)) = strings.next() else {
            return Err("a key in brackets is a JSON string");
        };
        let behind = inner[strings.byte_offset()..].strip_prefix(']').ok_or("a `]` is missing")?;
        return Ok((Segment::Key(key), behind));
    }
    let (digits, behind) = inner.split_once(']').ok_or("a `]` is missing")?;
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let index = if plain { digits.parse().ok() } else { None };
    Ok((Segment::Index(index.ok_or("an index is a number from 0")?), behind))
}

impl TryFrom<String> for ValuePath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        text.parse()
    }
}

impl From<ValuePath> for String {
    fn from(path: ValuePath) -> Self {
        path.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_what_they_write() {
        for text in ["", ".a", ".a.b-c", "[0]", ".days[3].temp_max", "[\"a b\"]", "[\"x\\\"]y\"].z"] {
            let path: ValuePath = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn broken_paths_are_refused() {
        for text in
            ["a", ".", ".a.", "[", "[x]", "[-1]", "[+1]", "[\"a]", ".a b", "[99999999999999999999]", &".a".repeat(65)]
        {
            assert!(text.parse::<ValuePath>().is_err(), "{text}");
        }
    }
}
