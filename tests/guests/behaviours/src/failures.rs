//! Every way to fail.

use std::time::Duration;

use stepmill_sdk::prelude::*;

/// Fails, with a cause.
#[step]
fn fail() -> Result<()> {
    let number: u32 = "twelve".parse()?;
    let _ = number;
    Ok(())
}

/// Fails for good.
#[step]
fn fail_for_good() -> Result<()> {
    Err(StepError::permanent("the account is closed"))
}

/// Asks to be tried again.
#[step]
fn ask_for_retry() -> Result<()> {
    Err(StepError::retry_after(Duration::from_secs(2), "too many requests"))
}

/// Panics.
#[step]
fn panics() {
    panic!("the sky fell");
}

/// Traps.
#[step]
fn traps() {
    std::process::abort();
}

/// Exits as if all were well.
#[step]
fn exits() {
    std::process::exit(0);
}

/// Wants the network.
#[step]
fn dials() -> bool {
    std::net::TcpStream::connect("127.0.0.1:80").is_ok()
}

/// Wants files and the environment, and says what it got.
#[step]
fn probes() -> Vec<String> {
    let mut found = Vec::new();
    found.extend(std::env::vars().map(|(key, _)| format!("variable {key}")));
    found.extend(std::env::args().map(|arg| format!("argument {arg}")));
    for path in ["/", "/etc/passwd", ".", "../"] {
        if std::fs::metadata(path).is_ok() || std::fs::read(path).is_ok() {
            found.push(format!("file {path}"));
        }
    }
    found
}
