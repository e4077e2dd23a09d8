//! One pass over a data directory.

use std::{
    collections::{HashMap, HashSet},
    io,
    ops::ControlFlow,
    path::Path,
    time::Duration,
};

use super::{
    Collected, PassClock, Reason, RetentionError, RetentionPolicy, Tally,
    choice::{Age, Ages, EndedRun, ObservedTime},
};
use crate::{
    disk::{Disk, Facts, Make},
    execute::ports::JournalError,
    ids::{ContentHash, RunId, Timestamp},
    persist::{DataDir, Reader, SqliteJournal, WriterDir, outputs::BlobStore, reader::RunCursor},
};

/// How many runs are looked at at a time.
const PAGE: u32 = 256;
/// How many runs the pass behind a run removes at most. The next one goes on.
const FEW: usize = 32;
/// How often the pass behind a run looks at every file. Runs that are too old go with every pass.
const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// When every file was looked at last: its time of change.
const STAMP: &str = "SWEPT";

/// What [`collect`] would remove now. Changes nothing, and works beside a writer; what that one is writing is not counted.
///
/// # Errors
/// If something cannot be read.
pub fn preview(
    dir: &DataDir,
    reader: &Reader,
    policy: RetentionPolicy,
    clock: PassClock,
) -> Result<Collected, RetentionError> {
    let quiet = reader.data_is_unheld(dir)?;
    Pass::new(dir, reader, None, policy, clock)?.complete(quiet)
}

/// The same where the caller knows that nothing is being written.
#[cfg(test)]
pub(super) fn preview_unheld(
    dir: &DataDir,
    reader: &Reader,
    policy: RetentionPolicy,
    clock: PassClock,
) -> Result<Collected, RetentionError> {
    Pass::new(dir, reader, None, policy, clock)?.complete(true)
}

/// Like [`collect`], with something that happens after the pass has begun.
#[cfg(test)]
pub(super) fn collect_meanwhile(
    dir: &WriterDir,
    reader: &Reader,
    journal: &SqliteJournal,
    policy: RetentionPolicy,
    meanwhile: impl FnOnce(),
) -> Result<Collected, RetentionError> {
    let clock = PassClock { now: Timestamp(0), is_confirmed: false };
    let pass = Pass::begin(dir.dir(), reader, journal, policy, clock)?;
    meanwhile();
    pass.complete(true)
}

/// Removes what the policy lets go, and whatever nothing refers to. No run may be active or starting meanwhile: what an
/// attempt has stored is not referred to before it ends.
///
/// # Errors
/// If something cannot be read or removed.
pub fn collect(
    dir: &WriterDir,
    reader: &Reader,
    journal: &SqliteJournal,
    policy: RetentionPolicy,
    clock: PassClock,
) -> Result<Collected, RetentionError> {
    let collected = Pass::begin(dir.dir(), reader, journal, policy, clock)?.complete(true)?;
    shrink(reader, journal)?;
    stamp(dir.dir());
    Ok(collected)
}

/// The pass behind a run: like [`collect`], but a bounded piece of it. Files are all looked at only now and then. The contents
/// of files that wait for their runs stay, as do files in the making: only a process that was killed leaves such behind.
///
/// # Errors
/// If something cannot be read or removed.
pub fn tidy(
    dir: &WriterDir,
    reader: &Reader,
    journal: &SqliteJournal,
    policy: RetentionPolicy,
    waiting: &HashSet<ContentHash>,
    now: Timestamp,
) -> Result<Collected, RetentionError> {
    let clock = PassClock { now, is_confirmed: false };
    let mut pass = Pass { waiting: Some(waiting), ..Pass::begin(dir.dir(), reader, journal, policy, clock)? };
    if is_recent(dir.dir().disk(), &dir.dir().root().join(STAMP)) {
        pass.expire(FEW)?;
        return Ok(pass.done);
    }
    pass.full(FEW, true)?;
    // Not when there is more to do: then the next pass goes on at once.
    if pass.done.runs.len() < FEW {
        stamp(dir.dir());
    }
    Ok(pass.done)
}

