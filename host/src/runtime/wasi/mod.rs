//! WASI 0.2, denying everything: standard libraries import it whether or not a step uses it.
//!
//! There are no files, arguments, environment variables or input. Standard output and error are the step's log. Clocks
//! stand still but for virtual sleeps, and randomness follows from the inputs, so that the same inputs give the same
//! bytes. Interfaces that are not here (sockets, HTTP) trap when called.

mod cli;
mod clocks;
mod random;

use wasmtime::component::{HasData, HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{
    filesystem::{WasiFilesystem, WasiFilesystemCtxView},
    p2::bindings as wasi,
};
use wasmtime_wasi_io::bindings::wasi::io;

pub(super) use self::{clocks::VirtualClock, random::Randomness};
use super::sandbox::Sandbox;

/// Adds what every module may import.
///
/// # Errors
/// If two definitions clash, which a test of this crate would find.
pub(super) fn add_to_linker(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    type Own = HasSelf<Sandbox>;
    fn own(sandbox: &mut Sandbox) -> &mut Sandbox {
        sandbox
    }

    io::error::add_to_linker::<Sandbox, HasTable>(linker, table)?;
    io::poll::add_to_linker::<Sandbox, HasTable>(linker, table)?;
    io::streams::add_to_linker::<Sandbox, HasTable>(linker, table)?;
    wasi::filesystem::preopens::add_to_linker::<Sandbox, WasiFilesystem>(linker, no_files)?;
    wasi::filesystem::types::add_to_linker::<Sandbox, WasiFilesystem>(linker, no_files)?;
    wasi::clocks::wall_clock::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::clocks::monotonic_clock::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::random::random::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::random::insecure::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::random::insecure_seed::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::cli::environment::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::cli::exit::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::cli::stdin::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::cli::stdout::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::cli::stderr::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::cli::terminal_input::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::cli::terminal_output::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::cli::terminal_stdin::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::cli::terminal_stdout::add_to_linker::<Sandbox, Own>(linker, own)?;
    wasi::cli::terminal_stderr::add_to_linker::<Sandbox, Own>(linker, own)
}

struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

fn table(sandbox: &mut Sandbox) -> &mut ResourceTable {
    &mut sandbox.table
}

/// wasmtime's file system, without a single directory in it: a guest never holds a descriptor.
fn no_files(sandbox: &mut Sandbox) -> WasiFilesystemCtxView<'_> {
    WasiFilesystemCtxView { ctx: &mut sandbox.filesystem, table: &mut sandbox.table }
}
