//! The times at which schedules fire.

use crate::{
    ids::Timestamp,
    plan::{CronExpr, TimeZone, TriggerKind},
};

/// The times of a schedule.
#[derive(Debug, Clone)]
pub(super) enum Times {
    Cron(CronExpr, TimeZone),
    Every { ms: u64, start: Option<Timestamp> },
}

impl Times {
    /// Those of a trigger, if it is one that has times.
    pub(super) fn of(kind: &TriggerKind) -> Option<Self> {
        match kind {
            TriggerKind::Cron { expression, timezone, .. } => Some(Self::Cron(expression.clone(), *timezone)),
            TriggerKind::Interval { every_ms, start, .. } => Some(Self::Every { ms: *every_ms, start: *start }),
            _ => None,
        }
    }

    /// The first one after `after`.
    pub(super) fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(expression, zone) => expression.next_after(after, *zone),
            Self::Every { ms, start } => {
                let (first, ms) = (start.map_or(0, |start| i128::from(start.0)), i128::from(*ms));
                let after = i128::from(after.0);
                // What has a start has no times before it; what has none is as old as the calendar.
                if start.is_some() && after < first {
                    return *start;
                }
                let next = first + ((after - first).div_euclid(ms.max(1)) + 1) * ms;
                i64::try_from(next).ok().map(Timestamp)
            }
        }
    }

    /// Passes those in `(after, until]`, but no more than `most`: how many, and the last of them, or `after`.
    pub(super) fn pass(&self, after: Timestamp, until: Timestamp, most: u64) -> (u64, Timestamp) {
        match self {
            Self::Cron(expression, zone) => expression.pass(after, until, most, *zone),
            Self::Every { ms, .. } => {
                let Some(first) = self.next_after(after).filter(|first| *first <= until) else { return (0, after) };
                let ms = i128::from(*ms).max(1);
                let all = u64::try_from((i128::from(until.0) - i128::from(first.0)) / ms + 1).unwrap_or(u64::MAX);
                let count = all.min(most);
                let last = i128::from(first.0) + (i128::from(count) - 1) * ms;
                if count == 0 { (0, after) } else { (count, i64::try_from(last).map_or(until, Timestamp)) }
            }
        }
    }
}

/// The next `count` times after `from` at which a trigger fires; none for one that waits for something else.
#[must_use]
pub fn preview(kind: &TriggerKind, from: Timestamp, count: usize) -> Vec<Timestamp> {
    let Some(times) = Times::of(kind) else { return Vec::new() };
    std::iter::successors(times.next_after(from), |last| times.next_after(*last)).take(count).collect()
}