/// Gives the room of removed rows back to the file system, piece by piece: nobody waits long for the writer.
fn shrink(reader: &Reader, journal: &SqliteJournal) -> Result<(), RetentionError> {
    let mut free = reader.free_pages()?;
    while free > 0 {
        journal.shrink().wait()?;
        let left = reader.free_pages()?;
        // Whatever keeps the rest, the next pass tries again.
        if left >= free {
            break;
        }
        free = left;
    }
    Ok(())
}

fn is_recent(disk: &Disk, stamp: &Path) -> bool {
    disk.facts(stamp).is_ok_and(|stamp| stamp.age.is_some_and(|age| age < INTERVAL))
}

/// A stamp that cannot be written costs time, and nothing else.
fn stamp(dir: &DataDir) {
    if let Err(error) = dir.disk().make(&dir.root().join(STAMP), Make::Empty) {
        tracing::debug!(%error, "the sweep of the data directory is not noted");
    }
}

/// The journal that a pass removes runs through, as it was when the pass began.
#[derive(Clone, Copy)]
struct Writing<'a> {
    journal: &'a SqliteJournal,
    failures: u64,
}

struct Pass<'a> {
    dir: &'a DataDir,
    reader: &'a Reader,
    /// None when nothing is to be changed.
    writing: Option<Writing<'a>>,
    blobs: BlobStore,
    policy: RetentionPolicy,
    clock: PassClock,
    observed: ObservedTime,
    /// Contents that wait for their runs, if a host is at work.
    waiting: Option<&'a HashSet<ContentHash>>,
    done: Collected,
    /// How many references to a blob are left, of those that runs had that go.
    references: HashMap<ContentHash, u64>,
    gone: HashSet<RunId>,
}

impl<'a> Pass<'a> {
    /// A pass that removes things. What is not committed yet may refer to any file: it begins after a barrier, and with no
    /// run active, so that what it reads is all that there is.
    fn begin(
        dir: &'a DataDir,
        reader: &'a Reader,
        journal: &'a SqliteJournal,
        policy: RetentionPolicy,
        clock: PassClock,
    ) -> Result<Self, RetentionError> {
        // Counted first: a failure after the barrier counts.
        let failures = journal.failures();
        journal.barrier().wait()?;
        Self::new(dir, reader, Some(Writing { journal, failures }), policy, clock)
    }

    fn new(
        dir: &'a DataDir,
        reader: &'a Reader,
        writing: Option<Writing<'a>>,
        policy: RetentionPolicy,
        clock: PassClock,
    ) -> Result<Self, RetentionError> {
        Ok(Self {
            dir,
            reader,
            writing,
            blobs: BlobStore::reader_on(dir.disk(), dir.root()),
            policy,
            clock,
            observed: reader.observed_time()?,
            waiting: None,
            done: Collected::default(),
            references: HashMap::new(),
            gone: HashSet::new(),
        })
    }

    /// Whether things are removed, and may be.
    ///
    /// # Errors
    /// If the journal has failed since the pass began. What was read before does not count any more: an event that was under
    /// way may have become durable, and refer to a file that nothing referred to.
    fn removes(&self) -> Result<bool, RetentionError> {
        let Some(Writing { journal, failures }) = self.writing else { return Ok(false) };
        if journal.failures() != failures || !journal.health().is_up() {
            return Err(RetentionError::Journal(JournalError("it has failed since this pass began".to_owned())));
        }
        Ok(true)
    }

    /// Everything, and what is held back. `quiet` says that nothing is being written that nothing refers to yet.
    fn complete(mut self, quiet: bool) -> Result<Collected, RetentionError> {
        self.full(usize::MAX, quiet)?;
        self.count_held_back()?;
        Ok(self.done)
    }

    /// Looks at everything, and removes so many runs at most.
    fn full(&mut self, most: usize, quiet: bool) -> Result<(), RetentionError> {
        self.sweep_outputs(quiet)?;
        self.expire(most)?;
        if quiet {
            self.sweep_modules()?;
            self.sweep_leftovers()?;
        }
        Ok(())
    }

