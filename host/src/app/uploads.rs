//! Files that were sent ahead of the run that takes them: stored, and kept from retention for a while.

use std::{
    collections::HashMap,
    io::{self, Read},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use uuid::Uuid;

use super::{Host, keeper::InUse};
use crate::{effects, execute::stored, ids::Timestamp, limits, output::FileRef};

/// How long a file waits for its run.
const LEASE: Duration = Duration::from_secs(15 * 60);

/// Files that wait for a run.
#[derive(Default)]
pub struct Uploads(Mutex<HashMap<Uuid, Lease>>);

struct Lease {
    file: FileRef,
    ends: Instant,
    /// Nothing is removed meanwhile.
    _in_use: InUse,
}

/// A file that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// What a run is told to take it by.
    pub id: Uuid,
    /// The file.
    pub file: FileRef,
    /// Until when it waits.
    pub until: Timestamp,
}

/// Why a file cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It is too large.
    #[error("a file has at most {} bytes", limits::MAX_UPLOAD)]
    TooLarge,
    /// Too many wait already.
    #[error("{} files wait for their runs already: start these, or wait", limits::MAX_UPLOADS)]
    TooMany,
    /// It cannot be stored.
    #[error("the file cannot be stored: {0}")]
    Store(#[from] io::Error),
}

impl Uploads {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Lease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that an upload answered with. It stays, for other runs.
    #[must_use]
    pub fn find(&self, id: Uuid) -> Option<FileRef> {
        let now = Instant::now();
        self.lock().get(&id).filter(|lease| lease.ends > now).map(|lease| lease.file.clone())
    }

    /// Forgets the files whose time is over.
    pub fn expire(&self) {
        let now = Instant::now();
        self.lock().retain(|_, lease| lease.ends > now);
    }
}

impl Host {
    /// Stores a file for a run that is about to start. `read` is called with what copies the bytes, on a thread that may
    /// wait for them.
    pub(super) async fn store_file(
        &self,
        name: String,
        media_type: String,
        read: impl FnOnce(&mut dyn FnMut(&mut dyn Read) -> io::Result<FileRef>) -> io::Result<FileRef> + Send + 'static,
    ) -> io::Result<(FileRef, InUse)> {
        let in_use = self.keeper.in_use().await;
        let store = std::sync::Arc::clone(&self.outputs);
        let stored = effects::blocking_or_panic(move || {
            read(&mut |source| stored::store_file(store.as_ref(), name.clone(), media_type.clone(), source))
        });
        let file = stored.await?;
        Ok((file, in_use))
    }

    /// Stores a file for a run to come. Its bytes are read on a thread that may wait for them.
    ///
    /// # Errors
    /// If it is too large, too many wait already, it cannot be stored, or its bytes cannot be read.
    pub async fn upload(
        &self,
        uploads: &Uploads,
        name: String,
        media_type: String,
        source: impl Read + Send + 'static,
    ) -> Result<Uploaded, UploadError> {
        uploads.expire();
        if uploads.lock().len() >= limits::MAX_UPLOADS {
            return Err(UploadError::TooMany);
        }
        let in_use = self.keeper.in_use().await;
        let store = std::sync::Arc::clone(&self.outputs);
        let stored = effects::blocking_or_panic(move || {
            let file = stored::store_file(store.as_ref(), name, media_type, &mut source.take(limits::MAX_UPLOAD + 1))?;
            // What is stored of it is swept with all else that nothing refers to.
            if file.size > limits::MAX_UPLOAD { Err(UploadError::TooLarge) } else { Ok(file) }
        });
        let file = stored.await?;
        let id = effects::uuid();
        let lease = Lease { file: file.clone(), ends: Instant::now() + LEASE, _in_use: in_use };
        uploads.lock().insert(id, lease);
        let lives = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        Ok(Uploaded { id, file, until: Timestamp(Timestamp::now().0.saturating_add(lives)) })
    }
}
