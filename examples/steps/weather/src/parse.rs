//! From the bytes of a table to its lines. Nothing is dropped here: what cannot be read is handed on as it is.

use std::io::BufRead;

use chrono::NaiveDate;
use stepmill_sdk::prelude::*;

use crate::csv::fields;
use crate::model::{Content, Day, Row};

const COLUMNS: [&str; 6] = ["date", "precipitation", "temp_max", "temp_min", "wind", "weather"];

/// Reads a CSV table of days, one line at a time.
///
/// The header names the columns `date`, `precipitation`, `temp_max`, `temp_min`, `wind` and `weather`, in any order;
/// others are ignored. A line that cannot be read comes out too, with the reason. Blank lines are passed over.
#[step]
pub fn parse(csv: File) -> Result<impl Iterator<Item = Result<Row>>> {
    let mut lines = csv.open()?.split(b'\n');
    let header = Header::read(&lines.next().transpose()?.unwrap_or_default())?;
    Ok(lines.zip(2..).filter_map(move |(line, number)| match line {
        Ok(line) => header.row(&text(&line), number).map(Ok),
        Err(error) => Some(Err(error.into())),
    }))
}

/// How many columns there are, and where each of `COLUMNS` stands.
struct Header {
    width: usize,
    places: [usize; COLUMNS.len()],
}

impl Header {
    fn read(line: &[u8]) -> Result<Self> {
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

    fn row(&self, line: &str, number: u64) -> Option<Row> {
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
fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

/// Enough to find the line by.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
