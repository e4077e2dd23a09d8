//! stepmill runs pipelines of WebAssembly components that nobody has to trust.
//!
//! # Layout
//!
//! The modules follow a pipeline on its way from text to stored outputs:
//!
//! 1. [`definition`]: what the user wrote, in TOML or with the builder, every mistake with its place;
//! 2. [`plan`]: what will run: names resolved to module digests, edges checked, the graph built;
//! 3. [`execute`]: one run: a pure state machine and the dispatcher around it;
//! 4. [`runtime`]: modules and sandboxes, the only code that knows wasmtime;
//! 5. [`persist`]: the journal and the outputs, the only code that knows SQLite;
//! 6. [`observe`]: who is told while it happens.
//!
//! They share a vocabulary that depends on none of them: [`ids`], [`limits`], [`module`], [`value`], [`output`], [`failure`],
//! [`grants`] and [`event`]. [`access`] says who may do what and what steps may be granted, [`schedule`] when runs start,
//! [`registry`] what is deployed. [`build`] makes components of step crates, [`cli`] is the adapter to a terminal, [`web`]
//! the one to HTTP, [`dto`] what machines read, and [`app`] the one place that puts concrete implementations
//! together.

pub mod access;
pub mod app;
pub mod build;
pub mod cli;
pub mod definition;
mod disk;
pub mod dto;
mod effects;
pub mod event;
pub mod execute;
pub mod failure;
pub mod grants;
pub mod ids;
pub mod limits;
pub mod module;
pub mod observe;
pub mod output;
pub mod persist;
pub mod plan;
pub mod registry;
pub mod runtime;
pub mod schedule;
pub mod value;
pub mod web;
