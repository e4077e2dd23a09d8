//! Shows differences, and writes expectations.

use std::fmt::Write;

use serde_json::{Map, Value as Json};

/// What was expected and what is the case, for each place where they differ.
pub(super) fn difference(expected: &Json, seen: &Json) -> String {
    let mut text = String::new();
    differ(&mut text, "", expected, seen);
    text
}

fn differ(text: &mut String, place: &str, expected: &Json, seen: &Json) {
    let within = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    match (expected, seen) {
        (Json::Object(expected), Json::Object(seen)) => {
            let keys: std::collections::BTreeSet<_> = expected.keys().chain(seen.keys()).collect();
            for key in keys {
                let side = |of: &Map<String, Json>| of.get(key).cloned().unwrap_or(Json::Null);
                differ(text, &within(key), &side(expected), &side(seen));
            }
        }
        (Json::Array(expected), Json::Array(seen)) if place.ends_with("then") => {
            for (index, (expected, seen)) in expected.iter().zip(seen).enumerate() {
                differ(text, &within(&(index + 1).to_string()), expected, seen);
            }
        }
        _ if expected == seen => {}
        _ => _ = write!(text, "  {place}\n    expected {}\n    found    {}\n", inline(expected), inline(seen)),
    }
}

/// An expectation as TOML.
pub(super) fn expectation(seen: &Json) -> String {
    let seen = seen.as_object().expect("a table");
    let mut text = act(seen, "");
    for later in seen.get("then").and_then(Json::as_array).into_iter().flatten() {
        let _ = write!(text, "\n[[then]]\n{}", act(later.as_object().expect("a table"), "then."));
    }
    text
}

fn act(seen: &Map<String, Json>, prefix: &str) -> String {
    let lines = |of: &Map<String, Json>| of.iter().map(|(key, value)| format!("{key} = {}\n", inline(value))).collect();
    let keys = seen.iter().filter(|(key, _)| !["then", "steps"].contains(&key.as_str()));
    let mut text: String = lines(&keys.map(|(key, value)| (key.clone(), value.clone())).collect());
    if let Some(Json::Object(steps)) = seen.get("steps") {
        let steps: String = lines(steps);
        let _ = write!(text, "\n[{prefix}steps]\n{steps}");
    }
    text
}

fn inline(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Json::Object(keys) => {
            // JSON's strings are TOML's.
            let key = |(key, value): (&String, &Json)| {
                let bare = key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
                let key = if bare { key.clone() } else { Json::from(key.clone()).to_string() };
                format!("{key} = {}", inline(value))
            };
            format!("{{ {} }}", keys.iter().map(key).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
