//! Why an attempt at a step failed: what events record and users read.

use serde::{Deserialize, Serialize};

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
        Self { kind, message: message.into(), causes: Vec::new() }
    }

    /// The same, with what lies behind it.
    #[must_use]
    pub fn because(mut self, cause: impl ToString) -> Self {
        self.causes.push(cause.to_string());
        self
    }
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
