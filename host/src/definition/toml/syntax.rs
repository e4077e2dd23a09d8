//! From text to tables, with all syntax errors at once and without a stack that grows with the text.

use std::ops::Range;

use ::toml::de::{DeTable, DeValue, Error};

use crate::definition::{problem::Problem, report::Report, suggest::shorten};

/// The largest text in which more than the first syntax error is looked for: errors can be as many as bytes.
const MAX_RECOVERED: usize = 256 << 10;

/// For how many duplicates their first place is looked for: each time all text before is read again.
const MAX_FIRST_PLACES: usize = 16;

const DUPLICATE_KEY: &str = "duplicate key";

/// Reads a text as TOML; syntax errors go to the report, what could be read in spite of them is returned.
pub(super) fn read<'i>(text: &'i str, report: &mut Report) -> DeTable<'i> {
    let first = match DeTable::parse(text) {
        Ok(document) => return document.into_inner(),
        Err(first) => first,
    };
    if text.len() > MAX_RECOVERED {
        push(text, &[first], report);
        return DeTable::new();
    }
    let (document, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().unwrap_or_default().start);
    push(text, &errors, report);
    document.into_inner()
}

/// Drops a document without recursion: tables can be nested thousands deep in a few lines of dotted keys.
pub(crate) fn dismantle(document: DeTable<'_>) {
    let mut left = vec![DeValue::Table(document)];
    while let Some(value) = left.pop() {
        match value {
            DeValue::Table(table) => left.extend(table.into_iter().map(|(_, value)| value.into_inner())),
            DeValue::Array(items) => left.extend(items.into_iter().map(|value| value.into_inner())),
            _ => {}
        }
    }
}

/// Reports syntax errors, but not those that only follow from others.
fn push(text: &str, errors: &[Error], report: &mut Report) {
    let mut last_line = None;
    let mut duplicate_header = None;
    let mut first_places = 0..MAX_FIRST_PLACES;
    for error in errors {
        let span = visible(text, error.span().unwrap_or_default());
        let line = line_start(text, span.start);
        if last_line == Some(line) {
            continue;
        }
        if error.message() == DUPLICATE_KEY {
            let header = header_before(text, line_end(text, line));
            if header.is_some() && duplicate_header == header {
                continue;
            }
            if header == Some(line) {
                duplicate_header = header;
            }
            let first = first_places.next().and_then(|_| first_place(text, &span));
            report.push_syntax(duplicate(text, span, first));
        } else {
            report.push_syntax(explain(text, error.message(), span.clone()));
            if is_structural(error.message()) {
                report.distrust(span.start);
                break;
            }
        }
        last_line = Some(line);
    }
}

/// Whether the parser cannot know where the thing with the error ends, so that it takes what follows for something else.
fn is_structural(message: &str) -> bool {
    ["array", "table", "multi-line", "key-value pairs"].iter().any(|word| message.contains(word))
}

fn duplicate(text: &str, span: Range<usize>, first: Option<Range<usize>>) -> Problem {
    let key = shorten(text.get(span.clone()).unwrap_or_default());
    let problem = Problem::error("stepmill::definition::duplicate", format!("`{key}` is defined twice"), span)
        .says("here again")
        .help("rename or remove one of them");
    match first {
        Some(first) => problem.also(first, "first here"),
        None => problem,
    }
}

fn explain(text: &str, message: &str, span: Range<usize>) -> Problem {
    let error = |message: String| Problem::error("stepmill::definition::syntax", message, span.clone());
    if is_structural(message) {
        let help = "correct it; if nothing is wrong here, a bracket, a brace or a quote before it is not closed";
        return error(format!("this is not TOML: {message}")).help(help);
    }
    if !message.starts_with("string values must be quoted") {
        return error(format!("this is not TOML: {message}")).help("correct it; other problems may show only then");
    }
    let bare = text.get(span.clone()).unwrap_or_default().trim();
    if bare.is_empty() {
        error("this is not TOML: a value is missing".to_owned()).help("write a value behind the `=`")
    } else {
        error("this is not TOML: text must be in quotes".to_owned()).help(format!("write `\"{}\"`", shorten(bare)))
    }
}

/// Where the key was first defined that is defined again at `again`.
fn first_place(text: &str, again: &Range<usize>) -> Option<Range<usize>> {
    let line = line_start(text, again.start);
    let place = again.start - line..again.end - line;
    let mut path = if text[line..].starts_with('[') {
        Vec::new()
    } else {
        header_before(text, line).map_or_else(Vec::new, |header| keys_of_line(text, header, None))
    };
    path.extend(keys_of_line(text, line, Some(&place)));
    let before = DeTable::parse_recoverable(&text[..line]).0.into_inner();
    let found = find(&before, &path);
    dismantle(before);
    found.filter(|found| !found.is_empty())
}

fn find(table: &DeTable<'_>, path: &[String]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let (key, value) = table.get_key_value(first.as_str())?;
    if rest.is_empty() { Some(key.span()) } else { find(value.get_ref().as_table()?, rest) }
}

/// The keys of a header or of an assignment, read on its own; up to the one at `last`, if that is given.
fn keys_of_line(text: &str, start: usize, last: Option<&Range<usize>>) -> Vec<String> {
    let document = DeTable::parse_recoverable(&text[start..line_end(text, start)]).0.into_inner();
    let mut keys = Vec::new();
    let mut table = Some(&document);
    while let Some((key, value)) = table.filter(|table| table.len() == 1).and_then(|table| table.iter().next()) {
        keys.push(key.get_ref().to_string());
        if last == Some(&key.span()) {
            break;
        }
        table = value.get_ref().as_table();
    }
    dismantle(document);
    keys
}

/// Where the last line before `position` begins that is the header of a table.
fn header_before(text: &str, position: usize) -> Option<usize> {
    let before = &text[..position];
    before.rfind("\n[").map(|found| found + 1).or_else(|| before.starts_with('[').then_some(0))
}

fn line_start(text: &str, position: usize) -> usize {
    text[..position].rfind('\n').map_or(0, |end| end + 1)
}

fn line_end(text: &str, position: usize) -> usize {
    text[position..].find('\n').map_or(text.len(), |length| position + length)
}

/// A span that can be seen: at least one character, where there is one.
fn visible(text: &str, span: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    let end = text.floor_char_boundary(span.end);
    if start < end {
        return start..end;
    }
    match text[start..].chars().next().filter(|c| !matches!(c, '\n' | '\r')) {
        Some(next) => start..start + next.len_utf8(),
        None => start - text[..start].chars().next_back().map_or(0, char::len_utf8)..start,
    }
}
