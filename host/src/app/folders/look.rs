//! What is known of the files of one folder: which are still being written, which were taken, which were refused.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{effects, limits::MAX_REMEMBERED_FILES, schedule::file::FileStamp};

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
    /// Why it was refused last: told once.
    reason: Option<String>,
    /// How often it was tried in vain as it is, and from which look on it is to be tried again.
    tries: u32,
    due: u64,
}

impl Known {
    fn new(stamp: FileStamp, since_first: bool, seen: u64) -> Self {
        Self { stamp, state: State::Open, since_first, seen, reason: None, tries: 0, due: 0 }
    }
}

/// The longest wait between two tries of a file that stays as it is, as a power of two of looks.
const MAX_WAIT: u32 = 7;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It may still be written, or is to be tried.
    Open,
    /// That was the end of it.
    Taken,
    /// It was refused.
    Refused,
}

impl Look {
    pub(super) fn new(folder: PathBuf, extension: &'static str) -> Self {
        Self { folder, extension, files: HashMap::new(), looks: 0, trouble: None }
    }

    /// The files that are complete and not dealt with, in the order of their names.
    pub(super) async fn ready(&mut self) -> Vec<Found> {
        let (folder, extension) = (self.folder.clone(), self.extension);
        let listed = effects::blocking(move || list(&folder, extension)).await;
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
                self.files.insert(name, Known::new(stamp, is_first, looks));
                continue;
            };
            known.seen = looks;
            if known.stamp != stamp {
                *known = Known::new(stamp, false, looks);
            } else if known.state == State::Open && known.due <= looks {
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
        if let Some(known) = self.known(found) {
            known.state = State::Taken;
        }
    }

    /// It was refused for this reason; whether that is news. What may pass as it is is tried again, less and less often.
    pub(super) fn refused(&mut self, found: &Found, reason: &str, try_again: bool) -> bool {
        let looks = self.looks;
        let Some(known) = self.known(found) else { return false };
        if try_again {
            known.due = looks + (1 << known.tries.min(MAX_WAIT));
            known.tries += 1;
        } else {
            known.state = State::Refused;
        }
        let is_news = known.reason.as_deref() != Some(reason);
        known.reason = Some(reason.to_owned());
        is_news
    }

    /// What was refused is to be tried again.
    pub(super) fn try_again(&mut self) {
        let refused = self.files.values_mut().filter(|known| known.state == State::Refused);
        refused.for_each(|known| known.state = State::Open);
    }

    fn known(&mut self, found: &Found) -> Option<&mut Known> {
        self.files.get_mut(&found.name).filter(|known| known.stamp == found.stamp)
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
        assert!(look.refused(&ready[1], "no", false));
        assert!(see(&mut look).is_empty());
        look.try_again();
        let ready = see(&mut look);
        assert_eq!(names(&ready), ["b.wasm"]);
        assert!(!look.refused(&ready[0], "no", false), "told twice");
        look.try_again();
        let ready = see(&mut look);
        assert!(look.refused(&ready[0], "for another reason", false), "not told");
        fs::write(&path, "123").unwrap();
        assert!(see(&mut look).is_empty());
        assert_eq!(names(&see(&mut look)), ["b.wasm"]);
        fs::remove_file(&path).unwrap();
        assert!(see(&mut look).is_empty());
    }

    #[test]
    fn what_may_pass_is_tried_less_and_less_often() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.wasm"), "1").unwrap();
        let mut look = Look::new(dir.path().to_owned(), "wasm");
        let mut tries = 0;
        for _ in 0..1_000 {
            for found in look.see(list(dir.path(), "wasm").unwrap()) {
                tries += 1;
                assert_eq!(look.refused(&found, "not now", true), tries == 1);
            }
        }
        assert!((10..20).contains(&tries), "{tries}");
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
