//! From references to the data that a guest is given: read, verified, cut to the wanted part, in the wanted form.

use std::{borrow::Cow, io, sync::Arc};

use bytes::Bytes;

use super::{host::rows::RowReader, stop::Stop, subject::Item};
use crate::{
    execute::{
        ports::{Argument, ArgumentData, AttemptJob, OutputStore},
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

/// The arguments of a job, loaded as far as all its attempts can share them.
pub(super) struct Inputs {
    shared: Vec<(Name, Shared)>,
    /// The files that they refer to; those of an item come with it.
    files: Vec<FileRef>,
    /// Whether items refer to files.
    item_files: bool,
}

/// What all attempts share of one argument.
enum Shared {
    /// A value.
    Value(Bytes),
    /// A list that is read as rows: each attempt reads it from the start.
    List(Bytes),
    /// A stream: each attempt opens it.
    Stream(OutputRef),
    /// A part of the item, in this form.
    Item(ValuePath, Form),
}

impl Inputs {
    /// Loads all arguments.
    ///
    /// # Errors
    /// If something is damaged, missing, or of another shape than its path wants.
    pub(super) fn load(job: &AttemptJob, store: &Arc<dyn OutputStore>) -> Result<Self, Stop> {
        let mut shared = Vec::with_capacity(job.arguments.len());
        let mut files = Vec::new();
        for argument in &job.arguments {
            let loader = Loader { argument, store, limits: &job.limits };
            shared.push((argument.name.clone(), loader.load(&mut files)?));
        }
        let item_files = job.items.as_ref().is_some_and(|items| !items.source.files.is_empty());
        Ok(Self { shared, files, item_files })
    }

    /// What one attempt is given, and the files that it may open.
    ///
    /// # Errors
    /// As for [`Inputs::load`].
    pub(super) fn give(
        &self,
        item: Option<&Item>,
        store: &dyn OutputStore,
    ) -> Result<(Vec<Input>, Cow<'_, [FileRef]>), Stop> {
        let mut inputs = Vec::with_capacity(self.shared.len());
        let mut files = Cow::Borrowed(&self.files[..]);
        for (name, shared) in &self.shared {
            let rows = |rows: Result<RowsReader, StoredError>| {
                let rows = rows.map_err(|error| Stop::unreadable(&what(name), error))?;
                Ok::<_, Stop>(InputData::Rows(RowReader::new(what(name), rows)))
            };
            let data = match shared {
                Shared::Value(value) => InputData::Value(value.clone()),
                Shared::List(list) => rows(RowsReader::of_list(list))?,
                Shared::Stream(output) if matches!(output.place, Place::Blob) => {
                    rows(tokio::task::block_in_place(|| RowsReader::open(store, output)))?
                }
                Shared::Stream(output) => rows(RowsReader::open(store, output))?,
                Shared::Item(path, form) => {
                    let part = part_of_item(name, item, path)?;
                    if self.item_files {
                        files.to_mut().extend(files_in(name, &part)?);
                    }
                    match form {
                        Form::Value => InputData::Value(part),
                        Form::Rows => rows(RowsReader::of_list(&part))?,
                    }
                }
            };
            inputs.push(Input { name: name.clone(), data });
        }
        Ok((inputs, files))
    }
}

fn part_of_item(name: &Name, item: Option<&Item>, path: &ValuePath) -> Result<Bytes, Stop> {
    let item = item.ok_or_else(|| misfit(name, &"the step has no items"))?;
    if path.is_empty() {
        return Ok(item.bytes.clone());
    }
    let part = select(&item.bytes, path).map_err(|error| misfit(name, &error.under("item")))?;
    Ok(item.bytes.slice_ref(part))
}

/// Whether loading them waits for the disk.
pub(super) fn are_on_disk(arguments: &[Argument]) -> bool {
    arguments.iter().any(|argument| match &argument.data {
        ArgumentData::Value(_) | ArgumentData::Item { .. } => false,
        ArgumentData::Output { output, .. } => matches!(output.place, Place::Blob),
    })
}

struct Loader<'a> {
    argument: &'a Argument,
    store: &'a Arc<dyn OutputStore>,
    limits: &'a Limits,
}

impl Loader<'_> {
    fn load(&self, files: &mut Vec<FileRef>) -> Result<Shared, Stop> {
        match &self.argument.data {
            ArgumentData::Value(value) => {
                files.extend(files_in(&self.argument.name, value)?);
                Ok(self.value(value.clone()))
            }
            ArgumentData::Item { path } => Ok(Shared::Item(path.clone(), self.argument.form)),
            ArgumentData::Output { output, path } if path.is_empty() => {
                files.extend_from_slice(&output.files);
                match output.form {
                    Form::Value => Ok(self.value(self.whole(output)?)),
                    Form::Rows => self.stream(output),
                }
            }
            ArgumentData::Output { output, path } => {
                let part = self.part(output, path)?;
                if !output.files.is_empty() {
                    files.extend(files_in(&self.argument.name, &part)?);
                }
                Ok(self.value(part))
            }
        }
    }

    fn value(&self, value: Bytes) -> Shared {
        match self.argument.form {
            Form::Value => Shared::Value(value),
            Form::Rows => Shared::List(value),
        }
    }

    /// A stream as a stream, or as a list no larger than a value that the step could return itself.
    fn stream(&self, output: &OutputRef) -> Result<Shared, Stop> {
        match self.argument.form {
            Form::Rows => Ok(Shared::Stream(output.clone())),
            Form::Value => {
                let list = stored::read_value(self.store.as_ref(), output, self.limits.output);
                Ok(Shared::Value(list.map_err(|error| self.unreadable(error))?))
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

    fn misfit(&self, problem: &dyn std::fmt::Display) -> Stop {
        misfit(&self.argument.name, problem)
    }

    fn unreadable(&self, error: StoredError) -> Stop {
        Stop::unreadable(&what(&self.argument.name), error)
    }
}

fn files_in(name: &Name, value: &[u8]) -> Result<Vec<FileRef>, Stop> {
    Ok(validate(value).map_err(|error| misfit(name, &error))?.files)
}

fn what(name: &Name) -> String {
    format!("the data for `{name}`")
}

fn misfit(name: &Name, problem: &dyn std::fmt::Display) -> Stop {
    Stop::failed(FailureKind::InvalidInput, format!("the step cannot be given `{name}`: {problem}"))
}
