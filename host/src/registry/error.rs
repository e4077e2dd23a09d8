//! Why something is not deployed.

use crate::{
    definition::problem::Problems,
    execute::ports::JournalError,
    ids::{ModuleDigest, Name},
    persist::StoreError,
    runtime::ModuleError,
};

/// Why something is not deployed. What was deployed before stays.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The bytes are not a module that can be used.
    #[error("the module cannot be used: {0}")]
    Module(#[from] ModuleError),
    /// It does not say its name.
    #[error("the module does not say what it is called: name it, or build it with a newer SDK")]
    Nameless,
    /// Other bytes have the version.
    #[error("`{name}` {version} was uploaded before, with other bytes ({digest}): give the new ones another version")]
    Version {
        /// The module.
        name: Name,
        /// The version.
        version: String,
        /// The bytes that have it.
        digest: ModuleDigest,
    },
    /// Pipelines that work would not.
    #[error(
        "{} would not work any more with this: {}",
        if .0.len() == 1 { "a pipeline" } else { "pipelines" },
        .0.iter().map(|broken| format!("`{}`", broken.pipeline)).collect::<Vec<_>>().join(", ")
    )]
    Breaks(Vec<Broken>),
    /// The pipeline has problems.
    #[error("the pipeline has problems")]
    Problems(Box<Problems>),
    /// Deployed pipelines use it.
    #[error("`{module}` is used by {}", .users.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))]
    Used {
        /// The module.
        module: Name,
        /// They.
        users: Vec<Name>,
    },
    /// There is no such thing.
    #[error("there is no {0}")]
    Unknown(String),
    /// The version waits for an approval.
    #[error("this version of `{0}` asks for more than the one before and waits for an approval")]
    Waiting(Name),
    /// The database cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A pipeline that would not work any more.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Which.
    pub pipeline: Name,
    /// Why.
    pub problems: Problems,
}
