//! Text from guests, made safe to show: cut to a length, and nothing in it that a terminal or a page would obey.

use std::borrow::Cow;

use crate::{failure, limits::MAX_MESSAGE};

/// The text without characters that do something instead of showing something: controls (but not tabs) and
/// bidirectional overrides become visible escapes such as `\u{1b}`.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_active) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_active(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// The same for text of several lines: line ends stay.
pub(super) fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

fn is_active(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The longest beginning of the text that fits into so many bytes.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// A message from a guest: made visible and cut. What is made visible takes up to ten times as much, or a little less, so
/// that more than a message is looked at.
pub(super) fn message(text: &str) -> String {
    failure::cut(visible_lines(cut(text, 4 * MAX_MESSAGE)), MAX_MESSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_becomes_visible() {
        assert_eq!(visible("plain ü\t"), "plain ü\t");
        assert_eq!(visible("\u{1b}[31m\u{202e}x\0"), "\\u{1b}[31m\\u{202e}x\\u{0}");
        assert_eq!(visible_lines("a\r\nb\n"), "a\nb");
    }

    #[test]
    fn cutting_respects_characters() {
        assert_eq!(cut("aü", 2), "a");
        assert_eq!(cut("aü", 3), "aü");
        assert_eq!(cut("aü", 300), "aü");
    }

    #[test]
    fn messages_stay_within_their_limit_when_they_are_made_visible() {
        assert_eq!(message("plain"), "plain");
        for bad in ["\0", "\u{202e}", "\n\u{1b}"] {
            let shown = message(&bad.repeat(MAX_MESSAGE));
            assert!(shown.len() <= MAX_MESSAGE && shown.len() > MAX_MESSAGE - 16, "{}", shown.len());
        }
    }
}
