//! What a condition read, as short JSON for people.

use std::io::{self, Write};

use bytes::Bytes;

use super::Read;
use crate::{event::ReadValue, value::json::AsJson};

/// The longest value, in bytes, without the sign that it is cut.
const MAX_VALUE: usize = 256;

/// Each read with its value.
pub(super) fn record(reads: &[Read], values: &[Option<Bytes>]) -> Vec<ReadValue> {
    let json = |value: Option<&Option<Bytes>>| match value {
        Some(Some(bytes)) => short_json(bytes),
        Some(None) | None => "null".to_owned(),
    };
    reads
        .iter()
        .enumerate()
        .map(|(at, read)| ReadValue { path: read.to_string(), value: json(values.get(at)) })
        .collect()
}

fn short_json(bytes: &[u8]) -> String {
    let value = match AsJson::new(bytes) {
        Ok(value) => value,
        Err(error) => return format!("damaged: {error}"),
    };
    let mut text = Short(Vec::with_capacity(MAX_VALUE));
    let whole = serde_json::to_writer(&mut text, &value).is_ok();
    // A cut may go through a character: what is left of that is dropped.
    let end = std::str::from_utf8(&text.0).map_or_else(|error| error.valid_up_to(), str::len);
    let mut text = String::from_utf8_lossy(&text.0[..end]).into_owned();
    if !whole {
        text.push('…');
    }
    text
}

/// Takes the beginning, then refuses: the rest of a large value is not even written.
struct Short(Vec<u8>);

impl Write for Short {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = MAX_VALUE - self.0.len();
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room { Err(io::ErrorKind::WriteZero.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
