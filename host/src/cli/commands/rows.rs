//! The beginning of a stored stream, to be looked at.

use serde_json::Value as Json;

use crate::{
    cli::render::text::{cut, safe_json, safe_text},
    execute::{
        ports::OutputStore,
        stored::{RowsReader, StoredError},
    },
    output::OutputRef,
    value::{self, items::batch_items},
};

/// How much of a stream is printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// Items.
    items: usize,
    /// Bytes of all of them together, as stored.
    bytes: usize,
}

/// In a report.
pub(super) const SHOWN: Most = Most { items: 5, bytes: 16 << 10 };
/// Where nothing else is printed.
pub(super) const QUIET: Most = Most { items: 1000, bytes: 1 << 20 };

/// The first items of a stream.
pub(super) struct Rows {
    /// As JSON.
    pub(super) items: Vec<Json>,
    /// How many the stream has.
    pub(super) total: u64,
}

impl Rows {
    /// Reads them.
    ///
    /// # Errors
    /// If the store cannot give them.
    pub(super) fn first(store: &dyn OutputStore, output: &OutputRef, most: Most) -> Result<Self, StoredError> {
        let mut reader = RowsReader::open(store, output)?;
        let mut rows = Self { items: Vec::new(), total: reader.total() };
        let mut room = most.bytes;
        while let Some(batch) = reader.next_batch()? {
            for item in batch_items(&batch.bytes).map_while(Result::ok) {
                let left = room.checked_sub(item.len()).filter(|_| rows.items.len() < most.items);
                let (Some(left), Ok(json)) = (left, value::json::to_json(item)) else { return Ok(rows) };
                room = left;
                rows.items.push(json);
            }
        }
        Ok(rows)
    }

    /// A line of JSON for each, for programs.
    pub(super) fn lines(&self) -> String {
        self.items.iter().map(|item| safe_json(&item.to_string()) + "\n").collect()
    }

    /// The same for people: no longer than a line of the terminal.
    pub(super) fn cut_lines(&self, width: usize) -> String {
        self.items.iter().map(|item| cut(&safe_text(&item.to_string()), width) + "\n").collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_a_line_each_and_cannot_steer_the_terminal() {
        let rows = Rows { items: vec![json!({"a": [1, 2]}), json!("two\nlines\u{9b}2J\u{e0001}")], total: 9 };
        let lines = rows.lines();
        assert_eq!(lines, "{\"a\":[1,2]}\n\"two\\nlines\\u009b2J\\udb40\\udc01\"\n");
        let read: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, rows.items);
        assert_eq!(rows.cut_lines(5).lines().next(), Some("{\"a\"…"));
    }
}
