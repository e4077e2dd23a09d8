//! Whether a request is signed as in Standard Webhooks. Pure, over the raw bytes; nothing in them is parsed.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::ports::{Payload, TriggerEvent};
use crate::{
    ids::Timestamp,
    limits::{MAX_WEBHOOK_ID, MAX_WEBHOOK_SIGNATURES, WEBHOOK_TOLERANCE_S},
};

/// The header with the request's id, the same when it is sent again.
pub const ID: &str = "webhook-id";
/// The header with the second in which it was sent.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with its signatures.
pub const SIGNATURE: &str = "webhook-signature";

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How long a key may be, in bytes.
const KEY: std::ops::RangeInclusive<usize> = 24..=64;
/// What a symmetric signature begins with. `v1a` is an asymmetric one.
const VERSION: &str = "v1,";
/// The longest text of a second that is not in the far future, in digits.
const MAX_DIGITS: usize = 12;

/// The keys of a webhook: one, or for some time two, so that they can be exchanged.
#[derive(Clone)]
pub struct Keys(Vec<Vec<u8>>);

/// Why a text is not a webhook's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is nothing in it.
    #[error("the secret is empty; it is `whsec_` and 24 to 64 random bytes in base64, or several of these with blanks")]
    Empty,
    /// It does not begin as it should.
    #[error("the secret of a webhook begins with `whsec_`")]
    Prefix,
    /// The rest is not base64.
    #[error("the secret of a webhook is base64 behind `whsec_`")]
    Base64,
    /// It is too short to be safe, or too long.
    #[error("the secret of a webhook has {0} bytes; 24 to 64 are wanted, such as of `openssl rand -base64 32`")]
    Length(usize),
}

/// The headers of a request; those that it does not have, or has twice, are `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'r> {
    /// [`ID`]
    pub id: Option<&'r [u8]>,
    /// [`TIMESTAMP`]
    pub timestamp: Option<&'r [u8]>,
    /// [`SIGNATURE`]
    pub signature: Option<&'r [u8]>,
}

/// Why a request is refused. Not for its sender, who learns only that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A header is not there exactly once.
    #[error("the header `{0}` is missing or there twice")]
    Missing(&'static str),
    /// A header is too long, or has what it cannot have.
    #[error("the header `{0}` is malformed")]
    Malformed(&'static str),
    /// It was signed too long ago.
    #[error("it was signed more than {WEBHOOK_TOLERANCE_S} s ago")]
    TooOld,
    /// It was signed in the future.
    #[error("it was signed more than {WEBHOOK_TOLERANCE_S} s from now")]
    TooNew,
    /// None of its signatures is by one of the keys.
    #[error("it is not signed with a key of this webhook")]
    Signature,
}

impl Keys {
    /// Reads a secret: one or several of `whsec_…`, with white space between them.
    ///
    /// # Errors
    /// If one of them is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let keys = text.split_ascii_whitespace().map(|text| {
            let encoded = text.strip_prefix(PREFIX).ok_or(KeyError::Prefix)?;
            let key = BASE64_STANDARD.decode(encoded).map_err(|_| KeyError::Base64)?;
            if KEY.contains(&key.len()) { Ok(key) } else { Err(KeyError::Length(key.len())) }
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(KeyError::Empty) } else { Ok(Self(keys)) }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} hidden)", self.0.len())
    }
}

/// Whether a request is signed with one of the keys, and its id.
///
/// # Errors
/// Why it is not.
pub fn verify<'r>(keys: &Keys, headers: Headers<'r>, body: &[u8], now: Timestamp) -> Result<&'r str, Rejection> {
    let id = id(headers)?;
    let timestamp = text(headers.timestamp, TIMESTAMP, MAX_DIGITS)?;
    if timestamp.is_empty() || !timestamp.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Rejection::Malformed(TIMESTAMP));
    }
    let sent: i64 = timestamp.parse().map_err(|_| Rejection::Malformed(TIMESTAMP))?;
    let age = now.0.div_euclid(1_000) - sent;
    if age > WEBHOOK_TOLERANCE_S {
        return Err(Rejection::TooOld);
    }
    if age < -WEBHOOK_TOLERANCE_S {
        return Err(Rejection::TooNew);
    }
    // A signature is `v1,` and the 44 characters of a sha256 in base64, with a blank between two.
    let signatures = text(headers.signature, SIGNATURE, MAX_WEBHOOK_SIGNATURES * 128)?;
    let given = signatures.split(' ').filter_map(|signature| signature.strip_prefix(VERSION));
    let given = given.take(MAX_WEBHOOK_SIGNATURES).filter_map(|text| BASE64_STANDARD.decode(text).ok());
    let macs: Vec<_> = keys.0.iter().filter_map(|key| signed(key, id, timestamp, body)).collect();
    for signature in given {
        // The comparison takes the same time wherever they differ.
        if macs.iter().any(|mac| mac.clone().verify_slice(&signature).is_ok()) {
            return Ok(id);
        }
    }
    Err(Rejection::Signature)
}

/// The id of a request that need not be signed.
///
/// # Errors
/// If it has none, or a malformed one.
pub fn id(headers: Headers<'_>) -> Result<&str, Rejection> {
    let id = text(headers.id, ID, MAX_WEBHOOK_ID)?;
    // A dot would let the signature of one request be that of another, cut elsewhere.
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_graphic() && b != b'.') {
        return Err(Rejection::Malformed(ID));
    }
    Ok(id)
}

/// The event that a request is.
#[must_use]
pub fn event(id: &str, bytes: Bytes, media_type: String) -> TriggerEvent {
    TriggerEvent { key: id.to_owned(), scheduled_for: None, payload: Payload::Body { bytes, media_type } }
}

fn text<'r>(header: Option<&'r [u8]>, name: &'static str, most: usize) -> Result<&'r str, Rejection> {
    let bytes = header.ok_or(Rejection::Missing(name))?;
    if bytes.len() > most || !bytes.is_ascii() {
        return Err(Rejection::Malformed(name));
    }
    str::from_utf8(bytes).map_err(|_| Rejection::Malformed(name))
}

fn signed(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    Some(mac)
}
