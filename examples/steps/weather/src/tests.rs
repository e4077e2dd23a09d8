//! Every step, called as the plain function that it is.

mod charts;
mod page;
mod quality;
mod statistics;
mod table;

use chrono::NaiveDate;
use stepmill_sdk::prelude::*;

use crate::model::{Content, Day, Row};
use crate::parse::parse;

pub const HEADER: &str = "date,precipitation,temp_max,temp_min,wind,weather\n";

fn file(content: impl AsRef<[u8]>) -> File {
    File::from_bytes("days.csv", "text/csv", content).expect("a good name")
}

/// The lines of a table with the usual header.
fn rows(lines: &str) -> Vec<Row> {
    parsed(format!("{HEADER}{lines}"))
}

fn parsed(content: impl AsRef<[u8]>) -> Vec<Row> {
    let rows = parse(file(content)).expect("a good header");
    rows.collect::<Result<_>>().expect("memory can be read")
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// A mild, dry day.
fn day(at: &str) -> Day {
    Day { date: date(at), precipitation: 0.0, temp_max: 20.0, temp_min: 10.0, wind: 2.0, weather: "sun".to_owned() }
}

fn reason(row: &Row) -> &str {
    match &row.content {
        Content::Unreadable { reason, .. } => reason,
        Content::Day(day) => panic!("that is a day: {day:?}"),
    }
}

fn seattle() -> Vec<Row> {
    parsed(include_bytes!("../../../data/seattle-weather.csv"))
}
