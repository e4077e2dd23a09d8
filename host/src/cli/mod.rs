//! The adapter to a terminal: arguments in, text or JSON out.

pub mod args;
pub mod display;
pub mod exit;
pub mod files;
pub mod graph;
pub mod new;
pub mod render;
pub mod sdk_source;
pub mod settings;
