//! Which dates and times of the day an expression names, without a time zone.

use chrono::{Datelike as _, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

/// How many years a leap day may take to fall on a given weekday: 28, or 40 across a century like 1900 or 2100, which has none.
const MOST_YEARS: u32 = 41;

/// How many days each month has at most.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// What each field names, a bit for each number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Calendar {
    pub(super) seconds: u64,
    pub(super) minutes: u64,
    pub(super) hours: u64,
    pub(super) days: u64,
    pub(super) months: u64,
    /// From Sunday, which is 0.
    pub(super) weekdays: u64,
    /// Whether one of `days` and `weekdays` is enough: both were restricted.
    pub(super) either_day: bool,
}

fn has(set: u64, number: u32) -> bool {
    set >> number & 1 == 1
}

/// The smallest number in the set that is at least `from`.
fn at_least(set: u64, from: u32) -> Option<u32> {
    let rest = set.checked_shr(from)?;
    (rest != 0).then(|| from + rest.trailing_zeros())
}

/// The largest number in the set.
fn last(set: u64) -> u32 {
    set.checked_ilog2().unwrap_or(0)
}

impl Calendar {
    /// Whether there is no date at all that it names.
    pub(super) fn never(&self) -> bool {
        // Every date that comes again and again falls on each day of the week at some time.
        let some_date = (1u32..)
            .zip(DAYS)
            .any(|(month, last)| has(self.months, month) && at_least(self.days, 1).is_some_and(|day| day <= last));
        !(some_date || self.either_day && self.weekdays != 0)
    }

    /// The first time after `after` that it names.
    pub(super) fn next_after(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let today = self.includes(after.date()).then(|| self.time_after(after.time())).flatten();
        if let Some(time) = today {
            return Some(after.date().and_time(time));
        }
        let first =
            NaiveTime::from_hms_opt(at_least(self.hours, 0)?, at_least(self.minutes, 0)?, at_least(self.seconds, 0)?)?;
        Some(self.date_after(after.date())?.and_time(first))
    }

    /// How many times it names of a day that it names.
    pub(super) fn times_a_day(&self) -> u64 {
        [self.hours, self.minutes, self.seconds].iter().map(|set| u64::from(set.count_ones())).product()
    }

    /// The last time of the day that it names, in seconds from midnight.
    pub(super) fn last_of_day(&self) -> i64 {
        [self.hours, self.minutes, self.seconds].iter().fold(0, |time, set| time * 60 + i64::from(last(*set)))
    }

    /// Whether it names this date.
    pub(super) fn includes(&self, date: NaiveDate) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().num_days_from_sunday());
        has(self.months, date.month()) && if self.either_day { day || weekday } else { day && weekday }
    }

    fn date_after(&self, after: NaiveDate) -> Option<NaiveDate> {
        let end = after.checked_add_months(Months::new(12 * MOST_YEARS))?;
        let mut date = after.checked_add_days(Days::new(1))?;
        while date <= end {
            if !has(self.months, date.month()) {
                date = date.with_day(1)?.checked_add_months(Months::new(1))?;
            } else if self.includes(date) {
                return Some(date);
            } else {
                date = date.checked_add_days(Days::new(1))?;
            }
        }
        None
    }

    fn time_after(&self, after: NaiveTime) -> Option<NaiveTime> {
        let (hour, minute, second) = (after.hour(), after.minute(), after.second());
        let (first_minute, first_second) = (at_least(self.minutes, 0)?, at_least(self.seconds, 0)?);
        if has(self.hours, hour) {
            if has(self.minutes, minute)
                && let Some(second) = at_least(self.seconds, second + 1)
            {
                return NaiveTime::from_hms_opt(hour, minute, second);
            }
            if let Some(minute) = at_least(self.minutes, minute + 1) {
                return NaiveTime::from_hms_opt(hour, minute, first_second);
            }
        }
        NaiveTime::from_hms_opt(at_least(self.hours, hour + 1)?, first_minute, first_second)
    }
}
