//! HTTP for steps with a `net` grant. Needs the feature `http`.
//!
//! ```toml
//! stepmill-sdk = { version = "0.1", features = ["http"] }
//! ```
//!
//! A request is sent by a plain step with [`send`](Request::send), which waits, and by an `async fn` step with `.await`,
//! so that several can be on their way at once:
//!
//! ```no_run
//! use stepmill_sdk::{http::Request, prelude::*};
//!
//! /// Tells somebody.
//! #[step]
//! fn tell(text: String, #[config] url: String) -> Result<u16> {
//!     let response = Request::post(url).json(&text)?.send()?.error_for_status()?;
//!     Ok(response.status())
//! }
//!
//! /// Asks for all at once.
//! #[step]
//! async fn ask(urls: Vec<String>) -> Result<Vec<String>> {
//!     let mut answers = Vec::new();
//!     for url in urls {
//!         answers.push(Request::get(url).await?.text()?);
//!     }
//!     Ok(answers)
//! }
//! ```
//!
//! The pipeline names the origins that a step may reach, as in `grants.net = ["https://example.com"]`, and whoever runs it
//! allows them. Redirects are not followed: their target would have to be granted too.
//!
//! Natively nothing is sent. A test says what is answered, with [`StepCall::http`](crate::testing::StepCall::http).

#[cfg(target_family = "wasm")]
mod component;
#[cfg(target_family = "wasm")]
mod reactor;

#[cfg(target_family = "wasm")]
pub(crate) use reactor::wait;

use std::fmt::{self, Display};
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Result, StepError};

/// A request in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    timeout: Option<Duration>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpError {
    kind: HttpErrorKind,
    message: String,
}

/// What sort of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// The request is not one: its URL, method or a header is wrong.
    Request,
    /// It is not granted, or leads to where nobody may.
    Denied,
    /// There is no connection.
    Connect,
    /// It took too long.
    Timeout,
    /// Something else went wrong on the way; another attempt may help.
    Other,
}

impl Request {
    /// A request with any method.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: Vec::new(), timeout: None }
    }

    /// Asks for something.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// Asks for the headers alone.
    pub fn head(url: impl Into<String>) -> Self {
        Self::new("HEAD", url)
    }

    /// Hands something over.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// Puts something in a place.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url)
    }

    /// Changes something.
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new("PATCH", url)
    }

    /// Removes something.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new("DELETE", url)
    }

    /// Adds a header. Those that the pipeline's `grants.net` sets take the place of the step's own.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends these bytes along.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends a value along as JSON.
    ///
    /// # Errors
    /// If it cannot be serialised.
    pub fn json(self, value: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(value)?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// How long to wait for a connection, for the answer, and between its pieces. The host waits for no longer than it
    /// wants to.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The first value of a header.
    #[must_use]
    pub fn header_value(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// What goes along.
    #[must_use]
    pub fn body_bytes(&self) -> &[u8] {
        &self.body
    }

    /// Sends it and waits for the whole answer.
    ///
    /// # Errors
    /// If there is none. An answer that says that something went wrong is one; see [`Response::error_for_status`].
    pub fn send(self) -> Result<Response, HttpError> {
        crate::executor::block_on(self.into_future())
            .unwrap_or_else(|stuck| Err(HttpError::new(HttpErrorKind::Other, stuck.message())))
    }

    #[cfg(target_family = "wasm")]
    async fn exchange(self) -> Result<Response, HttpError> {
        component::exchange(&self).await
    }

    #[cfg(not(target_family = "wasm"))]
    async fn exchange(self) -> Result<Response, HttpError> {
        crate::host::memory::MEMORY.with(|memory| memory.exchange(&self))
    }
}

impl IntoFuture for Request {
    type Output = Result<Response, HttpError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.exchange())
    }
}

impl Response {
    /// An answer, for tests.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The status, such as 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is one of success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// All headers, as they came.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn text(self) -> Result<String> {
        String::from_utf8(self.body).map_err(|_| StepError::permanent("the answer is not UTF-8 text"))
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// If it is not JSON of that type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| StepError::from(error).context("the answer is not what was expected"))
    }

    /// The answer, if its status is one of success.
    ///
    /// # Errors
    /// Otherwise. A busy server (429 or 503 with `Retry-After` in seconds) asks for another attempt after that time, other
    /// 4xx forbid one, and for the rest the pipeline's `retry` decides.
    pub fn error_for_status(self) -> Result<Self> {
        if self.is_success() {
            return Ok(self);
        }
        let message = format!("the answer was {}", self.status);
        let wait = self.header("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        Err(match (self.status, wait) {
            (429 | 503, Some(wait)) => StepError::retry_after(wait, message),
            (408 | 425 | 429 | 500.., _) => StepError::new(message),
            _ => StepError::permanent(message),
        })
    }
}

fn first<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(there, _)| there.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

impl HttpError {
    pub(crate) fn new(kind: HttpErrorKind, message: impl Display) -> Self {
        Self { kind, message: message.to_string() }
    }

    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}

impl Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for HttpError {}

/// The parts of a URL that a request is made of: whether it is over TLS, the authority, the path with the query.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "natively nothing is sent"))]
fn parts(url: &str) -> Result<(bool, &str, String), HttpError> {
    let wrong =
        |why| HttpError::new(HttpErrorKind::Request, format_args!("`{url}` is no URL to send a request to: {why}"));
    let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("it begins with `https://` or `http://`"))?;
    let secure = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return Err(wrong("it begins with `https://` or `http://`")),
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.is_empty() {
        return Err(wrong("it names no host"));
    }
    Ok((secure, authority, if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn urls_are_taken_apart() {
        for (url, expected) in [
            ("https://example.com", (true, "example.com", "/")),
            ("HTTP://example.com:81/a?b=c#d", (false, "example.com:81", "/a?b=c")),
            ("http://[::1]?q", (false, "[::1]", "/?q")),
        ] {
            let (secure, authority, path) = parts(url).unwrap();
            assert_eq!((secure, authority, path.as_str()), expected);
        }
        for wrong in ["", "example.com", "ftp://example.com", "https://", "https:///path"] {
            assert_eq!(parts(wrong).unwrap_err().kind(), HttpErrorKind::Request, "{wrong}");
        }
    }

    #[test]
    fn a_status_says_whether_another_attempt_may_help() {
        let kind = |response: Response| response.error_for_status().unwrap_err().kind().clone();
        assert!(Response::new(204).error_for_status().is_ok());
        assert_eq!(kind(Response::new(404)), ErrorKind::Permanent);
        assert_eq!(kind(Response::new(500)), ErrorKind::Failed);
        assert_eq!(kind(Response::new(429)), ErrorKind::Failed);
        assert_eq!(
            kind(Response::new(503).with_header("Retry-After", "7")),
            ErrorKind::RetryAfter(Duration::from_secs(7))
        );
    }
}
