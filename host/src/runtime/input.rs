//! From references to the data that a guest is given: read, verified, cut to the wanted part, in the wanted form.

use std::{io, sync::Arc};

use bytes::Bytes;

use super::{host::rows::RowReader, stop::Stop};
use crate::{
    execute::ports::{Argument, ArgumentData, OutputStore},
    failure::{FailureKind, LimitKind},
    ids::{ContentHash, Name},
    limits::Limits,
    module::Form,
    output::{FileRef, OutputRef, Place},
    value::{
        items::{array_head, array_items},
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
        ArgumentData::Value(_) => false,
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
                let start = array_items(&value).map_err(|error| self.misfit(&error))?.offset();
                Ok(InputData::Rows(RowReader::memory(self.what(), value.slice(start..))))
            }
        }
    }

    fn give_rows(&self, output: &OutputRef) -> Result<InputData, Stop> {
        match (self.argument.form, &output.place) {
            (Form::Rows, Place::Inline(items)) => {
                self.verify(items, output)?;
                Ok(InputData::Rows(RowReader::memory(self.what(), items.clone())))
            }
            (Form::Rows, Place::Blob) => {
                let reader = self.store.open(&output.hash).map_err(|error| self.unreadable(&error))?;
                Ok(InputData::Rows(RowReader::blob(self.what(), reader)))
            }
            (Form::Value, _) => self.list(output),
        }
    }

    /// A stream as a list. It may be no larger than a value that the step could return itself.
    fn list(&self, output: &OutputRef) -> Result<InputData, Stop> {
        if output.size > self.limits.output {
            return Err(Stop::limit(
                LimitKind::Output,
                format!(
                    "{} is a stream of {} bytes, and the step wants it as one value of at most {}: let the step take \
                     rows, or raise its `limits.output`",
                    self.what(),
                    output.size,
                    self.limits.output
                ),
            ));
        }
        let mut list = array_head(output.items.unwrap_or_default()).map_err(|error| self.misfit(&error))?;
        self.append(output, &mut list)?;
        Ok(InputData::Value(list.into()))
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
        let (first, bytes) = match &output.place {
            Place::Inline(bytes) => {
                self.verify(bytes, output)?;
                (0, bytes.clone())
            }
            Place::Blob => {
                let mut reader = self.store.open(&output.hash).map_err(|error| self.unreadable(&error))?;
                let frame = reader.frame(reader.frame_of(index)).map_err(|error| self.unreadable(&error))?;
                (frame.first, frame.bytes)
            }
        };
        let nth = usize::try_from(index.saturating_sub(first)).unwrap_or(usize::MAX);
        match crate::value::items::batch_items(&bytes).nth(nth) {
            Some(Ok(item)) => Ok(bytes.slice_ref(item)),
            Some(Err(_)) | None => Err(self.unreadable(&io::ErrorKind::InvalidData.into())),
        }
    }

    /// All bytes of an output.
    fn whole(&self, output: &OutputRef) -> Result<Bytes, Stop> {
        match &output.place {
            Place::Inline(bytes) => {
                self.verify(bytes, output)?;
                Ok(bytes.clone())
            }
            Place::Blob => {
                let mut bytes = Vec::new();
                self.append(output, &mut bytes)?;
                Ok(bytes.into())
            }
        }
    }

    fn append(&self, output: &OutputRef, bytes: &mut Vec<u8>) -> Result<(), Stop> {
        let mut reader = match &output.place {
            Place::Inline(inline) => {
                self.verify(inline, output)?;
                bytes.extend_from_slice(inline);
                return Ok(());
            }
            Place::Blob => self.store.open(&output.hash).map_err(|error| self.unreadable(&error))?,
        };
        if reader.info().size != output.size {
            return Err(
                self.unreadable(&io::Error::new(io::ErrorKind::InvalidData, "its size is not the recorded one"))
            );
        }
        let size = usize::try_from(output.size).unwrap_or(usize::MAX);
        let no_room =
            |_| Stop::failed(FailureKind::Host, format!("there is no memory for the {size} bytes of {}", self.what()));
        bytes.try_reserve_exact(size).map_err(no_room)?;
        for index in 0..reader.frames() {
            bytes.extend_from_slice(&reader.frame(index).map_err(|error| self.unreadable(&error))?.bytes);
        }
        Ok(())
    }

    fn verify(&self, bytes: &[u8], output: &OutputRef) -> Result<(), Stop> {
        if ContentHash(blake3::hash(bytes).into()) == output.hash {
            return Ok(());
        }
        Err(self.unreadable(&io::Error::new(io::ErrorKind::InvalidData, "its hash is not the recorded one")))
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

    fn unreadable(&self, error: &io::Error) -> Stop {
        Stop::reading(&self.what(), error)
    }
}
