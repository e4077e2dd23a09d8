//! The handles that a guest has of streams. Streams are read a frame at a time and written as they come, so memory stays
//! flat however long they are.

use crate::{execute::stored::RowsReader, runtime::stop::Stop};

/// The items of an argument.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct RowReader {
    /// What it reads, for messages.
    what: String,
    rows: RowsReader,
}

impl RowReader {
    pub(in crate::runtime) fn new(what: String, rows: RowsReader) -> Self {
        Self { what, rows }
    }

    /// The next batch. Batches are frames, which depend on the items alone.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, Stop> {
        let batch = self.rows.next_batch().map_err(|error| Stop::unreadable(&self.what, error))?;
        Ok(batch.map(|batch| batch.bytes.into()))
    }
}

/// The guest's handle of the writer. The stream itself outlives the handle.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct RowWriter(pub(super) ());

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{limits::FRAME, value::items::array_head};

    #[test]
    fn batches_in_memory_are_cut_like_frames() {
        let item = [&[0xc5, 0x10, 0x00][..], &[7; 4096]].concat();
        let items = item.repeat(600);
        let list = Bytes::from([&array_head(600).unwrap()[..], &items].concat());
        let mut reader = RowReader::new("x".to_owned(), RowsReader::of_list(&list).unwrap());
        let mut sizes = Vec::new();
        let mut all = Vec::new();
        while let Some(batch) = reader.next().unwrap() {
            sizes.push(batch.len());
            all.extend(batch);
        }
        assert_eq!(all, items);
        assert_eq!(sizes.len(), 3);
        assert!(sizes[..2].iter().all(|size| (FRAME..FRAME + item.len()).contains(size)), "{sizes:?}");
    }
}
