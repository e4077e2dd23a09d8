//! Notifications of the system that something in a folder has changed.

use std::{os::unix::fs::MetadataExt as _, path::Path, sync::Arc};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};
use tokio::sync::Notify;

/// Watches a folder, also when another one takes its place.
pub(super) struct Watch {
    asked: bool,
    changed: Arc<Notify>,
    /// The watcher, with the device and inode of what it watches: it would go on watching a folder that was moved away.
    on: Option<(RecommendedWatcher, (u64, u64))>,
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
        let changed = Arc::clone(&self.changed);
        // What happened does not matter, nor how often: one call of `changed` ends for all of it.
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_reading(event.kind)) {
                return;
            }
            changed.notify_one();
        });
        let watching = watcher.and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        match watching {
            Ok(watcher) => self.on = Some((watcher, there)),
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

/// Whether somebody only looked, as a trigger itself does all the time.
fn is_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}
