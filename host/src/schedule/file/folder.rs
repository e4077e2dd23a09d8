//! A look at a folder.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::time::Instant;

use super::{
    stamp::FileStamp,
    tracker::{Ready, Tracker},
};
use crate::{limits::MAX_READY_FILES, plan::FilePattern};

/// The files that are complete by now, and whether there may be more of them. What cannot be looked at has none: it may
/// be on its way.
pub(super) fn look(
    folder: &Path,
    pattern: &FilePattern,
    roots: Option<&[PathBuf]>,
    tracker: &mut Tracker,
    now: Instant,
) -> (Vec<Ready>, bool) {
    let mut ready = Vec::new();
    let looked = try_look(folder, pattern, roots, tracker, &mut ready, now);
    if tracker.failed(looked.as_ref().err().map(ToString::to_string)) {
        let error = looked.as_ref().err().map(tracing::field::display);
        tracing::warn!(error, folder = %folder.display(), "the folder of a trigger cannot be looked at");
    }
    (ready, looked.unwrap_or(false))
}

fn try_look(
    folder: &Path,
    pattern: &FilePattern,
    roots: Option<&[PathBuf]>,
    tracker: &mut Tracker,
    ready: &mut Vec<Ready>,
    now: Instant,
) -> io::Result<bool> {
    // A link on the way to the folder may have been put there since the trigger was made.
    if let Some(roots) = roots {
        let real = folder.canonicalize()?;
        if !roots.iter().any(|root| root.canonicalize().is_ok_and(|root| real.starts_with(root))) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it leads out of those that may be watched"));
        }
    }
    tracker.begin();
    for entry in folder.read_dir()? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || !pattern.matches(&name) {
            continue;
        }
        // This does not follow links. A file that is gone by now is none.
        let Some(stamp) = entry.metadata().ok().as_ref().and_then(FileStamp::of) else { continue };
        ready.extend(tracker.found(&name, stamp, now));
        if ready.len() >= MAX_READY_FILES {
            return Ok(true);
        }
    }
    tracker.end();
    Ok(false)
}
