//! What the lines of a table mean: the header first, then a day in each.

use chrono::NaiveDate;
use stepmill_sdk::prelude::*;

use crate::csv::fields;
use crate::model::{Content, Day, Row};

const COLUMNS: [&str; 6] = ["date", "precipitation", "temp_max", "temp_min", "wind", "weather"];

/// How many columns there are, and where each of `COLUMNS` stands.
pub struct Header {
    width: usize,
    places: [usize; COLUMNS.len()],
}

impl Header {
    pub fn read(line: &[u8]) -> Result<Self> {
        let line = text(line);
        let names = fields(line.trim_start_matches('\u{feff}')).map_err(StepError::permanent)?;
        let place = |column: &str| names.iter().position(|name| name.trim().eq_ignore_ascii_case(column));
        let absent: Vec<&str> = COLUMNS.into_iter().filter(|column| place(column).is_none()).collect();
        if !absent.is_empty() {
            let (absent, line) = (absent.join(", "), shorten(&line));
            return Err(StepError::permanent(format!(
                "the first line must name every column: no {absent} in `{line}`"
            )));
        }
        Ok(Self { width: names.len(), places: COLUMNS.map(|column| place(column).unwrap_or_default()) })
    }

    /// What the line turned out to be; none if it is blank.
    pub fn row(&self, line: &str, number: u64) -> Option<Row> {
        let unreadable = |reason| Content::Unreadable { text: shorten(line), reason };
        let content = self.day(line).map_or_else(unreadable, Content::Day);
        (!line.trim().is_empty()).then_some(Row { line: number, content })
    }

    fn day(&self, line: &str) -> Result<Day, String> {
        let fields = fields(line)?;
        if fields.len() != self.width {
            return Err("more or fewer fields than the header".to_owned());
        }
        let field = |column: usize| fields[self.places[column]].trim();
        let number = |column: usize| match field(column).parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("{} is not a number", COLUMNS[column])),
        };
        Ok(Day {
            date: date(field(0)).ok_or("date is not a date")?,
            precipitation: number(1)?,
            temp_max: number(2)?,
            temp_min: number(3)?,
            wind: number(4)?,
            weather: field(5).to_owned(),
        })
    }
}

/// A date as `2012-01-31` or `2012/01/31`.
fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(&text.replace('/', "-"), "%Y-%m-%d").ok()
}

/// A line without the carriage return that some systems put at its end.
pub fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

/// Enough to find the line by.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
