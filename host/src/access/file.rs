//! A policy as a file: `[[allow]]` tables, with every mistake's place.

use std::{
    fs::File,
    io::{self, Read as _},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use ::toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Allowed, Policy, Rule};
use crate::{
    definition::{
        Source,
        problem::{Problem, Problems},
        toml::dismantle,
    },
    grants::{Grant, Grants},
    ids::{ModuleDigest, Name},
};

/// The largest policy file.
const MAX_FILE: u64 = 1 << 20;
/// The most problems that are told.
const MAX_PROBLEMS: usize = 64;
/// The word for whatever a pipeline asks for.
const ALL: &str = "all";
const KEYS: &str = "known keys are `grants`, `pipeline`, `step` and `module`";

/// Why a file did not become a policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It cannot be read.
    #[error("cannot read the policy `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is text, but not a policy.
    #[error(transparent)]
    Problems(#[from] Problems),
}

/// Reads a policy from a file.
///
/// # Errors
/// If the file cannot be read or is not a policy; then with all problems at once.
pub fn load(path: &Path) -> Result<Policy, PolicyError> {
    let failed = |source| PolicyError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(failed(io::Error::other(format!("it is larger than {MAX_FILE} bytes"))));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed(io::Error::other("it is not UTF-8 text")))?;
    Ok(parse(path, &text)?)
}

/// Reads a policy from text; `path` names it in messages.
///
/// # Errors
/// All problems of the text at once.
pub fn parse(path: &Path, text: &str) -> Result<Policy, Problems> {
    let mut problems = Vec::new();
    let policy = read(text, &mut problems);
    if problems.is_empty() {
        return Ok(policy);
    }
    problems.sort_by_key(|problem| problem.labels.first().map_or(0, |(span, _)| span.start));
    problems.truncate(MAX_PROBLEMS);
    Err(Problems::new(&Source { path: path.to_owned(), text: Arc::from(text) }, problems))
}

fn read(text: &str, problems: &mut Vec<Problem>) -> Policy {
    let mut policy = Policy::default();
    let document = match DeTable::parse(text) {
        Ok(document) => document.into_inner(),
        Err(error) => {
            let span = error.span().unwrap_or_default();
            problems.push(Problem::error("stepmill::access::syntax", error.message(), span));
            return policy;
        }
    };
    for (key, value) in &document {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("allow", DeValue::Array(rules)) => {
                for rule in rules.iter() {
                    policy = policy.rule(read_rule(rule, problems));
                }
            }
            ("private", _) => {
                for address in items(value) {
                    match self::text(address).and_then(|text| text.parse().ok()) {
                        Some(address) => policy = policy.allow_private(address),
                        None => {
                            let help = "write single addresses, as in `private = [\"10.0.0.5\", \"::1\"]`";
                            problems.push(wrong("it is not an address", address.span(), help));
                        }
                    }
                }
            }
            ("allow", _) => problems.push(wrong("`allow` is not a list of rules", value.span(), "write `[[allow]]`")),
            (other, _) => {
                let message = format!("a policy has no key `{}`", short(other));
                problems.push(unknown(
                    &message,
                    key.span(),
                    "known keys are `private` and `[[allow]]`, with `grants = [\"clock\"]` under it",
                ));
            }
        }
    }
    dismantle(document);
    policy
}

fn read_rule(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Rule {
    let mut rule = Rule::default();
    let DeValue::Table(table) = value.get_ref() else {
        problems.push(wrong("a rule of `allow` is not a table", value.span(), "write `[[allow]]`"));
        return rule;
    };
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "grants" => rule.grants = grants(value, problems),
            "pipeline" => rule.pipeline = name("pipeline", value, problems),
            "step" => rule.step = name("step", value, problems),
            "module" => rule.module = module(value, problems),
            other => problems.push(unknown(&format!("a rule has no key `{}`", short(other)), key.span(), KEYS)),
        }
    }
    if !table.contains_key("grants") {
        let message = "the rule allows nothing";
        problems.push(
            Problem::error("stepmill::access::missing_key", message, value.span())
                .help("add `grants = [\"clock\"]`, or `grants = \"all\"`"),
        );
    }
    rule
}

fn grants(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Allowed {
    let (mut grants, mut all) = (Grants::default(), false);
    for item in items(value) {
        match text(item).map(|word| (word, word.parse::<Grant>())) {
            Some((ALL, _)) => all = true,
            Some((_, Ok(grant))) => grants.add(grant),
            Some((_, Err(error))) => {
                problems.push(unknown(&error.to_string(), item.span(), "`all` stands for whatever is asked for"));
            }
            None => {
                let help = "write `grants = [\"clock\", \"net=https://example.com\"]`";
                problems.push(wrong("a grant is a text", item.span(), help));
            }
        }
    }
    if all { Allowed::All } else { Allowed::These(grants) }
}

/// The items of a list, or the one thing that is there instead.
fn items<'v, 'i>(value: &'v Spanned<DeValue<'i>>) -> &'v [Spanned<DeValue<'i>>] {
    match value.get_ref() {
        DeValue::Array(items) => items.as_ref(),
        _ => std::slice::from_ref(value),
    }
}

fn name(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Option<Name> {
    let help = format!("write `{key} = \"name\"`");
    let Some(text) = text(value) else {
        problems.push(wrong(&format!("`{key}` is not a text"), value.span(), &help));
        return None;
    };
    let read = Name::new(text);
    read.map_err(|error| problems.push(wrong(&error.to_string(), value.span(), &help))).ok()
}

fn module(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Option<ModuleDigest> {
    let digest = text(value).and_then(|text| text.parse().ok());
    if digest.is_none() {
        let help = "`stepmill inspect FILE` prints a module's digest";
        problems.push(wrong("`module` is not a digest as in `sha256:…`", value.span(), help));
    }
    digest
}

fn text<'v>(value: &'v Spanned<DeValue<'_>>) -> Option<&'v str> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.as_ref()),
        _ => None,
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn wrong(message: &str, span: Range<usize>, help: &str) -> Problem {
    Problem::error("stepmill::access::wrong_value", message, span).help(help)
}

fn unknown(message: &str, span: Range<usize>, help: &str) -> Problem {
    Problem::error("stepmill::access::unknown", message, span).help(help)
}
