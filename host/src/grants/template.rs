//! Text with places for secrets, as in `Bearer {token}`.

use std::{
    fmt::{self, Display},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use crate::ids::{Name, NameError};

/// Text with places for secrets: `{name}` is the value of one, `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretTemplate(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Piece {
    Text(String),
    Secret(Name),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace without its other half.
    #[error("it has a `{0}` alone: write `{{name}}` for a secret, and `{0}{0}` for a brace")]
    Brace(char),
    /// What is between braces names no secret.
    #[error("between its braces is no name of a secret: {0}")]
    Name(#[from] NameError),
    /// Bytes that no header may have.
    #[error("it has characters that a header cannot have: visible ASCII and spaces are left")]
    Characters,
}

impl SecretTemplate {
    /// The secrets in it, as often as they occur.
    pub fn secrets(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Secret(name) => Some(name),
            Piece::Text(_) => None,
        })
    }

    /// The text, with what `value` knows in the places.
    ///
    /// # Errors
    /// The first secret without a value.
    pub fn fill<'v>(&self, value: impl Fn(&Name) -> Option<&'v str>) -> Result<String, Name> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Secret(name) => text.push_str(value(name).ok_or_else(|| name.clone())?),
            }
        }
        Ok(text)
    }
}

impl FromStr for SecretTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        if !text.chars().all(|char| char == ' ' || char.is_ascii_graphic()) {
            return Err(TemplateError::Characters);
        }
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = if rest[at..].starts_with('{') { '{' } else { '}' };
            let behind = &rest[at + 1..];
            if let Some(escaped) = behind.strip_prefix(brace) {
                plain.push(brace);
                rest = escaped;
                continue;
            }
            let (name, behind) = behind.split_once('}').filter(|_| brace == '{').ok_or(TemplateError::Brace(brace))?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Secret(Name::new(name)?));
            rest = behind;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }
}

impl Display for SecretTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}")),
            Piece::Secret(name) => write!(f, "{{{name}}}"),
        })
    }
}

impl TryFrom<String> for SecretTemplate {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        text.parse()
    }
}

impl From<SecretTemplate> for String {
    fn from(template: SecretTemplate) -> Self {
        template.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled() {
        for (text, filled) in [
            ("", Ok("")),
            ("plain", Ok("plain")),
            ("Bearer {token}", Ok("Bearer s3")),
            ("{token}{token}", Ok("s3s3")),
            ("{{{token}}}", Ok("{s3}")),
            ("}}{{", Ok("}{")),
            ("{other}", Err("other")),
        ] {
            let template: SecretTemplate = text.parse().unwrap();
            let value = |name: &Name| (name.as_str() == "token").then_some("s3");
            assert_eq!(template.fill(value).as_deref().map_err(Name::as_str), filled, "{text}");
            assert_eq!(template.to_string(), text);
        }
        for wrong in ["{", "}", "{token", "token}", "{}", "{To ken}", "a\r\nb: c", "ü"] {
            assert!(wrong.parse::<SecretTemplate>().is_err(), "{wrong}");
        }
    }
}
