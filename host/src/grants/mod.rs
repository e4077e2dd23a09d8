//! What a step may use outside its sandbox, and what makes it impure by that.

mod net;
mod template;

use std::{
    collections::BTreeSet,
    fmt::{self, Display},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

pub use self::{
    net::{HttpOrigin, NetGrant, Scheme},
    template::{SecretTemplate, TemplateError},
};
use crate::ids::{Name, NameError};

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
    /// Where it may send HTTP requests, each origin once. With any of it, time is real too: waiting has to end.
    /// `grants.net`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub net: Vec<NetGrant>,
    /// The secrets that it may read. `grants.secrets`
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<Name>,
    /// The host's environment variables that it may read. `grants.env`
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub env: BTreeSet<EnvName>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// One thing that can be granted. Written as `--allow` takes it: `clock`, `net=https://example.com`, `secret=NAME`,
/// `env=NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Grant {
    /// See [`Grants::clock`].
    Clock,
    /// See [`Grants::random`].
    Random,
    /// See [`Grants::run`].
    Run,
    /// See [`Grants::net`]. Two of them are the same permission if their origins are.
    Net(NetGrant),
    /// See [`Grants::secrets`]; also for use in a header of requests.
    Secret(Name),
    /// See [`Grants::env`].
    Env(EnvName),
}

/// The name of an environment variable: letters, digits and `_`, and none of stepmill's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnvName(String);

/// Why a text is not what can be granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// There is no such grant.
    #[error("there is no grant `{0}`: grants are `clock`, `random`, `run`, `net=ORIGIN`, `secret=NAME` and `env=NAME`")]
    Unknown(String),
    /// Not an origin.
    #[error("`{text}` is no origin: {why}; write it as in `https://example.com` or `http://10.0.0.5:8080`")]
    Origin {
        /// What was written.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a header that the host may set.
    #[error("`{0}` is no header that can be set: those of the connection are the host's own")]
    Header(String),
    /// Not the name of a secret.
    #[error(transparent)]
    Secret(#[from] NameError),
    /// Not the name of an environment variable.
    #[error("`{0}` is no name of an environment variable: it has letters, digits and `_`, 128 at most")]
    Env(String),
    /// One of stepmill's own.
    #[error("`{0}` is a setting of stepmill itself, which no step is given")]
    OwnEnv(String),
}

impl Grant {
    /// Those that are words of their own.
    pub const FLAGS: [Self; 3] = [Self::Clock, Self::Random, Self::Run];

    /// What sort of grant it is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Random => "random",
            Self::Run => "run",
            Self::Net(_) => "net",
            Self::Secret(_) => "secret",
            Self::Env(_) => "env",
        }
    }
}

impl Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Clock | Self::Random | Self::Run => Ok(()),
            Self::Net(net) => write!(f, "={}", net.origin),
            Self::Secret(name) => write!(f, "={name}"),
            Self::Env(name) => write!(f, "={name}"),
        }
    }
}

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        if let Some(flag) = Self::FLAGS.into_iter().find(|flag| flag.kind() == text) {
            return Ok(flag);
        }
        match text.split_once('=') {
            Some(("net", origin)) => Ok(Self::Net(NetGrant::to(origin.parse()?))),
            Some(("secret", name)) => Ok(Self::Secret(Name::new(name)?)),
            Some(("env", name)) => Ok(Self::Env(name.parse()?)),
            _ => Err(GrantError::Unknown(text.chars().take(60).collect())),
        }
    }
}

impl Grants {
    /// Grants of one thing alone.
    #[must_use]
    pub fn only(grant: Grant) -> Self {
        let mut grants = Self::default();
        grants.add(grant);
        grants
    }

