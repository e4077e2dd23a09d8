//! The bytes of one file: as its process sees them, and as they are on the disk.

use std::collections::BTreeMap;

use super::random::Random;

/// What is written at once, or not at all.
const SECTOR: usize = 512;
/// How many versions of a sector are remembered between two syncs.
const VERSIONS: usize = 4;

#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that were changed since the last sync, with what they held meanwhile: the disk may have any of it.
    dirty: BTreeMap<usize, Vec<[u8; SECTOR]>>,
    /// Lengths that the file had since the last sync.
    lengths: Vec<usize>,
}

impl Contents {
    pub(super) fn len(&self) -> usize {
        self.cached.len()
    }

    pub(super) fn read(&self, bytes: &mut [u8], offset: u64) -> usize {
        let Some(rest) = usize::try_from(offset).ok().and_then(|at| self.cached.get(at..)) else { return 0 };
        let length = rest.len().min(bytes.len());
        bytes[..length].copy_from_slice(&rest[..length]);
        length
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if end > self.len() {
            self.set_len(end);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        if !bytes.is_empty() {
            self.note(offset / SECTOR..end.div_ceil(SECTOR));
        }
    }

    /// Cuts the file off, or fills it up. File systems do that as a whole or not at all, whatever its sectors are.
    pub(super) fn set_len(&mut self, length: usize) {
        let cut = length < self.len();
        self.cached.resize(length, 0);
        self.lengths.push(length);
        if cut {
            self.dirty.split_off(&length.div_ceil(SECTOR));
            if !length.is_multiple_of(SECTOR) {
                self.note(length / SECTOR..length / SECTOR + 1);
            }
        }
    }

    pub(super) fn sync(&mut self) {
        let lengths = std::mem::take(&mut self.lengths);
        self.resize_durable(&lengths);
        for sector in std::mem::take(&mut self.dirty).into_keys() {
            let bytes = sector_of(&self.cached, sector);
            let end = self.cached.len().min((sector + 1) * SECTOR);
            put(&mut self.durable, sector, &bytes, end);
        }
    }

    /// Gives the file on the disk some lengths, one after the other.
    fn resize_durable(&mut self, lengths: &[usize]) {
        lengths.iter().for_each(|length| self.durable.resize(*length, 0));
    }

    /// A sync fails: the disk has some of it, and nothing of the rest is ever written.
    pub(super) fn fail_sync(&mut self, random: &mut Random) {
        self.settle(random);
    }

    /// The disk has some of what was not synced, and the memory forgets the rest.
    pub(super) fn lose_power(&mut self, random: &mut Random) {
        self.settle(random);
        self.cached.clone_from(&self.durable);
    }

    fn settle(&mut self, random: &mut Random) {
        let (share, latest) = (random.share(), random.share());
        let lengths = std::mem::take(&mut self.lengths);
        let reached = match random.percent(share) {
            true if random.percent(latest) => lengths.len(),
            true => random.below(lengths.len() + 1),
            false => 0,
        };
        self.resize_durable(&lengths[..reached]);
        let length = self.durable.len();
        for (sector, versions) in std::mem::take(&mut self.dirty) {
            if random.percent(share) {
                let version = if random.percent(latest) { versions.len() - 1 } else { random.below(versions.len()) };
                put(&mut self.durable, sector, &versions[version], length);
            }
        }
    }

    /// Remembers what sectors hold now.
    fn note(&mut self, sectors: std::ops::Range<usize>) {
        for sector in sectors {
            let bytes = sector_of(&self.cached, sector);
            let versions = self.dirty.entry(sector).or_default();
            if versions.len() == VERSIONS {
                versions.remove(0);
            }
            versions.push(bytes);
        }
    }
}

/// A sector, filled up with zeros.
fn sector_of(bytes: &[u8], sector: usize) -> [u8; SECTOR] {
    let mut found = [0; SECTOR];
    if let Some(rest) = bytes.get(sector * SECTOR..) {
        let length = rest.len().min(SECTOR);
        found[..length].copy_from_slice(&rest[..length]);
    }
    found
}

/// Puts a sector into a file, as far as it goes, and at least up to `end`.
fn put(file: &mut Vec<u8>, sector: usize, bytes: &[u8; SECTOR], end: usize) {
    let start = sector * SECTOR;
    if start >= end {
        return;
    }
    if file.len() < end.min(start + SECTOR) {
        file.resize(end.min(start + SECTOR), 0);
    }
    let stop = file.len().min(start + SECTOR);
    file[start..stop].copy_from_slice(&bytes[..stop - start]);
}
