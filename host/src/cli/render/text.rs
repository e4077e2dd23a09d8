//! Text that comes from others, made safe to print.

use std::{borrow::Cow, fmt::Write};

/// Text from a step, a module or a file, made safe for a terminal: what would move the cursor, change colours, reorder
/// or hide text is shown as `\u{..}` instead. The result is one line.
#[must_use]
pub fn safe_text(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_unsafe) else { return Cow::Borrowed(text) };
    let mut safe = String::with_capacity(text.len() + 16);
    safe.push_str(&text[..first]);
    for c in text[first..].chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("    "),
            c if is_unsafe(c) => {
                // Writing to a `String` cannot fail.
                let _ = write!(safe, "\\u{{{:x}}}", c as u32);
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// A text as one word of a shell's command, in quotes where it needs them.
#[must_use]
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

/// JSON on one line, made safe by JSON's own escapes: it means the same.
#[must_use]
pub fn safe_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unsafe(c) {
            // Writing to a `String` cannot fail. Outside of texts, JSON has no such characters.
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(safe, "\\u{unit:04x}");
            });
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Control characters (C0, DEL, C1), those that direct or reorder text, and those that show nothing at all.
/// The joiners U+200C and U+200D stay: scripts and emoji need them.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The first line of a description, made safe and cut to `width` columns.
#[must_use]
pub fn first_line(text: &str, width: usize) -> String {
    cut(&safe_text(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()), width)
}

/// Text cut to `width` columns, with an ellipsis where something is missing.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if console::measure_text_width(text) <= width {
        return text.to_owned();
    }
    let mut end = 0;
    for (index, c) in text.char_indices() {
        let next = index + c.len_utf8();
        if console::measure_text_width(&text[..next]) + 1 > width {
            break;
        }
        end = next;
    }
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_is_borrowed() {
        for text in ["", "23 °C – größer", "日本語", "👩‍🔬"] {
            assert!(matches!(safe_text(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn what_steers_a_terminal_is_shown() {
        for (hostile, shown) in [
            ("\x1b]0;owned\x07", "\\u{1b}]0;owned\\u{7}"),
            ("a\r\nb\tc", "a\\r\\nb    c"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("exe.\u{202e}txt.\u{2066}x", "exe.\\u{202e}txt.\\u{2066}x"),
            ("a\u{200b}b\u{feff}\u{e0041}", "a\\u{200b}b\\u{feff}\\u{e0041}"),
        ] {
            assert_eq!(safe_text(hostile), shown);
        }
    }

    #[test]
    fn text_is_cut_by_columns_not_bytes() {
        assert_eq!(cut("größer", 6), "größer");
        assert_eq!(cut("größer", 5), "größ…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(first_line("\n  \nKeeps\x07 days.\nMore.", 80), "Keeps\\u{7} days.");
    }
}
