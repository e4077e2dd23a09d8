//! What was promised, and whether it was kept.

use std::collections::{BTreeMap, BTreeSet};

use super::host::{Host, SECRET, text};
use crate::{
    disk::sim::SimDisk,
    event::{EventKind, RunEvent},
    execute::ports::OutputStore as _,
    ids::{ContentHash, Name, RunId},
    output::Place,
    persist::{
        DataDir, Reader, StoreError,
        outputs::BlobStore,
        reader::RunFilter,
        verify::{self, Finding, Listener, Verified},
    },
};

/// What a host was told by its storage.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    next: u8,
    /// The events of each run that were acknowledged.
    runs: BTreeMap<RunId, Vec<RunEvent>>,
    /// Events that were neither acknowledged nor not: all of them are there, or none.
    doubt: Vec<RunEvent>,
    /// Stored outputs that were acknowledged.
    pub(super) blobs: BTreeMap<ContentHash, Vec<u8>>,
    /// Retention has begun: ended runs may be gone, each as a whole, and so may blobs that nothing refers to.
    sweeps: bool,
    pub(super) secret: bool,
    /// Whether everything is verified as well, which costs more than all the rest.
    pub(super) verifies: bool,
}

impl Known {
    pub(super) fn next_run(&mut self) -> RunId {
        self.next += 1;
        RunId::from_bytes([self.next; 16])
    }

    /// These events are on their way.
    pub(super) fn doubt(&mut self, events: &[RunEvent]) {
        self.doubt = events.to_vec();
    }

    /// What was on its way is acknowledged.
    pub(super) fn settle(&mut self) {
        for event in std::mem::take(&mut self.doubt) {
            self.runs.entry(event.run).or_default().push(event);
        }
    }

    pub(super) fn sweep(&mut self) {
        self.sweeps = true;
    }

    /// Retention has ended, and these runs are gone.
    pub(super) fn swept(&mut self, gone: impl IntoIterator<Item = RunId>) {
        for run in gone {
            self.runs.remove(&run);
        }
    }

    /// The data directory opens, and holds all that was acknowledged and nothing else but what is in doubt.
    /// Afterwards nothing is in doubt any more: what has been seen must stay.
    pub(super) fn holds(&mut self, disk: &SimDisk) -> Result<(), String> {
        let host = Host::open(disk).map_err(|error| format!("it does not open again: {error}"))?;
        self.is_in(host.dir.dir(), &host.reader)?;
        self.resolve(&host.reader)?;
        let left = disk.disk().list(&host.dir.dir().tmp()).map_err(text)?;
        if !left.is_empty() {
            return Err(format!("temporary files are left: {left:?}"));
        }
        let secret = host.vault.values(&Name::new("token").map_err(text)?).map_err(text)?;
        match (self.secret, secret.first()) {
            (true, None) => Err("the secret is gone".to_owned()),
            (_, Some(secret)) if secret.as_str() != SECRET => Err("the secret is another one".to_owned()),
            _ => host.close().map_err(|error| format!("it does not close: {error}")),
        }
    }

    /// The same without the parts that only a writer may open.
    pub(super) fn is_in(&self, dir: &DataDir, reader: &Reader) -> Result<(), String> {
        let blobs = BlobStore::reader_on(dir.disk(), dir.root());
        let wanted = self.wanted(self.runs_are_in(reader)?)?;
        for (hash, content) in &self.blobs {
            if wanted.contains(hash) || !self.sweeps {
                same(&blobs, hash, content)?;
            }
        }
        if !self.verifies {
            return Ok(());
        }
        let mut findings = Findings::default();
        verify::verify(dir, reader, &mut findings).map_err(text)?;
        if findings.0.is_empty() { Ok(()) } else { Err(format!("verification: {}", findings.0.join("; "))) }
    }

    fn resolve(&mut self, reader: &Reader) -> Result<(), String> {
        let Some(last) = self.doubt.last() else { return Ok(()) };
        match reader.history(last.run) {
            Ok(history) if history.contains(last) => self.settle(),
            Ok(_) | Err(StoreError::NoSuchRun(_)) => self.doubt.clear(),
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    /// Compares all runs, and returns the events of those that are there.
    fn runs_are_in(&self, reader: &Reader) -> Result<Vec<RunEvent>, String> {
        let page = reader.runs(&RunFilter::default(), None, 1_000).map_err(text)?;
        let there: BTreeSet<RunId> = page.runs.iter().map(|run| run.id).collect();
        let doubted = self.doubt.first().map(|event| event.run);
        if let Some(unknown) = there.iter().find(|run| !self.runs.contains_key(run) && Some(**run) != doubted) {
            return Err(format!("nobody made run {unknown}, or it was removed"));
        }
        let mut all = Vec::new();
        if let Some(doubted) = doubted.filter(|run| there.contains(run) && !self.runs.contains_key(run)) {
            all = reader.history(doubted).map_err(text)?;
            if all != self.doubt {
                return Err(format!("run {doubted} was made by half"));
            }
        }
        for (run, acknowledged) in &self.runs {
            let ended = matches!(acknowledged.last().map(|event| &event.kind), Some(EventKind::Finished { .. }));
            if there.contains(run) {
                let with_doubt: Vec<_> =
                    acknowledged.iter().chain(self.doubt.iter().filter(|event| event.run == *run)).cloned().collect();
                let history = reader.history(*run).map_err(text)?;
                if history != *acknowledged && history != with_doubt {
                    return Err(format!("run {run} has {} events, not {}", history.len(), acknowledged.len()));
                }
                all.extend(history);
            } else if !(self.sweeps && ended) {
                return Err(format!("run {run} is gone"));
            }
        }
        Ok(all)
    }

    /// The blobs that events refer to.
    fn wanted(&self, events: Vec<RunEvent>) -> Result<BTreeSet<ContentHash>, String> {
        let mut wanted = BTreeSet::new();
        for event in events {
            if let EventKind::AttemptSucceeded { output, .. } = event.kind
                && output.place == Place::Blob
            {
                wanted.insert(output.hash);
            }
        }
        match wanted.iter().find(|hash| !self.blobs.contains_key(*hash)) {
            Some(hash) => Err(format!("an event refers to {hash}, which nobody stored")),
            None => Ok(wanted),
        }
    }
}

fn same(blobs: &BlobStore, hash: &ContentHash, content: &[u8]) -> Result<(), String> {
    let mut reader = blobs.open(hash).map_err(text)?;
    let mut found = Vec::new();
    for frame in 0..reader.frames() {
        found.extend_from_slice(&reader.frame(frame).map_err(text)?.bytes);
    }
    if found == content { Ok(()) } else { Err(format!("stored output {hash} has other bytes")) }
}

#[derive(Default)]
struct Findings(Vec<String>);

impl Listener for Findings {
    fn found(&mut self, finding: Finding) {
        self.0.push(format!("{}: {}", finding.place, finding.problem));
    }

    fn reached(&mut self, _: &Verified) {}
}
