//! From what `for_each` refers to, to a stream of items; and from what the items returned, to the step's output.

use std::{io, sync::Arc};

use bytes::Bytes;

use super::{
    ports::OutputStore,
    stored::{self, RowsReader, RowsWriter, StoredError},
    trouble::Trouble,
};
use crate::{
    failure::{FailureKind, StepFailure},
    limits::MAX_ITEMS,
    module::Form,
    output::OutputRef,
    value::{
        path::{Segment, ValuePath},
        select::select,
        validate::{ValueError, validate_items},
    },
};

/// What a `for_each` refers to.
pub(super) struct Source {
    /// As the pipeline says it, for messages.
    pub(super) words: String,
    pub(super) data: SourceData,
}

/// Its data.
pub(super) enum SourceData {
    /// A MessagePack value.
    Value(Bytes),
    /// A part of an output.
    Output(OutputRef, ValuePath),
}

impl Source {
    /// The items, as a stored stream. Blocking.
    pub(super) fn items(&self, store: &Arc<dyn OutputStore>, cap: u64) -> Result<OutputRef, Trouble> {
        let items = match &self.data {
            SourceData::Output(output, path) if output.form == Form::Rows && path.is_empty() => output.clone(),
            SourceData::Output(output, path) => self.stream(store, &self.part(store, output, path, cap)?)?,
            SourceData::Value(list) => self.stream(store, list)?,
        };
        let count = items.items.unwrap_or_default();
        if count > MAX_ITEMS {
            return Err(self.bad(&format!("it has {count} items; at most {MAX_ITEMS} are possible")));
        }
        Ok(items)
    }

    fn part(
        &self,
        store: &Arc<dyn OutputStore>,
        output: &OutputRef,
        path: &ValuePath,
        cap: u64,
    ) -> Result<Bytes, Trouble> {
        if output.form == Form::Rows && !matches!(path.segments().first(), Some(Segment::Index(_))) {
            return Err(self.bad(&"a stream has items, not keys"));
        }
        let whole = stored::read_value(store.as_ref(), output, cap).map_err(|error| self.unreadable(&error))?;
        let part = select(&whole, path).map_err(|error| self.bad(&error.under(&self.words)))?;
        Ok(whole.slice_ref(part))
    }

    fn stream(&self, store: &Arc<dyn OutputStore>, list: &Bytes) -> Result<OutputRef, Trouble> {
        let mut rows = RowsReader::of_list(list).map_err(|_| self.bad(&"it is not a list"))?;
        let mut stream = RowsWriter::new(store.clone());
        copy(&mut rows, &mut stream).map_err(|error| match error {
            Copying::Read(error) => self.unreadable(&error),
            Copying::Write(error) => Trouble::storing(&error),
        })?;
        stream.finish().map_err(|error| Trouble::storing(&error))
    }

    fn bad(&self, why: &dyn std::fmt::Display) -> Trouble {
        let message = format!("`for_each = \"{}\"` has no items: {why}", self.words);
        Trouble::Step(StepFailure::new(FailureKind::BadItems, message))
    }

    fn unreadable(&self, error: &StoredError) -> Trouble {
        let message = format!("`for_each = \"{}\"` cannot be read", self.words);
        Trouble::reading(FailureKind::DamagedInput, message, error)
    }
}

/// Puts together what the items returned, in the order of these packs. Blocking.
pub(super) fn gather(store: &Arc<dyn OutputStore>, packs: &[OutputRef]) -> Result<OutputRef, Trouble> {
    if let [pack] = packs {
        return Ok(pack.clone());
    }
    let mut stream = RowsWriter::new(store.clone());
    let unreadable = |error: &StoredError| {
        let message = "what its items returned cannot be read again: run the step again";
        Trouble::reading(FailureKind::DamagedInput, message.to_owned(), error)
    };
    for pack in packs {
        let mut rows = RowsReader::open(store.as_ref(), pack).map_err(|error| unreadable(&error))?;
        copy(&mut rows, &mut stream).map_err(|error| match error {
            Copying::Read(error) => unreadable(&error),
            Copying::Write(error) => Trouble::storing(&error),
        })?;
    }
    stream.finish().map_err(|error| Trouble::storing(&error))
}

enum Copying {
    Read(StoredError),
    Write(io::Error),
}

fn copy(rows: &mut RowsReader, stream: &mut RowsWriter) -> Result<(), Copying> {
    while let Some(batch) = rows.next_batch().map_err(Copying::Read)? {
        for item in validate_items(&batch.bytes) {
            let damaged = |error: ValueError| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
            let item = item.map_err(|error| Copying::Read(damaged(error).into()))?;
            stream.push(item).map_err(Copying::Write)?;
        }
    }
    Ok(())
}
