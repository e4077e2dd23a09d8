//! The horizontal axis of charts over time: a band for every month from the first to the last.

use chrono::{Datelike, NaiveDate};

use super::svg::{BOTTOM, LEFT, RIGHT, TOP, text};
use crate::model::Month;

/// More years than this are not all labelled.
const MOST_LABELS: i32 = 16;

pub struct Timeline {
    first: i32,
    last: i32,
}

/// Months since the year 0.
fn index(year: i32, month: u32) -> i32 {
    year * 12 + month as i32 - 1
}

impl Timeline {
    /// None where there are no months.
    pub fn of(months: &[Month]) -> Option<Self> {
        let indices = || months.iter().map(|month| index(month.year, month.month));
        Some(Self { first: indices().min()?, last: indices().max()? })
    }

    /// How wide a month is.
    pub fn band(&self) -> f64 {
        (RIGHT - LEFT) / f64::from(self.last - self.first + 1)
    }

    /// Where a month begins.
    pub fn start(&self, year: i32, month: u32) -> f64 {
        LEFT + f64::from(index(year, month) - self.first) * self.band()
    }

    /// Where a day is.
    pub fn day(&self, date: NaiveDate) -> f64 {
        self.start(date.year(), date.month()) + f64::from(date.day0()) / 31.0 * self.band()
    }

    /// The years, in order, each with where it begins and ends on the chart.
    pub fn years(&self) -> impl Iterator<Item = (i32, f64, f64)> {
        let (first, last) = (self.first.div_euclid(12), self.last.div_euclid(12));
        let every = (last - first) / MOST_LABELS + 1;
        let place = |year| self.start(year, 1).clamp(LEFT, RIGHT);
        (first..=last).step_by(every as usize).map(move |year| (year, place(year), place(year + every)))
    }

    /// Labels of the years below the data, and lines between them.
    pub fn axis(&self) -> String {
        let year = |(year, start, end): (i32, f64, f64)| {
            let line = if start > LEFT {
                format!(r#"<path class="grid" d="M{start:.1} {TOP}V{BOTTOM}"/>"#)
            } else {
                String::new()
            };
            line + &text("middle", f64::midpoint(start, end), BOTTOM + 20.0, &year.to_string())
        };
        self.years().map(year).collect()
    }
}

/// Runs of months without a gap, so that no line is drawn through what is not known.
pub fn unbroken(months: &[Month]) -> impl Iterator<Item = &[Month]> {
    months.chunk_by(|one, next| index(one.year, one.month) + 1 == index(next.year, next.month))
}
