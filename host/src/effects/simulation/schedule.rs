//! When a task has its turn.
//!
//! A task that is woken queues, and a conductor lets one of those that queue continue, as the seed has it: all of them
//! first get into the queue, so the order in which they were woken does not matter. (It is random where several tasks wait
//! for the same channel of tokio.)

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{sync::Notify, time::Sleep};

use super::{Random, current, turn};

/// How tasks are treated in a simulation. Some seeds are calm: what goes wrong there needs no unlucky order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Temper {
    /// One turn in so many is drawn from all that queue; the others go to the task that came first.
    drawn: u64,
    /// One task in so many that are let continue sleeps first, so that timers overtake it; none for 0.
    asleep: u64,
    /// One task in so many is much slower than the others.
    sluggish: u64,
    /// How long the slowest commit takes, in milliseconds.
    pub(crate) slowest_commit: u64,
}

impl Temper {
    pub(crate) fn any(random: &mut Random) -> Self {
        let mut one_of = |all: &[u64]| random.pick(all).copied().unwrap_or_default();
        Self {
            drawn: one_of(&[1, 1, 1, 2, 8, 0]),
            asleep: one_of(&[0, 0, 8, 64, 64, 512]),
            sluggish: one_of(&[0, 4, 16]),
            slowest_commit: one_of(&[0, 0, 2, 40, 3_000]),
        }
    }
}

/// The tasks that queue for a turn, by their numbers.
#[derive(Default)]
pub(super) struct Queue {
    waiting: BTreeMap<u64, Waker>,
    /// The task that may continue.
    granted: Option<u64>,
    next: u64,
    calls: Arc<Notify>,
}

impl Queue {
    pub(super) fn calls(&self) -> Arc<Notify> {
        Arc::clone(&self.calls)
    }

    /// Lets one continue, if there is any.
    fn grant(&mut self, temper: Temper, random: &mut Random) -> bool {
        // That of the process itself may need several turns until it notices.
        if self.granted.is_some() {
            return true;
        }
        let place = if random.one_in(temper.drawn) { random.below(self.waiting.len() as u64) } else { 0 };
        let Some(task) = self.waiting.keys().nth(place as usize).copied() else { return false };
        self.granted = Some(task);
        if let Some(waker) = self.waiting.remove(&task) {
            waker.wake();
        }
        true
    }
}

/// Lets tasks continue, one in each of its turns, for as long as the process lives.
pub(super) async fn conduct() {
    let Some(calls) = current().map(|simulation| simulation.queue.borrow().calls()) else { return };
    loop {
        // Whoever was woken by the last one gets into the queue first.
        turn().await;
        let granted = current()
            .is_some_and(|simulation| simulation.queue.borrow_mut().grant(simulation.temper, &mut simulation.random()));
        if !granted {
            calls.notified().await;
        }
    }
}

/// A task that is treated so; like any other where there is no simulation.
pub(crate) fn scheduled<F: Future>(task: F) -> Scheduled<F> {
    Scheduled::new(task)
}

/// See [`scheduled`].
pub(crate) struct Scheduled<F> {
    task: Pin<Box<F>>,
    /// None where there is no simulation.
    number: Option<u64>,
    asleep: Option<Pin<Box<Sleep>>>,
    sluggish: Option<bool>,
}

impl<F> Scheduled<F> {
    pub(super) fn new(task: F) -> Self {
        let number = current().map(|simulation| {
            let mut queue = simulation.queue.borrow_mut();
            queue.next += 1;
            queue.next
        });
        Self { task: Box::pin(task), number, asleep: None, sluggish: None }
    }

    /// Whether it has to wait before it may continue.
    fn waits(&mut self, context: &mut Context<'_>) -> bool {
        let (Some(number), Some(simulation)) = (self.number, current()) else { return false };
        if simulation.is_dead() {
            return true;
        }
        if let Some(sleep) = &mut self.asleep {
            if sleep.as_mut().poll(context).is_pending() {
                return true;
            }
            self.asleep = None;
            return false;
        }
        let mut queue = simulation.queue.borrow_mut();
        if queue.granted != Some(number) {
            queue.waiting.insert(number, context.waker().clone());
            queue.calls.notify_one();
            return true;
        }
        queue.granted = None;
        drop(queue);
        simulation.steps.set(simulation.steps.get() + 1);
        self.sleeps(simulation.temper, &mut simulation.random());
        self.asleep.as_mut().is_some_and(|sleep| sleep.as_mut().poll(context).is_pending())
    }

    fn sleeps(&mut self, temper: Temper, random: &mut Random) {
        let sluggish = *self.sluggish.get_or_insert_with(|| random.one_in(temper.sluggish));
        if random.one_in(if sluggish { 4 } else { temper.asleep }) {
            let time = Duration::from_millis(random.between(1, if sluggish { 2_000 } else { 30 }));
            self.asleep = Some(Box::pin(tokio::time::sleep(time)));
        }
    }
}

impl<F: Future> Future for Scheduled<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if self.waits(context) { Poll::Pending } else { self.task.as_mut().poll(context) }
    }
}

impl<F> Drop for Scheduled<F> {
    /// A task that was aborted queues no longer.
    fn drop(&mut self) {
        if let (Some(number), Some(simulation)) = (self.number, current()) {
            let mut queue = simulation.queue.borrow_mut();
            queue.waiting.remove(&number);
            if queue.granted == Some(number) {
                queue.granted = None;
            }
        }
    }
}
