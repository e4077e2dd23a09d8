//! The seam between the SDK and whatever runs the step: the component's imports, or memory in a native test.

#[cfg(target_family = "wasm")]
pub(crate) mod component;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod memory;

use std::io;

use crate::context::{Level, RunFacts, SecretError};
use crate::error::Result;
use crate::file::FileInfo;

/// What `wit/host.wit` offers.
pub(crate) trait Host {
    fn log(&self, level: Level, message: &str);
    fn progress(&self, done: u64, total: Option<u64>, message: &str);
    fn cancelled(&self) -> bool;
    fn run_facts(&self) -> Option<RunFacts>;
    fn secret(&self, name: &str) -> Result<String, SecretError>;
    fn output_rows(&self) -> Result<Box<dyn RowSink>>;
    fn open_file(&self, info: &FileInfo) -> io::Result<Box<dyn FileSource>>;
    fn create_file(&self, name: &str, media_type: &str) -> io::Result<Box<dyn FileSink>>;
}

/// The items of a stream, some at a time.
pub(crate) trait RowSource {
    /// Whole encoded items, one behind the other; none at the end.
    fn next(&mut self) -> Option<Vec<u8>>;
}

/// Takes the items of a stream.
pub(crate) trait RowSink {
    /// Appends whole encoded items.
    fn write(&mut self, rows: &[u8]) -> Result<()>;
}

/// The bytes of a file, in order.
pub(crate) trait FileSource {
    /// At most `length` of the next bytes; none at the end.
    fn read(&mut self, length: u32) -> Vec<u8>;
}

/// A file in the making.
pub(crate) trait FileSink {
    fn write(&mut self, bytes: &[u8]);
    fn finish(self: Box<Self>) -> FileInfo;
}

/// Calls the host that is there.
#[cfg(target_family = "wasm")]
pub(crate) fn with<R>(call: impl FnOnce(&dyn Host) -> R) -> R {
    call(&component::Imports)
}

/// Calls the host that is there: natively, the memory of this thread.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn with<R>(call: impl FnOnce(&dyn Host) -> R) -> R {
    memory::MEMORY.with(|memory| call(memory))
}

/// The error for a file that the step has only heard of.
pub(crate) fn not_an_input(info: &FileInfo) -> io::Error {
    let message = format!("no input of this step refers to the file `{}` ({})", info.name, info.hash);
    io::Error::new(io::ErrorKind::NotFound, message)
}
