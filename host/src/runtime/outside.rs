//! What attempts are given beyond their inputs: secrets, environment variables and the network, as their grants say.

use std::{collections::BTreeMap, env, net::IpAddr, sync::Arc};

use hyper::header::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::{
    net::{Destination, Dialer},
    redact::Redactor,
    stop::Stop,
};
use crate::{
    failure::FailureKind,
    grants::{Grants, NetGrant},
    ids::Name,
};

/// Where the values of secrets come from.
pub trait SecretSource: Send + Sync {
    /// The value of a secret; none if nobody has set it.
    ///
    /// # Errors
    /// Why it cannot be had, without the value in it.
    fn value(&self, name: &Name) -> Result<Option<Zeroizing<String>>, SecretError>;
}

/// Why the value of a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It may be had later: the attempt is no failure of the step.
    #[error("{0}")]
    Unavailable(String),
    /// It cannot be had any more.
    #[error("{0}")]
    Unreadable(String),
}

/// There are no secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

impl SecretSource for NoSecrets {
    fn value(&self, _: &Name) -> Result<Option<Zeroizing<String>>, SecretError> {
        Ok(None)
    }
}

/// What a host has outside its sandboxes for who may use it.
pub struct Surroundings {
    secrets: Arc<dyn SecretSource>,
    dialer: Arc<Dialer>,
}

impl Surroundings {
    /// Secrets from there, and the network, with these addresses besides those that are public.
    #[must_use]
    pub fn new(secrets: Arc<dyn SecretSource>, private: impl IntoIterator<Item = IpAddr>) -> Self {
        Self { secrets, dialer: Arc::new(Dialer::new(private)) }
    }
}

impl Default for Surroundings {
    fn default() -> Self {
        Self::new(Arc::new(NoSecrets), [])
    }
}

/// What one job is given.
pub(super) struct Outside {
    /// The secrets that the guest may read.
    secrets: BTreeMap<Name, Zeroizing<String>>,
    /// The environment that the guest sees.
    pub(super) env: Vec<(String, String)>,
    /// Where it may send requests.
    pub(super) destinations: Vec<Destination>,
    pub(super) dialer: Arc<Dialer>,
    /// Takes the values of its secrets out of what it says.
    pub(super) redactor: Redactor,
}

impl Outside {
    /// Gathers what is granted; nothing for who has none of it.
    ///
    /// # Errors
    /// If a secret cannot be had that the host itself needs.
    pub(super) fn gather(grants: &Grants, surroundings: &Surroundings) -> Result<Option<Arc<Self>>, Stop> {
        if grants.net.is_empty() && grants.secrets.is_empty() && grants.env.is_empty() {
            return Ok(None);
        }
        let mut known = BTreeMap::new();
        for name in grants.secrets.iter().chain(grants.header_secrets()) {
            let value = surroundings.secrets.value(name);
            let value = value.map_err(|error| {
                let message = format!("the secret `{name}` cannot be read: {error}");
                match error {
                    SecretError::Unavailable(_) => Stop::Interrupted(message),
                    SecretError::Unreadable(_) => Stop::failed(FailureKind::Host, message),
                }
            })?;
            known.extend(value.map(|value| (name.clone(), value)));
        }
        let destinations = grants.net.iter().map(|net| destination(net, &known)).collect::<Result<_, _>>()?;
        let redactor = Redactor::new(known.iter().map(|(name, value)| (name, value.as_str())));
        known.retain(|name, _| grants.secrets.contains(name));
        let value = |name: &str| variable(name).map(|value| (name.to_owned(), value));
        let env = grants.env.iter().filter_map(|name| value(name.as_str())).collect();
        let dialer = surroundings.dialer.clone();
        Ok(Some(Arc::new(Self { secrets: known, env, destinations, dialer, redactor })))
    }

    /// The value of a secret that the guest may read, if it is set.
    pub(super) fn secret(&self, name: &Name) -> Option<&str> {
        self.secrets.get(name).map(|value| value.as_str())
    }
}

/// A variable of the host's own environment.
#[expect(clippy::disallowed_methods, reason = "this is what the grant `env` is about")]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

