//! Standard output: text or one JSON document, and a reader that may go away.

use std::io::Write;

use super::exit::CliError;
use crate::dto::{Document, Versioned};

/// Prints text.
///
/// # Errors
/// If standard output cannot be written.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| CliError::stdout(&error))
}

/// Says something beside the results, on standard error. One that has gone is no reason to stop.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints a document, indented.
///
/// # Errors
/// If standard output cannot be written.
pub fn print_json<T: Versioned>(body: &T) -> Result<(), CliError> {
    let mut text = serde_json::to_string_pretty(&Document::of(body)).map_err(CliError::host)?;
    text.push('\n');
    print(&text)
}
