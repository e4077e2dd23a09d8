//! The days that the statistics stand on.

use stepmill_sdk::prelude::*;

use crate::model::{Day, Row};
use crate::quality::Reviewer;

/// Keeps the usable days, each once and in order. What it leaves out, `check` counts.
#[step]
pub fn clean(rows: Rows<Row>) -> impl Iterator<Item = Result<Day>> {
    let mut reviewer = Reviewer::default();
    rows.filter_map(move |row| match row {
        Ok(row) => reviewer.review(row).ok().map(Ok),
        Err(error) => Some(Err(error)),
    })
}
