//! From text to tables, with all syntax errors at once and without a stack that grows with the text.

use std::ops::Range;

use ::toml::de::{DeTable, DeValue, Error};

use crate::definition::{problem::Problem, report::Report};

/// The largest text in which more than the first syntax error is looked for: errors can be as many as bytes.
const MAX_RECOVERED: usize = 1 << 20;

/// Reads a text as TOML; syntax errors go to the report, what could be read in spite of them is returned.
pub(super) fn read<'i>(text: &'i str, report: &mut Report) -> DeTable<'i> {
    let first = match DeTable::parse(text) {
        Ok(document) => return document.into_inner(),
        Err(first) => first,
    };
    if text.len() > MAX_RECOVERED {
        report.push_syntax(vec![problem(text, &first)]);
        return DeTable::new();
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    report.push_syntax(errors.iter().map(|error| problem(text, error)).collect());
    document.into_inner()
}

/// Drops a document without recursion: tables can be nested thousands deep in a few lines of dotted keys.
pub(super) fn dismantle(document: DeTable<'_>) {
    let mut left = vec![DeValue::Table(document)];
    while let Some(value) = left.pop() {
        match value {
            DeValue::Table(table) => left.extend(table.into_iter().map(|(_, value)| value.into_inner())),
            DeValue::Array(items) => left.extend(items.into_iter().map(|value| value.into_inner())),
            _ => {}
        }
    }
}

fn problem(text: &str, error: &Error) -> Problem {
    let span = visible(text, error.span().unwrap_or_default());
    if error.message() == "duplicate key" {
        let key = text.get(span.clone()).unwrap_or_default();
        return Problem::error("stepmill::definition::duplicate", format!("`{key}` is defined twice"), span)
            .says("here again")
            .help("rename or remove one of them");
    }
    Problem::error("stepmill::definition::syntax", format!("this is not TOML: {}", error.message()), span)
}

/// A span that can be seen: at least one character, where there is one.
fn visible(text: &str, span: Range<usize>) -> Range<usize> {
    let start = floor(text, span.start);
    let end = floor(text, span.end);
    if start < end {
        return start..end;
    }
    let next = text[start..].chars().next().filter(|c| *c != '\n' && *c != '\r');
    match next {
        Some(next) => start..start + next.len_utf8(),
        None => start - text[..start].chars().next_back().map_or(0, char::len_utf8)..start,
    }
}

fn floor(text: &str, position: usize) -> usize {
    text.floor_char_boundary(position)
}
