//! Threads that serve a queue.
//!
//! What such a thread does is written as a future that only waits for its queue. A real thread runs it to its end in one
//! poll, since the queue blocks there. In a simulation it is a task.

#[cfg(test)]
use std::sync::Arc;
use std::{
    io,
    sync::mpsc::{self, RecvTimeoutError, SyncSender, TryIter},
    thread::JoinHandle,
    time::Duration,
};

use futures_util::FutureExt;
#[cfg(test)]
use tokio::sync::Notify;

#[cfg(test)]
use super::simulation::{self, Server};

/// A thread.
#[derive(Debug)]
pub(crate) enum Thread {
    Real(JoinHandle<()>),
    #[cfg(test)]
    Simulated(Arc<Server>),
}

/// Starts a thread that does this, and waits for nothing but its queue.
///
/// # Errors
/// If there are too many threads.
pub(crate) fn thread(name: &str, work: impl Future<Output = ()> + Send + 'static) -> io::Result<Thread> {
    #[cfg(test)]
    if let Some(simulation) = simulation::current() {
        return Ok(Thread::Simulated(simulation.thread(work)));
    }
    let work = move || {
        let done = work.now_or_never();
        debug_assert!(done.is_some(), "it waits for something else");
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(Thread::Real)
}

impl Thread {
    /// Waits until it has ended; whether that was without a panic.
    pub(crate) fn join(self) -> bool {
        match self {
            Self::Real(thread) => thread.join().is_ok(),
            #[cfg(test)]
            Self::Simulated(server) => server.join(),
        }
    }
}

/// The end of a queue that anybody may put something in.
#[derive(Debug)]
pub(crate) struct Sender<T> {
    sender: SyncSender<T>,
    #[cfg(test)]
    calls: Arc<Notify>,
}

/// The end of a queue that a thread serves.
#[derive(Debug)]
pub(crate) struct Receiver<T> {
    receiver: mpsc::Receiver<T>,
    #[cfg(test)]
    calls: Arc<Notify>,
}

/// Nothing serves the queue any more.
#[derive(Debug)]
pub(crate) struct Unserved;

/// A queue for so many. More wait in the caller's thread.
pub(crate) fn queue<T>(bound: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::sync_channel(bound);
    #[cfg(test)]
    let calls = Arc::new(Notify::new());
    (
        Sender {
            sender,
            #[cfg(test)]
            calls: Arc::clone(&calls),
        },
        Receiver {
            receiver,
            #[cfg(test)]
            calls,
        },
    )
}

impl<T> Sender<T> {
    /// Puts something in; blocks where the queue is full.
    ///
    /// # Errors
    /// If nothing serves it any more.
    pub(crate) fn send(&self, call: T) -> Result<(), Unserved> {
        #[cfg(test)]
        if let Some(simulation) = simulation::current() {
            simulation.send(&self.sender, call)?;
            self.calls.notify_one();
            return Ok(());
        }
        self.sender.send(call).map_err(|_| Unserved)
    }
    /// Puts something in, unless the queue is full; whether it could.
    pub(crate) fn try_send(&self, call: T) -> bool {
        let sent = self.sender.try_send(call).is_ok();
        #[cfg(test)]
        self.calls.notify_one();
        sent
    }
}

#[cfg(test)]
impl<T> Drop for Sender<T> {
    /// Whoever waits for calls is to learn that there will be none.
    fn drop(&mut self) {
        self.calls.notify_one();
    }
}

impl<T> Receiver<T> {
    /// Waits for a call, for so long at most.
    ///
    /// # Errors
    /// If there is none in that time, or there never will be.
    pub(crate) async fn next(&mut self, most: Option<Duration>) -> Result<T, RecvTimeoutError> {
        #[cfg(test)]
        if simulation::is_on() {
            return self.simulated(most).await;
        }
        match most {
            None => self.receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(time) => self.receiver.recv_timeout(time),
        }
    }

    /// What is there.
    pub(crate) fn waiting(&self) -> TryIter<'_, T> {
        self.receiver.try_iter()
    }

    #[cfg(test)]
    async fn simulated(&mut self, most: Option<Duration>) -> Result<T, RecvTimeoutError> {
        let deadline = most.map(|most| tokio::time::Instant::now() + most);
        // Others have their turns between two calls.
        simulation::turn().await;
        loop {
            match self.receiver.try_recv() {
                Ok(call) => return Ok(call),
                Err(mpsc::TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                Err(mpsc::TryRecvError::Empty) => {}
            }
            let called = self.calls.notified();
            match deadline {
                None => called.await,
                Some(deadline) => {
                    let called = tokio::time::timeout_at(deadline, called).await;
                    called.map_err(|_| RecvTimeoutError::Timeout)?;
                }
            }
        }
    }
}
