//! From a module to machine code, in a process of its own: nobody promises that compiling hostile code ends, or fits
//! into memory.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{ExitCode, ExitStatus, Stdio},
    time::Duration,
};

use bytes::Bytes;
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};

use super::{
    engine::{EngineError, on_demand_engine},
    text::message,
};
use crate::limits::MAX_MODULE;

/// The hidden argument that makes a `stepmill` binary compile.
pub const COMPILE_COMMAND: &str = "__compile";

const MEMORY: u64 = 2 << 30;
const CPU_SECONDS: u64 = 60;
const WALL: Duration = Duration::from_secs(90);
const FILES: u64 = 64;
/// The most machine code that is taken for a module: of any, and for each byte of it. Ordinary modules take 3 to 6 times
/// their size. Others would fill the disk and the host's memory with a few bytes.
const MAX_CODE: u64 = 512 << 20;
const CODE_AT_LEAST: u64 = 16 << 20;
const CODE_PER_BYTE: u64 = 16;
/// The most of its complaints.
const MAX_STDERR: u64 = 64 << 10;

/// Where modules are compiled.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// In a child process with limits, started from a `stepmill` binary.
    Child {
        /// The binary; `std::env::current_exe` for the command line itself.
        binary: PathBuf,
    },
    /// In this process. For modules that are trusted: a hostile one can take all time and memory.
    InProcess,
}

/// Why there is no machine code.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The module is not valid.
    #[error("the module cannot be compiled: {0}")]
    Invalid(String),
    /// It takes too much.
    #[error("compiling the module was stopped: {0}; split it into smaller ones, or build it with optimisations")]
    Limit(&'static str),
    /// It makes the compiler fail.
    #[error(
        "the compiler failed on the module ({0}): build it with another version of its language or with other options; \
         if it is an ordinary module, please report it as a bug of stepmill"
    )]
    Crashed(String),
    /// The child cannot be run.
    #[error("the compiler process `{binary}` failed: {problem}")]
    Child {
        /// What was to be run.
        binary: PathBuf,
        /// What happened.
        problem: String,
    },
    /// There is no engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Compiler {
    /// Machine code for this host's engines. To be called from a guest thread.
    ///
    /// # Errors
    /// If the module is invalid, too expensive, or the compiler cannot be run.
    pub(super) async fn compile(&self, wasm: &Bytes) -> Result<Vec<u8>, CompileError> {
        match self {
            Self::InProcess => accept(wasm, tokio::task::block_in_place(|| compile_here(wasm))?),
            Self::Child { binary } => {
                let failed = |error: io::Error| child_error(binary, &error.to_string());
                let mut child = start(binary).map_err(failed)?;
                let finished = tokio::time::timeout(WALL, talk(&mut child, wasm)).await;
                let Ok(finished) = finished else {
                    child.kill().await.map_err(failed)?;
                    return Err(CompileError::Limit("it took more than 90 seconds"));
                };
                let answer = finished.map_err(failed)?;
                accept(wasm, answer.code(binary)?)
            }
        }
    }
}

/// The most machine code that is taken for a module of that size.
fn max_code(wasm: u64) -> u64 {
    wasm.saturating_mul(CODE_PER_BYTE).saturating_add(CODE_AT_LEAST).min(MAX_CODE)
}

fn accept(wasm: &[u8], code: Vec<u8>) -> Result<Vec<u8>, CompileError> {
    if code.len() as u64 > max_code(wasm.len() as u64) {
        return Err(CompileError::Limit("its machine code is many times as large as the module"));
    }
    Ok(code)
}

fn compile_here(wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
    let engine = on_demand_engine()?;
    engine.precompile_component(wasm).map_err(|error| CompileError::Invalid(message(&format!("{error:#}"))))
}

