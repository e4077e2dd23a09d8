//! `wasi:clocks`: time that stands still until the guest sleeps, and then jumps.
//!
//! A sleep costs no real time and always has the same effect, so results cannot depend on the machine's speed. With the
//! grant `clock` time is the machine's, and a sleep waits without holding a thread.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
    time::{self, SystemTime},
};

use wasmtime::{Result, component::Resource};
use wasmtime_wasi::p2::bindings::clocks::{
    monotonic_clock::{self, Duration, Instant},
    wall_clock::{self, Datetime},
};
use wasmtime_wasi_io::{
    async_trait,
    poll::{DynPollable, Pollable, subscribe},
};

use crate::{
    failure::FailureKind,
    runtime::{sandbox::Sandbox, stop::Stop},
};

/// What the wall clock says at first: 2020-01-01 UTC. A plausible date, since some libraries refuse 1970.
const WALL_START_SECONDS: u64 = 1_577_836_800;
/// What the monotonic clock says at first: not 0, because subtracting from an instant is common.
const MONOTONIC_START: u64 = NANOS;
const NANOS: u64 = 1_000_000_000;
/// Longer than any attempt: a year. The sum of it and the time now exists on every machine.
const LONGEST_SLEEP: u64 = 365 * 24 * 3600 * NANOS;

/// The time of one sandbox, in nanoseconds of its monotonic clock.
#[derive(Debug)]
pub(in crate::runtime) enum Time {
    /// It moves with sleeps alone.
    Virtual(Arc<VirtualClock>),
    /// The machine's, since the sandbox began.
    Real(time::Instant),
}

impl Time {
    /// The machine's time, or none of it.
    pub(in crate::runtime) fn new(real: bool) -> Self {
        if real { Self::Real(time::Instant::now()) } else { Self::Virtual(Arc::default()) }
    }

    fn now(&self) -> u64 {
        match self {
            Self::Virtual(clock) => clock.now(),
            Self::Real(began) => {
                let passed = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                MONOTONIC_START.saturating_add(passed)
            }
        }
    }
}

/// A pollable that is ready when the machine's clock has reached the deadline.
struct Alarm(tokio::time::Instant);

#[async_trait]
impl Pollable for Alarm {
    async fn ready(&mut self) {
        tokio::time::sleep_until(self.0).await;
    }
}

/// A time that moves with sleeps alone.
#[derive(Debug)]
pub(in crate::runtime) struct VirtualClock {
    now: AtomicU64,
    /// The earliest deadline that somebody waits for; `u64::MAX` if nobody does.
    next: AtomicU64,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self { now: AtomicU64::new(MONOTONIC_START), next: AtomicU64::new(u64::MAX) }
    }
}

impl VirtualClock {
    fn now(&self) -> u64 {
        self.now.load(Relaxed)
    }

    /// Somebody waits until then, as long as the proposal is not withdrawn.
    fn propose(&self, deadline: u64) {
        self.next.fetch_min(deadline, Relaxed);
    }

    /// Nobody waits until then any more; others who do propose it again.
    fn withdraw(&self, deadline: u64) {
        let _ = self.next.compare_exchange(deadline, u64::MAX, Relaxed, Relaxed);
    }

    /// Jumps to the deadline, if it is the earliest of those that somebody waits for.
    fn advance(&self, deadline: u64) {
        if self.next.load(Relaxed) == deadline {
            self.now.fetch_max(deadline, Relaxed);
        }
    }
}

/// A pollable that is ready when the clock has reached the deadline.
///
/// A guest waits for several pollables by polling all of them in rounds. In the first round each deadline is proposed;
/// if nothing else is ready, the earliest one moves time in the second, and only that one is ready.
struct Deadline {
    at: u64,
    clock: Arc<VirtualClock>,
}

/// A deadline that is waited for.
struct Proposal<'a>(&'a Deadline);

impl Drop for Proposal<'_> {
    fn drop(&mut self) {
        self.0.clock.withdraw(self.0.at);
    }
}

#[async_trait]
impl Pollable for Deadline {
    async fn ready(&mut self) {
        let Self { at, clock } = &*self;
        let proposal = Proposal(self);
        let mut proposed = false;
        poll_fn(|cx| {
            if proposed {
                clock.advance(*at);
            }
            if clock.now() >= *at {
                return Poll::Ready(());
            }
            clock.propose(*at);
            proposed = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        drop(proposal);
    }
}

impl Sandbox {
    fn deadline(&mut self, at: u64) -> Result<Resource<DynPollable>> {
        match &self.time {
            Time::Virtual(clock) => {
                let deadline = self.table.push(Deadline { at, clock: clock.clone() })?;
                subscribe(&mut self.table, deadline)
            }
            Time::Real(_) => {
                let left = at.saturating_sub(self.time.now()).min(LONGEST_SLEEP);
                let alarm = Alarm(tokio::time::Instant::now() + time::Duration::from_nanos(left));
                let alarm = self.table.push(alarm)?;
                subscribe(&mut self.table, alarm)
            }
        }
    }
}

impl monotonic_clock::Host for Sandbox {
    fn now(&mut self) -> Result<Instant> {
        Ok(self.time.now())
    }

    fn resolution(&mut self) -> Result<Duration> {
        Ok(1)
    }

    fn subscribe_instant(&mut self, when: Instant) -> Result<Resource<DynPollable>> {
        self.deadline(when)
    }

    fn subscribe_duration(&mut self, duration: Duration) -> Result<Resource<DynPollable>> {
        self.deadline(self.time.now().saturating_add(duration))
    }
}

impl wall_clock::Host for Sandbox {
    fn now(&mut self) -> Result<Datetime> {
        if matches!(self.time, Time::Real(_)) {
            let before_1970 = |_| Stop::failed(FailureKind::Host, "the machine's clock is before 1970: set it");
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(before_1970)?;
            return Ok(Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() });
        }
        let passed = self.time.now() - MONOTONIC_START;
        let nanoseconds = u32::try_from(passed % NANOS)?;
        Ok(Datetime { seconds: WALL_START_SECONDS + passed / NANOS, nanoseconds })
    }

    fn resolution(&mut self) -> Result<Datetime> {
        Ok(Datetime { seconds: 0, nanoseconds: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(clock: &Arc<VirtualClock>, seconds: u64) -> Deadline {
        Deadline { at: MONOTONIC_START + seconds * NANOS, clock: clock.clone() }
    }

    #[tokio::test]
    async fn the_earlier_of_two_sleeps_ends_first() {
        let clock = Arc::new(VirtualClock::default());
        let (mut late, mut middle, mut early) = (deadline(&clock, 3_600), deadline(&clock, 120), deadline(&clock, 60));
        tokio::select! {
            biased;
            () = late.ready() => panic!("the latest one ended first"),
            () = middle.ready() => panic!("a later one ended first"),
            () = early.ready() => {}
        }
        assert_eq!(clock.now(), early.at);
        late.ready().await;
        assert_eq!(clock.now(), late.at);
    }

    #[tokio::test]
    async fn what_is_ready_does_not_move_time() {
        let clock = Arc::new(VirtualClock::default());
        let mut sleep = deadline(&clock, 60);
        tokio::select! {
            biased;
            () = sleep.ready() => panic!("time moved"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(clock.now(), MONOTONIC_START);
        let mut forever = Deadline { at: u64::MAX - 1, clock: clock.clone() };
        forever.ready().await;
        assert_eq!(clock.now(), u64::MAX - 1);
    }
}
