//! WASI 0.2, denying everything: standard libraries import it whether or not a step uses it.
//!
//! There are no files, arguments or input, and of the environment only what is granted. Standard output and error are the step's log. Clocks
//! stand still but for virtual sleeps, and randomness follows from the inputs, so that the same inputs give the same
//! bytes; the grants `clock` and `random` change that. Interfaces that are not here (sockets, and HTTP without the grant
//! `net`) trap when called.

mod cli;
mod clocks;
mod random;

use wasmtime::component::{Component, HasData, HasSelf, Linker, ResourceTable, ResourceType, types::ComponentItem};
use wasmtime_wasi::{
    filesystem::{WasiFilesystem, WasiFilesystemCtxView},
    p2::bindings as wasi,
};
use wasmtime_wasi_io::{
    bindings::wasi::io,
    poll::DynPollable,
    streams::{DynInputStream, DynOutputStream},
};

pub(super) use self::{clocks::Time, random::Randomness};
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

/// Adds what a module may import besides, when it runs a step with a `net` grant.
///
/// # Errors
/// If two definitions clash, which a test of this crate would find.
pub(super) fn add_http(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

/// The interface that [`add_http`] offers.
pub(super) const HTTP: &str = "wasi:http/";

/// The interfaces that [`add_to_linker`] offers, without their versions: the linker finds compatible ones by itself.
const OFFERED: &[&str] =
    &["wasi:io/", "wasi:filesystem/", "wasi:clocks/", "wasi:random/", "wasi:cli/", "stepmill:step/"];

/// Lets a component be linked that imports interfaces which are neither offered nor among `more`: their functions fail when
/// they are called.
///
/// Not wasmtime's own `define_unknown_imports_as_traps`: that goes by exact versions, and would deny
/// `wasi:cli/environment@0.2.6` too where a later 0.2 is offered.
///
/// # Errors
/// If the import is of a sort that cannot be stood in for.
pub(super) fn deny_the_rest(
    linker: &mut Linker<Sandbox>,
    component: &Component,
    more: &[&str],
) -> wasmtime::Result<()> {
    let engine = component.engine().clone();
    for (interface, item) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        if OFFERED.iter().chain(more).any(|offered| interface.starts_with(offered)) {
            continue;
        }
        let mut stand_in = linker.instance(interface)?;
        for (name, item) in instance.exports(&engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => {
                    let function = format!("{interface}#{name}");
                    stand_in.func_new(name, move |_, _, _, _| Err(Denied::new(&function).into()))?;
                }
                ComponentItem::Resource(_) => {
                    stand_in.resource(name, resource_type(name), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The type behind a resource of an interface that is not offered: one that it takes over from an interface that is, or
/// nothing at all.
fn resource_type(name: &str) -> ResourceType {
    match name {
        "pollable" => ResourceType::host::<DynPollable>(),
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        "error" => ResourceType::host::<wasmtime::Error>(),
        _ => ResourceType::host::<()>(),
    }
}

/// A step called what it is not given.
#[derive(Debug, thiserror::Error)]
#[error("it called `{function}`, which {why}")]
struct Denied {
    function: String,
    why: &'static str,
}

impl Denied {
    fn new(function: &str) -> Self {
        let why = if function.starts_with(HTTP) {
            "needs a grant: name the hosts in the step's `grants.net`, and allow them"
        } else {
            "steps are not given: a step has its inputs, its config and its log, nothing else"
        };
        Self { function: function.to_owned(), why }
    }
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