    /// Whether the step gets nothing that is not part of its inputs: the same inputs give the same bytes.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        let Self { clock, random, run, net, secrets, env } = self;
        !clock && !random && !run && net.is_empty() && secrets.is_empty() && env.is_empty()
    }

    /// Whether others may see that the step ran.
    #[must_use]
    pub fn acts_outside(&self) -> bool {
        !self.net.is_empty()
    }

    /// Whether time is the machine's.
    #[must_use]
    pub fn has_time(&self) -> bool {
        self.clock || !self.net.is_empty()
    }

    /// Whether something is among them; a secret is also where a header of requests holds it.
    #[must_use]
    pub fn has(&self, grant: &Grant) -> bool {
        match grant {
            Grant::Clock => self.clock,
            Grant::Random => self.random,
            Grant::Run => self.run,
            Grant::Net(wanted) => self.net.iter().any(|net| net.origin == wanted.origin),
            Grant::Secret(name) => self.secrets.contains(name) || self.header_secrets().any(|used| used == name),
            Grant::Env(name) => self.env.contains(name),
        }
    }

    /// Adds a grant. Headers of an origin that is there are added to its own.
    pub fn add(&mut self, grant: Grant) {
        match grant {
            Grant::Clock => self.clock = true,
            Grant::Random => self.random = true,
            Grant::Run => self.run = true,
            Grant::Net(net) => match self.net.iter_mut().find(|there| there.origin == net.origin) {
                Some(there) => there.headers.extend(net.headers),
                None => self.net.push(net),
            },
            Grant::Secret(name) => {
                self.secrets.insert(name);
            }
            Grant::Env(name) => {
                self.env.insert(name);
            }
        }
    }

    /// Everything that has to be allowed.
    pub fn list(&self) -> impl Iterator<Item = Grant> + '_ {
        let flags = Grant::FLAGS.into_iter().filter(|grant| self.has(grant));
        let net = self.net.iter().map(|net| Grant::Net(NetGrant::to(net.origin.clone())));
        let secrets: BTreeSet<_> = self.secrets.iter().chain(self.header_secrets()).cloned().collect();
        let env = self.env.iter().cloned().map(Grant::Env);
        flags.chain(net).chain(secrets.into_iter().map(Grant::Secret)).chain(env)
    }

    /// The secrets that the host puts into headers of requests.
    pub fn header_secrets(&self) -> impl Iterator<Item = &Name> {
        self.net.iter().flat_map(|net| net.headers.values()).flat_map(SecretTemplate::secrets)
    }
}

impl EnvName {
    /// The longest name, in bytes.
    const MAX: usize = 128;
    /// What the names of stepmill's own settings begin with.
    const OWN: &'static str = "STEPMILL_";

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EnvName {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let valid = text.len() <= Self::MAX
            && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && text.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
        if !valid {
            return Err(GrantError::Env(text.chars().take(60).collect()));
        }
        // An agent's token must not reach a step, however the policy is written.
        if text.starts_with(Self::OWN) {
            return Err(GrantError::OwnEnv(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for EnvName {
    type Error = GrantError;

    fn try_from(text: String) -> Result<Self, GrantError> {
        text.parse()
    }
}

impl From<EnvName> for String {
    fn from(name: EnvName) -> Self {
        name.0
    }
}

impl Serialize for Grant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> Grant {
        text.parse().unwrap()
    }

    #[test]
    fn grants_are_read_as_they_are_written() {
        for text in
            ["clock", "random", "run", "net=https://example.com", "net=http://[::1]:81", "secret=token", "env=_A1"]
        {
            assert_eq!(grant(text).to_string(), text);
            assert_eq!(serde_json::from_value::<Grant>(text.into()).unwrap(), grant(text));
        }
        for text in
            ["", "net", "clock=1", "net=ftp://x", "secret=A b", "env=", "env=A-B", "env=1A", "env=STEPMILL_TOKEN"]
        {
            assert!(text.parse::<Grant>().is_err(), "{text}");
        }
        assert!(format!("env={}", "A".repeat(129)).parse::<Grant>().is_err());
    }

    #[test]
    fn a_secret_in_a_header_has_to_be_allowed_but_cannot_be_read() {
        let mut net = NetGrant::to("https://example.com".parse().unwrap());
        net.headers.insert("authorization".to_owned(), "Bearer {token}".parse().unwrap());
        let grants = Grants::only(Grant::Net(net));
        let list: Vec<_> = grants.list().map(|grant| grant.to_string()).collect();
        assert_eq!(list, ["net=https://example.com", "secret=token"]);
        assert!(grants.has(&grant("secret=token")) && grants.secrets.is_empty());
        assert!(!grants.is_pure() && grants.has_time());
    }

    #[test]
    fn grants_of_one_origin_are_one() {
        let mut grants = Grants::default();
        assert!(grants.is_pure());
        for text in ["net=https://example.com", "net=https://example.com:443", "net=http://example.com", "run", "run"] {
            grants.add(grant(text));
        }
        assert_eq!((grants.net.len(), grants.list().count()), (2, 3));
        assert_eq!(serde_json::from_str::<Grants>(&serde_json::to_string(&grants).unwrap()).unwrap(), grants);
        assert_eq!(serde_json::to_string(&Grants::default()).unwrap(), "{}");
    }
}
