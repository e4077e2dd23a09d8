//! What cargo has to know of the web UI: where it is, and when it was built anew.

use std::{env, error::Error, fs, path::PathBuf};

#[expect(clippy::disallowed_methods, reason = "cargo tells it so")]
fn main() -> Result<(), Box<dyn Error>> {
    // Builds other than for release find the UI on the disk when they run, and only below a path without `..`, or below
    // one that was there already when the host was compiled: so the whole of it.
    let host = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).canonicalize()?;
    let ui = host.with_file_name("ui").join("dist");
    let files = format!(
        "/// Embedded in a release build, read from the disk in others.\n\
         #[derive(rust_embed::RustEmbed)]\n#[folder = {ui:?}]\n#[allow_missing = true]\nstruct Files;\n"
    );
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("ui.rs"), files)?;
    // A release build has the UI within itself.
    let release = env::var("PROFILE")? == "release";
    println!("cargo::rerun-if-changed={}", if release { "../ui/dist" } else { "build.rs" });
    Ok(())
}
