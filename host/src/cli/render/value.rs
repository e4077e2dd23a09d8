//! Values, cut to what a person wants to see of them.

use serde_json::Value as Json;

use super::text::{cut, safe_text};

/// A value as indented JSON, at most `lines` lines of `width` columns. Control characters in texts are escaped by
/// JSON already; what else could steer a terminal is made visible.
#[must_use]
pub fn render(value: &Json, lines: usize, width: usize) -> String {
    let pretty = match value {
        Json::String(text) if !text.contains('\n') => safe_text(text).into_owned(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    };
    let mut text = String::new();
    for line in pretty.lines().take(lines) {
        text.push_str(&cut(&safe_text(line), width));
        text.push('\n');
    }
    let rest = pretty.lines().count().saturating_sub(lines);
    if rest > 0 {
        text.push_str(&format!("… and {rest} more lines\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_short_and_safe() {
        assert_eq!(render(&json!("Hello, Ada!"), 10, 80), "Hello, Ada!\n");
        assert_eq!(render(&json!(3.5), 10, 80), "3.5\n");
        assert_eq!(
            render(&json!({"a": [1, 2], "b": "\u{1b}\u{202e}"}), 10, 80),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": \"\\u001b\\u{202e}\"\n}\n"
        );
        assert_eq!(render(&json!([1, 2, 3]), 2, 80), "[\n  1,\n… and 3 more lines\n");
    }
}
