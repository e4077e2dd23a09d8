//! Takes the values of secrets out of what a step says. It guards against accidents: who holds a secret and wants to
//! tell it can always write it in another way.

use std::{borrow::Cow, mem};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use zeroize::Zeroizing;

use crate::{failure::StepFailure, ids::Name};

/// Shorter values would take half of every text along.
const SHORTEST: usize = 4;
/// The shortest line of a secret with several of them, such as a key, that is taken out alone.
const SHORTEST_LINE: usize = 12;

/// Replaces the values of secrets, in the ways that they are commonly written.
#[derive(Default)]
pub(super) struct Redactor(Vec<(Zeroizing<String>, String)>);

impl Redactor {
    pub(super) fn new<'s>(secrets: impl Iterator<Item = (&'s Name, &'s str)>) -> Self {
        let mut found: Vec<(Zeroizing<String>, String)> = Vec::new();
        for (name, value) in secrets {
            let instead = format!("[secret {name}]");
            let forms = forms(value).into_iter().filter(|form| form.len() >= SHORTEST);
            found.extend(forms.map(|form| (Zeroizing::new(form), instead.clone())));
        }
        // What holds another one goes first.
        found.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
        found.dedup_by(|a, b| a.0 == b.0);
        Self(found)
    }

    /// The text without the secrets.
    pub(super) fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for (form, instead) in &self.0 {
            if text.contains(form.as_str()) {
                text = Cow::Owned(text.replace(form.as_str(), instead));
            }
        }
        text
    }

    /// The failure without the secrets.
    pub(super) fn apply_to_failure(&self, failure: &mut StepFailure) {
        for text in std::iter::once(&mut failure.message).chain(&mut failure.causes) {
            if let Cow::Owned(redacted) = self.apply(text) {
                *text = redacted;
            }
        }
        // What stands for a secret may be longer.
        let (message, causes) = (mem::take(&mut failure.message), mem::take(&mut failure.causes));
        *failure = StepFailure::bounded(failure.kind, message, causes);
    }
}

fn forms(value: &str) -> Vec<String> {
    let value = value.trim_end_matches(['\r', '\n']);
    let bytes = value.as_bytes();
    let mut forms = vec![value.to_owned(), hex::encode(bytes), hex::encode_upper(bytes)];
    forms.extend([STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|engine| engine.encode(bytes)));
    forms.extend(url::form_urlencoded::byte_serialize(bytes).map(str::to_owned).reduce(|all, part| all + &part));
    forms.push(value.escape_debug().to_string());
    forms.extend(value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE).map(str::to_owned));
    // Short values are left alone in all forms.
    if value.len() < SHORTEST { Vec::new() } else { forms }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureKind;

    fn redactor(secrets: &[(&str, &str)]) -> Redactor {
        let secrets: Vec<_> = secrets.iter().map(|(name, value)| (Name::new(name).unwrap(), *value)).collect();
        Redactor::new(secrets.iter().map(|(name, value)| (name, *value)))
    }

    #[test]
    fn secrets_are_taken_out_in_every_common_form() {
        let redactor =
            redactor(&[("token", "s3cret/+ü\n"), ("key", "-----BEGIN KEY-----\nAAAABBBBCCCC\n"), ("pin", "123")]);
        for (said, told) in [
            ("the token is s3cret/+ü!", "the token is [secret token]!"),
            ("s3cret/+üs3cret/+ü", "[secret token][secret token]"),
            ("czNjcmV0LyvDvA==", "[secret token]"),
            ("czNjcmV0LyvDvA", "[secret token]"),
            ("7333637265742f2bc3bc", "[secret token]"),
            ("?t=s3cret%2F%2B%C3%BC&a", "?t=[secret token]&a"),
            ("line AAAABBBBCCCC of it", "line [secret key] of it"),
            ("123 is too short", "123 is too short"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(redactor.apply(said), told);
        }
    }

    #[test]
    fn a_failure_is_told_without_secrets() {
        let mut failure = StepFailure::new(FailureKind::Failed, "no s3cret").because("because of s3cret");
        redactor(&[("token", "s3cret")]).apply_to_failure(&mut failure);
        assert_eq!(
            (failure.message.as_str(), failure.causes[0].as_str()),
            ("no [secret token]", "because of [secret token]")
        );
    }

    #[test]
    fn the_longer_secret_goes_first() {
        assert_eq!(redactor(&[("a", "abcd"), ("b", "abcdef")]).apply("abcdef abcd"), "[secret b] [secret a]");
    }
}
