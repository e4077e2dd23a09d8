//! Modules and sandboxes: everything between the bytes of a component and what one of its steps returned. The only code
//! that knows wasmtime.
//!
//! A module takes this way once: [`header`] refuses what cannot be one, [`compile`] makes machine code in a process of
//! its own, [`cache`] keeps it, [`modules`] links it and asks it what it contains. An attempt takes this way each time:
//! [`runner`] fetches what the step is given, makes a `sandbox` for one `call`, and stores what comes out. Nothing of a
//! sandbox is used twice. A `batch` of items goes the same way together, with a sandbox for each item.

mod attempt;
mod batch;
mod bindings;
pub mod cache;
mod call;
mod classify;
pub mod compile;
pub mod describe;
pub mod engine;
mod guests;
pub mod header;
mod host;
mod input;
mod meter;
pub mod modules;
mod net;
mod output;
pub mod outside;
mod places;
mod redact;
pub mod runner;
mod sandbox;
mod stop;
mod subject;
mod text;
mod wasi;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use self::{
    cache::{ArtifactIndex, ArtifactRecord, MemoryIndex},
    compile::{COMPILE_COMMAND, Compiler, compile_child_main},
    modules::{Module, ModuleError, Modules, ModulesOptions},
    outside::{NoSecrets, SecretError, SecretSource, Surroundings},
    runner::SandboxRunner,
};
