//! Values, cut to what a person wants to see of them.

use serde_json::Value as Json;

use super::text::{cut, safe_text};

/// A value as JSON, at most `lines` lines of `width` columns; what fits a line is not spread over several. Control characters in texts are escaped by
/// JSON already; what else could steer a terminal is made visible.
#[must_use]
pub fn render(value: &Json, lines: usize, width: usize) -> String {
    let pretty = match value {
        Json::String(text) if !text.contains('\n') => safe_text(text).into_owned(),
        value => {
            let mut text = String::new();
            spread(&mut text, value, 0, width);
            text
        }
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

/// Writes a value on the rest of the line if it fits, else item by item.
fn spread(text: &mut String, value: &Json, indent: usize, width: usize) {
    let compact = value.to_string();
    let room = width.saturating_sub(indent);
    let items: Vec<(String, &Json)> = match value {
        Json::Array(items) if compact.len() > room => items.iter().map(|item| (String::new(), item)).collect(),
        Json::Object(fields) if compact.len() > room => {
            fields.iter().map(|(key, field)| (format!("{}: ", Json::from(key.as_str())), field)).collect()
        }
        _ => return text.push_str(&compact),
    };
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    text.push(open);
    for (index, (key, item)) in items.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.extend(std::iter::repeat_n(' ', indent + 2));
        text.push_str(key);
        // Values are small and at most as deep as MessagePack from a guest may be.
        spread(text, item, indent + 2, width.saturating_sub(key.len()));
    }
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', indent));
    text.push(close);
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
            render(&json!({"a": [1, 2], "b": "\u{1b}\u{202e}"}), 9, 80),
            "{\"a\":[1,2],\"b\":\"\\u001b\\u{202e}\"}\n"
        );
        assert_eq!(render(&json!({"a": [1, 2], "b": "long"}), 9, 16), "{\n  \"a\": [1,2],\n  \"b\": \"long\"\n}\n");
        assert_eq!(render(&json!([10, 20, 30]), 2, 8), "[\n  10,\n… and 3 more lines\n");
    }
}
