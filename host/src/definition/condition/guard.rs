//! What a text must keep to before the parser sees it, so that no text makes the parser recurse deeper than its stack.
//!
//! Characters are counted wherever they stand, in strings as well: a scan that tried to skip strings could be led to
//! see a string where the parser sees none.

use super::ConditionError;

/// The longest condition, in bytes.
const MAX_TEXT: usize = 4 << 10;
/// The most brackets of all kinds that a condition opens.
const MAX_BRACKETS: usize = 64;
/// The most `?`, `!` and `-` of each.
const MAX_NESTING_OPERATORS: usize = 32;
/// The most `.`, `+`, `&` and other signs together: long chains nest as well.
const MAX_SIGNS: usize = 256;

const SPLIT: &str = "split the condition: a step can compute a part of it, and branches can follow one another";

/// Checks the limits that hold before parsing.
pub(super) fn check(text: &str) -> Result<(), ConditionError> {
    if text.len() > MAX_TEXT {
        let message = format!("a condition has at most {MAX_TEXT} bytes, this one has {}", text.len());
        return Err(ConditionError::new(message).help(SPLIT));
    }
    if text.trim().is_empty() {
        return Err(ConditionError::new("a condition is missing")
            .help("write an expression that is true or false, such as `parse.rows > 0`"));
    }
    let (mut brackets, mut questions, mut nots, mut minuses, mut signs) = (0, 0, 0, 0, 0);
    for (at, c) in text.char_indices() {
        let (count, most, what) = match c {
            '(' | '[' | '{' => (&mut brackets, MAX_BRACKETS, "opening brackets"),
            '?' => (&mut questions, MAX_NESTING_OPERATORS, "`?`"),
            '!' => (&mut nots, MAX_NESTING_OPERATORS, "`!`"),
            '-' => (&mut minuses, MAX_NESTING_OPERATORS, "`-`"),
            '.' | '+' | '*' | '/' | '%' | '&' | '|' | '<' | '>' | '=' => (&mut signs, MAX_SIGNS, "signs"),
            _ => continue,
        };
        *count += 1;
        if *count > most {
            let message = format!("a condition has at most {most} {what}, also inside strings");
            return Err(ConditionError::new(message).at(Some(at..at + c.len_utf8())).help(SPLIT));
        }
    }
    Ok(())
}
