//! Where a step may send HTTP requests.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::{GrantError, template::SecretTemplate};

/// One origin that a step may send HTTP requests to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NetGrant {
    /// Where to: exactly there, redirects are not followed.
    pub origin: HttpOrigin,
    /// Headers that the host sets in every request to it, by lower-case name. The step does not see their secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, SecretTemplate>,
}

impl NetGrant {
    /// Requests to an origin, as the step makes them.
    #[must_use]
    pub fn to(origin: HttpOrigin) -> Self {
        Self { origin, headers: BTreeMap::new() }
    }

    /// The name of a header that the host may set, in lower case.
    ///
    /// # Errors
    /// If it is no name, or belongs to the connection.
    pub fn header_name(text: &str) -> Result<String, GrantError> {
        let name = text.to_ascii_lowercase();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let valid = !name.is_empty() && name.len() <= MAX_HEADER_NAME && name.bytes().all(is_token);
        if !valid || CONNECTION.contains(&name.as_str()) || name.starts_with("proxy-") {
            return Err(GrantError::Header(text.chars().take(60).collect()));
        }
        Ok(name)
    }
}

/// The longest name of a header, in bytes.
const MAX_HEADER_NAME: usize = 128;
/// Headers that say how messages are framed and where they go.
const CONNECTION: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// How requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// In clear text.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// As it stands in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where none is named.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A scheme, a host and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpOrigin {
    scheme: Scheme,
    /// In lower case; an IPv6 address in brackets; addresses in their usual form.
    host: String,
    port: u16,
}

impl HttpOrigin {
    /// How requests are sent.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host, as in a URL.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether a request with these goes there. The host is compared as it is written, but for upper case: another
    /// spelling of the same address is not the same.
    #[must_use]
    pub fn is(&self, scheme: Scheme, host: &str, port: u16) -> bool {
        self.scheme == scheme && self.port == port && self.host.eq_ignore_ascii_case(host)
    }
}

impl FromStr for HttpOrigin {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let refuse = |why| GrantError::Origin { text: text.chars().take(200).collect(), why };
        if text.contains('*') {
            return Err(refuse("each host is named by itself, without `*`"));
        }
        let url = url::Url::parse(text).map_err(|_| refuse("it is not a URL"))?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(refuse("it begins with `https://` or `http://`")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("a user or password does not belong there"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("a path does not belong there"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refuse("it names no host"))?;
        let port = url.port().unwrap_or(scheme.default_port());
        if port == 0 {
            return Err(refuse("port 0 is none"));
        }
        Ok(Self { scheme, host: host.to_owned(), port })
    }
}

impl Display for HttpOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl TryFrom<String> for HttpOrigin {
    type Error = GrantError;

    fn try_from(text: String) -> Result<Self, GrantError> {
        text.parse()
    }
}

impl From<HttpOrigin> for String {
    fn from(origin: HttpOrigin) -> Self {
        origin.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_one_form() {
        for (written, form) in [
            ("https://example.com", "https://example.com"),
            ("HTTPS://Example.COM:443/", "https://example.com"),
            ("http://example.com:8080", "http://example.com:8080"),
            ("http://2130706433", "http://127.0.0.1"),
            ("http://0x7f.1/", "http://127.0.0.1"),
            ("http://[0:0::1]:80", "http://[::1]"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(written.parse::<HttpOrigin>().unwrap().to_string(), form);
        }
        for wrong in [
            "",
            "example.com",
            "ftp://example.com",
            "https://",
            "https://a@example.com",
            "https://:b@example.com",
            "https://example.com/path",
            "https://example.com?q",
            "https://example.com#f",
            "https://*.example.com",
            "https://example.com:0",
            "https://example.com:99999",
            "https://exa mple.com",
            "file:///etc/passwd",
        ] {
            assert!(wrong.parse::<HttpOrigin>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_of_the_connection_are_not_set() {
        assert_eq!(NetGrant::header_name("Authorization").unwrap(), "authorization");
        for wrong in
            ["", "Host", "content-length", "Transfer-Encoding", "proxy-authorization", "a b", "a:b", "ü", "a\r\n"]
        {
            assert!(NetGrant::header_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_very_same_origin_is_it() {
        let origin: HttpOrigin = "http://127.0.0.1:8080".parse().unwrap();
        assert!(origin.is(Scheme::Http, "127.0.0.1", 8080));
        for (scheme, host, port) in [
            (Scheme::Https, "127.0.0.1", 8080),
            (Scheme::Http, "127.0.0.1", 80),
            (Scheme::Http, "2130706433", 8080),
            (Scheme::Http, "127.0.0.1.", 8080),
            (Scheme::Http, "localhost", 8080),
        ] {
            assert!(!origin.is(scheme, host, port));
        }
        let named: HttpOrigin = "https://example.com".parse().unwrap();
        assert!(named.is(Scheme::Https, "EXAMPLE.com", 443) && !named.is(Scheme::Https, "a.example.com", 443));
    }
}
