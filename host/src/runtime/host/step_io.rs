//! What one attempt may read and write: its rows, its files, and how much storage is left for them.

use std::{collections::HashMap, mem, sync::Arc};

use super::{
    files::{FileReader, FileWriter},
    rows::RowWriter,
};
use crate::{
    execute::{
        ports::{BlobKind, OutputStore},
        stored::RowsWriter,
    },
    failure::{FailureKind, LimitKind},
    ids::ContentHash,
    limits::Limits,
    module::Form,
    output::FileRef,
    runtime::stop::Stop,
    value::{
        file,
        items::{ItemsError, array_head, batch_items},
        validate::{Item, validate_items},
    },
};

/// Why a guest's write is not taken.
#[derive(Debug)]
pub(in crate::runtime) enum Refused {
    /// The rows are not MessagePack.
    Malformed(String),
    /// A file cannot have that name or media type.
    InvalidName(String),
    /// The attempt ends.
    Stop(Stop),
}

impl From<Stop> for Refused {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// The data of one attempt.
pub(in crate::runtime) struct StepIo {
    store: Arc<dyn OutputStore>,
    storage: u64,
    storage_left: u64,
    item_limit: u64,
    files: u32,
    files_left: u32,
    /// The writer, until the guest takes it; none if the output is no stream.
    writer: Option<RowWriter>,
    rows: Option<Rows>,
    inputs: KnownFiles,
    outputs: KnownFiles,
}

/// Where the rows that a guest writes go.
pub(in crate::runtime) enum Rows {
    /// To a stream of their own.
    Stream(RowsWriter),
    /// To a list in memory: the output of one item of a `for_each` step.
    List(List),
}

/// Rows that become one value.
#[derive(Default)]
pub(in crate::runtime) struct List {
    items: Vec<u8>,
    count: u64,
    files: Vec<FileRef>,
}

impl List {
    /// As one value, and the files that it refers to.
    pub(in crate::runtime) fn into_value(self) -> Result<(Vec<u8>, Vec<FileRef>), Stop> {
        let too_many = |error: ItemsError| Stop::failed(FailureKind::InvalidOutput, error.to_string());
        let mut value = array_head(self.count).map_err(too_many)?;
        value.extend_from_slice(&self.items);
        Ok((value, self.files))
    }
}

/// Files by content, with their sizes.
type KnownFiles = HashMap<ContentHash, u64>;

impl StepIo {
    /// `listed`: the rows that it writes become one value.
    pub(in crate::runtime) fn new(
        store: Arc<dyn OutputStore>,
        output: Form,
        listed: bool,
        limits: &Limits,
        inputs: &[FileRef],
    ) -> Self {
        let rows = output == Form::Rows;
        Self {
            rows: rows.then(|| match listed {
                true => Rows::List(List::default()),
                false => Rows::Stream(RowsWriter::new(store.clone())),
            }),
            store,
            storage: limits.storage,
            storage_left: limits.storage,
            item_limit: limits.output,
            files: limits.files,
            files_left: limits.files,
            writer: rows.then_some(RowWriter(())),
            inputs: inputs.iter().map(|file| (file.hash, file.size)).collect(),
            outputs: KnownFiles::new(),
        }
    }

    /// The writer of the rows, once.
    pub(super) fn take_writer(&mut self) -> Option<RowWriter> {
        self.writer.take()
    }

    /// Takes storage from what is left.
    pub(super) fn spend_storage(&mut self, bytes: u64) -> Result<(), Stop> {
        self.storage_left = self.storage_left.checked_sub(bytes).ok_or_else(|| {
            let most = self.storage;
            let message = format!(
                "the step wrote more than {most} bytes to streams and files: raise `limits.storage` of the step"
            );
            Stop::limit(LimitKind::Storage, message)
        })?;
        Ok(())
    }