    /// Counts the outputs that are referred to, and removes the others.
    fn sweep_outputs(&mut self, quiet: bool) -> Result<(), RetentionError> {
        for shard in 0..=u8::MAX {
            let stored = self.blobs.list(shard)?;
            if stored.is_empty() {
                continue;
            }
            let referenced = self.reader.references_in(shard)?;
            let mut orphans = Vec::new();
            for (hash, bytes) in stored {
                if referenced.contains(&hash) || self.waits(&hash) {
                    self.done.kept.add(bytes);
                } else if quiet {
                    self.done.orphans.add(bytes);
                    orphans.push(hash);
                }
            }
            self.remove_blobs(&orphans)?;
        }
        Ok(())
    }

    /// Removes the runs that the policy lets go, and what only they referred to.
    fn expire(&mut self, most: usize) -> Result<(), RetentionError> {
        self.remove_old(most)?;
        self.make_room(most)
    }

    /// Removes the runs that are too old.
    fn remove_old(&mut self, most: usize) -> Result<(), RetentionError> {
        self.each_old(self.clock, |pass, run| {
            if pass.done.runs.len() >= most {
                return Ok(ControlFlow::Break(()));
            }
            pass.remove_run(run, Reason::Age).map(ControlFlow::Continue)
        })
    }

