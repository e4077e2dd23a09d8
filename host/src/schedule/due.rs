//! What is to be done about times that have come: pure, so that any gap can be tried.

use super::times::Times;
use crate::{
    ids::Timestamp,
    limits::{CATCH_UP_LATE_MS, MAX_CATCH_UP},
    plan::CatchUp,
};

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// How many times have no run, because they were missed.
    pub(super) missed: u64,
    /// The last one of these.
    pub(super) missed_until: Timestamp,
    /// Those that are offered, the oldest first.
    pub(super) times: Vec<Timestamp>,
}

/// What is to be done about the times in `(position, now]`; nothing, if there are none.
pub(super) fn due(times: &Times, catch_up: CatchUp, position: Timestamp, now: Timestamp) -> Option<Due> {
    let (count, last) = times.pass(position, now, u64::MAX);
    if count == 0 {
        return None;
    }
    let keep = match catch_up {
        // A timer is never on time to the millisecond: what is a little late was not missed.
        CatchUp::Skip => u64::from(now.0.saturating_sub(last.0) <= CATCH_UP_LATE_MS),
        CatchUp::Latest => 1,
        CatchUp::All => MAX_CATCH_UP,
    };
    let missed = count.saturating_sub(keep);
    let (_, missed_until) = times.pass(position, now, missed);
    let kept = std::iter::successors(times.next_after(missed_until), |last| times.next_after(*last));
    Some(Due { missed, missed_until, times: kept.take_while(|time| *time <= now).collect() })
}
