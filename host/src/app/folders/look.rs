//! What is known of the files of one folder: which are still being written, which were taken, which were refused.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{limits::MAX_REMEMBERED_FILES, schedule::file::FileStamp};

/// A file to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its name, without the folder.
    pub(super) name: String,
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it is at this moment.
    pub(super) stamp: FileStamp,
    /// It was there when the folder was looked at for the first time.
    pub(super) is_first: bool,
}

/// A folder, looked at again and again.
pub(super) struct Look {
    folder: PathBuf,
    extension: &'static str,
    files: HashMap<String, Known>,
    looks: u64,
    /// Why the last look failed, if it did: told once.
    trouble: Option<String>,
}

struct Known {
    stamp: FileStamp,
    state: State,
    since_first: bool,
    seen: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It may still be written.
    New,
    /// That was the end of it.
    Taken,
    /// It was refused, and that was told.
    Refused,
    /// It was refused, that was told, and it is to be tried again.
    Waiting,
}

impl Look {
    pub(super) fn new(folder: PathBuf, extension: &'static str) -> Self {
        Self { folder, extension, files: HashMap::new(), looks: 0, trouble: None }
    }

    /// The files that are complete and not dealt with, in the order of their names.
    pub(super) async fn ready(&mut self) -> Vec<Found> {
        let (folder, extension) = (self.folder.clone(), self.extension);
        let listed = tokio::task::spawn_blocking(move || list(&folder, extension)).await;
        let listed = listed.unwrap_or_else(|error| Err(io::Error::other(error)));
        let trouble = listed.as_ref().err().map(ToString::to_string);
        if trouble != self.trouble {
            match &trouble {
                Some(error) => {
                    tracing::warn!(folder = %self.folder.display(), %error, "the folder cannot be looked at")
                }
                None => tracing::info!(folder = %self.folder.display(), "the folder can be looked at again"),
            }
            self.trouble = trouble;
        }
        listed.map(|listed| self.see(listed)).unwrap_or_default()
    }

    fn see(&mut self, listed: Vec<(String, FileStamp)>) -> Vec<Found> {
        self.looks += 1;
        let (looks, is_first) = (self.looks, self.looks == 1);
        let mut ready = Vec::new();
        for (name, stamp) in listed {
            let Some(known) = self.files.get_mut(&name) else {
                self.files.insert(name, Known { stamp, state: State::New, since_first: is_first, seen: looks });
                continue;
            };
            known.seen = looks;
            if known.stamp != stamp {
                *known = Known { stamp, state: State::New, since_first: false, seen: looks };
            } else if matches!(known.state, State::New | State::Waiting) {
                let path = self.folder.join(&name);
                ready.push(Found { name, path, stamp, is_first: known.since_first });
            }
        }
        self.files.retain(|_, known| known.seen == looks);
        ready.sort_by(|a, b| a.name.cmp(&b.name));
        ready
    }

    /// That was the end of it, as long as it stays as it is.
    pub(super) fn taken(&mut self, found: &Found) {
        self.set(found, State::Taken);
    }

    /// It was refused; whether that is news.
    pub(super) fn refused(&mut self, found: &Found, try_again: bool) -> bool {
        self.set(found, if try_again { State::Waiting } else { State::Refused }) == Some(State::New)
    }

    /// What was refused is to be tried again.
    pub(super) fn try_again(&mut self) {
        let refused = self.files.values_mut().filter(|known| known.state == State::Refused);
        refused.for_each(|known| known.state = State::Waiting);
    }

    fn set(&mut self, found: &Found, state: State) -> Option<State> {
        let known = self.files.get_mut(&found.name).filter(|known| known.stamp == found.stamp)?;
        Some(std::mem::replace(&mut known.state, state))
    }
}

/// The ordinary files of a folder with that extension. Links are not followed, and what is gone by now is not there.
fn list(folder: &Path, extension: &str) -> io::Result<Vec<(String, FileStamp)>> {
    let mut listed = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let fits = Path::new(&name).extension().is_some_and(|found| found == extension);
        if name.starts_with('.') || !fits || listed.len() >= MAX_REMEMBERED_FILES {
            continue;
        }
        listed.extend(entry.metadata().ok().as_ref().and_then(FileStamp::of).map(|stamp| (name, stamp)));
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &[Found]) -> Vec<&str> {
        found.iter().map(|found| found.name.as_str()).collect()
    }

    #[test]
    fn a_file_is_taken_when_it_stays_as_it_is_and_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut look = Look::new(dir.path().to_owned(), "wasm");
        let see = |look: &mut Look| look.see(list(dir.path(), "wasm").unwrap());
        assert!(see(&mut look).is_empty());
        let path = dir.path().join("b.wasm");
        fs::write(&path, "1").unwrap();
        fs::write(dir.path().join("a.wasm"), "1").unwrap();
        fs::write(dir.path().join(".hidden.wasm"), "1").unwrap();
        fs::write(dir.path().join("other.toml"), "1").unwrap();
        fs::create_dir(dir.path().join("folder.wasm")).unwrap();
        std::os::unix::fs::symlink(&path, dir.path().join("link.wasm")).unwrap();
        assert!(see(&mut look).is_empty());
        fs::write(&path, "12").unwrap();
        assert_eq!(names(&see(&mut look)), ["a.wasm"]);
        let ready = see(&mut look);
        assert_eq!(names(&ready), ["a.wasm", "b.wasm"]);
        assert!(!ready[0].is_first);
        look.taken(&ready[0]);
        assert!(look.refused(&ready[1], false));
        assert!(see(&mut look).is_empty());
        look.try_again();
        let ready = see(&mut look);
        assert_eq!(names(&ready), ["b.wasm"]);
        assert!(!look.refused(&ready[0], false), "told twice");
        fs::write(&path, "123").unwrap();
        assert!(see(&mut look).is_empty());
        assert_eq!(names(&see(&mut look)), ["b.wasm"]);
        fs::remove_file(&path).unwrap();
        assert!(see(&mut look).is_empty());
    }

    #[test]
    fn what_was_there_at_first_is_known_as_that() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.toml"), "1").unwrap();
        let mut look = Look::new(dir.path().to_owned(), "toml");
        assert!(look.see(list(dir.path(), "toml").unwrap()).is_empty());
        assert!(look.see(list(dir.path(), "toml").unwrap())[0].is_first);
        assert!(list(&dir.path().join("none"), "toml").is_err());
    }
}
