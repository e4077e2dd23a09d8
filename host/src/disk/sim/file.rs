//! An open file.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{Fault, Mount, Op, nodes::Inode};
use crate::disk::Facts;

/// An open file of a simulated disk. Closing it gives up its lock.
#[derive(Debug)]
pub(crate) struct SimFile {
    pub(super) mount: Mount,
    pub(super) path: PathBuf,
    pub(super) inode: Inode,
    pub(super) handle: u64,
    pub(super) cursor: u64,
}

impl SimFile {
    /// Where it was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The disk that it is on.
    pub(crate) fn mount(&self) -> &Mount {
        &self.mount
    }

    /// What file it is, whatever its name.
    pub(crate) fn inode(&self) -> Inode {
        self.inode
    }

    /// The number of this opening of the file.
    pub(crate) fn handle(&self) -> u64 {
        self.handle
    }

    /// Reads up to so many bytes; fewer only at the end.
    pub(crate) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.mount.call(Op::Read, &self.path, |nodes| Ok(nodes.contents(self.inode)?.read(bytes, offset)))
    }

    pub(in crate::disk) fn read_on(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.read_at(bytes, self.cursor)?;
        self.cursor += read as u64;
        Ok(read)
    }

    /// Writes all of some bytes.
    pub(crate) fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.mount.call_or(
            Op::Write,
            &self.path,
            |nodes| {
                nodes.room_for(self.inode, at.saturating_add(bytes.len()))?;
                nodes.contents(self.inode)?.write(bytes, at);
                nodes.touch(self.inode);
                Ok(())
            },
            |nodes, fault| {
                if fault == Fault::Short
                    && let Ok(contents) = nodes.contents(self.inode)
                {
                    contents.write(&bytes[..bytes.len() / 2], at);
                }
            },
        )
    }

    pub(in crate::disk) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_at(bytes, self.cursor)?;
        self.cursor += bytes.len() as u64;
        Ok(())
    }

    /// Cuts the file off, or fills it up with zeros.
    pub(crate) fn set_len(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.mount.call(Op::Truncate, &self.path, |nodes| {
            nodes.room_for(self.inode, length)?;
            nodes.contents(self.inode)?.set_len(length);
            nodes.touch(self.inode);
            Ok(())
        })
    }

    /// Makes its bytes durable, but not its name.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.mount.call_or(
            Op::Sync,
            &self.path,
            |nodes| {
                if !nodes.syncs_nothing {
                    nodes.contents(self.inode)?.sync();
                }
                Ok(())
            },
            |nodes, _| nodes.fail_sync(self.inode),
        )
    }

    /// How long it is. Not a call.
    pub(crate) fn len(&self) -> io::Result<u64> {
        self.mount.quietly(|nodes| Ok(nodes.contents(self.inode)?.len() as u64))
    }

    /// Whether the process that opened it is still there.
    pub(crate) fn is_alive(&self) -> bool {
        self.mount.quietly(|_| Ok(())).is_ok()
    }

    /// Counts a lock that somebody else keeps the books of.
    pub(crate) fn count_lock(&self) -> io::Result<()> {
        self.mount.call(Op::Lock, &self.path, |_| Ok(()))
    }

    pub(in crate::disk) fn facts(&self) -> io::Result<Facts> {
        self.mount.call(Op::Look, &self.path, |nodes| nodes.facts(self.inode))
    }

    pub(in crate::disk) fn try_lock(&self, alone: bool) -> io::Result<bool> {
        self.mount.call(Op::Lock, &self.path, |nodes| Ok(nodes.try_lock(self.inode, self.handle, alone)))
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        // A dead process has nothing open.
        let _ = self.mount.quietly(|nodes| {
            nodes.close(self.inode, self.handle);
            Ok(())
        });
    }
}
