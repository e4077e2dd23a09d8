//! The SDK's sources, carried in the binary: it is in no registry, so `stepmill new` writes a copy beside the new crate.

use include_dir::{Dir, include_dir};

/// A file of the copy: its path below `vendor/`, and its bytes.
pub type VendoredFile = (String, &'static [u8]);

static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../guest-sdk/src");
static MACROS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../guest-macros/src");
static WIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../wit");

/// The packages' manifests. Folders around them are left out on purpose: tests and build products stay here.
const MANIFESTS: [(&str, &[u8]); 2] = [
    ("guest-sdk/Cargo.toml", include_bytes!("../../../guest-sdk/Cargo.toml")),
    ("guest-macros/Cargo.toml", include_bytes!("../../../guest-macros/Cargo.toml")),
];

/// Every file of the copy, laid out as in the repository, so that the relative paths in them hold.
#[must_use]
pub fn files() -> Vec<VendoredFile> {
    let mut files: Vec<VendoredFile> = MANIFESTS.iter().map(|&(path, bytes)| (path.to_owned(), bytes)).collect();
    for (prefix, dir) in [("guest-sdk/src", &SDK), ("guest-macros/src", &MACROS), ("wit", &WIT)] {
        collect(prefix, dir, &mut files);
    }
    files
}

fn collect(prefix: &str, dir: &'static Dir<'static>, files: &mut Vec<VendoredFile>) {
    files.extend(dir.files().map(|file| (format!("{prefix}/{}", file.path().display()), file.contents())));
    dir.dirs().for_each(|inner| collect(prefix, inner, files));
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, path::Path};

    use super::*;

    fn read(dir: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                read(&entry.path(), &path, found);
            } else {
                found.insert(path, fs::read(entry.path()).unwrap());
            }
        }
    }

    /// The macro that embeds the folders does not notice a new file by itself; this does.
    #[test]
    fn the_copy_is_what_the_repository_holds() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut found = BTreeMap::new();
        for dir in ["guest-sdk/src", "guest-macros/src", "wit"] {
            read(&root.join(dir), dir, &mut found);
        }
        let embedded: BTreeMap<String, Vec<u8>> = files()
            .into_iter()
            .filter(|(path, _)| !path.ends_with("Cargo.toml"))
            .map(|(p, b)| (p, b.to_vec()))
            .collect();
        assert_eq!(
            embedded.keys().collect::<Vec<_>>(),
            found.keys().collect::<Vec<_>>(),
            "touch src/cli/sdk_source.rs"
        );
        assert!(embedded == found, "an embedded file differs from the repository");
    }

    #[test]
    fn manifests_do_not_need_this_workspace() {
        for (path, bytes) in MANIFESTS {
            let text = std::str::from_utf8(bytes).unwrap();
            let inherits = text.lines().any(|line| !line.starts_with('#') && line.contains("workspace = true"));
            assert!(!inherits, "{path} inherits from a workspace that is not copied");
        }
    }
}
