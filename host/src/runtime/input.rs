//! From references to the data that a guest is given: read, verified, cut to the wanted part, in the wanted form.

use std::{io, sync::Arc};

use bytes::Bytes;

use super::{host::rows::RowReader, stop::Stop};
use crate::{
    execute::{
        ports::{Argument, ArgumentData, OutputStore},
        stored::{self, RowsReader, StoredError},
    },
    failure::FailureKind,
    ids::Name,
    limits::Limits,
    module::Form,
    output::{FileRef, OutputRef, Place},
    value::{
        items::batch_items,
        path::{Segment, ValuePath},
        select::select,
        validate::validate,
    },
};

/// One argument, ready to be handed over.
pub(super) struct Input {
    pub(super) name: Name,
    pub(super) data: InputData,
}

/// Its data.
pub(super) enum InputData {
    Value(Bytes),
    Rows(RowReader),
}

/// Whether loading them waits for the disk.
pub(super) fn are_on_disk(arguments: &[Argument]) -> bool {
    arguments.iter().any(|argument| match &argument.data {
        ArgumentData::Value(_) | ArgumentData::Item { .. } => false,
        ArgumentData::Output { output, .. } => matches!(output.place, Place::Blob),
    })
}

/// Loads all arguments, and says which files they refer to.
///
/// # Errors
/// If something is damaged, missing, or of another shape than its path wants.
pub(super) fn load_all(
    arguments: &[Argument],
    store: &Arc<dyn OutputStore>,
    limits: &Limits,
) -> Result<(Vec<Input>, Vec<FileRef>), Stop> {
    let mut inputs = Vec::with_capacity(arguments.len());
    let mut files = Vec::new();
    for argument in arguments {
        let loader = Loader { argument, store, limits };
        let data = loader.load(&mut files)?;
        inputs.push(Input { name: argument.name.clone(), data });
    }
    Ok((inputs, files))
}

struct Loader<'a> {
    argument: &'a Argument,
    store: &'a Arc<dyn OutputStore>,
    limits: &'a Limits,
}

impl Loader<'_> {
    fn load(&self, files: &mut Vec<FileRef>) -> Result<InputData, Stop> {
        match &self.argument.data {
            ArgumentData::Value(value) => {
                files.extend(self.files_in(value)?);
                self.give_value(value.clone())
            }
            ArgumentData::Item { .. } => Err(self.misfit(&"the step has no items")),
            ArgumentData::Output { output, path } if path.is_empty() => {
                files.extend_from_slice(&output.files);
                match output.form {
                    Form::Value => self.give_value(self.whole(output)?),
                    Form::Rows => self.give_rows(output),
                }
            }
            ArgumentData::Output { output, path } => {
                let part = self.part(output, path)?;
                if !output.files.is_empty() {
                    files.extend(self.files_in(&part)?);
                }
                self.give_value(part)
            }
        }
    }

    fn give_value(&self, value: Bytes) -> Result<InputData, Stop> {
        match self.argument.form {
            Form::Value => Ok(InputData::Value(value)),
            Form::Rows => {
                let rows = RowsReader::of_list(&value).map_err(|error| self.unreadable(error))?;
                Ok(InputData::Rows(RowReader::new(self.what(), rows)))
            }
        }
    }

    /// A stream as a stream, or as a list no larger than a value that the step could return itself.
    fn give_rows(&self, output: &OutputRef) -> Result<InputData, Stop> {
        let store = self.store.as_ref();
        match self.argument.form {
            Form::Rows => {
                let rows = RowsReader::open(store, output).map_err(|error| self.unreadable(error))?;
                Ok(InputData::Rows(RowReader::new(self.what(), rows)))
            }
            Form::Value => {
                let list = stored::read_value(store, output, self.limits.output);
                Ok(InputData::Value(list.map_err(|error| self.unreadable(error))?))
            }
        }
    }

    /// A part of an output.
    fn part(&self, output: &OutputRef, path: &ValuePath) -> Result<Bytes, Stop> {
        let (whole, path) = match (output.form, path.segments()) {
            (Form::Rows, [Segment::Index(index), rest @ ..]) => {
                (self.item(output, *index)?, ValuePath::new(rest.to_vec()))
            }
            (Form::Rows, _) => return Err(self.misfit(&"a stream has items, not keys: write `[index]`")),
            (Form::Value, _) => (self.whole(output)?, path.clone()),
        };
        let part = select(&whole, &path).map_err(|error| self.misfit(&error.under(self.argument.name.as_str())))?;
        Ok(whole.slice_ref(part))
    }

    /// One item of a stream.
    fn item(&self, output: &OutputRef, index: u64) -> Result<Bytes, Stop> {
        let items = output.items.unwrap_or_default();
        if index >= items {
            return Err(self.misfit(&format!("the stream has {items} items, so there is no item {index}")));
        }
        let mut rows = RowsReader::open(self.store.as_ref(), output).map_err(|error| self.unreadable(error))?;
        rows.seek(index).map_err(|error| self.unreadable(error))?;
        let lost = || self.unreadable(io::Error::from(io::ErrorKind::InvalidData).into());
        let batch = rows.next_batch().map_err(|error| self.unreadable(error))?.ok_or_else(lost)?;
        let nth = usize::try_from(index.saturating_sub(batch.first)).unwrap_or(usize::MAX);
        match batch_items(&batch.bytes).nth(nth) {
            Some(Ok(item)) => Ok(batch.bytes.slice_ref(item)),
            Some(Err(_)) | None => Err(lost()),
        }
    }

    /// All bytes of a value.
    fn whole(&self, output: &OutputRef) -> Result<Bytes, Stop> {
        stored::read_all(self.store.as_ref(), output, u64::MAX).map_err(|error| self.unreadable(error))
    }

    fn files_in(&self, value: &[u8]) -> Result<Vec<FileRef>, Stop> {
        Ok(validate(value).map_err(|error| self.misfit(&error))?.files)
    }

    fn what(&self) -> String {
        format!("the data for `{}`", self.argument.name)
    }

    fn misfit(&self, problem: &dyn std::fmt::Display) -> Stop {
        Stop::failed(FailureKind::InvalidInput, format!("the step cannot be given `{}`: {problem}", self.argument.name))
    }

    fn unreadable(&self, error: StoredError) -> Stop {
        Stop::unreadable(&self.what(), error)
    }
}
