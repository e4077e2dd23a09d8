//! What new runs may use: results of earlier ones, and what is outside their sandboxes.

use std::{net::IpAddr, path::PathBuf, str::FromStr};

use clap::Args;

use crate::{
    grants::{Grant, GrantError},
    ids::{Name, NameError},
};

/// How new runs run.
#[derive(Debug, Clone, Args)]
pub struct OptionArgs {
    /// Execute every step, also if an earlier result with the same inputs is there
    #[arg(long)]
    pub no_cache: bool,
    /// What steps may use.
    #[command(flatten)]
    pub outside: OutsideArgs,
}

/// What steps may use outside their sandboxes.
#[derive(Debug, Clone, Args)]
pub struct OutsideArgs {
    /// Allow what steps ask for: `clock`, `random`, `run`, `net=ORIGIN`, `secret=NAME`, `env=NAME`, or `all`; and
    /// `private=ADDRESS`, where requests may lead although it is not public
    #[arg(long, value_delimiter = ',', value_name = "GRANT,…")]
    pub allow: Vec<AllowArg>,
    /// A file with what is allowed to which steps
    #[arg(long, env = "STEPMILL_POLICY", value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// A secret's value: from `STEPMILL_SECRET_NAME`, or from `NAME=@FILE`, or `NAME=VALUE`
    #[arg(long = "secret", value_name = "NAME")]
    pub secrets: Vec<SecretArg>,
}

/// What `--allow` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowArg {
    /// Whatever is asked for.
    All,
    /// This alone.
    Grant(Grant),
    /// An address that is not public.
    Private(IpAddr),
}

impl FromStr for AllowArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(address) = text.strip_prefix("private=") {
            let wrong = |_| format!("`{address}` is no address, as in `private=10.0.0.5`");
            return address.parse().map(Self::Private).map_err(wrong);
        }
        text.parse().map(Self::Grant).map_err(|error: GrantError| match error {
            GrantError::Unknown(_) => format!("{error}; also `all` and `private=ADDRESS`"),
            error => error.to_string(),
        })
    }
}

/// What `--secret` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretArg {
    /// The secret.
    pub name: Name,
    /// Where its value is.
    pub source: SecretValue,
}

/// Where the value of a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretValue {
    /// In the environment variable of its name.
    Environment,
    /// In a file; a line end behind it does not count.
    File(PathBuf),
    /// On the command line.
    Given(String),
}

impl FromStr for SecretArg {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (name, source) = match text.split_once('=') {
            None => (text, SecretValue::Environment),
            Some((name, value)) => match value.strip_prefix('@') {
                Some(file) => (name, SecretValue::File(file.into())),
                None => (name, SecretValue::Given(value.to_owned())),
            },
        };
        Ok(Self { name: Name::new(name)?, source })
    }
}
