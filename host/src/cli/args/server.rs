//! What is done with a server: uploading, deploying, starting, and looking after what is there.

use std::path::PathBuf;

use clap::{Args, Subcommand, builder::PossibleValuesParser};

use super::JsonArg;
use crate::access::tokens::Role;

/// `stepmill push`
#[derive(Debug, Args)]
pub struct PushArgs {
    /// Components, or step crates, which are built first
    #[arg(value_name = "FILE|DIR", required = true)]
    pub paths: Vec<PathBuf>,
    /// What the module is called, if it does not say so itself
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Also if pipelines break, or it asks for more than the version before
    #[arg(long)]
    pub force: bool,
    /// How to print what became of it.
    #[command(flatten)]
    pub json: JsonArg,
}

/// `stepmill deploy`
#[derive(Debug, Args)]
pub struct DeployArgs {
    /// The pipeline; the modules in its `[modules]` are built and uploaded first
    #[arg(value_name = "PIPELINE.toml")]
    pub pipeline: PathBuf,
    /// How to print what became of it.
    #[command(flatten)]
    pub json: JsonArg,
}

/// `stepmill start`
#[derive(Debug, Args)]
pub struct StartArgs {
    /// The deployed pipeline
    #[arg(value_name = "NAME")]
    pub pipeline: String,
    /// A parameter's value; a `file` parameter takes a path, which is sent, anything else JSON or text
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Execute every step, also if an earlier result with the same inputs is there
    #[arg(long)]
    pub no_cache: bool,
    /// The same key again gives the same run
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

/// `stepmill modules`
#[derive(Debug, Subcommand)]
pub enum ModulesCommand {
    /// List all modules
    List,
    /// Show a module with its versions
    Show {
        /// The module
        name: String,
    },
    /// Make a version what the module's name means: roll back, or forward again
    Activate(ChoiceArgs),
    /// Approve a version that asks for more than the one before
    Approve(ChoiceArgs),
    /// Take a module's name away; its versions stay
    Remove {
        /// The module
        name: String,
        /// Also if pipelines break
        #[arg(long)]
        force: bool,
    },
}

/// A version of a module.
#[derive(Debug, Args)]
pub struct ChoiceArgs {
    /// The module
    pub name: String,
    /// A version such as `1.2`, or `sha256:…`
    pub version: String,
    /// Also if pipelines break
    #[arg(long)]
    pub force: bool,
}

/// `stepmill triggers`
#[derive(Debug, Subcommand)]
pub enum TriggersCommand {
    /// List all triggers, with their next times
    List,
    /// What happened to a trigger, and what it started
    Events(TriggerArgs),
    /// Let a trigger start no runs
    Pause(TriggerArgs),
    /// Let a trigger start runs again, from now on
    Resume(TriggerArgs),
}

/// A trigger.
#[derive(Debug, Args)]
pub struct TriggerArgs {
    /// Its pipeline
    pub pipeline: String,
    /// Its name
    pub trigger: String,
}

/// `stepmill secrets`
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// List the names of all secrets
    List,
    /// Set a secret; its value is read from standard input
    Set {
        /// The secret
        name: String,
        /// Keep the value before valid for so many seconds, too
        #[arg(long, value_name = "SECONDS", default_value_t = 0)]
        keep_previous: u64,
    },
    /// Remove a secret
    Remove {
        /// The secret
        name: String,
    },
}

/// `stepmill tokens`
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// List all tokens
    List,
    /// Make a token; it is shown once
    Create {
        /// What it is called
        name: String,
        /// What it may do
        #[arg(long, default_value = "viewer", value_parser = PossibleValuesParser::new(Role::ALL.map(Role::as_str)))]
        role: String,
        /// From when on it is not valid, such as `2027-01-31T00:00:00Z`
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// Make a token invalid
    Revoke {
        /// The token
        name: String,
    },
    /// Make a link that logs one browser in
    Link,
}
