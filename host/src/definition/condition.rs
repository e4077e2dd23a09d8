//! Conditions in CEL, checked: what a step's `when` and a branch's cases say.

use std::{fmt, str::FromStr, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::RunFact;
use crate::{ids::Name, value::path::ValuePath};

/// A condition that is known to be well-formed, and what it reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    text: Arc<str>,
    reads: Arc<[Read]>,
}

/// Something that a condition reads.
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
#[error("{0}")]
pub struct ConditionError(String);

/// Why a condition has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EvaluationError(String);

impl Condition {
    /// What it reads, each once, in the order of the text.
    #[must_use]
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// What it read, for people.
    #[must_use]
    pub fn record(&self, _: &[Option<Bytes>]) -> Vec<crate::event::ReadValue> {
        Vec::new()
    }

    /// Whether it holds, given what it reads: MessagePack in the order of [`reads`](Self::reads), nothing for null.
    ///
    /// # Errors
    /// If it fails, takes too long, or its answer is not true or false.
    pub fn evaluate(&self, values: &[Option<Bytes>]) -> Result<bool, EvaluationError> {
        Err(EvaluationError(format!("{} {}", self.text, values.len())))
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        Ok(Self { text: text.into(), reads: Arc::new([]) })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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