    /// Appends whole items, or nothing if one of them is malformed.
    pub(super) fn write_rows(&mut self, batch: &[u8]) -> Result<(), Refused> {
        // All are looked at before one is written. They are not kept meanwhile: a guest can make many from few bytes.
        let mut files = Vec::new();
        for item in validate_items(batch) {
            let item = item.map_err(|error| Refused::Malformed(error.to_string()))?;
            if item.bytes.len() as u64 > self.item_limit {
                return Err(too_large("an item of its output stream", self.item_limit).into());
            }
            files.extend(item.files);
        }
        self.check_files(&files)?;
        self.spend_storage(batch.len() as u64)?;
        let rows = match &mut self.rows {
            None => return Ok(()),
            Some(Rows::Stream(rows)) => rows,
            Some(Rows::List(list)) => {
                let size = (list.items.len() as u64).saturating_add(batch.len() as u64);
                if size > self.item_limit {
                    return Err(too_large("the rows of one item, as a list,", self.item_limit).into());
                }
                list.count += batch_items(batch).count() as u64;
                list.items.extend_from_slice(batch);
                list.files.append(&mut files);
                return Ok(());
            }
        };
        for item in batch_items(batch) {
            let bytes = item.map_err(|error| Refused::Malformed(error.to_string()))?;
            // A stream remembers which files it refers to, not which item does: all come with the first.
            rows.push(Item { bytes, files: mem::take(&mut files) }).map_err(|error| Stop::writing(&error))?;
        }
        Ok(())
    }

    /// Opens a file that an input refers to; none if no input does.
    pub(super) fn open_file(&self, hash: &str) -> Option<Result<FileReader, Stop>> {
        let hash: ContentHash = hash.parse().ok()?;
        self.inputs.contains_key(&hash).then(|| {
            let open = || self.store.open(&hash);
            open().map(FileReader::new).map_err(|error| Stop::reading(&format!("the file {hash}"), &error))
        })
    }

    /// Begins a file.
    pub(super) fn create_file(&mut self, name: String, media_type: String) -> Result<FileWriter, Refused> {
        let invalid = |problem: file::FileProblem| Refused::InvalidName(problem.to_string());
        file::check_name(&name).map_err(invalid)?;
        file::check_media_type(&media_type).map_err(invalid)?;
        self.files_left = self.files_left.checked_sub(1).ok_or_else(|| {
            let most = self.files;
            Stop::limit(LimitKind::Files, format!("the step created more than {most} files: put them into fewer"))
        })?;
        let writer = self.store.create(BlobKind::Bytes).map_err(|error| Stop::writing(&error))?;
        Ok(FileWriter::new(writer, name, media_type))
    }

    /// From now on the output may refer to it.
    pub(super) fn made_file(&mut self, file: &FileRef) {
        self.outputs.insert(file.hash, file.size);
    }

    /// Checks that the output refers only to files that exist.
    pub(in crate::runtime) fn check_files(&self, files: &[FileRef]) -> Result<(), Stop> {
        let known = |file: &&FileRef| {
            let size = self.outputs.get(&file.hash).or_else(|| self.inputs.get(&file.hash));
            size == Some(&file.size)
        };
        match files.iter().find(|file| !known(file)) {
            None => Ok(()),
            Some(file) => Err(Stop::failed(
                FailureKind::InvalidOutput,
                format!(
                    "the output refers to the file `{}` ({}), which the step neither created nor was given",
                    file.name, file.hash
                ),
            )),
        }
    }

    /// The stream of rows, to be completed; none if the output is no stream.
    pub(in crate::runtime) fn take_rows(&mut self) -> Option<Rows> {
        self.rows.take()
    }
}

/// Something that the step returned is larger than `limits.output`.
pub(in crate::runtime) fn too_large(what: &str, most: u64) -> Stop {
    let message = format!(
        "{what} is larger than {most} bytes: raise `limits.output` of the step, or return rows or a file instead"
    );
    Stop::limit(LimitKind::Output, message)
}
