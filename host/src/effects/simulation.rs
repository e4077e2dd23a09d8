//! Effects that follow from a seed: one thread, a clock that only moves when all tasks wait, and at every turn of a task a
//! choice whether it has to wait for others first. So every order of events can happen, and a seed repeats one exactly.
//!
//! A [`Simulation`] outlives the processes that it runs ([`Simulation::life`]). What a process leaves when it ends is what
//! it has on the disk.

mod random;
mod schedule;
mod server;
mod trace;

#[cfg(test)]
mod tests;

use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    rc::Rc,
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError},
    },
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    sync::{Notify, oneshot},
    time::{self, Instant},
};
use uuid::Uuid;

pub(crate) use self::{
    random::Random,
    schedule::{Temper, scheduled},
    server::{Server, turn},
    trace::Trace,
};
use super::thread::Unserved;

/// When the first process of a simulation begins: 2026-01-01.
const EPOCH: i64 = 1_767_225_600_000;
/// A life that has not ended after so long has tasks that wait for each other: nothing else moves the clock so far.
const FOREVER: Duration = Duration::from_secs(400 * 24 * 60 * 60);

thread_local! {
    static CURRENT: RefCell<Option<Rc<Simulation>>> = const { RefCell::new(None) };
}

/// The simulation that this thread is in.
pub(crate) fn current() -> Option<Rc<Simulation>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Whether this thread is in a simulation.
pub(crate) fn is_on() -> bool {
    CURRENT.with_borrow(Option::is_some)
}

/// Notes what happens, where there is a simulation.
pub(crate) fn note(what: fmt::Arguments<'_>) {
    if let Some(simulation) = current() {
        simulation.note(what);
    }
}

/// Kills the process that this thread simulates, if it does. See [`Simulation::kill`].
pub(crate) fn kill() {
    if let Some(simulation) = current() {
        simulation.kill();
    }
}

/// Stalls the process that this thread simulates. See [`Simulation::stall`].
pub(crate) fn stall(time: Duration) {
    if let Some(simulation) = current() {
        simulation.stall(time);
    }
}

/// Sleeps while a thread is stalled.
pub(crate) async fn stalled() {
    if let Some(time) = current().and_then(|simulation| simulation.stalled()) {
        time::sleep(time).await;
    }
}

/// Everything that a seed decides.
pub(crate) struct Simulation {
    random: RefCell<Random>,
    temper: Temper,
    queue: RefCell<schedule::Queue>,
    trace: RefCell<Trace>,
    /// What the wall clock says when the process begins, and when that was.
    clock: Cell<(i64, Option<Instant>)>,
    /// The threads of this process.
    servers: RefCell<Vec<Arc<Server>>>,
    /// The process has been killed: nothing that it still does counts.
    dead: Cell<bool>,
    died: Notify,
    /// How many turns tasks have had.
    steps: Cell<u64>,
    /// How long whatever a thread does next takes.
    stall: Cell<Option<Duration>>,
}

impl Simulation {
    /// Lets a thread be in the simulation of a seed while `world` runs.
    pub(crate) fn of<T>(seed: u64, world: impl FnOnce(&Rc<Self>) -> T) -> T {
        let mut random = Random::new(seed);
        let simulation = Rc::new(Self {
            temper: Temper::any(&mut random),
            random: RefCell::new(random),
            queue: RefCell::default(),
            trace: RefCell::default(),
            clock: Cell::new((EPOCH, None)),
            servers: RefCell::default(),
            dead: Cell::new(false),
            died: Notify::new(),
            steps: Cell::default(),
            stall: Cell::default(),
        });
        let before = CURRENT.replace(Some(Rc::clone(&simulation)));
        assert!(before.is_none(), "a simulation is not simulated");
        let _leave = Leave;
        world(&simulation)
    }

