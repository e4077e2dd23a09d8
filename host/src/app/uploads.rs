//! Files that were sent ahead of the run that takes them: stored, and kept from retention for a while.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::{Host, keeper::InUse};
use crate::{
    effects,
    execute::stored,
    ids::{ContentHash, Timestamp},
    limits,
    output::FileRef,
};

/// How long a file waits for its run.
const LEASE: Duration = Duration::from_secs(15 * 60);

/// Files that wait for a run, and those that are being sent.
#[derive(Debug, Default)]
pub struct Uploads(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By the token that sent them.
    waiting: HashMap<(i64, Uuid), Lease>,
    /// How many files are being sent, and how many bytes of them have come.
    coming: usize,
    bytes_coming: u64,
}

/// A file that waits: its content stays, and nothing else does because of it.
#[derive(Debug)]
struct Lease {
    file: FileRef,
    ends: Instant,
}

/// A place for a file that is being sent.
struct Place {
    uploads: Arc<Uploads>,
    bytes: u64,
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
    /// Those that wait take too much.
    #[error(
        "the files that wait for their runs may take {} bytes together: start their runs, or wait",
        limits::MAX_UPLOADED
    )]
    Full,
    /// It cannot be stored.
    #[error("the file cannot be stored: {0}")]
    Store(#[from] io::Error),
}

impl Uploads {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that an upload of this token answered with. It stays, for other runs.
    #[must_use]
    pub fn find(&self, token: i64, id: Uuid) -> Option<FileRef> {
        self.lock().after(Instant::now()).waiting.get(&(token, id)).map(|lease| lease.file.clone())
    }

    /// The contents of files that wait now.
    pub(super) fn contents(&self) -> HashSet<ContentHash> {
        self.lock().after(Instant::now()).waiting.values().map(|lease| lease.file.hash).collect()
    }

    fn place(self: &Arc<Self>) -> Result<Place, UploadError> {
        let mut state = self.lock();
        if state.after(Instant::now()).waiting.len() + state.coming >= limits::MAX_UPLOADS {
            return Err(UploadError::TooMany);
        }
        state.coming += 1;
        Ok(Place { uploads: Arc::clone(self), bytes: 0 })
    }
}

impl State {
    /// Forgets the files whose time is over.
    fn after(&mut self, now: Instant) -> &mut Self {
        self.waiting.retain(|_, lease| lease.ends > now);
        self
    }

    fn bytes(&self) -> u64 {
        self.waiting.values().fold(self.bytes_coming, |sum, lease| sum.saturating_add(lease.file.size))
    }
}

impl Place {
    /// Takes room for bytes that have come.
    fn take(&mut self, bytes: u64) -> Result<(), UploadError> {
        let mut state = self.uploads.lock();
        if state.bytes().saturating_add(bytes) > limits::MAX_UPLOADED {
            // Only where it matters: these may have ended.
            if state.after(Instant::now()).bytes().saturating_add(bytes) > limits::MAX_UPLOADED {
                return Err(UploadError::Full);
            }
        }
        state.bytes_coming += bytes;
        self.bytes += bytes;
        if self.bytes > limits::MAX_UPLOAD { Err(UploadError::TooLarge) } else { Ok(()) }
    }

    /// Lets the file wait for its run from now on.
    fn keep(self, token: i64, file: FileRef, ends: Instant) -> Uuid {
        let id = id(&file);
        self.uploads.lock().waiting.insert((token, id), Lease { file, ends });
        id
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.uploads.lock();
        state.coming -= 1;
        state.bytes_coming -= self.bytes;
    }
}

/// The same for the same file, so that a request that names it is the same too when it is sent again.
fn id(file: &FileRef) -> Uuid {
    let FileRef { name, media_type, size: _, hash } = file;
    let mut hasher = Sha256::new();
    for part in [hash.0.as_slice(), name.as_bytes(), media_type.as_bytes()] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let (bytes, _) = digest.split_first_chunk().expect("32 bytes have 16 in front");
    Builder::from_custom_bytes(*bytes).into_uuid()
}

/// Reads what is sent. Before its end is told, so that the whole is stored, nothing is removed any more.
struct Sent<R> {
    source: R,
    place: Place,
    /// Asks that nothing is removed.
    ask: Option<oneshot::Sender<()>>,
    answer: Option<oneshot::Receiver<InUse>>,
    in_use: Option<InUse>,
    /// Why no more is taken.
    refused: Option<UploadError>,
}

impl<R: Read> Read for Sent<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        if let Err(refused) = self.place.take(count as u64) {
            self.refused = Some(refused);
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        if count == 0
            && let (Some(ask), Some(answer)) = (self.ask.take(), self.answer.take())
        {
            // Where nobody answers, nobody waits for the file either.
            let asked = ask.send(()).is_ok();
            self.in_use = effects::wait(answer).ok().filter(|_| asked);
            if self.in_use.is_none() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        Ok(count)
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

    /// Stores a file for a run to come, which the same token starts. Its bytes are read on a thread that may wait for them.
    ///
    /// # Errors
    /// If it is too large, too many wait or take too much already, it cannot be stored, or its bytes cannot be read.
    pub async fn upload(
        &self,
        token: i64,
        name: String,
        media_type: String,
        source: impl Read + Send + 'static,
    ) -> Result<Uploaded, UploadError> {
        let place = self.uploads.place()?;
        let store = Arc::clone(&self.outputs);
        let ((ask, asked), (tell, answer)) = (oneshot::channel(), oneshot::channel());
        let stored = effects::blocking_or_panic(move || {
            let (ask, answer) = (Some(ask), Some(answer));
            let mut sent = Sent { source, place, ask, answer, in_use: None, refused: None };
            let file = match stored::store_file(store.as_ref(), name, media_type, &mut sent) {
                Ok(file) => file,
                Err(error) => return Err(sent.refused.unwrap_or(UploadError::Store(error))),
            };
            let Sent { place, in_use, .. } = sent;
            let id = place.keep(token, file.clone(), Instant::now() + LEASE);
            // Only now: a pass that begins finds what waits.
            drop(in_use);
            Ok((id, file))
        });
        // However slowly it comes, a pass of retention waits for its end only.
        let keep_all = async {
            if asked.await.is_ok() {
                // Whoever asked may have been stopped.
                let _ = tell.send(self.keeper.in_use().await);
            }
        };
        let (stored, ()) = tokio::join!(stored, keep_all);
        let (id, file) = stored?;
        let lives = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        Ok(Uploaded { id, file, until: Timestamp(Timestamp::now().0.saturating_add(lives)) })
    }
}

#[cfg(test)]
mod tests;
