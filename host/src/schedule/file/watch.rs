//! Notifications of the system that something in a folder has changed.

use std::{
    os::unix::fs::MetadataExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};
use tokio::sync::Notify;

/// Watches a folder, also when another one takes its place.
pub(super) struct Watch {
    asked: bool,
    changed: Arc<Notify>,
    /// The notifications, with the device and inode of what they are of: they would go on for a folder that was moved away.
    on: Option<(Notifications, (u64, u64))>,
}

impl Watch {
    pub(super) fn new(asked: bool) -> Self {
        Self { asked, changed: Arc::new(Notify::new()), on: None }
    }

    /// Watches the folder that is there now. Without a folder, or without notifications, looking must do.
    pub(super) fn keep(&mut self, folder: &Path) {
        let there = folder.metadata().ok().map(|folder| (folder.dev(), folder.ino()));
        if !self.asked || self.on.as_ref().map(|(_, watched)| *watched) == there {
            return;
        }
        self.on = None;
        let Some(there) = there else { return };
        match Notifications::begin(folder, Arc::clone(&self.changed)) {
            Ok(notifications) => self.on = Some((notifications, there)),
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "no notifications; the folder is looked at now and then");
                self.asked = false;
            }
        }
    }

    /// Ends when something has changed since it ended last.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// The notifications of a folder, until they are dropped.
///
/// The watcher panics where the system has no thread for it: when it is asked for something, and again when it is dropped.
/// Two panics at once would end the process.
struct Notifications(Option<RecommendedWatcher>);

impl Notifications {
    /// Begins to watch. What happens does not matter, nor how often: one call of `changed` ends for all of it.
    fn begin(folder: &Path, changed: Arc<Notify>) -> notify::Result<Self> {
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_reading(event.kind)) {
                return;
            }
            changed.notify_one();
        });
        let mut this = Self(Some(watcher?));
        let watched = catch_unwind(AssertUnwindSafe(|| {
            this.0.as_mut().map_or(Ok(()), |watcher| watcher.watch(folder, RecursiveMode::NonRecursive))
        }));
        watched.unwrap_or_else(|_| Err(notify::Error::generic("there is no thread for them"))).map(|()| this)
    }
}

impl Drop for Notifications {
    fn drop(&mut self) {
        let watcher = self.0.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(watcher)));
    }
}

/// Whether somebody only looked, as a trigger itself does all the time.
fn is_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}
