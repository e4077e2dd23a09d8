//! Tasks, blocking work, the time and new ids: everything in which two executions of the same code may differ.
//!
//! `execute`, `app`, `registry`, `schedule` and `observe` get them here and nowhere else, so that the simulation can
//! replace them by ones that follow from a seed.

use std::future::Future;

use tokio::{
    runtime::Handle,
    task::{JoinError, JoinHandle},
};
use uuid::Uuid;

/// Spawns a task on the runtime of the caller. It continues when the handle is dropped.
pub(crate) fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(work)
}

/// Spawns a task on another runtime, such as that of the guests.
pub(crate) fn spawn_on<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    runtime.spawn(work)
}

/// Runs work that may block on a thread for such work.
///
/// # Errors
/// If it panicked, or the runtime is shutting down.
pub(crate) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, JoinError>> + Send {
    tokio::task::spawn_blocking(work)
}

/// The same for work whose panic is the caller's own.
pub(crate) async fn blocking_or_panic<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is shutting down cancels such work, and it drops this future as well.
            Err(_) => std::future::pending().await,
        },
    }
}

/// The wall clock, in milliseconds since the beginning of 1970 UTC.
pub(crate) fn wall_clock() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// A new id, different from all others, which sorts by the time it was made.
pub(crate) fn uuid() -> Uuid {
    Uuid::now_v7()
}
