//! The threads that guests run on. They are not the server's: a guest that computes must not delay an answer.

use std::{future::Future, io};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::{JoinError, JoinHandle},
};

use crate::effects;

/// A runtime for guests and what hands them their work, with a thread per core. Dropped without waiting for them.
pub(super) struct Guests {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Guests {
    /// # Errors
    /// If no threads can be started.
    pub(super) fn start() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.thread_name("stepmill-guest");
        // The defaults suppose polls of microseconds. A guest that computes takes a whole epoch: looking for new tasks only
        // at every 61st poll would let them wait for more than half a second.
        builder.global_queue_interval(1).event_interval(4);
        let runtime = effects::runtime(&mut builder)?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Lets a task run on these threads. It goes on when the handle is dropped.
    pub(super) fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        effects::spawn_on(&self.handle, work)
    }

    /// Runs the work on a guest thread. It ends when the returned future is dropped; `None` if it panicked or these
    /// threads are gone.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static {
        let task = AbortOnDrop(self.spawn(work));
        async move { task.join().await.ok() }
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    async fn join(mut self) -> Result<T, JoinError> {
        (&mut self.0).await
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
