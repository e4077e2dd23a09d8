//! `wasi:cli`: an environment of what is granted, no arguments, no input; output goes to the log; `exit` ends the attempt.

use bytes::Bytes;
use wasmtime::{Result, component::Resource};
use wasmtime_wasi::{
    I32Exit,
    p2::{
        Pollable, StreamResult,
        bindings::cli::{
            environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin,
            terminal_stdout,
        },
        pipe::ClosedInputStream,
    },
};
use wasmtime_wasi_io::{
    async_trait,
    streams::{DynInputStream, DynOutputStream, OutputStream},
};

use crate::{
    execute::ports::LogStream,
    runtime::{host::logs::Logs, sandbox::Sandbox},
};

/// How much a guest may write at once.
const WRITE_PERMIT: usize = 64 << 10;

impl environment::Host for Sandbox {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        Ok(self.outside.as_ref().map(|outside| outside.env.clone()).unwrap_or_default())
    }

    fn get_arguments(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

impl exit::Host for Sandbox {
    fn exit(&mut self, status: Result<(), ()>) -> Result<()> {
        Err(I32Exit(i32::from(status.is_err())).into())
    }

    fn exit_with_code(&mut self, code: u8) -> Result<()> {
        Err(I32Exit(code.into()).into())
    }
}

impl stdin::Host for Sandbox {
    fn get_stdin(&mut self) -> Result<Resource<DynInputStream>> {
        let stream: DynInputStream = Box::new(ClosedInputStream);
        Ok(self.table.push(stream)?)
    }
}

impl stdout::Host for Sandbox {
    fn get_stdout(&mut self) -> Result<Resource<DynOutputStream>> {
        self.log_stream(LogStream::Stdout)
    }
}

impl stderr::Host for Sandbox {
    fn get_stderr(&mut self) -> Result<Resource<DynOutputStream>> {
        self.log_stream(LogStream::Stderr)
    }
}

impl Sandbox {
    fn log_stream(&mut self, stream: LogStream) -> Result<Resource<DynOutputStream>> {
        let stream: DynOutputStream = Box::new(LogOutput { logs: self.logs.clone(), stream });
        Ok(self.table.push(stream)?)
    }
}

/// Standard output or error. Never full: what the log has no room for is dropped there.
struct LogOutput {
    logs: Logs,
    stream: LogStream,
}

#[async_trait]
impl Pollable for LogOutput {
    async fn ready(&mut self) {}
}

impl OutputStream for LogOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.logs.write(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_PERMIT)
    }
}

impl terminal_input::Host for Sandbox {}

impl terminal_input::HostTerminalInput for Sandbox {
    fn drop(&mut self, terminal: Resource<terminal_input::TerminalInput>) -> Result<()> {
        self.table.delete(terminal)?;
        Ok(())
    }
}

impl terminal_output::Host for Sandbox {}

impl terminal_output::HostTerminalOutput for Sandbox {
    fn drop(&mut self, terminal: Resource<terminal_output::TerminalOutput>) -> Result<()> {
        self.table.delete(terminal)?;
        Ok(())
    }
}

impl terminal_stdin::Host for Sandbox {
    fn get_terminal_stdin(&mut self) -> Result<Option<Resource<terminal_input::TerminalInput>>> {
        Ok(None)
    }
}

impl terminal_stdout::Host for Sandbox {
    fn get_terminal_stdout(&mut self) -> Result<Option<Resource<terminal_output::TerminalOutput>>> {
        Ok(None)
    }
}

impl terminal_stderr::Host for Sandbox {
    fn get_terminal_stderr(&mut self) -> Result<Option<Resource<terminal_output::TerminalOutput>>> {
        Ok(None)
    }
}
