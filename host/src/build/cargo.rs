//! Calling cargo.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{ChildStdout, Command, Stdio},
};

use serde_json::Value as Json;

use super::{BuildError, TARGET};

/// Runs cargo and answers with the path of the component that it made.
pub(super) fn build(dir: &Path, manifest: &Path) -> Result<PathBuf, BuildError> {
    // Inside the crate's folder, so that its rust-toolchain.toml and .cargo/config.toml hold. `rustc` with a crate
    // type spares the crate a `[lib]` section.
    let mut child = Command::new(cargo())
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--release", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| BuildError::NoCargo { dir: dir.to_owned(), source })?;
    let component = child.stdout.take().map(|stdout| read_answer(stdout, manifest));
    let status = child.wait().map_err(BuildError::Answer)?;
    if !status.success() {
        return Err(if has_target(dir) { BuildError::Failed(dir.to_owned()) } else { BuildError::NoTarget });
    }
    component.transpose()?.flatten().ok_or_else(|| BuildError::NoLibrary(dir.to_owned()))
}

/// The cargo that started us, if one did: it belongs to the toolchain that is in use.
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Reads all of cargo's messages; the component is the one of the crate itself.
fn read_answer(stdout: ChildStdout, manifest: &Path) -> Result<Option<PathBuf>, BuildError> {
    let manifest = manifest.canonicalize().map_err(BuildError::Answer)?;
    let mut component = None;
    for line in BufReader::new(stdout).lines() {
        let line = line.map_err(BuildError::Answer)?;
        component = artefact(&line, &manifest).or(component);
    }
    Ok(component)
}

/// The component that a message of cargo's tells of.
fn artefact(message: &str, manifest: &Path) -> Option<PathBuf> {
    let message: Json = serde_json::from_str(message).ok()?;
    if message["reason"] != "compiler-artifact" || Path::new(message["manifest_path"].as_str()?) != manifest {
        return None;
    }
    let files = message["filenames"].as_array()?;
    files.iter().filter_map(Json::as_str).find(|file| file.ends_with(".wasm")).map(PathBuf::from)
}

/// Whether the toolchain that holds in a folder has a standard library for the target. In doubt, it has.
fn has_target(dir: &Path) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).current_dir(dir).output();
    let Ok(output) = output else { return true };
    let libdir = String::from_utf8_lossy(&output.stdout);
    !output.status.success() || Path::new(libdir.trim()).is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_that_of_the_crate_itself() {
        let message = |manifest: &str, file: &str| {
            serde_json::json!({
                "reason": "compiler-artifact", "manifest_path": manifest, "filenames": ["/t/x.d", file],
            })
            .to_string()
        };
        let ours = Path::new("/w/hello/Cargo.toml");
        assert_eq!(artefact(&message("/w/hello/Cargo.toml", "/t/hello.wasm"), ours), Some("/t/hello.wasm".into()));
        assert_eq!(artefact(&message("/w/other/Cargo.toml", "/t/other.wasm"), ours), None);
        assert_eq!(artefact(&message("/w/hello/Cargo.toml", "/t/libhello.rlib"), ours), None);
        assert_eq!(artefact("{\"reason\":\"build-finished\",\"success\":true}", ours), None);
        assert_eq!(artefact("text of a build script", ours), None);
    }
}
