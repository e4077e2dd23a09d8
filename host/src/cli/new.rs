//! `stepmill new`: a step crate that builds, tests and runs as it is, outside this repository too.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::sdk_source;
use crate::ids::{MAX_NAME, Name};

/// The files of a new crate. `{{crate}}` stands for the package's name, `{{module}}` for the crate's in Rust.
const TEMPLATE: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("../../templates/step/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../../templates/step/src/lib.rs.in")),
    ("pipeline.toml", include_str!("../../templates/step/pipeline.toml.in")),
    ("README.md", include_str!("../../templates/step/README.md.in")),
    (".gitignore", include_str!("../../templates/step/gitignore.in")),
];

/// Names that a package cannot have: Rust's keywords, crates that every Rust program has, and our own.
const TAKEN: [&str; 60] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "item",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "params",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "run",
    "self",
    "static",
    "std",
    "stepmill_macros",
    "stepmill_sdk",
    "steps",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
];

/// Why no crate was made. Nothing was left behind.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The last part of the path cannot name a crate.
    #[error(
        "`{0}` cannot name a step crate: use a lower-case letter, then lower-case letters, digits, `-` and `_`, at most {MAX_NAME} in all"
    )]
    BadName(String),
    /// The name means something else already.
    #[error("`{0}` cannot name a step crate: the word is taken by Rust or by stepmill")]
    Taken(String),
    /// There is something at the path.
    #[error("`{}` exists and is not an empty folder", .0.display())]
    Exists(PathBuf),
    /// The crate could not be written.
    #[error("`{}` cannot be written", .path.display())]
    Write {
        /// What was being written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A crate's name in its two spellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateName {
    /// The package's, maybe with hyphens.
    pub package: String,
    /// The module's in pipelines, and the crate's in Rust: with underscores.
    pub module: Name,
}

impl CrateName {
    /// Checks a package's name.
    ///
    /// # Errors
    /// If no crate can have it, or no module.
    pub fn new(package: &str) -> Result<Self, NewError> {
        let module = Name::new(&package.replace('-', "_")).map_err(|_| NewError::BadName(package.to_owned()))?;
        if TAKEN.binary_search(&module.as_str()).is_ok() {
            return Err(NewError::Taken(package.to_owned()));
        }
        Ok(Self { package: package.to_owned(), module })
    }
}

/// Writes a new step crate to `path`, whose last part names it.
///
/// # Errors
/// If the name cannot be one, if something is at the path, or if it cannot be written.
pub fn create(path: &Path) -> Result<CrateName, NewError> {
    let last = path.file_name().unwrap_or(path.as_os_str());
    let name = CrateName::new(&last.to_string_lossy())?;
    let refuse = || NewError::Exists(path.to_owned());
    let empty = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(_) => false,
    };
    if !empty {
        return Err(refuse());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| NewError::Write { path, source }
    };
    fs::create_dir_all(parent).map_err(fail(parent))?;
    // Written beside its place and moved there whole: a failure on the way leaves nothing behind.
    let draft = tempfile::Builder::new().prefix(".stepmill-new-").tempdir_in(parent).map_err(fail(parent))?;
    let root = draft.path().join(&name.package);
    for (file, bytes) in content(&name) {
        let target = root.join(file);
        let folder = target.parent().unwrap_or(&root);
        fs::create_dir_all(folder).and_then(|()| fs::write(&target, bytes)).map_err(fail(&target))?;
    }
    // A rename onto an empty folder replaces it; onto one that has been filled since, it fails.
    fs::rename(&root, path).map_err(|source| match source.kind() {
        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => refuse(),
        _ => NewError::Write { path: path.to_owned(), source },
    })?;
    Ok(name)
}

/// Every file of a new crate, with its path below the crate's folder.
fn content(name: &CrateName) -> Vec<(String, Vec<u8>)> {
    let template = TEMPLATE.iter().map(|&(path, text)| (path.to_owned(), fill(text, name).into_bytes()));
    let vendored = sdk_source::files().into_iter().map(|(path, bytes)| (format!("vendor/{path}"), bytes.to_vec()));
    template.chain(vendored).collect()
}

fn fill(text: &str, name: &CrateName) -> String {
    text.replace("{{crate}}", &name.package).replace("{{module}}", name.module.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_names_are_sorted_for_the_search() {
        assert!(TAKEN.is_sorted());
    }

    #[test]
    fn names_become_packages_and_modules() {
        let name = CrateName::new("hot-days").unwrap();
        assert_eq!((name.package.as_str(), name.module.as_str()), ("hot-days", "hot_days"));
        for bad in ["", "Hot", "-a", "9lives", "a b", "a.b", "..", "ä", &"x".repeat(65)] {
            assert!(matches!(CrateName::new(bad), Err(NewError::BadName(_))), "{bad}");
        }
        for taken in ["fn", "run", "test", "stepmill-sdk", "proc-macro"] {
            assert!(matches!(CrateName::new(taken), Err(NewError::Taken(_))), "{taken}");
        }
    }

    #[test]
    fn a_crate_is_whole_and_has_no_placeholders_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/hot-days");
        create(&path).unwrap();
        for (file, _) in TEMPLATE {
            let text = fs::read_to_string(path.join(file)).unwrap();
            assert!(!text.contains("{{"), "{file}");
        }
        let manifest: toml::Table = fs::read_to_string(path.join("Cargo.toml")).unwrap().parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("hot-days"));
        assert!(fs::read_to_string(path.join("pipeline.toml")).unwrap().contains("hot_days/"));
        assert!(path.join("vendor/wit/world.wit").is_file());
        assert!(!path.join("vendor/guest-sdk/tests").exists());
        assert_eq!(fs::read_dir(dir.path().join("deep")).unwrap().count(), 1, "no draft stays");
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let full = dir.path().join("full");
        fs::create_dir(&full).unwrap();
        fs::write(full.join("keep"), "me").unwrap();
        assert!(matches!(create(&full), Err(NewError::Exists(_))));
        assert_eq!(fs::read_to_string(full.join("keep")).unwrap(), "me");

        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(create(&file), Err(NewError::Exists(_))));

        let empty = dir.path().join("empty");
        fs::create_dir(&empty).unwrap();
        create(&empty).unwrap();
        assert!(empty.join("Cargo.toml").is_file());
    }
}
