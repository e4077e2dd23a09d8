//! What the steps hand to each other.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use stepmill_sdk::prelude::*;

/// The weather of one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Day {
    pub date: NaiveDate,
    /// Rain and melted snow in mm.
    pub precipitation: f64,
    /// Highest temperature in °C.
    pub temp_max: f64,
    /// Lowest temperature in °C.
    pub temp_min: f64,
    /// Average wind speed in m/s.
    pub wind: f64,
    /// What somebody called the day: `rain`, `sun` and so on.
    pub weather: String,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Where in the file it is; counts from 1.
    pub line: u64,
    pub content: Content,
}

/// What a line turned out to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    Day(Day),
    /// Not a day, and kept as it was, so that somebody can mend it.
    Unreadable {
        text: String,
        reason: String,
    },
}

/// What `check` has to say about the table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Findings {
    /// Lines below the header.
    pub lines: u64,
    /// Lines that hold a usable day.
    pub days: u64,
    pub first: Option<NaiveDate>,
    pub last: Option<NaiveDate>,
    /// Days between the first and the last that no line is about.
    pub missing_days: u64,
    /// Why lines were left out.
    pub problems: Vec<Finding>,
    /// What looks odd on days that were kept.
    pub oddities: Vec<Finding>,
}

/// One kind of trouble, with its first examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    pub what: String,
    pub count: u64,
    pub examples: Vec<Example>,
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Example {
    pub line: u64,
    pub text: String,
}

/// The statistics of one month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Month {
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// How many days the numbers stand on.
    pub days: u32,
    /// Lowest and highest temperature of the month in °C.
    pub temp_min: f64,
    pub temp_max: f64,
    /// Mean of the daily lows, of the daily highs, and of the middle between the two.
    pub mean_min: f64,
    pub mean_max: f64,
    pub temp_mean: f64,
    /// Total in mm.
    pub precipitation: f64,
    /// Days with at least 1 mm.
    pub wet_days: u32,
    /// Mean in m/s.
    pub wind: f64,
    /// How often each kind of weather was named.
    pub kinds: BTreeMap<String, u32>,
}

/// The most extreme days, each list from the most extreme down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Extremes {
    pub hottest: Vec<Day>,
    pub coldest: Vec<Day>,
    pub wettest: Vec<Day>,
    pub windiest: Vec<Day>,
}

/// What lasted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spells {
    /// The longest run of days without precipitation.
    pub dry: Option<Spell>,
    /// Every run of days hotter than the threshold.
    pub heat_waves: Vec<Spell>,
    /// What counts as hot, in °C.
    pub threshold: f64,
}

/// Consecutive days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spell {
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub days: u32,
    /// The highest temperature in it, in °C.
    pub peak: f64,
}
