//! Why an attempt at a step failed: what events record and users read.

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_CAUSES, MAX_FAILURE, MAX_MESSAGE};

/// What a text ends with that was cut.
const CUT: &str = "… (cut)";

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFailure {
    /// What sort of failure.
    pub kind: FailureKind,
    /// One sentence for a person, with what to do next where there is something to do.
    pub message: String,
    /// What lies behind it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

impl StepFailure {
    /// A failure without causes.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self::bounded(kind, message, [])
    }

    /// A failure with its causes, outermost first. Guests write such texts: what is too long is cut.
    #[must_use]
    pub fn bounded(kind: FailureKind, message: impl Into<String>, causes: impl IntoIterator<Item = String>) -> Self {
        let message = cut(message.into(), MAX_MESSAGE);
        let mut left = MAX_FAILURE - message.len();
        let causes = causes.into_iter().take(MAX_CAUSES).map_while(|cause| {
            let room = left.min(MAX_MESSAGE);
            left = left.saturating_sub(cause.len());
            (room >= CUT.len()).then(|| cut(cause, room))
        });
        Self { kind, message, causes: causes.collect() }
    }

    /// The same, with what lies behind it.
    #[must_use]
    pub fn because(self, cause: impl ToString) -> Self {
        Self::bounded(self.kind, self.message, self.causes.into_iter().chain([cause.to_string()]))
    }
}

/// The text, or as much of its beginning as fits into so many bytes with a mark that it was cut.
#[must_use]
pub(crate) fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes.saturating_sub(CUT.len())));
        text.push_str(CUT);
    }
    text
}

impl std::fmt::Display for StepFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// What sort of failure, and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The step said that it failed.
    Failed,
    /// The step said that trying again cannot help.
    Permanent,
    /// The step asked to be tried again, not before so many milliseconds have passed.
    RetryAfter(u64),
    /// An argument does not have the type that the step wants.
    InvalidInput,
    /// What the step returned could not be serialised, or is not well-formed MessagePack, or names an unknown file.
    InvalidOutput,
    /// The step panicked or called `exit`.
    Panicked,
    /// The sandbox trapped: unreachable code, an access out of bounds, a call that the host denies.
    Trapped,
    /// The stack overflowed.
    StackOverflow,
    /// A limit was reached.
    LimitReached(LimitKind),
    /// The module could not be loaded or instantiated.
    BadModule,
    /// Stored data that the step wanted to read is damaged.
    DamagedInput,
    /// The host could not do its part.
    Host,
    /// The run was cancelled while the step ran.
    Cancelled,
    /// A condition cannot be evaluated.
    Condition,
    /// What `for_each` refers to is not a list, or has too many items.
    BadItems,
    /// Items of a `for_each` step failed.
    ItemsFailed,
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Time on the wall clock.
    Wall,
    /// Time on the processor.
    Cpu,
    /// Linear memory.
    Memory,
    /// The size of a value or item.
    Output,
    /// The size of streams and files.
    Storage,
    /// The number of files.
    Files,
    /// Resource handles.
    Handles,
    /// Bytes copied in one call to the host.
    HostCall,
    /// Random bytes in one request.
    Random,
    /// Tables, instances or memories.
    Instances,
}

/// What an attempt used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Microseconds on the wall clock, from the start of its sandbox to its end.
    pub wall_us: u64,
    /// Microseconds on the processor.
    pub cpu_us: u64,
    /// The most linear memory at once, in bytes.
    pub memory: u64,
    /// Lines in its log.
    pub log_lines: u64,
    /// Lines that the log had no room for.
    pub log_lines_dropped: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_a_character_and_say_so() {
        assert_eq!(cut("short".to_owned(), 5), "short");
        assert_eq!(cut("ä".repeat(10), 14), "ää… (cut)");
        let long = cut("ü".repeat(MAX_MESSAGE), MAX_MESSAGE);
        assert!(long.len() <= MAX_MESSAGE && long.len() > MAX_MESSAGE - 2 && long.ends_with(CUT));
    }

    #[test]
    fn a_failure_has_a_bound_however_it_is_made() {
        let long = "ö".repeat(1 << 20);
        let failure = StepFailure::new(FailureKind::Failed, long.clone());
        assert!(failure.message.len() <= MAX_MESSAGE && failure.message.ends_with(CUT));
        let failure = (0..100).fold(failure, |failure, _| failure.because(&long));
        let bytes =
            |failure: &StepFailure| failure.message.len() + failure.causes.iter().map(String::len).sum::<usize>();
        assert!(bytes(&failure) <= MAX_FAILURE && bytes(&failure) > MAX_FAILURE - 16, "{}", bytes(&failure));
        assert!(failure.causes.iter().all(|cause| cause.len() <= MAX_MESSAGE && cause.ends_with(CUT)));
        let many = StepFailure::bounded(FailureKind::Failed, "x", (0..100).map(|n| n.to_string()));
        assert_eq!(many.causes, (0..MAX_CAUSES).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}
