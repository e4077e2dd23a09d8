//! What cargo has to know of the web UI: where it will be, and when it was built anew.

#[expect(clippy::disallowed_methods, reason = "cargo tells it so")]
fn main() {
    // Builds other than for release find the UI on the disk when they run. The path that they look at is resolved when
    // they are compiled, and only a folder that is there can be: without this one, a UI that is built later is not seen.
    // Where it cannot be made, the source is not ours to write to, and no UI will be built in it.
    let _ = std::fs::create_dir_all("../ui/dist");
    // A release build has the UI within itself.
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    println!("cargo::rerun-if-changed={}", if release { "../ui/dist" } else { "build.rs" });
}
