//! Streams, which are larger than memory when the tests want them to be.

use stepmill_sdk::prelude::*;

/// One row.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Row {
    pub id: u64,
    pub text: String,
}

/// Makes so many rows, each with so many letters.
#[step]
fn make_rows(#[config] count: u64, #[config(default = 10)] letters: usize) -> impl Iterator<Item = Row> {
    (0..count).map(move |id| Row { id, text: "x".repeat(letters) })
}

/// Hands rows on, with their ids doubled.
#[step]
fn double_rows(rows: Rows<Row>) -> impl Iterator<Item = Result<Row>> {
    rows.map(|row| row.map(|row| Row { id: row.id * 2, ..row }))
}

/// Adds the ids up.
#[step]
fn sum_rows(rows: Rows<Row>) -> Result<u64> {
    rows.map(|row| row.map(|row| row.id)).sum()
}

/// Adds up a list that is read as a stream.
#[step]
fn sum_stream(numbers: Rows<u32>) -> Result<u64> {
    numbers.map(|number| number.map(u64::from)).sum()
}

/// Counts rows that were put in a list.
#[step]
fn count_list(rows: Vec<Row>) -> usize {
    rows.len()
}

/// Fails in the middle of its stream.
#[step]
fn half_rows() -> impl Iterator<Item = Result<u32>> {
    (0..10).map(|n| if n < 5 { Ok(n) } else { Err(StepError::permanent("only five")) })
}
