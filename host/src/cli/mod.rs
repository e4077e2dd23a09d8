//! The adapter to a terminal: arguments in, text or JSON out.

pub mod args;
pub mod commands;
pub mod display;
pub mod exit;
pub mod files;
pub mod graph;
pub mod interrupts;
pub mod new;
pub mod output;
pub mod render;
pub mod sdk_source;
pub mod serve;
pub mod settings;
pub mod source;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use tokio::runtime::Builder;
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use self::{
    args::{Cli, Command, LogFormat},
    exit::{CliError, Exit},
    settings::{Settings, Surroundings},
};
use crate::effects;

/// The system gives no threads.
#[derive(Debug, thiserror::Error)]
#[error("stepmill's threads cannot be started: {0}")]
struct NoThreads(#[source] io::Error);

/// The whole program: parses, does, reports.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Compile(_) = cli.command {
        return crate::app::compile_child_main();
    }
    let settings = Settings::resolve(&cli.global, &Surroundings::detect());
    start_log(&settings);
    match run(&settings, cli.command) {
        Ok(exit) => exit.into(),
        Err(error) => {
            // A standard error that has gone leaves the exit code to tell.
            let text = error.render(settings.stderr.color, settings.width);
            let _ = io::stderr().lock().write_all(text.as_bytes());
            error.exit().into()
        }
    }
}

fn run(settings: &Settings, command: Command) -> Result<Exit, CliError> {
    let runtime =
        effects::runtime(&mut Builder::new_multi_thread()).map_err(|error| CliError::host(NoThreads(error)))?;
    let result = runtime.block_on(commands::dispatch(settings, command));
    // A guest that spins in a blocking thread must not hold up the end of the process.
    runtime.shutdown_background();
    result
}

/// The host's own log goes to standard error: warnings, and more with each `-v`; `RUST_LOG` overrides both.
fn start_log(settings: &Settings) {
    let level = match (settings.quiet, settings.verbosity) {
        (true, _) => "error",
        // In JSON, the log is where steps speak.
        (false, 0) if settings.log_format == LogFormat::Json => "info",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, 2) => "debug",
        (false, _) => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let layer = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    // A program that embeds us may have a log already.
    let _ = match settings.log_format {
        LogFormat::Human => registry.with(layer.with_ansi(settings.stderr.color)).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    };
}
