//! Statistics by month.

use std::collections::BTreeMap;

use chrono::Datelike;
use stepmill_sdk::prelude::*;

use crate::model::{Day, Month};

/// The statistics of every month that has a day, in order.
#[step]
pub fn monthly(days: Rows<Day>) -> Result<Vec<Month>> {
    let mut months: BTreeMap<(i32, u32), Month> = BTreeMap::new();
    for day in days {
        let day = day?;
        let (year, month) = (day.date.year(), day.date.month());
        months.entry((year, month)).or_insert_with(|| empty(year, month)).add(&day);
    }
    Ok(months.into_values().map(Month::averaged).collect())
}

fn empty(year: i32, month: u32) -> Month {
    Month {
        year,
        month,
        days: 0,
        temp_min: f64::INFINITY,
        temp_max: f64::NEG_INFINITY,
        mean_min: 0.0,
        mean_max: 0.0,
        temp_mean: 0.0,
        precipitation: 0.0,
        wet_days: 0,
        wind: 0.0,
        kinds: BTreeMap::new(),
    }
}

impl Month {
    /// Means are sums until `averaged`.
    fn add(&mut self, day: &Day) {
        self.days += 1;
        self.temp_min = self.temp_min.min(day.temp_min);
        self.temp_max = self.temp_max.max(day.temp_max);
        self.mean_min += day.temp_min;
        self.mean_max += day.temp_max;
        self.precipitation += day.precipitation;
        self.wet_days += u32::from(day.precipitation >= 1.0);
        self.wind += day.wind;
        *self.kinds.entry(day.weather.clone()).or_default() += 1;
    }

    fn averaged(mut self) -> Self {
        let days = f64::from(self.days);
        self.mean_min /= days;
        self.mean_max /= days;
        self.wind /= days;
        self.temp_mean = f64::midpoint(self.mean_min, self.mean_max);
        self
    }
}
