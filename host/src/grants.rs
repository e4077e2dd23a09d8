//! What a step may use outside its sandbox, and what makes it impure by that.

use serde::{Deserialize, Serialize};

/// What a pipeline asks for a step, beyond its inputs. Without any of it the step is pure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Grants {
    /// The real wall clock and monotonic clock. `grants.clock`
    #[serde(skip_serializing_if = "is_false")]
    pub clock: bool,
    /// Real randomness. `grants.random`
    #[serde(skip_serializing_if = "is_false")]
    pub random: bool,
    /// The facts of the run: its id, the attempt, the idempotency key, and whether it is being cancelled. `grants.run`
    #[serde(skip_serializing_if = "is_false")]
    pub run: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// One thing that can be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "see `Grants`")]
pub enum Grant {
    Clock,
    Random,
    Run,
}

impl Grant {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Clock, Self::Random, Self::Run];

    /// What it is called in a pipeline, a policy and `--allow`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Random => "random",
            Self::Run => "run",
        }
    }
}

impl Grants {
    /// Whether the step gets nothing that is not part of its inputs: the same inputs give the same bytes.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        self.list().next().is_none()
    }

    /// Whether it has a grant.
    #[must_use]
    pub fn has(&self, grant: Grant) -> bool {
        match grant {
            Grant::Clock => self.clock,
            Grant::Random => self.random,
            Grant::Run => self.run,
        }
    }

    /// Adds a grant.
    pub fn add(&mut self, grant: Grant) {
        match grant {
            Grant::Clock => self.clock = true,
            Grant::Random => self.random = true,
            Grant::Run => self.run = true,
        }
    }

    /// The grants that it has.
    pub fn list(&self) -> impl Iterator<Item = Grant> + '_ {
        Grant::ALL.into_iter().filter(|grant| self.has(*grant))
    }
}
