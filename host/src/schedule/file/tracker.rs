//! Which files of a folder have been dealt with, and which are still being written.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::stamp::FileStamp;
use crate::limits::MAX_REMEMBERED_FILES;

/// What is known of the files of one folder.
#[derive(Debug)]
pub(super) struct Tracker {
    settle: Duration,
    files: HashMap<String, Known>,
    /// Counts looks, to find what is gone.
    look: u64,
    /// In which look those that are dealt with were forgotten.
    made_room: u64,
    /// Why the last look failed, if it did.
    trouble: Option<String>,
}

#[derive(Debug)]
struct Known {
    stamp: FileStamp,
    /// Since when it is so.
    since: Instant,
    /// Whether its event was offered and that was the end of it.
    over: bool,
    seen: u64,
}

/// A file that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ready {
    pub(super) name: String,
    pub(super) stamp: FileStamp,
}

impl Tracker {
    pub(super) fn new(settle: Duration) -> Self {
        Self { settle, files: HashMap::new(), look: 0, made_room: 0, trouble: None }
    }

    /// Begins a look at the folder.
    pub(super) fn begin(&mut self) {
        self.look += 1;
    }

    /// A file that is there: it is complete once it has stayed the same for long enough.
    pub(super) fn found(&mut self, name: &str, stamp: FileStamp, now: Instant) -> Option<Ready> {
        let ready = || Some(Ready { name: name.to_owned(), stamp });
        if let Some(known) = self.files.get_mut(name) {
            known.seen = self.look;
            if known.stamp != stamp {
                (known.stamp, known.since, known.over) = (stamp, now, false);
            }
            return if !known.over && now.duration_since(known.since) >= self.settle { ready() } else { None };
        }
        if self.files.len() >= MAX_REMEMBERED_FILES {
            // What is forgotten is offered again, and answered as a duplicate. What still has no place waits for one.
            // Once in a look is enough, and not once for each file.
            if self.made_room != self.look {
                self.made_room = self.look;
                self.files.retain(|_, known| !known.over);
            }
            if self.files.len() >= MAX_REMEMBERED_FILES {
                return None;
            }
        }
        self.files.insert(name.to_owned(), Known { stamp, since: now, over: false, seen: self.look });
        if self.settle.is_zero() { ready() } else { None }
    }

    /// Ends a look at the whole folder: what was not found is forgotten.
    pub(super) fn end(&mut self) {
        let look = self.look;
        self.files.retain(|_, known| known.seen == look);
    }

    /// A file was offered; if that was not the end of it, it has to settle again.
    pub(super) fn offered(&mut self, ready: Ready, over: bool) {
        if let Some(known) = self.files.get_mut(&ready.name).filter(|known| known.stamp == ready.stamp) {
            known.over = over;
            if !over {
                known.since = Instant::now();
            }
        }
    }

    /// Takes note of how a look went; says whether it is news that it failed.
    pub(super) fn failed(&mut self, trouble: Option<String>) -> bool {
        let news = trouble.is_some() && trouble != self.trouble;
        self.trouble = trouble;
        news
    }

    /// How long until a file may be complete, if one is waited for.
    pub(super) fn next(&self, now: Instant) -> Option<Duration> {
        let waiting = self.files.values().filter(|known| !known.over);
        waiting.map(|known| (known.since + self.settle).saturating_duration_since(now)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> FileStamp {
        let file = tempfile::NamedTempFile::new().unwrap();
        FileStamp::of(&file.path().metadata().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded_and_no_file_waits_for_ever() {
        let (mut tracker, stamp, now) = (Tracker::new(Duration::ZERO), stamp(), Instant::now());
        tracker.begin();
        for i in 0..MAX_REMEMBERED_FILES {
            assert!(tracker.found(&i.to_string(), stamp, now).is_some());
        }
        // All are waited for: there is no place.
        assert_eq!(tracker.found("more", stamp, now), None);
        // Those that are dealt with make room.
        let done = Ready { name: "0".to_owned(), stamp };
        tracker.offered(done, true);
        tracker.begin();
        assert!(tracker.found("more", stamp, now).is_some());
        assert_eq!(tracker.files.len(), MAX_REMEMBERED_FILES);
        // What is gone is forgotten.
        tracker.begin();
        tracker.found("more", stamp, now);
        tracker.end();
        assert_eq!(tracker.files.len(), 1);
    }

    #[tokio::test]
    async fn a_file_settles_anew_whenever_it_changes() {
        let second = Duration::from_secs(1);
        let (mut tracker, now) = (Tracker::new(second), Instant::now());
        let (one, two) = (stamp(), stamp());
        assert_eq!(tracker.found("a", one, now), None);
        assert_eq!(tracker.found("a", two, now + second), None);
        assert_eq!(tracker.next(now + second), Some(second));
        let ready = tracker.found("a", two, now + 2 * second).unwrap();
        assert_eq!(ready.stamp, two);
        tracker.offered(ready, true);
        assert_eq!(tracker.found("a", two, now + 9 * second), None);
        assert_eq!(tracker.next(now), None);
    }
}
