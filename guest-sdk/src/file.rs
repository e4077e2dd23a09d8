//! Files: bytes with a name and a media type, too large or too opaque for a value.

use std::borrow::Cow;
use std::io::{self, BufRead, Read, Write};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::host::{self, FileSink, FileSource};

/// A stored file. It may stand anywhere in an input or an output; the bytes stay with the host until they are read.
///
/// ```
/// use std::io::{BufRead, Write};
/// use stepmill_sdk::prelude::*;
///
/// /// Numbers the lines of a text.
/// #[step]
/// fn number(text: File) -> Result<File> {
///     let mut numbered = File::create("numbered.txt", "text/plain")?;
///     for (index, line) in text.open()?.lines().enumerate() {
///         writeln!(numbered, "{index}: {}", line?)?;
///     }
///     Ok(numbered.finish()?)
/// }
///
/// let text = File::from_bytes("a.txt", "text/plain", "one\ntwo\n")?;
/// assert_eq!(number(text)?.text()?, "0: one\n1: two\n");
/// # Ok::<(), StepError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// No other map looks like this, so the host finds the files in a value.
    #[serde(rename = "$file")]
    info: FileInfo,
}

/// What is known of a file without opening it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileInfo {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size: u64,
    pub(crate) hash: String,
}

impl File {
    /// Begins a file that the step makes. It has to be [finished](FileWriter::finish), or it never was.
    ///
    /// # Errors
    /// If the name is not a plain file name, or the media type is none.
    pub fn create(name: &str, media_type: &str) -> io::Result<FileWriter> {
        let sink = host::with(|host| host.create_file(name, media_type))?;
        Ok(FileWriter { sink, buffer: Vec::new() })
    }

    /// Makes a file of bytes that are there already.
    ///
    /// # Errors
    /// If the name is not a plain file name, or the media type is none.
    pub fn from_bytes(name: &str, media_type: &str, content: impl AsRef<[u8]>) -> io::Result<Self> {
        let mut writer = Self::create(name, media_type)?;
        writer.write_all(content.as_ref())?;
        writer.finish()
    }

    /// Opens the file for reading. The reader is buffered.
    ///
    /// # Errors
    /// If no input of this step refers to the file.
    pub fn open(&self) -> io::Result<FileReader> {
        let source = host::with(|host| host.open_file(&self.info))?;
        Ok(FileReader { source, chunk: Vec::new(), read: 0 })
    }

    /// Reads the whole file into memory.
    ///
    /// # Errors
    /// If no input of this step refers to the file.
    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        // The size is only what the value says: where so much memory cannot be had, reading finds out what is needed.
        let _ = usize::try_from(self.info.size).map(|size| content.try_reserve_exact(size));
        self.open()?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Reads the whole file into memory, as text.
    ///
    /// # Errors
    /// If no input of this step refers to the file, or it is not UTF-8.
    pub fn text(&self) -> io::Result<String> {
        String::from_utf8(self.bytes()?).map_err(|error| {
            let message = format!("the file `{}` is not UTF-8: {error}", self.info.name);
            io::Error::new(io::ErrorKind::InvalidData, message)
        })
    }

    /// A plain file name, such as `report.html`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Such as `text/html`.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.info.media_type
    }

    /// In bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.info.size
    }

    /// Identifies the content: 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.info.hash
    }
}

impl JsonSchema for File {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "File".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "File",
            "type": "object",
            "x-stepmill": "file",
            "properties": {
                "$file": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string" },
                        "media_type": { "type": "string" },
                        "size": { "type": "integer", "minimum": 0 },
                        "hash": { "type": "string" }
                    },
                    "required": ["name", "media_type", "size", "hash"]
                }
            },
            "required": ["$file"]
        })
    }
}

/// How much is asked of the host, or handed to it, at once.
const CHUNK: usize = 256 * 1024;

/// Reads a file. Made by [`File::open`].
pub struct FileReader {
    source: Box<dyn FileSource>,
    chunk: Vec<u8>,
    /// How much of the chunk is read.
    read: usize,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let read = available.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for FileReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.read == self.chunk.len() {
            self.chunk = self.source.read(CHUNK as u32);
            self.read = 0;
        }
        Ok(&self.chunk[self.read..])
    }

    fn consume(&mut self, amount: usize) {
        self.read = (self.read + amount).min(self.chunk.len());
    }
}

/// Writes a file. Made by [`File::create`]; it buffers by itself.
#[must_use = "a file that is not finished never was"]
pub struct FileWriter {
    sink: Box<dyn FileSink>,
    buffer: Vec<u8>,
}

impl FileWriter {
    /// Completes the file, which may then stand in the step's output.
    ///
    /// # Errors
    /// If the rest of the bytes cannot be written.
    pub fn finish(mut self) -> io::Result<File> {
        self.flush()?;
        Ok(File { info: self.sink.finish() })
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > CHUNK {
            self.flush()?;
        }
        if bytes.len() >= CHUNK {
            self.sink.write(bytes);
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.sink.write(&self.buffer);
            self.buffer.clear();
        }
        Ok(())
    }
}
