//! `many_runs DATABASE COUNT`: what the tests of the web UI need and Node.js has not.

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, database, count] = arguments.as_slice() else {
        eprintln!("many_runs DATABASE COUNT");
        return ExitCode::from(2);
    };
    let Ok(count) = count.parse() else {
        eprintln!("`{count}` is no number");
        return ExitCode::from(2);
    };
    match stepmill_tests::history::lengthen(Path::new(database), count) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
