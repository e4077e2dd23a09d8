//! What the contract's `host` interface does. This file only translates; the work is in its children.

pub(super) mod files;
pub(super) mod logs;
pub(super) mod rows;
pub(super) mod step_io;

use wasmtime::{Result, component::Resource};

use self::{
    files::{FileReader, FileWriter},
    rows::{RowReader, RowWriter},
    step_io::Refused,
};
use super::{
    bindings::stepmill::step::host::{
        FileInfo, Host, HostFileReader, HostFileWriter, HostRowReader, HostRowWriter, Level, OpenError, RunFacts,
        SecretError, WriteError,
    },
    bindings::stepmill::step::types,
    sandbox::Sandbox,
};
use crate::{execute::ports::LogLevel, ids::Name};

impl types::Host for Sandbox {}

impl Host for Sandbox {
    fn log(&mut self, level: Level, message: String) -> Result<()> {
        let level = match level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        self.logs.log(level, &message);
        Ok(())
    }

    fn progress(&mut self, done: u64, total: Option<u64>, message: String) -> Result<()> {
        if self.io.is_some() {
            self.logs.progress(done, total, &message);
        }
        Ok(())
    }

    fn cancelled(&mut self) -> Result<bool> {
        Ok(self.subject.grants().run && self.is_cancelled())
    }

    fn get_run_facts(&mut self) -> Result<Option<RunFacts>> {
        Ok(self.subject.facts())
    }

    fn secret(&mut self, name: String) -> Result<Result<String, SecretError>> {
        let name = Name::new(&name).ok().filter(|name| self.subject.grants().secrets.contains(name));
        let Some(name) = name else { return Ok(Err(SecretError::NotGranted)) };
        let value = self.outside.as_ref().and_then(|outside| outside.secret(&name));
        Ok(value.map(str::to_owned).ok_or(SecretError::NotSet))
    }

    fn output_rows(&mut self) -> Result<Result<Resource<RowWriter>, WriteError>> {
        let Some(io) = &mut self.io else { return Ok(Err(WriteError::Unavailable)) };
        match io.take_writer() {
            Some(writer) => Ok(Ok(self.table.push(writer)?)),
            None => Ok(Err(WriteError::Unavailable)),
        }
    }

    fn open_file(&mut self, hash: String) -> Result<Result<Resource<FileReader>, OpenError>> {
        let opened = self.io.as_ref().and_then(|io| io.open_file(&hash)).transpose()?;
        match opened {
            Some(reader) => Ok(Ok(self.table.push(reader)?)),
            None => Ok(Err(OpenError::NotAnInput)),
        }
    }

    fn create_file(&mut self, name: String, media_type: String) -> Result<Result<Resource<FileWriter>, WriteError>> {
        let Some(io) = &mut self.io else { return Ok(Err(WriteError::Unavailable)) };
        match io.create_file(name, media_type) {
            Ok(writer) => Ok(Ok(self.table.push(writer)?)),
            Err(refused) => refused.answer(),
        }
    }
}

impl HostRowReader for Sandbox {
    fn next(&mut self, reader: Resource<RowReader>) -> Result<Option<Vec<u8>>> {
        Ok(self.table.get_mut(&reader)?.next()?)
    }

    fn drop(&mut self, reader: Resource<RowReader>) -> Result<()> {
        self.table.delete(reader)?;
        Ok(())
    }
}

impl HostRowWriter for Sandbox {
    fn write(&mut self, writer: Resource<RowWriter>, rows: Vec<u8>) -> Result<Result<(), WriteError>> {
        self.table.get(&writer)?;
        let Some(io) = &mut self.io else { return Ok(Err(WriteError::Unavailable)) };
        match io.write_rows(&rows) {
            Ok(()) => Ok(Ok(())),
            Err(refused) => refused.answer(),
        }
    }

    fn drop(&mut self, writer: Resource<RowWriter>) -> Result<()> {
        self.table.delete(writer)?;
        Ok(())
    }
}

impl HostFileReader for Sandbox {
    fn read(&mut self, reader: Resource<FileReader>, length: u32) -> Result<Vec<u8>> {
        Ok(self.table.get_mut(&reader)?.read(length)?)
    }

    fn drop(&mut self, reader: Resource<FileReader>) -> Result<()> {
        self.table.delete(reader)?;
        Ok(())
    }
}

impl HostFileWriter for Sandbox {
    fn write(&mut self, writer: Resource<FileWriter>, bytes: Vec<u8>) -> Result<()> {
        let writer = self.table.get_mut(&writer)?;
        if let Some(io) = &mut self.io {
            io.spend_storage(bytes.len() as u64)?;
        }
        Ok(writer.write(&bytes)?)
    }

    fn finish(&mut self, writer: Resource<FileWriter>) -> Result<FileInfo> {
        let file = self.table.delete(writer)?.finish()?;
        let info = FileInfo {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
            hash: file.hash.hex(),
        };
        if let Some(io) = &mut self.io {
            io.made_file(&file);
        }
        Ok(info)
    }

    fn drop(&mut self, writer: Resource<FileWriter>) -> Result<()> {
        self.table.delete(writer)?;
        Ok(())
    }
}

impl Refused {
    /// A mistake of the guest's is an answer to it; anything else ends it.
    fn answer<T>(self) -> Result<Result<T, WriteError>> {
        match self {
            Self::Malformed(problem) => Ok(Err(WriteError::Malformed(problem))),
            Self::InvalidName(problem) => Ok(Err(WriteError::InvalidName(problem))),
            Self::Stop(stop) => Err(stop.into()),
        }
    }
}
