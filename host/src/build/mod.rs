//! From a step crate to a component, by way of cargo.
//!
//! Building runs code of the crate (build scripts, macros) outside of any sandbox: it is for crates that the user
//! trusts, on the user's machine. A server never does it.

mod cargo;
mod fresh;

use std::{
    io,
    path::{Path, PathBuf},
};

/// The target that step crates are built for.
pub const TARGET: &str = "wasm32-wasip2";

/// Why a step crate could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder is no crate.
    #[error("`{}` is not a step crate: there is no Cargo.toml in it", .0.display())]
    NoManifest(PathBuf),
    /// cargo cannot be started.
    #[error("cargo cannot be started to build `{}`", .dir.display())]
    NoCargo {
        /// The crate.
        dir: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The Rust toolchain cannot build for WebAssembly.
    #[error("the Rust toolchain has no standard library for {TARGET}, which step crates are built for")]
    NoTarget,
    /// cargo has said what is wrong.
    #[error("`{}` does not build; what cargo says is above", .0.display())]
    Failed(PathBuf),
    /// cargo succeeded without making a component.
    #[error("`{}` has no library to make a component of", .0.display())]
    NoLibrary(PathBuf),
    /// cargo's answer could not be read.
    #[error("cargo's answer cannot be read")]
    Answer(#[source] io::Error),
}

impl BuildError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoManifest(_) => Some("`stepmill new NAME` makes a step crate".to_owned()),
            Self::NoCargo { .. } => Some("install Rust from https://rustup.rs, or put cargo into PATH".to_owned()),
            Self::NoTarget => Some(format!("rustup target add {TARGET}")),
            Self::NoLibrary(_) => Some("steps live in src/lib.rs".to_owned()),
            Self::Failed(_) | Self::Answer(_) => None,
        }
    }
}

/// Builds a step crate with cargo, whose messages go to standard error as they come.
///
/// # Errors
/// If there is no crate, no toolchain for it, or it does not build.
pub fn build(dir: &Path) -> Result<PathBuf, BuildError> {
    let manifest = dir.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(BuildError::NoManifest(dir.to_owned()));
    }
    let started = fresh::Stamp::begin();
    let component = cargo::build(dir, &manifest)?;
    if let Some(stamp) = started {
        stamp.keep(&component);
    }
    Ok(component)
}

/// Builds a step crate unless the component of an earlier build is newer than everything that it was made of.
///
/// That a toolchain, an environment variable or a cargo configuration has changed goes unnoticed; [`build`] asks cargo.
///
/// # Errors
/// As [`build`].
pub fn build_if_stale(dir: &Path) -> Result<PathBuf, BuildError> {
    match fresh::component(dir, std::env::var_os("CARGO_TARGET_DIR").as_deref()) {
        Some(component) => Ok(component),
        None => build(dir),
    }
}
