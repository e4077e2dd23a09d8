//! What a sandbox has used, and how much more it may: memory and tables as wasmtime asks, time as it passes.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use rustix::time::{ClockId, clock_gettime};
use wasmtime::ResourceLimiter;

use crate::{failure::LimitKind, limits::Limits};

/// Counts all memories and tables of one store together; wasmtime's own limiter looks at each alone.
#[derive(Debug)]
pub(super) struct Meter {
    memory: u64,
    table_elements: u64,
    limits: Limits,
    refused: Option<LimitKind>,
    spent: Arc<Spent>,
}

impl Meter {
    pub(super) fn new(limits: &Limits, spent: Arc<Spent>) -> Self {
        Self { memory: 0, table_elements: 0, limits: limits.clone(), refused: None, spent }
    }

    /// The limit that something was refused for, if any. A guest may have lived on with the refusal.
    pub(super) fn refused(&self) -> Option<LimitKind> {
        self.refused
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let total = self.memory.saturating_add(desired.saturating_sub(current) as u64);
        if total > self.limits.memory {
            self.refused = Some(LimitKind::Memory);
            return Ok(false);
        }
        self.memory = total;
        self.spent.peak_memory.fetch_max(total, Relaxed);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let total = self.table_elements.saturating_add(desired.saturating_sub(current) as u64);
        if total > self.limits.table_elements {
            self.refused = Some(LimitKind::Instances);
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances as usize
    }

    fn tables(&self) -> usize {
        self.limits.tables as usize
    }

    fn memories(&self) -> usize {
        self.limits.memories as usize
    }
}

/// What one attempt has used, whichever threads it ran on. Shared by the future that polls the guest, what happens
/// inside of the poll, and the report if the guest is dropped.
#[derive(Debug, Default)]
pub(super) struct Spent {
    /// Nanoseconds on the processor in the polls that have ended.
    ended: AtomicU64,
    /// When the current poll began, in nanoseconds.
    began: AtomicU64,
    /// What its thread had spent on the processor by then, as was known.
    thread: AtomicU64,
    /// The most linear memory at once, in bytes.
    peak_memory: AtomicU64,
}

impl Spent {
    /// Microseconds on the processor in the polls that have ended.
    pub(super) fn cpu_micros(&self) -> u64 {
        self.ended.load(Relaxed) / 1_000
    }

    /// Microseconds on the processor, asked from within a poll.
    pub(super) fn cpu_micros_now(&self) -> u64 {
        self.ended.load(Relaxed).saturating_add(self.in_this_poll()) / 1_000
    }

    /// The most linear memory at once, in bytes.
    pub(super) fn peak_memory(&self) -> u64 {
        self.peak_memory.load(Relaxed)
    }

    /// Runs a future and counts its processor time.
    pub(super) async fn count<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let now = nanos(ClockId::Monotonic);
            self.began.store(now, Relaxed);
            self.thread.store(thread_nanos_by(now), Relaxed);
            let result = future.as_mut().poll(cx);
            self.ended.fetch_add(self.in_this_poll(), Relaxed);
            result
        })
        .await
    }

    /// Nanoseconds on the processor since the current poll began, and never less: what passed meanwhile if that is short,
    /// otherwise what the thread spent.
    fn in_this_poll(&self) -> u64 {
        let passed = nanos(ClockId::Monotonic).saturating_sub(self.began.load(Relaxed));
        if passed < SHORT {
            return passed;
        }
        nanos(ClockId::ThreadCPUTime).saturating_sub(self.thread.load(Relaxed)).min(passed)
    }
}

/// For how long, in nanoseconds, it is fine not to ask for the processor time of a thread. That is a call into the kernel,
/// which costs as much as a tenth of a small step; the monotonic clock is none.
const SHORT: u64 = 1_000_000;

thread_local! {
    /// When this thread's processor time was asked for last, and what it was.
    static KNOWN: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// What the current thread has spent on the processor by now, or had a short while ago.
fn thread_nanos_by(now: u64) -> u64 {
    let (asked, known) = KNOWN.get();
    if asked > 0 && now.saturating_sub(asked) < SHORT {
        return known;
    }
    let spent = nanos(ClockId::ThreadCPUTime);
    KNOWN.set((now, spent));
    spent
}

fn nanos(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_summed_and_a_refusal_is_remembered() {
        let spent = Arc::new(Spent::default());
        let mut meter = Meter::new(&Limits { memory: 100, table_elements: 10, ..Limits::default() }, spent.clone());
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(!meter.memory_growing(0, 60, None).unwrap());
        assert_eq!((spent.peak_memory(), meter.refused()), (60, Some(LimitKind::Memory)));
        assert!(meter.memory_growing(60, 100, None).unwrap());
        assert!(!meter.table_growing(0, 11, None).unwrap());
        assert_eq!(meter.refused(), Some(LimitKind::Instances));
    }

    #[tokio::test]
    async fn processor_time_is_what_was_spent_and_not_what_passed() {
        let spent = Spent::default();
        spent.count(async { std::thread::sleep(std::time::Duration::from_millis(30)) }).await;
        let slept = spent.cpu_micros();
        assert!(slept < 20_000, "{slept}");
        let turn = || {
            let began = nanos(ClockId::ThreadCPUTime);
            while nanos(ClockId::ThreadCPUTime) - began < 5_000_000 {}
            spent.cpu_micros_now()
        };
        let now = spent.count(async { turn() }).await;
        assert!(now >= slept + 5_000 && spent.cpu_micros() >= now, "{slept}, {now}, {}", spent.cpu_micros());
    }

    #[test]
    fn a_module_past_its_own_maximum_did_not_reach_a_limit() {
        let mut meter = Meter::new(&Limits::default(), Arc::default());
        assert!(!meter.memory_growing(0, 60, Some(50)).unwrap());
        assert_eq!(meter.refused(), None);
    }
}
