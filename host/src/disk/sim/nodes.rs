//! Files and folders: what has which name, and which names are durable.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    io,
    path::{Component, Path},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::io::Errno;

use super::{contents::Contents, random::Random};
use crate::{
    disk::{FILE_MODE, FOLDER_MODE, Facts},
    effects,
};

/// What identifies a file or folder.
pub(crate) type Inode = u64;

const ROOT: Inode = 1;
/// So many nodes are kept before those without a name are looked for.
const MANY: usize = 1_024;

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    mode: u32,
    modified: SystemTime,
    /// How often it is open.
    open: usize,
}

#[derive(Debug, Clone)]
pub(super) enum NodeKind {
    File(Contents),
    Folder(Folder),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Folder {
    names: BTreeMap<OsString, Inode>,
    durable: BTreeMap<OsString, Inode>,
}

/// A name that was given or taken away and is not durable yet.
#[derive(Debug, Clone)]
struct Change {
    id: u64,
    folder: Inode,
    name: OsString,
    to: Option<Inode>,
    /// Not before this one: a rename takes no name away without giving the other.
    after: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Nodes {
    nodes: BTreeMap<Inode, Node>,
    changes: Vec<Change>,
    next: u64,
    /// Who has locked which file, and whether alone.
    locks: BTreeMap<Inode, BTreeMap<u64, bool>>,
    sweep_at: usize,
    pub(super) read_only: bool,
    pub(super) full: bool,
    pub(super) syncs_nothing: bool,
    random: Random,
}

impl Nodes {
    pub(super) fn new(seed: u64) -> Self {
        let root = Node { kind: NodeKind::Folder(Folder::default()), mode: 0o755, modified: now(), open: 0 };
        Self {
            nodes: BTreeMap::from([(ROOT, root)]),
            changes: Vec::new(),
            next: ROOT,
            locks: BTreeMap::new(),
            sweep_at: MANY,
            read_only: false,
            full: false,
            syncs_nothing: false,
            random: Random::new(seed),
        }
    }

    /// The same, with nothing open.
    pub(super) fn fork(&self, seed: u64) -> Self {
        let (nodes, changes) = (self.nodes.clone(), self.changes.clone());
        let read_only = self.read_only;
        let mut fork = Self { nodes, changes, next: self.next, sweep_at: self.sweep_at, read_only, ..Self::new(seed) };
        fork.close_all();
        fork
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The node at a path.
    pub(super) fn find(&self, path: &Path) -> io::Result<Inode> {
        let mut at = ROOT;
        for part in path.components() {
            match part {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    at = *self.folder(at)?.names.get(name).ok_or(Errno::NOENT)?;
                }
                Component::ParentDir | Component::Prefix(_) => return Err(Errno::INVAL.into()),
            }
        }
        Ok(at)
    }

    /// The folder that a path is in, and the name there.
    fn place<'a>(&self, path: &'a Path) -> io::Result<(Inode, &'a OsStr)> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(Errno::INVAL.into()) };
        let folder = self.find(parent)?;
        self.folder(folder)?;
        Ok((folder, name))
    }

    pub(super) fn node(&mut self, inode: Inode) -> io::Result<&mut Node> {
        self.nodes.get_mut(&inode).ok_or_else(|| Errno::STALE.into())
    }

    pub(super) fn contents(&mut self, inode: Inode) -> io::Result<&mut Contents> {
        match &mut self.node(inode)?.kind {
            NodeKind::File(contents) => Ok(contents),
            NodeKind::Folder(_) => Err(Errno::ISDIR.into()),
        }
    }

    fn folder(&self, inode: Inode) -> io::Result<&Folder> {
        match self.nodes.get(&inode).map(|node| &node.kind) {
            Some(NodeKind::Folder(folder)) => Ok(folder),
            Some(NodeKind::File(_)) => Err(Errno::NOTDIR.into()),
            None => Err(Errno::STALE.into()),
        }
    }

    fn folder_mut(&mut self, inode: Inode) -> Option<&mut Folder> {
        match self.nodes.get_mut(&inode).map(|node| &mut node.kind) {
            Some(NodeKind::Folder(folder)) => Some(folder),
            _ => None,
        }
    }