    /// Counts the runs that would be too old if the clock were confirmed.
    fn count_held_back(&mut self) -> Result<(), RetentionError> {
        self.each_old(PassClock { is_confirmed: true, ..self.clock }, |pass, run| {
            pass.done.held_back += u64::from(!pass.gone.contains(&run.run));
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Goes through the runs that are too old by a clock, and not among the newest.
    fn each_old(
        &mut self,
        clock: PassClock,
        mut each: impl FnMut(&mut Self, EndedRun) -> Result<ControlFlow<()>, RetentionError>,
    ) -> Result<(), RetentionError> {
        let Some(mut ages) = Ages::new(&self.policy, clock, self.observed) else { return Ok(()) };
        let mut after = i64::MIN;
        loop {
            let page = self.reader.ended_runs(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.end;
            for run in page {
                let goes = match ages.next(&run) {
                    Age::Young => return Ok(()),
                    Age::Old => !self.is_among_newest(&run)?,
                    Age::Unknown => false,
                };
                if goes && each(self, run)?.is_break() {
                    return Ok(());
                }
            }
        }
    }

    /// Removes the oldest runs while outputs take too much.
    fn make_room(&mut self, most: usize) -> Result<(), RetentionError> {
        let Some(bytes) = self.policy.bytes else { return Ok(()) };
        let mut after = RunCursor(i64::MIN);
        while self.done.kept.bytes > bytes {
            let page = self.reader.oldest_runs(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.place;
            for run in page {
                if self.done.kept.bytes <= bytes || self.done.runs.len() >= most {
                    return Ok(());
                }
                if !self.gone.contains(&run.run) && !self.is_among_newest(&run)? {
                    self.remove_run(run, Reason::Size)?;
                }
            }
        }
        Ok(())
    }

    /// Whether it is one of those that stay whatever else the policy says.
    fn is_among_newest(&self, run: &EndedRun) -> Result<bool, RetentionError> {
        Ok(self.reader.newer_runs(run, self.policy.runs)? < self.policy.runs)
    }

    fn remove_run(&mut self, run: EndedRun, reason: Reason) -> Result<(), RetentionError> {
        let mut freed = Vec::new();
        for hash in self.reader.references_of(run.run)? {
            let left = match self.references.get(&hash) {
                // Rows that are gone are not counted any more; rows that would go still are.
                Some(left) if self.writing.is_none() => *left,
                _ => self.reader.reference_count(&hash)?,
            };
            let left = left.saturating_sub(1);
            if self.writing.is_none() {
                self.references.insert(hash, left);
            }
            if left == 0 && !self.waits(&hash) {
                freed.push(hash);
            }
        }
        if let Some(Writing { journal, .. }) = self.writing
            && self.removes()?
        {
            journal.remove(run.run).wait()?;
        }
        self.gone.insert(run.run);
        for hash in &freed {
            if let Some(bytes) = self.blobs.size(hash)? {
                self.done.outputs.add(bytes);
                self.done.kept.files = self.done.kept.files.saturating_sub(1);
                self.done.kept.bytes = self.done.kept.bytes.saturating_sub(bytes);
            }
        }
        self.remove_blobs(&freed)?;
        self.remove_copies(run.run)?;
        self.done.runs.push(run.removed(reason));
        Ok(())
    }

    fn waits(&self, hash: &ContentHash) -> bool {
        self.waiting.is_some_and(|waiting| waiting.contains(hash))
    }

    fn remove_blobs(&self, hashes: &[ContentHash]) -> Result<(), RetentionError> {
        if self.removes()? {
            self.blobs.remove(hashes)?;
        }
        Ok(())
    }

    /// The files that `run` copied for people go with their run.
    fn remove_copies(&mut self, run: RunId) -> Result<(), RetentionError> {
        let folder = self.dir.root().join("out").join(run.to_string());
        let disk = self.dir.disk();
        if !disk.is_folder(&folder) {
            return Ok(());
        }
        measure(disk, &folder, &mut self.done.copies)?;
        if self.removes()? {
            disk.remove_folder(&folder)?;
        }
        Ok(())
    }

    /// Removes modules that no kept run is bound to, once they have not been stored anew for as long as runs are kept:
    /// they are fetched again from where they came, but that takes time.
    fn sweep_modules(&mut self) -> Result<(), RetentionError> {
        let Some(days) = self.policy.days else { return Ok(()) };
        // Where a plan cannot be read, any module may be one of its own.
        let Some(bound) = self.reader.bound_modules(&self.gone)? else { return Ok(()) };
        let used: HashSet<String> = bound.into_iter().map(|digest| digest.hex()).collect();
        let loadable = self.reader.artifact_files()?;
        let is_used = |name: &str| used.contains(name.get(..64).unwrap_or(name));
        let mut done = self.done.modules;
        self.remove_files(&self.dir.root().join("modules"), &mut done, |name, file| {
            is_older(file, days, Duration::ZERO) && !is_used(name)
        })?;
        self.remove_files(&self.dir.root().join("code"), &mut done, |name, file| {
            is_older(file, days, Duration::ZERO) && !(is_used(name) && loadable.contains(name))
        })?;
        self.done.modules = done;
        Ok(())
    }

    fn sweep_leftovers(&mut self) -> Result<(), RetentionError> {
        let mut done = self.done.leftovers;
        if self.waiting.is_none() {
            self.remove_files(&self.dir.tmp(), &mut done, |_, _| true)?;
        }
        // Cannot be fetched again, as modules can.
        if let (Some(days), Some(lead)) = (self.policy.days, self.observed.lead(self.clock)) {
            let lead = Duration::from_millis(lead);
            self.remove_files(&self.dir.quarantine(), &mut done, |_, file| is_older(file, days, lead))?;
        }
        self.done.leftovers = done;
        Ok(())
    }

    fn remove_files(
        &self,
        folder: &Path,
        done: &mut Tally,
        mut goes: impl FnMut(&str, &Facts) -> bool,
    ) -> Result<(), RetentionError> {
        let disk = self.dir.disk();
        let names = match disk.list(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            names => names?,
        };
        for name in names {
            let path = folder.join(&name);
            let file = match disk.facts_of_name(&path) {
                // Whoever writes beside a preview may have finished with it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            if !file.is_file || !goes(&name.to_string_lossy(), &file) {
                continue;
            }
            done.add(file.length);
            if self.removes()? {
                disk.remove(&path)?;
            }
        }
        Ok(())
    }
}

/// By this machine's clock, which wrote the time, less what it may be ahead. One that was set back keeps files longer.
fn is_older(file: &Facts, days: u32, lead: Duration) -> bool {
    file.age.is_some_and(|age| age.saturating_sub(lead) > Duration::from_secs(u64::from(days) * 24 * 60 * 60))
}

/// Counts the files below a folder. Links are not followed.
fn measure(disk: &Disk, folder: &Path, tally: &mut Tally) -> io::Result<()> {
    for name in disk.list(folder)? {
        let path = folder.join(name);
        let file = disk.facts_of_name(&path)?;
        if file.is_folder { measure(disk, &path, tally)? } else { tally.add(file.length) }
    }
    Ok(())
}