fn destination(net: &NetGrant, secrets: &BTreeMap<Name, Zeroizing<String>>) -> Result<Destination, Stop> {
    let origin = &net.origin;
    let header = |(name, template): (&String, &crate::grants::SecretTemplate)| {
        let failed = |message: String| Stop::failed(FailureKind::Host, message);
        let text = template.fill(|secret| secrets.get(secret).map(|value| value.as_str())).map_err(|secret| {
            failed(format!(
                "the secret `{secret}` is not set, which belongs into the header `{name}` of requests to {origin}: set it \
                 with `stepmill secrets set {secret}`, or for `stepmill run` with `--secret {secret}`"
            ))
        })?;
        let text = Zeroizing::new(text);
        let value = HeaderValue::from_str(&text).map_err(|_| {
            failed(format!(
                "the header `{name}` of requests to {origin} cannot hold its secret: it has line ends in it"
            ))
        });
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| failed(format!("`{name}` is no name of a header of requests to {origin}")))?;
        let mut value = value?;
        value.set_sensitive(true);
        Ok((name, value))
    };
    Ok(Destination { origin: origin.clone(), headers: net.headers.iter().map(header).collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::Grant;

    struct One;

    impl SecretSource for One {
        fn value(&self, name: &Name) -> Result<Option<Zeroizing<String>>, SecretError> {
            match name.as_str() {
                "token" => Ok(Some("s3cret".to_owned().into())),
                "lines" => Ok(Some("two\nlines".to_owned().into())),
                "broken" => Err(SecretError::Unreadable("no key".to_owned())),
                "away" => Err(SecretError::Unavailable("no disk".to_owned())),
                _ => Ok(None),
            }
        }
    }

    fn gather(grants: &Grants) -> Result<Option<Arc<Outside>>, String> {
        Outside::gather(grants, &Surroundings::new(Arc::new(One), [])).map_err(|stop| stop.to_string())
    }

    fn with_header(text: &str) -> Grants {
        let mut net = NetGrant::to("https://example.com".parse().unwrap());
        net.headers.insert("authorization".to_owned(), text.parse().unwrap());
        Grants::only(Grant::Net(net))
    }

    #[test]
    fn who_is_granted_nothing_is_given_nothing() {
        assert!(gather(&Grants { clock: true, ..Grants::default() }).unwrap().is_none());
    }

    #[test]
    fn a_secret_in_a_header_is_not_the_guests() {
        let outside = gather(&with_header("Bearer {token}")).unwrap().unwrap();
        assert_eq!(outside.destinations[0].headers[0].1, "Bearer s3cret");
        assert!(outside.destinations[0].headers[0].1.is_sensitive());
        assert_eq!(outside.secret(&Name::new("token").unwrap()), None);
        assert_eq!(outside.redactor.apply("its s3cret"), "its [secret token]");
    }

    #[test]
    fn what_cannot_be_had_is_said() {
        for (text, says) in [("{absent}", "secrets set absent"), ("{lines}", "line ends"), ("{broken}", "no key")] {
            let Err(said) = gather(&with_header(text)) else { panic!("{text}") };
            assert!(said.contains(says) && !said.contains("two"), "{said}");
        }
        let away = Outside::gather(&with_header("{away}"), &Surroundings::new(Arc::new(One), []));
        assert!(matches!(away, Err(Stop::Interrupted(why)) if why.contains("no disk")), "that is not the step's fault");
        // The guest is told that it is not set, and decides what that means.
        let name = Name::new("absent").unwrap();
        let outside = gather(&Grants::only(Grant::Secret(name.clone()))).unwrap().unwrap();
        assert_eq!(outside.secret(&name), None);
    }

    #[test]
    fn only_granted_variables_are_seen() {
        let env = |names: &[&str]| {
            let mut grants = Grants::default();
            names.iter().for_each(|name| grants.add(Grant::Env(name.parse().unwrap())));
            gather(&grants).unwrap().unwrap().env.clone()
        };
        let path = variable("PATH").unwrap();
        assert_eq!(env(&["PATH", "NO_SUCH_VARIABLE"]), [("PATH".to_owned(), path)]);
    }
}