    /// One life of a process, from its start until `life` ends, or until it is [killed](Self::kill): then there is no
    /// result. Everything that it has spawned is dropped where it is.
    pub(crate) fn life<T>(&self, life: impl Future<Output = T>) -> Option<T> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        self.dead.set(false);
        self.stall.set(None);
        let (result, ends) = runtime.block_on(async {
            let (wall, _) = self.clock.get();
            self.clock.set((wall, Some(Instant::now())));
            tokio::spawn(schedule::conduct());
            let result = tokio::select! {
                biased;
                () = self.died.notified() => Ok(None),
                result = time::timeout(FOREVER, scheduled(life)) => result.map(Some),
            };
            // Before anything else is dropped: what that does must not count.
            let killed = self.dead.replace(true);
            let _ = self.died.notified().now_or_never();
            (if killed { Ok(None) } else { result }, self.wall_clock())
        });
        drop(self.servers.take());
        // No task continues from here on, but what they hold is dropped.
        drop(runtime);
        drop(self.queue.take());
        self.dead.set(false);
        self.clock.set((ends, None));
        result.unwrap_or_else(|_| panic!("the process does not end: its tasks wait for each other"))
    }

    /// Kills the process: the turn that is under way is the last one, and it does not count either.
    pub(crate) fn kill(&self) {
        if !self.dead.replace(true) {
            self.died.notify_one();
        }
    }

    /// How many turns tasks have had.
    pub(crate) fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Stalls whatever a thread does next for so long. Everything else continues.
    pub(crate) fn stall(&self, time: Duration) {
        self.stall.set(Some(time));
    }

    fn stalled(&self) -> Option<Duration> {
        self.stall.take()
    }

    /// Whether the process was killed.
    pub(crate) fn is_dead(&self) -> bool {
        self.dead.get()
    }

    /// Decides something.
    pub(crate) fn random(&self) -> std::cell::RefMut<'_, Random> {
        self.random.borrow_mut()
    }

    /// How tasks are treated.
    pub(crate) fn temper(&self) -> Temper {
        self.temper
    }

    /// What has happened.
    pub(crate) fn trace(&self) -> std::cell::RefMut<'_, Trace> {
        self.trace.borrow_mut()
    }

    /// Notes what happens. What was decided until then is part of it.
    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        let (at, state) = (self.wall_clock(), self.random.borrow().state());
        self.trace.borrow_mut().add(at, state, what);
    }

    pub(crate) fn wall_clock(&self) -> i64 {
        match self.clock.get() {
            (wall, None) => wall,
            (wall, Some(since)) => wall + i64::try_from(since.elapsed().as_millis()).expect("a short simulation"),
        }
    }

    /// Sets the wall clock forward, or back.
    pub(crate) fn jump(&self, milliseconds: i64) {
        let (wall, since) = self.clock.get();
        self.clock.set((wall + milliseconds, since));
    }

    pub(crate) fn uuid(&self) -> Uuid {
        let mut bytes = [0; 10];
        self.random().fill(&mut bytes);
        uuid::Builder::from_unix_timestamp_millis(self.wall_clock().unsigned_abs(), &bytes).into_uuid()
    }

    /// Blocks until an answer arrives: all that can happen meanwhile is what other threads do.
    pub(crate) fn wait<T>(&self, mut answer: oneshot::Receiver<T>) -> Result<T, oneshot::error::RecvError> {
        use oneshot::error::TryRecvError;
        let servers = self.servers.borrow().clone();
        let received = server::until(&servers, || match answer.try_recv() {
            Ok(answer) => Some(Some(answer)),
            Err(TryRecvError::Closed) => Some(None),
            Err(TryRecvError::Empty) => None,
        });
        match received {
            Some(received) => Ok(received),
            // The channel is closed, so this does not block.
            None => answer.blocking_recv(),
        }
    }

    /// Puts something into a queue. Where it is full, the caller is blocked, and only other threads can change that.
    pub(crate) fn send<T>(&self, queue: &SyncSender<T>, call: T) -> Result<(), Unserved> {
        let servers = self.servers.borrow().clone();
        let mut waiting = Some(call);
        server::until(&servers, || match queue.try_send(waiting.take()?) {
            Ok(()) => Some(Ok(())),
            Err(TrySendError::Disconnected(_)) => Some(Err(Unserved)),
            Err(TrySendError::Full(call)) => {
                waiting = Some(call);
                None
            }
        })
    }

    /// A thread that serves a queue.
    pub(crate) fn thread(&self, work: impl Future<Output = ()> + Send + 'static) -> Arc<Server> {
        let server = Arc::new(Server::new(work));
        self.servers.borrow_mut().push(Arc::clone(&server));
        tokio::spawn(scheduled(Arc::clone(&server).run()));
        server
    }
}

/// Takes the thread out of its simulation, also by a panic.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}
