//! Ctrl-C and SIGTERM, which mean the same: the process is asked to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::CliError;

/// Requests to end. As long as this lives, they do not end the process by themselves.
pub struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// Takes them, from now on.
    ///
    /// # Errors
    /// If the system does not let them be taken.
    pub fn take() -> Result<Self, CliError> {
        let interrupt = signal(SignalKind::interrupt()).map_err(CliError::host)?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate()).map_err(CliError::host)? })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
