//! The adapter to a terminal: arguments in, text or JSON out.

pub mod args;
pub mod exit;
pub mod graph;
pub mod new;
pub mod render;
pub mod sdk_source;
pub mod settings;
