//! The items of a `for_each` step: which wait, run, succeeded or failed. Kept by ranges, so that what they cost is what
//! happened to them, not how many there are.

use std::collections::BTreeMap;

use crate::{
    event::StepState,
    failure::StepFailure,
    ids::Timestamp,
    output::{ItemRange, OutputRef},
};

/// See the module.
#[derive(Debug, Clone)]
pub struct Items {
    source: OutputRef,
    total: u32,
    waiting: Spans<Waiting>,
    running: Spans<u32>,
    succeeded: Spans<OutputRef>,
    succeeded_count: u32,
    failed_count: u32,
    cancelled_count: u32,
    first_failure: Option<(u32, StepFailure)>,
}

/// Items that wait for their next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    attempt: u32,
    /// When it may begin.
    from: Option<Timestamp>,
}

const NOT_THERE: &str = "the items are not in a state for it";

impl Items {
    /// All items wait for their first attempt.
    ///
    /// # Errors
    /// If there are more than can be counted.
    pub(super) fn new(source: OutputRef) -> Result<Self, &'static str> {
        let total = u32::try_from(source.items.unwrap_or_default()).map_err(|_| "there are too many items")?;
        let mut waiting = Spans::default();
        waiting.insert(ItemRange { first: 0, count: total }, Waiting { attempt: 1, from: None });
        Ok(Self {
            source,
            total,
            waiting,
            running: Spans::default(),
            succeeded: Spans::default(),
            succeeded_count: 0,
            failed_count: 0,
            cancelled_count: 0,
            first_failure: None,
        })
    }

    /// All items, as a stream.
    #[must_use]
    pub fn source(&self) -> &OutputRef {
        &self.source
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.total
    }

    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> u32 {
        self.failed_count
    }

    /// The first item, by index, that failed.
    #[must_use]
    pub fn first_failure(&self) -> Option<&(u32, StepFailure)> {
        self.first_failure.as_ref()
    }

    /// Whether no attempt runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.running.0.is_empty()
    }

    /// Whether every item has ended.
    #[must_use]
    pub fn are_done(&self) -> bool {
        self.succeeded_count + self.failed_count + self.cancelled_count == self.total
    }

    /// Whether an item was cancelled.
    #[must_use]
    pub fn any_cancelled(&self) -> bool {
        self.cancelled_count > 0
    }

    /// At most `most` items that may begin now, all with the same attempt.
    #[must_use]
    pub fn next(&self, now: Timestamp, most: u32) -> Option<(ItemRange, u32)> {
        let (first, span) = self.waiting.0.iter().find(|(_, span)| span.value.from.is_none_or(|from| from <= now))?;
        Some((ItemRange { first: *first, count: span.count.min(most.max(1)) }, span.value.attempt))
    }

    /// How many items wait, and when the next one may begin of those that may not yet.
    #[must_use]
    pub fn waiting(&self) -> (u32, Option<Timestamp>) {
        let spans = self.waiting.0.values();
        spans.fold((0, None), |(count, next), span| {
            let next = match (next, span.value.from) {
                (Some(next), Some(from)) => Some(from.min(next)),
                (next, from) => next.or(from),
            };
            (count + span.count, next)
        })
    }

    /// The attempts that run, as far as the events tell.
    pub fn running(&self) -> impl Iterator<Item = (ItemRange, u32)> + '_ {
        self.running.0.iter().map(|(first, span)| (ItemRange { first: *first, count: span.count }, span.value))
    }

    /// What the items returned, in their order; packed.
    pub fn outputs(&self) -> impl Iterator<Item = &OutputRef> {
        self.succeeded.0.values().map(|span| &span.value)
    }

    pub(super) fn start(&mut self, range: ItemRange, attempt: u32) -> Result<(), &'static str> {
        self.waiting.take(range)?;
        self.running.insert(range, attempt);
        Ok(())
    }

    pub(super) fn succeed(&mut self, range: ItemRange, output: OutputRef, from: StepState) -> Result<(), &'static str> {
        match from {
            StepState::Waiting => self.waiting.take(range)?,
            _ => self.running.take(range)?,
        }
        self.succeeded.insert(range, output);
        self.succeeded_count += range.count;
        Ok(())
    }

    pub(super) fn fail(&mut self, range: ItemRange, failure: &StepFailure) -> Result<(), &'static str> {
        self.running.take(range)?;
        self.failed_count += range.count;
        if self.first_failure.as_ref().is_none_or(|(first, _)| range.first < *first) {
            self.first_failure = Some((range.first, failure.clone()));
        }
        Ok(())
    }

    pub(super) fn cancel(&mut self, range: ItemRange) -> Result<(), &'static str> {
        self.running.take(range)?;
        self.cancelled_count += range.count;
        Ok(())
    }

    /// They wait again, for an attempt and not before a time.
    pub(super) fn wait(&mut self, range: ItemRange, attempt: u32, from: Option<Timestamp>) -> Result<(), &'static str> {
        self.running.take(range)?;
        self.waiting.insert(range, Waiting { attempt, from });
        Ok(())
    }
}

/// Ranges that do not overlap, by their first item, each with a value.
#[derive(Debug, Clone)]
struct Spans<T>(BTreeMap<u32, Span<T>>);

#[derive(Debug, Clone)]
struct Span<T> {
    count: u32,
    value: T,
}

impl<T> Default for Spans<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Spans<T> {
    fn insert(&mut self, range: ItemRange, value: T) {
        if range.count > 0 {
            self.0.insert(range.first, Span { count: range.count, value });
        }
    }
}

impl<T: Clone> Spans<T> {
    /// Takes a range out, which must lie within one span; what is left of that stays.
    fn take(&mut self, range: ItemRange) -> Result<(), &'static str> {
        let (first, span) = self.0.range(..=range.first).next_back().ok_or(NOT_THERE)?;
        let (first, end) = (*first, first + span.count);
        if range.count == 0 || u64::from(range.first) + u64::from(range.count) > u64::from(end) {
            return Err(NOT_THERE);
        }
        let Some(span) = self.0.remove(&first) else { return Err(NOT_THERE) };
        self.insert(ItemRange { first, count: range.first - first }, span.value.clone());
        self.insert(ItemRange { first: range.end(), count: end - range.end() }, span.value);
        Ok(())
    }
}
