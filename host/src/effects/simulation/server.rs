//! Threads that serve a queue, as tasks.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use tokio::sync::Notify;

use super::current;

/// A thread that blocks its caller for so many turns has no answer for it.
const PATIENCE: usize = 100_000;

/// A thread that serves a queue.
pub(crate) struct Server {
    /// None when it has ended.
    work: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

impl Server {
    pub(super) fn new(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { work: Mutex::new(Some(Box::pin(work))), woken: Arc::default() }
    }

    /// Lets it continue until it waits; whether it has ended. That of a process that was killed has.
    pub(super) fn turn(&self) -> bool {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let is_dead = current().is_none_or(|simulation| simulation.is_dead());
        let waker = Waker::from(Arc::clone(&self.woken));
        let ended = match &mut *work {
            Some(work) if !is_dead => work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready(),
            _ => true,
        };
        if ended {
            drop(work.take());
        }
        ended
    }

    /// Blocks until it has ended; whether it could.
    pub(crate) fn join(&self) -> bool {
        let is_dead = current().is_none_or(|simulation| simulation.is_dead());
        assert!((0..PATIENCE).any(|_| self.turn()), "a thread never ends");
        !is_dead
    }

    /// Lets it continue whenever it is woken, after a while: what it does takes time.
    pub(super) async fn run(self: Arc<Self>) {
        while !self.turn() {
            self.woken.0.notified().await;
            let pause = current().map_or(0, |simulation| {
                let slowest = simulation.temper().slowest_commit;
                simulation.random().below(slowest + 1)
            });
            if pause > 0 {
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            super::stalled().await;
        }
    }
}

/// Lets these threads continue until `done` answers.
pub(super) fn until<T>(servers: &[Arc<Server>], mut done: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE {
        if let Some(done) = done() {
            return done;
        }
        for server in servers {
            server.turn();
        }
    }
    panic!("a thread is blocked, and no other one will ever change that");
}

/// Ends a turn: others may have theirs.
pub(crate) async fn turn() {
    let mut over = false;
    poll_fn(|context| {
        if std::mem::replace(&mut over, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}
