//! A host's storage without the rest of it, and what it does.

use std::{sync::Arc, thread, time::Duration};

use super::known::Known;
use crate::{
    access::Vault,
    disk::sim::SimDisk,
    event::{EventKind, Outcome},
    execute::ports::{BlobKind, Journal, OutputStore},
    ids::{ContentHash, Name, RunId, Timestamp},
    module::Form,
    output::{OutputRef, Place},
    persist::{
        DataDir, Reader, ServiceStore, SqliteJournal, WriterDir,
        outputs::BlobStore,
        retention::{self, PassClock, RetentionPolicy},
        tests::{created, events, inline, plan, started, succeeded, wait},
    },
    plan::Plan,
};

pub(super) const DATA: &str = "/home/data";
pub(super) const SECRET: &str = "not for everybody";
/// Later than every run by more than is kept.
const NOW: Timestamp = Timestamp(100 * 24 * 60 * 60 * 1_000);

/// What is open of a data directory, in the order in which it is closed.
pub(super) struct Host {
    pub(super) vault: Vault,
    pub(super) reader: Arc<Reader>,
    journal: Arc<SqliteJournal>,
    pub(super) blobs: BlobStore,
    pub(super) dir: WriterDir,
}

impl Host {
    /// Opens all that a host opens, in its order.
    pub(super) fn open(disk: &SimDisk) -> Result<Self, String> {
        let disk = disk.disk();
        let dir = DataDir::open_writer_on(&disk, DATA).map_err(text)?;
        let journal = Arc::new(SqliteJournal::open(&dir).map_err(text)?);
        let reader = Arc::new(Reader::open(dir.dir()).map_err(text)?);
        let blobs = BlobStore::open_on(&disk, dir.dir().root()).map_err(text)?;
        blobs.sweep_temporaries().map_err(text)?;
        let store = ServiceStore::new(Arc::clone(&journal), Arc::clone(&reader));
        let vault = Vault::open_on(&disk, store, &dir.dir().root().join("secrets.key")).map_err(text)?;
        Ok(Self { vault, reader, journal, blobs, dir })
    }

    /// Reads everything that a command reads, without writing.
    pub(super) fn read(disk: &SimDisk, known: &Known) -> Result<(), String> {
        let dir = DataDir::open_reader_on(&disk.disk(), DATA).map_err(text)?;
        let reader = Reader::open(&dir).map_err(text)?;
        dir.holder().map_err(text)?;
        known.is_in(&dir, &reader)
    }

    /// A run and its output.
    pub(super) fn first_run(&self, known: &mut Known) -> Result<(), String> {
        self.run(known, &[7; 3_000])
    }

    /// Runs that share outputs, with large and small ones, and one that does not end; and a secret.
    pub(super) fn work(&self, known: &mut Known) -> Result<(), String> {
        self.secret(known)?;
        self.run(known, &[1; 70_000])?;
        self.run(known, &[2; 100])?;
        self.run(known, &[1; 70_000])?;
        let run = known.next_run();
        self.create(known, run)?;
        let at_once = events(run, 1, [started(0, 1), succeeded(0, 1, inline(&[3; 30_000]))]);
        known.doubt(&at_once);
        wait(self.journal.append_at_once(at_once)).map_err(text)?;
        known.settle();
        Ok(())
    }

    fn secret(&self, known: &mut Known) -> Result<(), String> {
        let name = Name::new("token").map_err(text)?;
        wait(Box::pin({
            let vault = self.vault.clone();
            async move { vault.set(&name, SECRET, None, "a test").await }
        }))
        .map_err(text)?;
        known.secret = true;
        Ok(())
    }

    /// A whole run with one stored output.
    fn run(&self, known: &mut Known, content: &[u8]) -> Result<(), String> {
        let run = known.next_run();
        self.create(known, run)?;
        let hash = self.store(known, content)?;
        let output = OutputRef {
            form: Form::Value,
            hash,
            size: content.len() as u64,
            items: None,
            place: Place::Blob,
            files: Vec::new(),
        };
        self.append(known, run, 1, [started(0, 1), succeeded(0, 1, output)])?;
        // The time observed grows with each end then, so that its page is always among those that are written: a phase
        // makes as many calls each time.
        thread::sleep(Duration::from_millis(1));
        self.append(known, run, 3, [EventKind::Finished { outcome: Outcome::Succeeded }])
    }

    fn create(&self, known: &mut Known, run: RunId) -> Result<(), String> {
        let first = events(run, 0, [created()]);
        known.doubt(&first);
        // No component is stored, so none may be missing.
        let plan = Plan { modules: Vec::new(), ..Plan::clone(&plan("p", 1)) };
        wait(self.journal.create(run, Arc::new(plan), first, None)).map_err(text)?;
        known.settle();
        Ok(())
    }

    fn append(
        &self,
        known: &mut Known,
        run: RunId,
        from: u64,
        kinds: impl IntoIterator<Item = EventKind>,
    ) -> Result<(), String> {
        let events = events(run, from, kinds);
        known.doubt(&events);
        wait(self.journal.append(events)).map_err(text)?;
        known.settle();
        Ok(())
    }

    fn store(&self, known: &mut Known, content: &[u8]) -> Result<ContentHash, String> {
        let mut writer = self.blobs.create(BlobKind::Bytes).map_err(text)?;
        writer.write(content).map_err(text)?;
        let hash = writer.finish().map_err(text)?.hash;
        known.blobs.insert(hash, content.to_vec());
        Ok(hash)
    }

    /// Begins to store something and never ends, as when the process is killed.
    pub(super) fn begin_blob(&self) {
        let mut writer = self.blobs.create(BlobKind::Bytes).expect("a blob in the making");
        writer.write(&[9; 300_000]).expect("room");
        std::mem::forget(writer);
    }

    /// Removes all ended runs but the newest.
    pub(super) fn retain(&self, known: &mut Known) -> Result<(), String> {
        let policy = RetentionPolicy { days: Some(0), bytes: None, runs: 1 };
        known.sweep();
        let clock = PassClock { now: NOW, is_confirmed: false };
        let done = retention::collect(&self.dir, &self.reader, &self.journal, policy, clock).map_err(text)?;
        known.swept(done.runs.iter().map(|run| run.run));
        Ok(())
    }

    /// Stops in good order.
    pub(super) fn close(self) -> Result<(), String> {
        let Self { vault, reader, journal, blobs, dir } = self;
        drop((vault, reader));
        journal.close().map_err(text)?;
        drop((blobs, dir));
        Ok(())
    }
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
