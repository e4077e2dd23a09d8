//! A disk as one process sees it: every call is counted and judged here.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::{MutexGuard, PoisonError},
};

use rustix::io::Errno;

use super::{
    Call, Fault, Op, SimDisk, SimFile, State,
    faults::Verdict,
    nodes::{Inode, Nodes},
};
use crate::{
    disk::{Facts, Make, Room},
    effects,
};

/// A disk as one process sees it. Dead once the machine has lost power or the process was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(super) disk: SimDisk,
    pub(super) life: u64,
}

impl Mount {
    /// What SQLite calls it by: the disk and the life of the machine.
    pub(crate) fn id(&self) -> (u64, u64) {
        (self.disk.0.id, self.life)
    }

    /// The mount that is called so, if its disk is still there.
    pub(crate) fn of_id((disk, life): (u64, u64)) -> Option<Self> {
        SimDisk::of_id(disk).map(|disk| Self { disk, life })
    }

    /// Counts a call, and does it unless it was to fail.
    pub(super) fn call<T>(&self, op: Op, path: &Path, work: impl FnOnce(&mut Nodes) -> io::Result<T>) -> io::Result<T> {
        self.call_or(op, path, work, |_, _| {})
    }

    /// The same, where something is done even if it fails.
    pub(super) fn call_or<T>(
        &self,
        op: Op,
        path: &Path,
        work: impl FnOnce(&mut Nodes) -> io::Result<T>,
        failed: impl FnOnce(&mut Nodes, Fault),
    ) -> io::Result<T> {
        let (mut state, fault) = self.enter(op, path)?;
        match fault {
            None => work(&mut state.nodes),
            Some(fault) => {
                failed(&mut state.nodes, fault);
                Err(fault.error())
            }
        }
    }

    fn enter(&self, op: Op, path: &Path) -> io::Result<(MutexGuard<'_, State>, Option<Fault>)> {
        let mut state = self.alive()?;
        state.calls += 1;
        *state.by_op.entry(op).or_default() += 1;
        if let Some(record) = &mut state.record {
            record.push(Call { op, path: path.to_owned() });
        }
        let call = state.calls;
        loop {
            match state.faults.judge(call, op) {
                Verdict::Done => return Ok((state, None)),
                Verdict::Fails(fault) => return Ok((state, Some(fault))),
                Verdict::LosesPower => {
                    state.lose_power();
                    self.disk.0.released.notify_all();
                    effects::simulation::kill();
                    return Err(off());
                }
                Verdict::Stalls => {
                    let since = state.faults.begin_stall();
                    state = self
                        .disk
                        .0
                        .released
                        .wait_while(state, |state| !state.faults.goes_on(since))
                        .unwrap_or_else(PoisonError::into_inner);
                    state.faults.end_stall();
                    if state.life != self.life {
                        return Err(off());
                    }
                }
            }
        }
    }

    /// The state of the disk, without a call, unless this process is dead.
    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        if state.life == self.life { Ok(state) } else { Err(off()) }
    }

    /// Does what is no call.
    pub(super) fn quietly<T>(&self, work: impl FnOnce(&mut Nodes) -> io::Result<T>) -> io::Result<T> {
        work(&mut self.alive()?.nodes)
    }

    /// A number that was not used before.
    pub(in crate::disk) fn unique(&self) -> u64 {
        let mut state = self.disk.state();
        state.unique += 1;
        state.unique
    }

    pub(in crate::disk) fn open(&self, path: &Path) -> io::Result<SimFile> {
        self.open_existing(path, false)
    }

    /// Opens a file for reading and writing.
    pub(crate) fn make(&self, path: &Path, make: Make) -> io::Result<SimFile> {
        let (inode, handle) = self.call(Op::Open, path, |nodes| {
            nodes.writable()?;
            let inode = match (nodes.find(path), make) {
                (Ok(_), Make::New) => return Err(Errno::EXIST.into()),
                (Ok(inode), Make::IfMissing) => inode,
                (Ok(inode), Make::Empty) => {
                    nodes.contents(inode)?.set_len(0);
                    nodes.touch(inode);
                    inode
                }
                (Err(error), _) if error.kind() == io::ErrorKind::NotFound => nodes.make_file(path)?,
                (Err(error), _) => return Err(error),
            };
            Ok((inode, nodes.open(inode)?))
        })?;
        Ok(self.file(path, inode, handle))
    }

    /// Opens a file that is there, for reading, or also for writing.
    pub(crate) fn open_existing(&self, path: &Path, to_write: bool) -> io::Result<SimFile> {
        let (inode, handle) = self.call(Op::Open, path, |nodes| {
            let inode = nodes.find(path)?;
            if to_write {
                nodes.writable()?;
            }
            Ok((inode, nodes.open(inode)?))
        })?;
        Ok(self.file(path, inode, handle))
    }

    /// A file without a name, which goes when it is closed.
    pub(crate) fn make_nameless(&self) -> io::Result<SimFile> {
        let path = Path::new("a temporary file");
        let (inode, handle) = self.call(Op::Open, path, |nodes| {
            let inode = nodes.make_nameless();
            Ok((inode, nodes.open(inode)?))
        })?;
        Ok(self.file(path, inode, handle))
    }

    fn file(&self, path: &Path, inode: Inode, handle: u64) -> SimFile {
        SimFile { mount: self.clone(), path: path.to_owned(), inode, handle, cursor: 0 }
    }

    pub(in crate::disk) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open(path)?;
        let length = file.len()?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// What is known of a file or folder.
    pub(crate) fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.call(Op::Look, path, |nodes| nodes.facts(nodes.find(path)?))
    }

    /// All the room in the world, or none.
    pub(in crate::disk) fn room(&self, path: &Path) -> io::Result<Room> {
        const TOTAL: u64 = 1 << 40;
        self.call(Op::Look, path, |nodes| Ok(Room { total: TOTAL, free: if nodes.full { 0 } else { TOTAL } }))
    }

    pub(in crate::disk) fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.call(Op::List, folder, |nodes| nodes.list(folder))
    }

    pub(in crate::disk) fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.call(Op::Mkdir, path, |nodes| nodes.make_folder(path))
    }

    /// Makes the names in a folder durable. Those that a failed sync did not reach wait for the next one: a file system
    /// whose own journal fails stops altogether.
    pub(crate) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call(Op::Open, path, |nodes| nodes.find(path))?;
        self.call(Op::Sync, path, |nodes| nodes.sync_folder(path))
    }

    pub(in crate::disk) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Op::Rename, to, |nodes| nodes.rename(from, to))
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(Op::Unlink, path, |nodes| nodes.remove(path))
    }

    pub(in crate::disk) fn remove_folder(&self, path: &Path) -> io::Result<()> {
        for name in self.list(path)? {
            let path: PathBuf = path.join(name);
            if self.quietly(|nodes| Ok(nodes.is_folder(&path)))? {
                self.remove_folder(&path)?;
            } else {
                self.remove(&path)?;
            }
        }
        self.remove(path)
    }

    pub(in crate::disk) fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.call(Op::Chmod, path, |nodes| nodes.set_mode(path, mode))
    }
}

/// What everything answers to a process that is dead.
fn off() -> io::Error {
    io::Error::other("the power is off")
}
