//! The file format: what a whole file becomes, and every mistake with its place.

mod mistakes;
mod rendered;
mod robust;
mod triggers;
mod valid;

use std::path::Path;

use super::{Pipeline, problem::Problems, toml};

/// The smallest pipeline, to which a test adds what it is about.
const SMALL: &str = "name = \"small\"\n[steps.a]\nuse = \"m/s\"\n";

fn parse(text: &str) -> Result<Pipeline, Problems> {
    toml::parse(Path::new("pipelines/test.toml"), text)
}