    fn add(&mut self, kind: NodeKind, mode: u32) -> Inode {
        if self.nodes.len() > self.sweep_at {
            self.sweep();
            self.sweep_at = MANY.max(2 * self.nodes.len());
        }
        let inode = self.number();
        self.nodes.insert(inode, Node { kind, mode, modified: now(), open: 0 });
        inode
    }

    /// Fails where nothing can be changed.
    pub(super) fn writable(&self) -> io::Result<()> {
        if self.read_only { Err(Errno::ROFS.into()) } else { Ok(()) }
    }

    /// Fails where a file would get longer and there is no room.
    pub(super) fn room_for(&mut self, inode: Inode, length: usize) -> io::Result<()> {
        let grows = length > self.contents(inode)?.len();
        if self.full && grows { Err(Errno::NOSPC.into()) } else { Ok(()) }
    }

    fn room_for_another(&self) -> io::Result<()> {
        if self.full { Err(Errno::NOSPC.into()) } else { Ok(()) }
    }

    /// Gives or takes a name, and says which change that was.
    fn change(&mut self, folder: Inode, name: &OsStr, to: Option<Inode>, after: Option<u64>) -> u64 {
        if let Some(folder) = self.folder_mut(folder) {
            match to {
                Some(inode) => folder.names.insert(name.to_owned(), inode),
                None => folder.names.remove(name),
            };
        }
        self.touch(folder);
        let id = self.number();
        self.changes.push(Change { id, folder, name: name.to_owned(), to, after });
        id
    }

    pub(super) fn make_file(&mut self, path: &Path) -> io::Result<Inode> {
        self.room_for_another()?;
        let (folder, name) = self.place(path)?;
        let inode = self.add(NodeKind::File(Contents::default()), FILE_MODE);
        self.change(folder, name, Some(inode), None);
        Ok(inode)
    }

    /// A file without a name, which goes when it is closed.
    pub(super) fn make_nameless(&mut self) -> Inode {
        self.add(NodeKind::File(Contents::default()), FILE_MODE)
    }

    pub(super) fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        if self.find(path).is_ok() {
            return Err(Errno::EXIST.into());
        }
        self.writable()?;
        self.room_for_another()?;
        let (folder, name) = self.place(path)?;
        let inode = self.add(NodeKind::Folder(Folder::default()), FOLDER_MODE);
        self.change(folder, name, Some(inode), None);
        Ok(())
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        Ok(self.folder(self.find(path)?)?.names.keys().cloned().collect())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.find(from)?;
        self.writable()?;
        if let Ok(replaced) = self.find(to) {
            if replaced == inode {
                return Ok(());
            }
            if self.folder(replaced).is_ok() {
                return Err(Errno::ISDIR.into());
            }
        }
        let ((old, old_name), (new, new_name)) = (self.place(from)?, self.place(to)?);
        let given = self.change(new, new_name, Some(inode), None);
        self.change(old, old_name, None, Some(given));
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let inode = self.find(path)?;
        self.writable()?;
        if let Ok(folder) = self.folder(inode)
            && !folder.names.is_empty()
        {
            return Err(Errno::NOTEMPTY.into());
        }
        let (folder, name) = self.place(path)?;
        self.change(folder, name, None, None);
        Ok(())
    }

    pub(super) fn is_folder(&self, path: &Path) -> bool {
        self.find(path).is_ok_and(|inode| self.folder(inode).is_ok())
    }

