//! Files that appear in a folder. Notifications only say when to look; what is there is found by looking, so a lost one
//! costs some seconds and nothing else.

mod folder;
mod stamp;
mod tracker;
mod watch;

use std::{
    path::{Component, Path, PathBuf},
    time::Duration,
};

use futures_util::{StreamExt as _, future::BoxFuture, stream};
use tokio::time::{Instant, sleep};

use super::ports::{Context, Offer, Payload, Trigger, TriggerError, TriggerEvent, TriggerFactory};
use crate::{
    effects,
    plan::{FilePattern, PlanTrigger, TriggerKind},
};
pub use stamp::{FileStamp, StableFile, may_come_again, open_stable};
use tracker::{Ready, Tracker};
use watch::Watch;

/// How often the folder is looked at, whether there was a notification or not.
const RESCAN: Duration = Duration::from_secs(5);
/// How long behind a notification the folder is looked at: many come together.
const GATHER: Duration = Duration::from_millis(100);
/// How many events are offered at once, so that they share commits.
const AT_ONCE: usize = 16;

/// Makes the triggers of files.
#[derive(Debug, Clone)]
pub struct FileFactory {
    roots: Option<Vec<PathBuf>>,
    rescan: Duration,
    notifications: bool,
}

impl FileFactory {
    /// One whose triggers may watch every folder: for pipelines that one has written oneself.
    #[must_use]
    pub fn anywhere() -> Self {
        Self { roots: None, rescan: RESCAN, notifications: true }
    }

    /// One whose triggers may watch these folders and those in them. A relative path is one in the first of them.
    #[must_use]
    pub fn within(roots: Vec<PathBuf>) -> Self {
        Self { roots: Some(roots), ..Self::anywhere() }
    }

    /// How often a folder is looked at without a notification.
    #[must_use]
    pub fn rescan(self, period: Duration) -> Self {
        Self { rescan: period, ..self }
    }

    /// Whether to ask the system for notifications. Some network file systems have none.
    #[must_use]
    pub fn notifications(self, asked: bool) -> Self {
        Self { notifications: asked, ..self }
    }

    fn folder(&self, path: &Path) -> Result<PathBuf, TriggerError> {
        let refused = || TriggerError::Folder(path.to_owned());
        let Some(roots) = &self.roots else { return Ok(path.to_owned()) };
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(refused());
        }
        let path = roots.first().ok_or_else(refused)?.join(path);
        if roots.iter().any(|root| path.starts_with(root)) { Ok(path) } else { Err(refused()) }
    }
}

impl TriggerFactory for FileFactory {
    fn make(&self, trigger: &PlanTrigger) -> Result<Box<dyn Trigger>, TriggerError> {
        let TriggerKind::File { path, pattern, settle_ms } = &trigger.kind else {
            return Err(TriggerError::WrongKind(trigger.kind.as_str().to_owned()));
        };
        Ok(Box::new(Files {
            folder: self.folder(path)?,
            pattern: pattern.clone(),
            settle: Duration::from_millis(*settle_ms),
            settings: self.clone(),
        }))
    }
}

struct Files {
    folder: PathBuf,
    pattern: FilePattern,
    settle: Duration,
    settings: FileFactory,
}

impl Trigger for Files {
    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Result<(), TriggerError>> {
        Box::pin(async move {
            self.wait(&context).await;
            Ok(())
        })
    }
}

impl Files {
    async fn wait(&self, context: &Context) {
        let mut watch = Watch::new(self.settings.notifications);
        let mut tracker = Tracker::new(self.settle);
        loop {
            // First watch, then look: what comes in between is found by one of them.
            watch.keep(&self.folder);
            let found = self.look(tracker).await;
            let Some((back, ready, full)) = found else { return };
            tracker = back;
            let all = self.offer(ready, context).await;
            let mut trouble = false;
            for (ready, over) in all {
                trouble |= !over;
                tracker.offered(ready, over);
            }
            if full && !trouble {
                continue;
            }
            let wait = tracker.next(Instant::now()).unwrap_or(self.settings.rescan).min(self.settings.rescan);
            tokio::select! {
                biased;
                () = sleep(if trouble { self.settings.rescan } else { wait }) => {}
                () = watch.changed(), if !trouble => sleep(GATHER.min(self.settings.rescan)).await,
            }
        }
    }

    /// Looks at the folder, away from the threads that must not block.
    async fn look(&self, mut tracker: Tracker) -> Option<(Tracker, Vec<Ready>, bool)> {
        let (folder, pattern, roots) = (self.folder.clone(), self.pattern.clone(), self.settings.roots.clone());
        let look = effects::blocking(move || {
            let (ready, full) = folder::look(&folder, &pattern, roots.as_deref(), &mut tracker, Instant::now());
            (tracker, ready, full)
        });
        // It only fails when the runtime ends.
        look.await.ok()
    }

    /// Offers files; says of each whether that was the end of it.
    async fn offer(&self, ready: Vec<Ready>, context: &Context) -> Vec<(Ready, bool)> {
        let offers = ready.into_iter().map(|ready| async {
            let path = self.folder.join(&ready.name);
            let event = TriggerEvent {
                key: ready.stamp.key(&path),
                scheduled_for: None,
                payload: Payload::File {
                    media_type: mime_guess::from_path(&path).first_or_octet_stream().to_string(),
                    name: ready.name.clone(),
                    path,
                    stamp: ready.stamp,
                },
            };
            let over = match context.sink.offer(event).await {
                Ok(Offer::Stale) => false,
                Ok(_) => true,
                Err(error) => {
                    tracing::warn!(%error, file = ready.name, "a trigger will offer the file again");
                    false
                }
            };
            (ready, over)
        });
        stream::iter(offers).buffer_unordered(AT_ONCE).collect().await
    }
}
