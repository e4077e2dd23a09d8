//! Conditions in CEL, checked: what a step's `when` and a branch's cases say. `docs/conditions.md` describes them.
//!
//! Nothing else knows that there is CEL. Its parser and its interpreter recurse, so both run on threads of their own
//! with a large stack, behind limits that are checked first.

mod compile;
mod evaluate;
mod guard;
mod read;
mod record;
#[cfg(test)]
mod tests;
mod value;

use std::{fmt, io, ops::Range, str::FromStr, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::RunFact;
use crate::{event::ReadValue, ids::Name, value::path::ValuePath};

/// A condition that is known to be well-formed, and what it reads.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    text: Arc<str>,
    program: Arc<compile::Program>,
}

/// Something that a condition reads. Written as the condition would write it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Read {
    /// A part of a step's output: null if there is none.
    Output(Name, ValuePath),
    /// `steps.NAME.state`: how a step ended, as text.
    State(Name),
    /// A part of a parameter.
    Param(Name, ValuePath),
    /// A fact of the run.
    Run(RunFact),
    /// `run.state`: how the run would end now, as text. Of use to `finally` steps only.
    Outcome,
}

/// Why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// What is wrong.
    pub message: String,
    /// Where in the text, in bytes, if that is known.
    pub at: Option<Range<usize>>,
    /// What to do next.
    pub help: Option<String>,
}

/// Why a condition has no answer.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// It has none for these values.
    #[error("{0}")]
    Wrong(String),
    /// The system gives no thread to evaluate it on, which says nothing of the condition.
    #[error("there is no thread for it: {0}")]
    NoThread(#[source] io::Error),
}

impl ConditionError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None, help: None }
    }

    fn at(mut self, place: Option<Range<usize>>) -> Self {
        self.at = place;
        self
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Condition {
    /// What it reads, each once, in the order of the text.
    #[must_use]
    pub fn reads(&self) -> &[Read] {
        &self.program.reads
    }

    /// Whether it holds, given what it reads: MessagePack in the order of [`reads`](Self::reads), nothing for null
    /// and for what is not there.
    ///
    /// Takes up to [`CONDITION_MS`](crate::limits::CONDITION_MS): call it where blocking is fine.
    ///
    /// # Errors
    /// If it fails, reads or takes too much, or its answer is not true or false; if there is no thread for it.
    pub fn evaluate(&self, values: &[Option<Bytes>]) -> Result<bool, EvaluationError> {
        evaluate::evaluate(&self.program, values)
    }

    /// The values that decided, for people: in the order of [`reads`](Self::reads), long ones cut.
    #[must_use]
    pub fn record(&self, values: &[Option<Bytes>]) -> Vec<ReadValue> {
        record::record(self.reads(), values)
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        Ok(Self { text: text.into(), program: compile::cached(text)? })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("text", &self.text).field("reads", &self.reads()).finish()
    }
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(step, path) => write!(f, "{step}{path}"),
            Self::State(step) => write!(f, "steps.{step}.state"),
            Self::Param(param, path) => write!(f, "params.{param}{path}"),
            Self::Run(fact) => write!(f, "run.{}", fact.as_str()),
            Self::Outcome => f.write_str("run.state"),
        }
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl TryFrom<String> for Condition {
    type Error = ConditionError;

    fn try_from(text: String) -> Result<Self, ConditionError> {
        text.parse()
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.text.as_ref().to_owned()
    }
}
