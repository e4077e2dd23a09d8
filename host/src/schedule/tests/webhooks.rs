//! Signatures of webhooks, with the vector of the Standard Webhooks specification.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::super::webhook::*;
use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const MESSAGE: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SENT: i64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn keys(text: &str) -> Keys {
    Keys::parse(text).unwrap()
}

fn sign(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// Verifies a request at `now`, in seconds.
fn check(secret: &str, id: &str, timestamp: &str, signature: &str, body: &[u8], now: i64) -> Result<String, Rejection> {
    let headers = Headers {
        id: Some(id.as_bytes()),
        timestamp: Some(timestamp.as_bytes()),
        signature: Some(signature.as_bytes()),
    };
    verify(&keys(secret), headers, body, Timestamp(now * 1_000)).map(str::to_owned)
}

#[test]
fn the_specifications_vector_is_valid() {
    assert_eq!(check(SECRET, MESSAGE, &SENT.to_string(), SIGNED, BODY, SENT), Ok(MESSAGE.to_owned()));
}

#[test]
fn one_byte_is_enough_to_be_refused() {
    let sent = SENT.to_string();
    for at in 0..BODY.len() {
        let mut body = BODY.to_vec();
        body[at] ^= 1;
        assert_eq!(check(SECRET, MESSAGE, &sent, SIGNED, &body, SENT), Err(Rejection::Signature), "{at}");
    }
    let longer = [BODY, b"\n"].concat();
    for body in [b"".as_slice(), &BODY[1..], &longer] {
        assert_eq!(check(SECRET, MESSAGE, &sent, SIGNED, body, SENT), Err(Rejection::Signature));
    }
    assert_eq!(check(SECRET, "msg_x", &sent, SIGNED, BODY, SENT), Err(Rejection::Signature));
    assert_eq!(check(SECRET, MESSAGE, &(SENT + 1).to_string(), SIGNED, BODY, SENT), Err(Rejection::Signature));
    let other = "whsec_AAKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert_eq!(check(other, MESSAGE, &sent, SIGNED, BODY, SENT), Err(Rejection::Signature));
}

#[test]
fn five_minutes_either_way_are_tolerated() {
    let sent = SENT.to_string();
    let at = |now| check(SECRET, MESSAGE, &sent, SIGNED, BODY, now).map(drop);
    assert_eq!([SENT - 300, SENT + 300].map(at), [Ok(()); 2]);
    assert_eq!(at(SENT + 301), Err(Rejection::TooOld));
    assert_eq!(at(SENT - 301), Err(Rejection::TooNew));
    assert_eq!(at(i64::from(i32::MAX)), Err(Rejection::TooOld));
}

#[test]
fn timestamps_are_digits_and_not_many() {
    for timestamp in ["", "x", "-1", "+1", " 1614265330", "1614265330.0", "0x10", "1e9", "1234567890123", "١"] {
        let signature = sign(SECRET, MESSAGE, timestamp, BODY);
        let found = check(SECRET, MESSAGE, timestamp, &signature, BODY, SENT);
        assert_eq!(found, Err(Rejection::Malformed(TIMESTAMP)), "{timestamp}");
    }
}

#[test]
fn keys_can_be_exchanged_while_requests_come() {
    let (new, sent) = (format!("whsec_{}", BASE64_STANDARD.encode([7; 32])), SENT.to_string());
    let both = format!("{SECRET}\n{new}\n");
    for secret in [SECRET, &new] {
        let signature = sign(secret, MESSAGE, &sent, BODY);
        assert!(check(&both, MESSAGE, &sent, &signature, BODY, SENT).is_ok());
    }
    // And a sender may sign with both.
    let two = format!("{} {SIGNED}", sign(&new, MESSAGE, &sent, BODY));
    assert!(check(SECRET, MESSAGE, &sent, &two, BODY, SENT).is_ok());
    assert!(check(&new, MESSAGE, &sent, SIGNED, BODY, SENT).is_err());
}

#[test]
fn signatures_that_are_none_are_refused() {
    let sent = SENT.to_string();
    let encoded = &SIGNED[3..];
    for signature in [
        String::new(),
        " ".to_owned(),
        "v1".to_owned(),
        "v1,".to_owned(),
        encoded.to_owned(),
        format!("v2,{encoded}"),
        format!("v1a,{encoded}"),
        format!("V1,{encoded}"),
        format!("v1, {encoded}"),
        format!("v1,{}", &encoded[..40]),
        format!("v1,{}", encoded.trim_end_matches('=')),
        format!("v1,{}*", &encoded[..43]),
        format!("v1,{encoded}{encoded}"),
        "v1,AAAA".to_owned(),
    ] {
        let found = check(SECRET, MESSAGE, &sent, &signature, BODY, SENT);
        assert_eq!(found, Err(Rejection::Signature), "{signature:?}");
    }
    // The seventeenth is not looked at.
    let wrong = "v1,AAAA ".repeat(15);
    assert!(check(SECRET, MESSAGE, &sent, &format!("{wrong}{SIGNED}"), BODY, SENT).is_ok());
    assert!(check(SECRET, MESSAGE, &sent, &format!("{wrong}v1,AAAA {SIGNED}"), BODY, SENT).is_err());
    let long = "v1,AAAA ".repeat(1_000);
    assert_eq!(check(SECRET, MESSAGE, &sent, &long, BODY, SENT), Err(Rejection::Malformed(SIGNATURE)));
}

#[test]
fn ids_are_short_words() {
    let sent = SENT.to_string();
    let longest = "x".repeat(256);
    assert!(check(SECRET, &longest, &sent, &sign(SECRET, &longest, &sent, BODY), BODY, SENT).is_ok());
    for id in ["", "a b", "a.b", "a\n", "ä", &"x".repeat(257)] {
        let found = check(SECRET, id, &sent, &sign(SECRET, id, &sent, BODY), BODY, SENT);
        assert_eq!(found, Err(Rejection::Malformed(ID)), "{id}");
    }
}

#[test]
fn every_header_is_needed() {
    let sent = SENT.to_string();
    let all =
        Headers { id: Some(MESSAGE.as_bytes()), timestamp: Some(sent.as_bytes()), signature: Some(SIGNED.as_bytes()) };
    for (headers, name) in [
        (Headers { id: None, ..all }, ID),
        (Headers { timestamp: None, ..all }, TIMESTAMP),
        (Headers { signature: None, ..all }, SIGNATURE),
    ] {
        let found = verify(&keys(SECRET), headers, BODY, Timestamp(SENT * 1_000));
        assert_eq!(found, Err(Rejection::Missing(name)));
    }
}

#[test]
fn secrets_are_24_to_64_bytes_in_base64_and_never_shown() {
    let of = |length: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![1; length]));
    for length in [24, 64] {
        assert!(Keys::parse(&of(length)).is_ok());
    }
    for length in [0, 23, 65] {
        assert_eq!(Keys::parse(&of(length)).err(), Some(KeyError::Length(length)));
    }
    assert_eq!(Keys::parse(" \n").err(), Some(KeyError::Empty));
    assert_eq!(Keys::parse("hunter2").err(), Some(KeyError::Prefix));
    assert_eq!(Keys::parse("whsec_!").err(), Some(KeyError::Base64));
    assert_eq!(Keys::parse(&format!("{SECRET} x")).err(), Some(KeyError::Prefix));
    assert_eq!(format!("{:?}", keys(SECRET)), "Keys(1 hidden)");
}

#[test]
fn a_request_is_an_event_by_its_id() {
    let event = event(MESSAGE, BODY.into(), "application/json".to_owned());
    assert_eq!(event.key, MESSAGE);
    assert_eq!(event.payload, Payload::Body { bytes: BODY.into(), media_type: "application/json".to_owned() });
}
