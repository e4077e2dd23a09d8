//! From the bytes of a table to its lines. Nothing is dropped here: what cannot be read is handed on as it is.

use std::io::Read;

use chrono::NaiveDate;
use csv::{ByteRecord, Reader, ReaderBuilder};
use stepmill_sdk::prelude::*;

use crate::model::{Content, Day, Row};

const COLUMNS: [&str; 6] = ["date", "precipitation", "temp_max", "temp_min", "wind", "weather"];

/// Reads a CSV table of days, one line at a time.
///
/// The header names the columns `date`, `precipitation`, `temp_max`, `temp_min`, `wind` and `weather`, in any order;
/// others are ignored. A line that cannot be read comes out too, with the reason.
#[step]
fn parse(csv: File) -> Result<impl Iterator<Item = Result<Row>>> {
    rows(csv.open()?)
}

/// The lines of a table below its header.
pub(crate) fn rows(input: impl Read) -> Result<impl Iterator<Item = Result<Row>>> {
    // Flexible: a line of the wrong length is a finding, not the end.
    let mut table = ReaderBuilder::new().flexible(true).from_reader(input);
    let header = Header::read(&mut table)?;
    Ok(table.into_byte_records().map(move |record| Ok(header.row(&record.map_err(StepError::from)?))))
}

/// How many columns there are, and where each of `COLUMNS` stands.
struct Header {
    width: usize,
    places: [usize; COLUMNS.len()],
}

impl Header {
    fn read(table: &mut Reader<impl Read>) -> Result<Self> {
        let header = table.byte_headers()?;
        let names: Vec<String> = header.iter().map(|name| text(name).trim().to_lowercase()).collect();
        let places = COLUMNS.map(|column| names.iter().position(|name| name == column));
        let absent = COLUMNS.into_iter().zip(places).filter(|(_, place)| place.is_none());
        let absent: Vec<&str> = absent.map(|(column, _)| column).collect();
        if !absent.is_empty() {
            let message = "the first line must name every column: no";
            return Err(StepError::permanent(format!(
                "{message} {} in `{}`",
                absent.join(", "),
                shorten(&names.join(","))
            )));
        }
        Ok(Self { width: names.len(), places: places.map(Option::unwrap_or_default) })
    }

    fn row(&self, record: &ByteRecord) -> Row {
        let line = record.position().map_or(0, csv::Position::line);
        let content = self.day(record).map_or_else(
            |reason| {
                let fields: Vec<String> = record.iter().map(text).collect();
                Content::Unreadable { text: shorten(&fields.join(",")), reason }
            },
            Content::Day,
        );
        Row { line, content }
    }

    fn day(&self, record: &ByteRecord) -> Result<Day, String> {
        if record.len() != self.width {
            return Err("more or fewer fields than the header".to_owned());
        }
        let field = |column: usize| text(&record[self.places[column]]).trim().to_owned();
        let number = |column: usize| match field(column).parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("{} is not a number", COLUMNS[column])),
        };
        Ok(Day {
            date: date(&field(0)).ok_or("date is not a date")?,
            precipitation: number(1)?,
            temp_max: number(2)?,
            temp_min: number(3)?,
            wind: number(4)?,
            weather: field(5),
        })
    }
}

/// A date as `2012-01-31` or `2012/01/31`.
fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(&text.replace('/', "-"), "%Y-%m-%d").ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Enough to find the line by; an unclosed quote makes one line of all that follow.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
