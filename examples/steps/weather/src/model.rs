//! What the steps hand to each other.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use stepmill_sdk::prelude::*;

/// The weather of one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Day {
    pub(crate) date: NaiveDate,
    /// Rain and melted snow in mm.
    pub(crate) precipitation: f64,
    /// Highest temperature in °C.
    pub(crate) temp_max: f64,
    /// Lowest temperature in °C.
    pub(crate) temp_min: f64,
    /// Average wind speed in m/s.
    pub(crate) wind: f64,
    /// What somebody called the day: `rain`, `sun` and so on.
    pub(crate) weather: String,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Row {
    /// Where in the file it is; counts from 1.
    pub(crate) line: u64,
    pub(crate) content: Content,
}

/// What a line turned out to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    Day(Day),
    /// Not a day, and kept as it was, so that somebody can mend it.
    Unreadable {
        text: String,
        reason: String,
    },
}

/// What `check` has to say about the table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Findings {
    /// Lines below the header.
    pub(crate) lines: u64,
    /// Lines that hold a usable day.
    pub(crate) days: u64,
    pub(crate) first: Option<NaiveDate>,
    pub(crate) last: Option<NaiveDate>,
    /// Days between the first and the last that no line is about.
    pub(crate) missing_days: u64,
    /// Why lines were left out.
    pub(crate) problems: Vec<Finding>,
    /// What looks odd on days that were kept.
    pub(crate) oddities: Vec<Finding>,
}

/// One kind of trouble, with its first examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Finding {
    pub(crate) what: String,
    pub(crate) count: u64,
    pub(crate) examples: Vec<Example>,
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Example {
    pub(crate) line: u64,
    pub(crate) text: String,
}

/// The statistics of one month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Month {
    pub(crate) year: i32,
    /// 1 to 12.
    pub(crate) month: u32,
    /// How many days the numbers stand on.
    pub(crate) days: u32,
    /// Lowest and highest temperature of the month in °C.
    pub(crate) temp_min: f64,
    pub(crate) temp_max: f64,
    /// Mean of the daily lows, of the daily highs, and of the middle between the two.
    pub(crate) mean_min: f64,
    pub(crate) mean_max: f64,
    pub(crate) temp_mean: f64,
    /// Total in mm.
    pub(crate) precipitation: f64,
    /// Days with at least 1 mm.
    pub(crate) wet_days: u32,
    /// Mean in m/s.
    pub(crate) wind: f64,
    /// How often each kind of weather was named.
    pub(crate) kinds: BTreeMap<String, u32>,
}

/// The most extreme days, each list from the most extreme down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Extremes {
    pub(crate) hottest: Vec<Day>,
    pub(crate) coldest: Vec<Day>,
    pub(crate) wettest: Vec<Day>,
    pub(crate) windiest: Vec<Day>,
}

/// What lasted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Spells {
    /// The longest run of days without precipitation.
    pub(crate) dry: Option<Spell>,
    /// Every run of days hotter than the threshold.
    pub(crate) heat_waves: Vec<Spell>,
    /// What counts as hot, in °C.
    pub(crate) threshold: f64,
}

/// Consecutive days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Spell {
    pub(crate) first: NaiveDate,
    pub(crate) last: NaiveDate,
    pub(crate) days: u32,
    /// The highest temperature in it, in °C.
    pub(crate) peak: f64,
}
