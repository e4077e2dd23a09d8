//! Which lines are usable. `check` counts with it and `clean` sieves with it, so the two cannot disagree.

use chrono::NaiveDate;

use crate::model::{Content, Day, Row};

/// Judges lines in the order of the file.
#[derive(Default)]
pub struct Reviewer {
    last: Option<NaiveDate>,
}

impl Reviewer {
    /// The day, or why the line is left out.
    pub fn review(&mut self, row: Row) -> Result<Day, String> {
        let day = match row.content {
            Content::Day(day) => day,
            Content::Unreadable { reason, .. } => return Err(reason),
        };
        if let Some(reason) = implausible(&day) {
            return Err(reason.to_owned());
        }
        // Statistics of months and spells need each day once and in order.
        match self.last {
            Some(last) if day.date == last => return Err("the date is there twice".to_owned()),
            Some(last) if day.date < last => return Err("the date is out of order".to_owned()),
            _ => self.last = Some(day.date),
        }
        Ok(day)
    }
}

fn implausible(day: &Day) -> Option<&'static str> {
    let possible = -90.0..=60.0;
    if !possible.contains(&day.temp_min) || !possible.contains(&day.temp_max) {
        Some("a temperature that was never seen on Earth")
    } else if day.temp_min > day.temp_max {
        Some("temp_min is above temp_max")
    } else if day.precipitation < 0.0 {
        Some("precipitation is negative")
    } else if day.wind < 0.0 {
        Some("wind is negative")
    } else {
        None
    }
}

/// What is strange about a usable day, but no reason to leave it out.
pub fn odd(day: &Day) -> Option<&'static str> {
    let wet = day.precipitation > 0.0;
    match day.weather.as_str() {
        "rain" | "drizzle" | "snow" if !wet => Some("called rain, drizzle or snow, but has no precipitation"),
        "sun" if wet => Some("called sun, but has precipitation"),
        "" => Some("has no kind of weather"),
        _ => None,
    }
}

/// The line as a person would look for it.
pub fn shown(content: &Content) -> String {
    match content {
        Content::Unreadable { text, .. } => text.clone(),
        Content::Day(day) => format!(
            "{}, {} mm, {} to {} °C, {} m/s, {}",
            day.date, day.precipitation, day.temp_min, day.temp_max, day.wind, day.weather
        ),
    }
}
