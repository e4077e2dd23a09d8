//! What the clock on the wall shows, and when it shows what an expression names.

use std::str::FromStr;

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use crate::definition::suggest::{closest, shorten};

/// The most that a clock on a wall is ahead of or behind UTC, in seconds, with room.
const MOST_OFFSET: i64 = 26 * 3_600;

/// A time zone of the IANA database, such as `Europe/Berlin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(Tz);

/// Why a text is not a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a time zone")]
pub struct TimeZoneError {
    /// What was written, shortened.
    pub name: String,
    /// The one that is probably meant.
    pub suggestion: Option<&'static str>,
}

impl TimeZone {
    /// Coordinated universal time, which never jumps.
    pub const UTC: Self = Self(Tz::UTC);

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What its clocks show at an instant, in seconds since 1970.
    pub(super) fn shows(self, instant: i64) -> Option<NaiveDateTime> {
        let utc = DateTime::from_timestamp(instant, 0)?.naive_utc();
        utc.checked_add_offset(self.0.offset_from_utc_datetime(&utc).fix())
    }

    /// When its clocks show this: never, once or twice.
    pub(super) fn instants(self, shown: NaiveDateTime) -> MappedLocalTime<i64> {
        self.0.from_local_datetime(&shown).map(|instant| instant.timestamp())
    }

    /// The first instant at which its clocks show this or more, where they skip it.
    fn behind_gap(self, shown: NaiveDateTime) -> Option<i64> {
        let about = shown.and_utc().timestamp();
        self.first(about - MOST_OFFSET, about + MOST_OFFSET, |_, now| now >= shown)
    }

    /// When its clocks are set back, between the two instants at which they show the same.
    fn set_back(self, first: i64, second: i64) -> Option<i64> {
        let ahead = |instant: i64, shown: NaiveDateTime| shown.and_utc().timestamp() - instant;
        let before = ahead(first, self.shows(first)?);
        self.first(first, second, |instant, shown| ahead(instant, shown) != before)
    }

    /// The first instant in `(no, yes]` for which something is true that becomes true once in between.
    fn first(self, mut no: i64, mut yes: i64, is: impl Fn(i64, NaiveDateTime) -> bool) -> Option<i64> {
        while yes - no > 1 {
            let middle = no + (yes - no) / 2;
            if is(middle, self.shows(middle)?) {
                yes = middle;
            } else {
                no = middle;
            }
        }
        Some(yes)
    }
}

/// The first time after `after` for an expression of times of the day: each counts once, when the clocks first show it
/// or have skipped it.
pub(super) fn next_by_the_day(calendar: &Calendar, after: i64, zone: TimeZone) -> Option<i64> {
    let mut shown = zone.shows(after)?;
    loop {
        shown = calendar.next_after(shown)?;
        let instant = match zone.instants(shown) {
            MappedLocalTime::Single(instant) => instant,
            MappedLocalTime::Ambiguous(first, _) => first,
            MappedLocalTime::None => zone.behind_gap(shown)?,
        };
        // While clocks show a time again, what they show has counted already.
        if instant > after {
            return Some(instant);
        }
    }
}

/// The first time after `after` at which the clocks show what an expression names.
pub(super) fn next_in_real_time(calendar: &Calendar, after: i64, zone: TimeZone) -> Option<i64> {
    let now = zone.shows(after)?;
    let onwards = first_shown(calendar, now, after, zone);
    let MappedLocalTime::Ambiguous(first, second) = zone.instants(now) else { return onwards };
    if first != after {
        return onwards;
    }
    // The clocks will show this again, and before that also what they have shown shortly before.
    let back = zone.set_back(first, second)?;
    let again = first_shown(calendar, zone.shows(back)?.checked_sub_signed(TimeDelta::seconds(1))?, back - 1, zone);
    match (onwards, again) {
        (Some(onwards), Some(again)) => Some(onwards.min(again)),
        (onwards, again) => onwards.or(again),
    }
}

/// The first instant after `after` at which the clocks show something that is named and later than `shown`.
fn first_shown(calendar: &Calendar, mut shown: NaiveDateTime, after: i64, zone: TimeZone) -> Option<i64> {
    loop {
        shown = calendar.next_after(shown)?;
        let instants = zone.instants(shown);
        if let Some(instant) = [instants.earliest(), instants.latest()].into_iter().flatten().find(|at| *at > after) {
            return Some(instant);
        }
    }
}

impl FromStr for TimeZone {
    type Err = TimeZoneError;

    fn from_str(text: &str) -> Result<Self, TimeZoneError> {
        text.parse().map(Self).map_err(|_| {
            let mut names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            let suggestion =
                names.clone().find(|name| name.eq_ignore_ascii_case(text)).or_else(|| closest(text, &mut names));
            TimeZoneError { name: shorten(text), suggestion }
        })
    }
}

impl TryFrom<String> for TimeZone {
    type Error = TimeZoneError;

    fn try_from(text: String) -> Result<Self, TimeZoneError> {
        text.parse()
    }
}

impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> Self {
        zone.name().to_owned()
    }
}
