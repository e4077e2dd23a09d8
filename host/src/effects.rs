//! Tasks, blocking work, locks, the time and new ids: everything in which two executions of the same code may differ.
//!
//! `execute`, `app`, `registry`, `schedule`, `observe` and the writer get them here and nowhere else, so that in tests
//! a simulation can replace them by ones that follow from a seed.

mod backoff;
mod lock;
#[cfg(test)]
pub(crate) mod simulation;
mod thread;

use std::{io, num::NonZero, sync::RwLock, time::Duration};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
    task::{JoinError, JoinHandle},
};
use uuid::Uuid;

#[cfg(test)]
pub(crate) use self::lock::in_any_order;
pub(crate) use self::{
    backoff::Backoff,
    lock::Mutex,
    thread::{Receiver, Sender, Thread, queue, thread},
};

/// How long a thread for blocking work stays once it was made: as long as the process.
const FOR_GOOD: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Makes a runtime of a thread per core, with a thread for blocking work that stays. Where the system has no more threads
/// to give, such work waits for a thread; without a single one it would panic, and take a thread of the runtime along.
///
/// # Errors
/// If there are too many threads, or the runtime cannot be made.
pub(crate) fn runtime(builder: &mut Builder) -> io::Result<Runtime> {
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    try_threads(workers + 1)?;
    let runtime = builder.worker_threads(workers).thread_keep_alive(FOR_GOOD).enable_all().build()?;
    drop(runtime.spawn_blocking(|| ()));
    Ok(runtime)
}

/// Starts so many threads at once, and ends them. A runtime that does not get its threads panics, or never ends.
fn try_threads(count: usize) -> io::Result<()> {
    let latch = RwLock::new(());
    std::thread::scope(|scope| {
        let _closed = latch.write();
        for _ in 0..count {
            std::thread::Builder::new().spawn_scoped(scope, || drop(latch.read()))?;
        }
        Ok(())
    })
}

/// Spawns a task on the runtime of the caller. It continues when the handle is dropped.
pub(crate) fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    #[cfg(test)]
    let work = simulation::scheduled(work);
    tokio::spawn(work)
}

/// Spawns a task on another runtime, such as that of the guests.
pub(crate) fn spawn_on<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    #[cfg(test)]
    if simulation::is_on() {
        return spawn(work);
    }
    runtime.spawn(work)
}

/// Runs work that may block on a thread for such work.
///
/// # Errors
/// If it panicked, or the runtime is shutting down.
pub(crate) fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    #[cfg(test)]
    if simulation::is_on() {
        return spawn(async move {
            simulation::stalled().await;
            work()
        });
    }
    tokio::task::spawn_blocking(work)
}

/// The same for work whose panic is the caller's own.
pub(crate) async fn blocking_or_panic<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done: Result<T, JoinError> = blocking(work).await;
    match done {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is shutting down cancels such work, and it drops this future as well.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Blocks until an answer arrives. Not for async code.
///
/// # Errors
/// If there will be none.
pub(crate) fn wait<T>(answer: oneshot::Receiver<T>) -> Result<T, oneshot::error::RecvError> {
    #[cfg(test)]
    if let Some(simulation) = simulation::current() {
        return simulation.wait(answer);
    }
    answer.blocking_recv()
}

/// The wall clock, in milliseconds since the beginning of 1970 UTC.
pub(crate) fn wall_clock() -> i64 {
    #[cfg(test)]
    if let Some(simulation) = simulation::current() {
        return simulation.wall_clock();
    }
    chrono::Utc::now().timestamp_millis()
}

/// A new id, different from all others, which sorts by the time it was made.
pub(crate) fn uuid() -> Uuid {
    #[cfg(test)]
    if let Some(simulation) = simulation::current() {
        return simulation.uuid();
    }
    Uuid::now_v7()
}
