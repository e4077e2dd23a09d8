//! Patterns of file names: `*` is any text, `?` any character, everything else itself.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// The longest pattern, in bytes: no file name is longer.
const MAX_PATTERN: usize = 255;

/// A pattern of file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FilePattern(Arc<str>);

/// Why a text is not a pattern of file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing is named so.
    #[error("it is empty")]
    Empty,
    /// No name is so long.
    #[error("it has more than {MAX_PATTERN} bytes")]
    TooLong,
    /// It leads out of the folder.
    #[error("it has a `/`, but only names of files in the folder itself are looked at")]
    Slash,
    /// It looks like something that other patterns have.
    #[error("it has one of `[ ] {{ }} \\` or `**`, which mean something elsewhere but not here")]
    Unknown,
}

impl FilePattern {
    /// Whether a file of this name is meant.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        // When a character does not fit, the last `*` takes one more: enough, and never more than the product of both.
        let (mut pattern, mut rest) = (self.0.as_ref(), name);
        let mut star: Option<(&str, &str)> = None;
        while let Some(c) = rest.chars().next() {
            let behind = &rest[c.len_utf8()..];
            if let Some(after) = pattern.strip_prefix('*') {
                star = Some((after, rest));
                pattern = after;
            } else if let Some(after) = pattern.strip_prefix('?').or_else(|| pattern.strip_prefix(c)) {
                (pattern, rest) = (after, behind);
            } else if let Some((after, from)) = star {
                let from = from.char_indices().nth(1).map_or("", |(next, _)| &from[next..]);
                star = Some((after, from));
                (pattern, rest) = (after, from);
            } else {
                return false;
            }
        }
        pattern.bytes().all(|b| b == b'*')
    }
}

impl Default for FilePattern {
    fn default() -> Self {
        Self(Arc::from("*"))
    }
}

impl FromStr for FilePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            Err(PatternError::Empty)
        } else if text.len() > MAX_PATTERN {
            Err(PatternError::TooLong)
        } else if text.contains('/') {
            Err(PatternError::Slash)
        } else if text.contains(['[', ']', '{', '}', '\\']) || text.contains("**") {
            Err(PatternError::Unknown)
        } else {
            Ok(Self(Arc::from(text)))
        }
    }
}

impl TryFrom<String> for FilePattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<FilePattern> for String {
    fn from(pattern: FilePattern) -> Self {
        pattern.0.as_ref().to_owned()
    }
}

impl fmt::Display for FilePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        pattern.parse::<FilePattern>().unwrap().matches(name)
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name) in [
            ("*", "a"),
            ("*.csv", "a.csv"),
            ("*.csv", ".csv"),
            ("a*b*c", "aXbbYc"),
            ("a*b*c", "abc"),
            ("?.csv", "ä.csv"),
            ("day-??.csv", "day-01.csv"),
            ("*a", "aaaa"),
            ("a*", "a"),
            ("*ö*", "größe"),
            ("a.b", "a.b"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.csv", "a.csv.part"),
            ("*.csv", "a.CSV"),
            ("?", ""),
            ("?", "ab"),
            ("a*b", "abc"),
            ("a.b", "aXb"),
            ("a", ""),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_name_takes_no_long_time() {
        let began = std::time::Instant::now();
        assert!(!matches(&format!("{}b", "*a".repeat(100)), &"a".repeat(255)));
        assert!(began.elapsed().as_millis() < 200);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (text, error) in [
            ("", PatternError::Empty),
            (&"x".repeat(256), PatternError::TooLong),
            ("a/b", PatternError::Slash),
            ("**", PatternError::Unknown),
            ("[ab].csv", PatternError::Unknown),
            ("*.{csv,tsv}", PatternError::Unknown),
        ] {
            assert_eq!(text.parse::<FilePattern>(), Err(error), "{text}");
        }
        assert!("x".repeat(255).parse::<FilePattern>().is_ok());
    }
}
