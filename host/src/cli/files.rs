//! Files of outputs, written where the user wants them.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{execute::ports::OutputStore, output::FileRef};

/// The longest file name that is written, in bytes; most file systems take 255.
const MAX_FILE_NAME: usize = 200;

/// Why the files of an output could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The stored bytes cannot be read.
    #[error("the stored file `{name}` cannot be read")]
    Read {
        /// Its name.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Writes files into a folder, which is made if it is not there, and answers with their paths. A file of an earlier run
/// with the same name is replaced, whole or not at all.
///
/// # Errors
/// If a file cannot be read from the store or not be written. Files before it stay.
pub fn save(files: &[FileRef], store: &dyn OutputStore, folder: &Path) -> Result<Vec<PathBuf>, SaveError> {
    let mut folder = Folder::new(folder);
    files.iter().map(|file| save_one(file, store, folder.begin(&file.name)?)).collect()
}

fn save_one(file: &FileRef, store: &dyn OutputStore, mut draft: Draft) -> Result<PathBuf, SaveError> {
    let unreadable = |source| SaveError::Read { name: file.name.clone(), source };
    let mut reader = store.open(&file.hash).map_err(unreadable)?;
    for index in 0..reader.frames() {
        draft.write(&reader.frame(index).map_err(unreadable)?.bytes)?;
    }
    draft.finish()
}

/// A folder that files of one output go into.
pub(super) struct Folder<'a> {
    path: &'a Path,
    taken: BTreeSet<String>,
}

/// A file in the making. Dropped without `finish`, it leaves nothing behind.
pub(super) struct Draft {
    file: NamedTempFile,
    path: PathBuf,
}

impl<'a> Folder<'a> {
    pub(super) fn new(path: &'a Path) -> Self {
        Self { path, taken: BTreeSet::new() }
    }

    /// Begins a file that a step called so.
    pub(super) fn begin(&mut self, name: &str) -> Result<Draft, SaveError> {
        let path = self.path.join(free_name(name, &mut self.taken));
        let unwritable = |source| SaveError::Write { path: path.clone(), source };
        fs::create_dir_all(self.path).map_err(unwritable)?;
        let mut builder = tempfile::Builder::new();
        let file = builder.prefix(".stepmill-").permissions(default_permissions()).tempfile_in(self.path);
        Ok(Draft { file: file.map_err(unwritable)?, path })
    }
}

impl Draft {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), SaveError> {
        self.file.write_all(bytes).map_err(|source| SaveError::Write { path: self.path.clone(), source })
    }

    pub(super) fn finish(self) -> Result<PathBuf, SaveError> {
        let Self { file, path } = self;
        match file.persist(&path) {
            Ok(_) => Ok(path),
            Err(error) => Err(SaveError::Write { path, source: error.error }),
        }
    }
}

/// What an ordinary new file gets, less the umask; temporary files are private otherwise.
fn default_permissions() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

/// A name that no other file of the output has: `report.html`, `report-2.html`. Names are compared without regard to
/// case, as some file systems do.
fn free_name(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let name = sanitise(wanted);
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (name.as_str(), String::new()),
    };
    let numbered = (2_u64..).map(|number| format!("{stem}-{number}{extension}"));
    let mut candidates = std::iter::once(name.clone()).chain(numbered);
    candidates.find(|candidate| taken.insert(candidate.to_lowercase())).unwrap_or(name)
}

/// A file name from a step, made harmless: no folders, no hidden files, no characters that mean something to a shell's
/// user or a terminal, no device names, not too long.
fn sanitise(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(
            |c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ' | '+' | '(' | ')' | ',') { c } else { '_' },
        )
        .collect();
    let mut plain = plain.trim_matches([' ', '.']).to_owned();
    while plain.len() > MAX_FILE_NAME {
        let end = plain.char_indices().map(|(index, _)| index).take_while(|&index| index <= MAX_FILE_NAME).last();
        plain.truncate(end.unwrap_or(0));
    }
    // A leading hyphen would be read as an option.
    match plain.strip_prefix('-') {
        Some(rest) => format!("_{rest}"),
        None if plain.is_empty() => "file".to_owned(),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_steps_stay_in_the_folder() {
        for (hostile, harmless) in [
            ("report.html", "report.html"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("/abs", "_abs"),
            (".bashrc", "bashrc"),
            ("..", "file"),
            ("", "file"),
            ("-rf", "_rf"),
            ("a\u{202e}b\x1b[2J\n", "a_b__2J_"),
            ("größe (1).csv", "größe (1).csv"),
            ("c:\\x", "c__x"),
        ] {
            assert_eq!(sanitise(hostile), harmless);
        }
        assert_eq!(sanitise(&"ä".repeat(300)).len(), MAX_FILE_NAME);
    }

    #[test]
    fn names_that_collide_are_numbered() {
        let mut taken = BTreeSet::new();
        let names: Vec<String> = ["a.txt", "A.txt", "a.txt", "b", "b"].map(|name| free_name(name, &mut taken)).into();
        assert_eq!(names, ["a.txt", "A-2.txt", "a-3.txt", "b", "b-2"]);
    }
}
