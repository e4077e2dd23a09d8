//! When a schedule fires: expressions as in crontab(5), in a time zone. The only cron code.
//!
//! The `cron` crate knows which numbers a field means. The rest is here, because it differs from crontab(5): the crate
//! takes no five fields, counts weekdays from 1, wants both days to match, skips what a time zone skips and fires twice
//! in what it repeats.

mod calendar;
mod count;
mod parse;
#[cfg(test)]
mod tests;
mod zone;

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{ids::Timestamp, limits::MAX_CRON};
use calendar::Calendar;
pub use zone::{TimeZone, TimeZoneError};

/// A checked cron expression, which fires now and then.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CronExpr {
    text: Arc<str>,
    calendar: Calendar,
    /// Whether its hours follow real time: they begin with `*` or have a step. Else they are times of the day, which
    /// a day has once, however its clock is set.
    real_time: bool,
}

/// Why a text is not a cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It is longer than [`MAX_CRON`].
    #[error("it has {0} bytes; at most {MAX_CRON} are possible")]
    TooLong(usize),
    /// It has neither five nor six fields.
    #[error(
        "it has {0} fields; five are wanted (minute, hour, day of the month, month, day of the week), or six with the \
         second first"
    )]
    FieldCount(usize),
    /// It begins with `@` and goes on as nothing known.
    #[error("`{0}` is not known; there are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly")]
    UnknownName(String),
    /// A field of it is wrong.
    #[error("its {field} `{text}` is wrong: use {range}, `*`, ranges as `1-5`, steps as `*/5`, and `,` between them")]
    Field {
        /// Which one.
        field: &'static str,
        /// What it is.
        text: String,
        /// What it could be.
        range: &'static str,
    },
    /// No year has such a day.
    #[error("it never fires: no month that it names has such a day")]
    Never,
}

impl CronExpr {
    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first time after `after` at which it fires, on a whole second.
    ///
    /// Where the hour is fixed, a time that the zone skips is made up for at the first instant behind the gap, and one
    /// that it repeats counts once, the first time. Where the hour is `*` or a step, it fires whenever the clock on the
    /// wall shows such a time.
    ///
    /// `None` if there is none within the years that the calendar knows.
    #[must_use]
    pub fn next_after(&self, after: Timestamp, zone: TimeZone) -> Option<Timestamp> {
        let after = after.0.div_euclid(1_000);
        let next = if self.real_time {
            zone::next_in_real_time(&self.calendar, after, zone)
        } else {
            zone::next_by_the_day(&self.calendar, after, zone)
        };
        next?.checked_mul(1_000).map(Timestamp)
    }

    /// Passes the times in `(after, until]` at which it fires, but no more than `most`: how many those are, and the
    /// last of them, or `after`. Takes time by the day, not by the times.
    #[must_use]
    pub fn pass(&self, after: Timestamp, until: Timestamp, most: u64, zone: TimeZone) -> (u64, Timestamp) {
        count::pass(self, after, until, most, zone)
    }
}

impl FromStr for CronExpr {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        if text.len() > MAX_CRON {
            return Err(CronError::TooLong(text.len()));
        }
        let (calendar, real_time) = parse::parse(text)?;
        if calendar.never() { Err(CronError::Never) } else { Ok(Self { text: Arc::from(text), calendar, real_time }) }
    }
}

impl TryFrom<String> for CronExpr {
    type Error = CronError;

    fn try_from(text: String) -> Result<Self, CronError> {
        text.parse()
    }
}

impl From<CronExpr> for String {
    fn from(expression: CronExpr) -> Self {
        expression.text.as_ref().to_owned()
    }
}

impl fmt::Display for CronExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for CronExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}
