//! Why a result was computed although the step had run before: which parts of its key are others now.

use std::fmt;

use super::key::{ARGUMENT, HASH};
use crate::event::KeyPart;

/// One part of a cache key that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The part, such as `module`, `argument.days` or `limits.memory`.
    pub part: String,
    /// What it was; none if it was not there.
    pub before: Option<String>,
    /// What it is; none if it is not there any more.
    pub now: Option<String>,
}

/// The parts that differ, those of `now` first, in their order. None: the keys differ by the item alone, or not at all.
#[must_use]
pub fn explain(previous: &[KeyPart], now: &[KeyPart]) -> Vec<Change> {
    let value_in =
        |parts: &[KeyPart], name: &str| parts.iter().find(|part| part.name == name).map(|part| part.value.clone());
    let changed = now.iter().filter_map(|part| {
        let before = value_in(previous, &part.name);
        let same = before.as_ref() == Some(&part.value);
        (!same).then(|| Change { part: part.name.clone(), before, now: Some(part.value.clone()) })
    });
    let gone = previous.iter().filter(|part| value_in(now, &part.name).is_none());
    let gone = gone.map(|part| Change { part: part.name.clone(), before: Some(part.value.clone()), now: None });
    changed.chain(gone).collect()
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = self.part.strip_prefix(ARGUMENT).unwrap_or(&self.part);
        match (&self.before, &self.now) {
            (Some(before), Some(now)) if is_readable(before) && is_readable(now) => {
                write!(f, "`{part}` changed from {before} to {now}")
            }
            (Some(_), Some(_)) => write!(f, "`{part}` changed"),
            (None, _) => write!(f, "`{part}` is new"),
            (Some(_), None) => write!(f, "`{part}` is gone"),
        }
    }
}

/// Hashes tell a person nothing.
fn is_readable(value: &str) -> bool {
    !value.contains(HASH) && !value.starts_with("sha256:")
}
