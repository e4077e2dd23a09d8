//! What has happened in a data directory, for whoever wants to read it, beside a writer or without one.

use std::{io, path::Path, sync::Arc};

use bytes::Bytes;

use crate::{
    execute::{
        ports::OutputStore,
        stored::{self, StoredError},
    },
    ids::{Name, RunId, StepIndex},
    output::{FileRef, OutputRef},
    persist::{DataDir, Reader, StoreError, outputs::BlobStore},
};

/// The runs of a data directory and their outputs.
#[derive(Clone)]
pub struct History {
    dir: DataDir,
    reader: Arc<Reader>,
    outputs: Arc<dyn OutputStore>,
}

impl History {
    pub(super) fn new(dir: DataDir, reader: Arc<Reader>, outputs: Arc<dyn OutputStore>) -> Self {
        Self { dir, reader, outputs }
    }

    /// Opens a data directory for reading.
    ///
    /// # Errors
    /// If there is none, it is empty, or a newer version wrote it.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        let dir = DataDir::open_reader(data)?;
        let reader = Arc::new(Reader::open(&dir)?);
        let outputs = BlobStore::reader_on(dir.disk(), dir.root());
        Ok(Self { dir, reader, outputs: Arc::new(outputs) })
    }

    /// Where things are, and who holds them.
    #[must_use]
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Answers questions about runs.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    pub(super) fn shared_reader(&self) -> &Arc<Reader> {
        &self.reader
    }

    /// The output of a step's latest successful attempt; none if it has none.
    ///
    /// # Errors
    /// If the database cannot be read, or there is no such run.
    pub fn output(&self, run: RunId, step: StepIndex) -> Result<Option<OutputRef>, StoreError> {
        Ok(self.reader.output(run, step, None, None)?.map(|stored| stored.output))
    }

    /// The same, by the step's name in the pipeline.
    ///
    /// # Errors
    /// If the database cannot be read, or there is no such run.
    pub fn output_of(&self, run: RunId, step: &Name) -> Result<Option<OutputRef>, StoreError> {
        match self.reader.find_step(run, step.as_str())? {
            Some(step) => self.output(run, step),
            None => Ok(None),
        }
    }

    /// An output as one MessagePack value; a stream becomes a list.
    ///
    /// # Errors
    /// If it is larger than `cap`, or damaged.
    pub fn value(&self, output: &OutputRef, cap: u64) -> Result<Bytes, StoredError> {
        stored::read_value(self.outputs.as_ref(), output, cap)
    }

    /// Copies a stored file into a writer, every part verified before.
    ///
    /// # Errors
    /// If it is damaged, or the writer does not take it.
    pub fn copy_file(&self, file: &FileRef, out: &mut dyn io::Write) -> io::Result<()> {
        stored::copy_out(self.outputs.as_ref(), file, out)
    }

    /// The store behind the outputs.
    #[must_use]
    pub fn outputs(&self) -> &Arc<dyn OutputStore> {
        &self.outputs
    }
}
