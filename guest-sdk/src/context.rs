//! What a step can say to its host, and ask of it.

use std::fmt::Display;

use crate::host;

/// How loud a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// Facts about the attempt. They make a step's result depend on more than its inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFacts {
    /// The run's id.
    pub run: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The step's name in the pipeline.
    pub step: String,
    /// Counts from 1.
    pub attempt: u32,
    /// The same for every attempt at this step of this run, so that a remote system can recognise a repeat.
    pub idempotency_key: String,
    /// For a scheduled run: when it was due, in milliseconds since 1970 UTC.
    pub scheduled_for: Option<u64>,
}

/// Why a secret is not handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretError {
    /// The pipeline does not grant this step the secret of that name.
    NotGranted,
    /// It is granted, but the operator has not set it.
    NotSet,
}

impl Display for SecretError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotGranted => "the secret is not granted: name it in the step's `grants.secrets`",
            Self::NotSet => "the secret is granted, but nobody has set it",
        })
    }
}

impl std::error::Error for SecretError {}

/// What a step can say to its host, and ask of it. Take `&Context` as a parameter to have it.
///
/// ```
/// use stepmill_sdk::prelude::*;
///
/// #[step]
/// fn total(amounts: Vec<u64>, context: &Context) -> u64 {
///     context.info(format_args!("{} amounts", amounts.len()));
///     amounts.iter().sum()
/// }
///
/// let called = stepmill_sdk::testing::call("total").input("amounts", &[1, 2]).execute();
/// assert_eq!(called.value::<u64>()?, 3);
/// assert_eq!(called.logs()[0].message, "2 amounts");
/// # Ok::<(), StepError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Context {}

impl Context {
    /// The context of the step that runs; in a native test, of the thread.
    #[must_use]
    pub fn current() -> Self {
        Self {}
    }

    /// Writes a line to the step's log. Lines past the step's log limit are counted and dropped.
    pub fn log(&self, level: Level, message: impl Display) {
        host::with(|host| host.log(level, &message.to_string()));
    }

    /// Logs what only who traces one step wants to see.
    pub fn trace(&self, message: impl Display) {
        self.log(Level::Trace, message);
    }

    /// Logs what helps to find a fault.
    pub fn debug(&self, message: impl Display) {
        self.log(Level::Debug, message);
    }

    /// Logs what happens.
    pub fn info(&self, message: impl Display) {
        self.log(Level::Info, message);
    }

    /// Logs what somebody should look at.
    pub fn warn(&self, message: impl Display) {
        self.log(Level::Warn, message);
    }

    /// Logs what went wrong.
    pub fn error(&self, message: impl Display) {
        self.log(Level::Error, message);
    }

    /// Says how far the step is: `done` of `total` units, where the total is known.
    pub fn progress(&self, done: u64, total: impl Into<Option<u64>>, message: impl Display) {
        host::with(|host| host.progress(done, total.into(), &message.to_string()));
    }

    /// Whether the run has been cancelled, so that the step can end early. Always false without the grant `run`.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        host::with(|host| host.cancelled())
    }

    /// The facts of this attempt; none without the grant `run`.
    #[must_use]
    pub fn run_facts(&self) -> Option<RunFacts> {
        host::with(|host| host.run_facts())
    }

    /// The value of a granted secret.
    ///
    /// # Errors
    /// If the pipeline does not grant it, or the operator has not set it.
    pub fn secret(&self, name: &str) -> Result<String, SecretError> {
        host::with(|host| host.secret(name))
    }
}
