//! Whether an earlier build still holds, found out without starting cargo, which alone takes longer than a small run.
//!
//! Cargo leaves a list of the sources behind each component (`hello.d`). Beside it goes a stamp of ours, made when the
//! build began: the build holds while nothing that it was made of has changed since. The component's own time would
//! not do, as cargo leaves it alone when a touched file turns out to be the same.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::TARGET;

/// The time at which a build began, by the file system's clock.
pub(super) struct Stamp(tempfile::NamedTempFile);

impl Stamp {
    /// Takes the time. Without it, the next build asks cargo again, and no more.
    pub(super) fn begin() -> Option<Self> {
        tempfile::NamedTempFile::new().ok().map(Self)
    }

    /// Puts the time behind the component that was built.
    pub(super) fn keep(self, component: &Path) {
        let began = self.0.as_file().metadata().and_then(|metadata| metadata.modified());
        // Failing to write it costs a call of cargo next time.
        let _ = began.and_then(|began| fs::File::create(stamp_of(component))?.set_modified(began));
    }
}

fn stamp_of(component: &Path) -> PathBuf {
    component.with_extension("stepmill-stamp")
}

/// The component of an earlier build, if it holds. `target` is where all crates are built, if that is set.
pub(super) fn component(dir: &Path, target: Option<&OsStr>) -> Option<PathBuf> {
    let dir = dir.canonicalize().ok()?;
    let name = format!("{}.wasm", crate_name(&dir)?);
    let mut places = target_dirs(&dir, target).map(|target| target.join(TARGET).join("release").join(&name));
    let component = places.find(|file| file.is_file())?;
    let built = modified(&stamp_of(&component))?;
    let sources = sources(&fs::read_to_string(component.with_extension("d")).ok()?);
    // The list must be this crate's: another one of the same name may share the target folder.
    let ours = sources.iter().any(|source| source.starts_with(dir.join("src")));
    let unchanged = |file: &PathBuf| modified(file).is_some_and(|changed| changed < built);
    let settings = settings(&dir, &sources);
    (ours && sources.iter().all(unchanged) && settings.iter().all(unchanged)).then_some(component)
}

/// The crate's name in Rust.
fn crate_name(dir: &Path) -> Option<String> {
    let manifest: toml::Table = fs::read_to_string(dir.join("Cargo.toml")).ok()?.parse().ok()?;
    let table = |name: &str| manifest.get(name).and_then(|table| table.get("name")).and_then(toml::Value::as_str);
    table("lib").or(table("package")).map(|name| name.replace('-', "_"))
}

/// Where cargo may have put the component: the crate's workspace is its own folder or one above.
fn target_dirs(dir: &Path, given: Option<&OsStr>) -> impl Iterator<Item = PathBuf> {
    let above = if given.is_some() { Vec::new() } else { dir.ancestors().map(|above| above.join("target")).collect() };
    given.map(|target| dir.join(target)).into_iter().chain(above)
}

/// The sources in a list of cargo's: `component: source source …`, with spaces in paths escaped.
fn sources(list: &str) -> Vec<PathBuf> {
    let mut sources = Vec::new();
    for line in list.lines() {
        let Some((_, rest)) = line.split_once(".wasm:") else { continue };
        let unescaped = rest.replace("\\ ", "\0");
        sources.extend(unescaped.split_whitespace().map(|path| PathBuf::from(path.replace('\0', " "))));
    }
    sources
}

/// The files besides sources that a build depends on: the manifests of the crate and of the crates in the list, the
/// lock file, toolchain and configuration of the folders above.
fn settings(dir: &Path, sources: &[PathBuf]) -> BTreeSet<PathBuf> {
    let folders: BTreeSet<&Path> = sources.iter().filter_map(|source| source.parent()).collect();
    let manifests = folders.iter().filter_map(|folder| {
        folder.ancestors().map(|above| above.join("Cargo.toml")).find(|manifest| manifest.is_file())
    });
    let around = dir.ancestors().flat_map(|above| {
        ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "rust-toolchain", ".cargo/config.toml"]
            .map(|file| above.join(file))
    });
    manifests.chain(around.filter(|file| file.is_file())).collect()
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A crate that looks built: `src/lib.rs`, manifest, component, list and stamp.
    fn built() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let release = root.join("target").join(TARGET).join("release");
        fs::create_dir_all(&release).unwrap();
        fs::create_dir_all(root.join("src")).unwrap();
        let put = |file: PathBuf, text: &str, age: u64| {
            fs::write(&file, text).unwrap();
            let file = fs::File::options().write(true).open(file).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        };
        put(root.join("src/lib.rs"), "", 100);
        put(root.join("Cargo.toml"), "[package]\nname = \"hot-days\"\n", 100);
        put(root.join("Cargo.lock"), "", 100);
        let list = format!("{}: {}\n", release.join("hot_days.wasm").display(), root.join("src/lib.rs").display());
        put(release.join("hot_days.d"), &list, 20);
        put(release.join("hot_days.wasm"), "", 200);
        put(release.join("hot_days.stepmill-stamp"), "", 50);
        dir
    }

    #[test]
    fn a_build_holds_until_something_it_was_made_of_changes() {
        let dir = built();
        assert!(component(dir.path(), None).is_some_and(|file| file.ends_with("hot_days.wasm")));
        for file in ["src/lib.rs", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"] {
            let dir = built();
            fs::write(dir.path().join(file), fs::read(dir.path().join(file)).unwrap_or_default()).unwrap();
            assert_eq!(component(dir.path(), None), None, "{file}");
        }
        for file in
            ["src/lib.rs", "target/wasm32-wasip2/release/hot_days.d", "target/wasm32-wasip2/release/hot_days.wasm"]
        {
            let dir = built();
            fs::remove_file(dir.path().join(file)).unwrap();
            assert_eq!(component(dir.path(), None), None, "{file}");
        }
    }

    #[test]
    fn the_stamp_carries_the_time_of_the_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let component = dir.path().join("a.wasm");
        let stamp = Stamp::begin().unwrap();
        let began = stamp.0.as_file().metadata().unwrap().modified().unwrap();
        stamp.keep(&component);
        assert_eq!(modified(&stamp_of(&component)), Some(began));
    }

    #[test]
    fn paths_with_spaces_are_one_path() {
        let list = "/t/my\\ crate/a.wasm: /w/my\\ crate/src/lib.rs /w/b.rs\n\n/w/b.rs:\n";
        assert_eq!(sources(list), [PathBuf::from("/w/my crate/src/lib.rs"), PathBuf::from("/w/b.rs")]);
    }
}
