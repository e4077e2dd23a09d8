//! How often an expression fires in a long time, by whole days where the clocks run on evenly.

use chrono::{Days, NaiveDateTime, NaiveTime};

use super::{CronExpr, calendar::Calendar, zone::TimeZone};
use crate::ids::Timestamp;

const DAY: i64 = 86_400;

/// See [`CronExpr::pass`].
pub(super) fn pass(
    expression: &CronExpr,
    after: Timestamp,
    until: Timestamp,
    most: u64,
    zone: TimeZone,
) -> (u64, Timestamp) {
    let until = until.0.div_euclid(1_000);
    // Everything up to `here` is passed.
    let mut here = after.0.div_euclid(1_000);
    let (mut count, mut last) = (0, after);
    while count < most {
        if let Some(end) = even_day(&expression.calendar, here + 1, zone)
            && end <= until
            && expression.calendar.times_a_day() <= most - count
        {
            count += expression.calendar.times_a_day();
            last = Timestamp((here + 1 + expression.calendar.last_of_day()) * 1_000);
            here = end;
            continue;
        }
        let Some(next) = expression.next_after(Timestamp(here.saturating_mul(1_000)), zone) else { break };
        let instant = next.0.div_euclid(1_000);
        if instant > until {
            break;
        }
        // Days begin behind midnight, so that is where to go on from, if there is nothing before it.
        match midnight_before(instant, zone) {
            Some(midnight) if midnight - 1 > here => here = midnight - 1,
            _ => (count, last, here) = (count + 1, next, instant),
        }
    }
    (count, last)
}

/// The last second of the day that begins at `start`, if it is one that is named and in which every time of the day
/// comes once.
fn even_day(calendar: &Calendar, start: i64, zone: TimeZone) -> Option<i64> {
    let midnight = zone.shows(start)?;
    if midnight.time() != NaiveTime::MIN || !calendar.includes(midnight.date()) {
        return None;
    }
    let tomorrow = midnight.checked_add_days(Days::new(1))?;
    // Clocks that are set at midnight would have skipped or repeated times of the day before.
    let even = zone.instants(midnight).single()? == start
        && zone.instants(tomorrow).single()? == start + DAY
        && midnight_after(zone.shows(start - 1)?)? == midnight;
    even.then_some(start + DAY - 1)
}

fn midnight_after(shown: NaiveDateTime) -> Option<NaiveDateTime> {
    Some(shown.date().checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN))
}

fn midnight_before(instant: i64, zone: TimeZone) -> Option<i64> {
    zone.instants(zone.shows(instant)?.date().and_time(NaiveTime::MIN)).single()
}
