//! Standard output: text or one JSON document, and a reader that may go away.

use std::io::{self, Write};

use rustix::fs::{Stat, fstat, stat};

use super::exit::CliError;
use crate::dto::{Document, Versioned};

/// Prints text. A reader that has gone, as in `stepmill runs list | head`, is no failure of the command, and no success
/// either: the exit code says how the command ended.
///
/// # Errors
/// If standard output cannot be written.
pub fn print(text: &str) -> Result<(), CliError> {
    print_bytes(text.as_bytes()).map(drop)
}

/// Prints bytes; returns whether standard output still has a reader.
///
/// # Errors
/// If standard output cannot be written.
pub fn print_bytes(bytes: &[u8]) -> Result<bool, CliError> {
    let mut out = io::stdout().lock();
    is_read(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Prints what cannot be printed again; returns whether anyone may have read it.
///
/// # Errors
/// If standard output cannot be written.
pub fn print_once(text: &str) -> Result<bool, CliError> {
    // The standard library puts the null device where a process is started without a standard output.
    let device = |stat: Stat| (stat.st_mode & 0o170_000, stat.st_rdev);
    let null = stat("/dev/null").map(device);
    if null.is_ok() && null == fstat(io::stdout()).map(device) {
        return Ok(false);
    }
    print_bytes(text.as_bytes())
}

fn is_read(written: io::Result<()>) -> Result<bool, CliError> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CliError::stdout(&error)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;

    #[test]
    fn a_reader_that_has_gone_is_no_failure_but_a_full_disk_is() {
        assert!(is_read(Ok(())).unwrap());
        assert!(!is_read(Err(io::ErrorKind::BrokenPipe.into())).unwrap());
        let full = is_read(Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!(full.exit(), Exit::HostFailed);
    }
}
