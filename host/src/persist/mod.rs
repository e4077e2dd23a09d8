//! What happened: the journal of runs in SQLite, and what can be read from it. The only code that knows SQLite.
//!
//! Events are the truth. A [`SqliteJournal`] appends them and keeps the projections that lists and pages are read
//! from, in the same transaction; a [`Reader`] answers questions, also from another process and also while a writer is
//! at work. [`DataDir`] is the folder that all of it lives in.

pub mod data_dir;
pub mod error;
mod identity;
pub mod memory;
pub mod outputs;
pub mod reader;
pub mod retention;
pub mod service;
pub mod verify;
pub mod writer;

mod codec;
mod copy;
mod schema;
mod sequence;
#[cfg(test)]
mod sim_vfs;

#[cfg(test)]
mod tests;

pub use data_dir::{DataDir, DataDirError, Holder, WriterDir};
pub use error::StoreError;
pub use memory::MemoryJournal;
pub use reader::Reader;
pub use service::ServiceStore;
pub use writer::{Ack, Artifact, Health, JournalStats, LogEntry, SqliteJournal};

/// Changes a database on a simulated disk, as nothing but a fault would.
#[cfg(test)]
pub(crate) fn tamper(dir: &DataDir, sql: &str) {
    let disk = dir.disk().simulated().expect("a simulated disk");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    // A first start may have left none, or none with these tables.
    if let Ok(connection) = sim_vfs::open(disk, &dir.database(), flags) {
        let _ = connection.execute_batch(sql);
    }
}
