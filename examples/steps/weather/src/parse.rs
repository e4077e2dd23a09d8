//! From the bytes of a table to its lines. Nothing is dropped here: what cannot be read is handed on as it is.

use std::io::BufRead;

use stepmill_sdk::prelude::*;

use crate::line::{Header, text};
use crate::model::Row;

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