    /// Makes the names in a folder durable, and those that cannot be without them.
    pub(super) fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
        let synced = self.find(path)?;
        self.folder(synced)?;
        let mut wanted: BTreeSet<u64> = self.changes.iter().filter(|c| c.folder == synced).map(|c| c.id).collect();
        wanted.extend(self.changes.iter().filter(|c| c.folder == synced).filter_map(|c| c.after));
        self.settle(|change| wanted.contains(&change.id));
        Ok(())
    }

    /// Makes some changes durable. What was changed earlier at the same name is then over.
    fn settle(&mut self, mut survives: impl FnMut(&Change) -> bool) {
        let mut waiting = Vec::new();
        for change in std::mem::take(&mut self.changes) {
            if !survives(&change) {
                waiting.push(change);
                continue;
            }
            waiting.retain(|earlier: &Change| earlier.folder != change.folder || earlier.name != change.name);
            if let Some(folder) = self.folder_mut(change.folder) {
                match change.to {
                    Some(inode) => folder.durable.insert(change.name, inode),
                    None => folder.durable.remove(&change.name),
                };
            }
        }
        self.changes = waiting;
    }

    pub(super) fn fail_sync(&mut self, inode: Inode) {
        if let Some(Node { kind: NodeKind::File(contents), .. }) = self.nodes.get_mut(&inode) {
            contents.fail_sync(&mut self.random);
        }
    }

    pub(super) fn lose_power(&mut self) {
        let share = self.random.share();
        let mut random = std::mem::replace(&mut self.random, Random::new(0));
        let mut lost = BTreeSet::new();
        self.settle(|change| {
            let survives = random.percent(share) && change.after.is_none_or(|needed| !lost.contains(&needed));
            if !survives {
                lost.insert(change.id);
            }
            survives
        });
        self.changes.clear();
        for node in self.nodes.values_mut() {
            match &mut node.kind {
                NodeKind::File(contents) => contents.lose_power(&mut random),
                NodeKind::Folder(folder) => folder.names.clone_from(&folder.durable),
            }
        }
        self.random = random;
    }

    /// Nothing is open or locked any more.
    pub(super) fn close_all(&mut self) {
        self.locks.clear();
        for node in self.nodes.values_mut() {
            node.open = 0;
        }
        self.sweep();
    }

    /// Forgets what has no name and is not open.
    fn sweep(&mut self) {
        let mut known: BTreeSet<Inode> = self.changes.iter().filter_map(|change| change.to).collect();
        known.extend(self.changes.iter().map(|change| change.folder));
        known.insert(ROOT);
        for node in self.nodes.values() {
            if let NodeKind::Folder(folder) = &node.kind {
                known.extend(folder.names.values().chain(folder.durable.values()));
            }
        }
        self.nodes.retain(|inode, node| node.open > 0 || known.contains(inode));
    }

    pub(super) fn facts(&self, inode: Inode) -> io::Result<Facts> {
        let node = self.nodes.get(&inode).ok_or(Errno::STALE)?;
        let (is_file, length) = match &node.kind {
            NodeKind::File(contents) => (true, contents.len() as u64),
            NodeKind::Folder(_) => (false, 0),
        };
        let identity = (0, inode);
        let (mode, modified) = (node.mode, node.modified);
        let age = now().duration_since(modified).ok();
        Ok(Facts { is_file, is_folder: !is_file, length, mode, modified, age, identity })
    }

    pub(super) fn set_mode(&mut self, path: &Path, mode: u32) -> io::Result<()> {
        let inode = self.find(path)?;
        self.writable()?;
        self.node(inode)?.mode = mode;
        Ok(())
    }

    /// Notes that a node was changed now.
    pub(super) fn touch(&mut self, inode: Inode) {
        if let Some(node) = self.nodes.get_mut(&inode) {
            node.modified = now();
        }
    }

    /// Opens a file; the number is the handle's own.
    pub(super) fn open(&mut self, inode: Inode) -> io::Result<u64> {
        self.contents(inode)?;
        self.node(inode)?.open += 1;
        Ok(self.number())
    }

    pub(super) fn close(&mut self, inode: Inode, handle: u64) {
        if let Some(node) = self.nodes.get_mut(&inode) {
            node.open = node.open.saturating_sub(1);
        }
        if let Some(holders) = self.locks.get_mut(&inode) {
            holders.remove(&handle);
        }
    }

    /// Locks a file as `flock` does; false where others have it.
    pub(super) fn try_lock(&mut self, inode: Inode, handle: u64, alone: bool) -> bool {
        let holders = self.locks.entry(inode).or_default();
        let free = holders.iter().all(|(holder, theirs)| *holder == handle || (!alone && !theirs));
        if free {
            holders.insert(handle, alone);
        }
        free
    }
}

/// What time files are written at.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(effects::wall_clock()).unwrap_or_default())
}