/// The child gets no environment: there may be secrets in it.
fn start(binary: &PathBuf) -> io::Result<Child> {
    Command::new(binary)
        .arg(COMPILE_COMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// What a child said, and how it ended.
struct Answer {
    code: Vec<u8>,
    /// Whether there is more of it.
    code_is_cut: bool,
    complaint: Vec<u8>,
    status: ExitStatus,
}

/// Feeds the child and reads it, all at once: neither side may wait for the other forever.
async fn talk(child: &mut Child, wasm: &[u8]) -> io::Result<Answer> {
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    // One byte more, to tell what is too much from what is not.
    let most = max_code(wasm.len() as u64) + 1;
    let feed = async move {
        // A child that ends early closes its input; how it ended says more than the error here.
        let _ = stdin.write_all(wasm).await;
        drop(stdin);
    };
    let ((), code, complaint) = tokio::join!(feed, read_all(stdout, most), read_all(stderr, MAX_STDERR));
    let (code, complaint) = (code?, complaint?);
    let code_is_cut = code.len() as u64 >= most;
    Ok(Answer { code, code_is_cut, complaint, status: child.wait().await? })
}

/// Reads up to a limit. More than that breaks the pipe, which ends the child.
async fn read_all(from: impl AsyncRead + Unpin, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

impl Answer {
    fn code(self, binary: &Path) -> Result<Vec<u8>, CompileError> {
        use std::os::unix::process::ExitStatusExt;

        // A child that says too much is cut off, and ends with an error that says nothing of it.
        if self.status.success() || self.code_is_cut {
            return Ok(self.code);
        }
        let complaint = message(String::from_utf8_lossy(&self.complaint).trim());
        match (self.status.code(), self.status.signal()) {
            (Some(INVALID), _) => Err(CompileError::Invalid(complaint)),
            (_, Some(signal)) if signal == libc_signal::XCPU => {
                Err(CompileError::Limit("it took more than 60 seconds of processor time"))
            }
            (_, Some(_)) if complaint.contains("memory allocation") => {
                Err(CompileError::Limit("it needed more than 2 GiB of memory"))
            }
            (Some(PANICKED), _) | (_, Some(_)) => {
                tracing::warn!(status = %self.status, complaint, "a module made the compiler fail");
                Err(CompileError::Crashed(self.status.to_string()))
            }
            _ if complaint.is_empty() => Err(child_error(binary, &self.status.to_string())),
            _ => Err(child_error(binary, &format!("{}: {complaint}", self.status))),
        }
    }
}

/// Signal numbers, which `ExitStatus` gives as plain integers.
mod libc_signal {
    pub(super) const XCPU: i32 = rustix::process::Signal::XCPU.as_raw();
}

fn child_error(binary: &Path, problem: &str) -> CompileError {
    CompileError::Child { binary: binary.to_owned(), problem: problem.to_owned() }
}

/// The child's exit code for a module that is at fault itself.
const INVALID: i32 = 65;
/// The exit code of a Rust program that panicked.
const PANICKED: i32 = 101;

/// What the hidden command `__compile` does: a module on standard input becomes machine code on standard output.
#[must_use]
pub fn compile_child_main() -> ExitCode {
    let done = limit_self().and_then(|()| read_module());
    let wasm = match done {
        Ok(wasm) => wasm,
        Err(error) => return complain(1, &error.to_string()),
    };
    match compile_here(&wasm) {
        Ok(code) => match io::stdout().write_all(&code).and_then(|()| io::stdout().flush()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(1, &error.to_string()),
        },
        Err(CompileError::Invalid(problem)) => complain(65, &problem),
        Err(error) => complain(1, &error.to_string()),
    }
}

fn complain(code: u8, problem: &str) -> ExitCode {
    // Without a reader there is nobody left to tell.
    let _ = io::stderr().write_all(problem.as_bytes());
    ExitCode::from(code)
}

fn limit_self() -> io::Result<()> {
    let limit = |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, FILES)?;
    // The soft limit ends the child with a signal that says why; the hard one comes a second later.
    setrlimit(Resource::Cpu, Rlimit { current: Some(CPU_SECONDS), maximum: Some(CPU_SECONDS + 1) })?;
    limit(Resource::As, MEMORY)?;
    Ok(())
}

fn read_module() -> io::Result<Vec<u8>> {
    let mut wasm = Vec::new();
    io::stdin().lock().take(MAX_MODULE + 1).read_to_end(&mut wasm)?;
    Ok(wasm)
}
