use std::{fs, io, path::PathBuf};

use tempfile::TempDir;

use super::*;
use crate::{
    disk::{Make, sim::SimDisk},
    effects,
    persist::outputs::{BlobStore, Damage, SetAside},
};

/// One stored blob and its file.
struct Case {
    folder: TempDir,
    store: BlobStore,
    info: BlobInfo,
    path: PathBuf,
    healthy: Vec<u8>,
}

impl Case {
    fn new<'a>(kind: BlobKind, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        // In memory where the system has that: thousands of moves to quarantine, each synced, take minutes on a disk.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let store = BlobStore::open(folder.path()).unwrap();
        let info = put(&store, kind, pieces);
        let name = info.hash.hex();
        let path = folder.path().join("blobs").join(&name[..2]).join(&name);
        let healthy = fs::read(&path).unwrap();
        Self { folder, store, info, path, healthy }
    }

    /// Opens the blob and reads every frame.
    fn read(&self) -> io::Result<Vec<u8>> {
        let mut reader = self.store.open(&self.info.hash)?;
        let mut bytes = Vec::new();
        for index in 0..reader.frames() {
            bytes.extend_from_slice(&reader.frame(index)?.bytes);
        }
        Ok(bytes)
    }

    /// Puts these bytes in the blob's place, and checks that they are refused and moved away.
    fn refuses(&self, bytes: &[u8], what: &str) {
        fs::write(&self.path, bytes).unwrap();
        let error = self.read().expect_err(what);
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{what}: {error}");
        let damage = error.get_ref().and_then(|inner| inner.downcast_ref::<Damage>()).unwrap();
        let moved = damage.quarantined.as_ref().unwrap();
        assert_eq!(fs::read(moved).unwrap(), bytes, "{what}");
        // However often it is asked for.
        let again = self.read().unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::NotFound);
        let set_aside = again.get_ref().and_then(|inner| inner.downcast_ref::<SetAside>()).unwrap();
        assert_eq!(&set_aside.quarantined, moved);
        fs::remove_file(moved).unwrap();
        assert_eq!(self.read().unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}

fn small_cases() -> [Case; 3] {
    [
        Case::new(BlobKind::Bytes, [&b"hello, this is small"[..]]),
        Case::new(BlobKind::Rows, [&[1][..], &[0x91, 2], &[3]]),
        Case::new(BlobKind::Bytes, []),
    ]
}

#[test]
fn a_flip_of_any_bit_is_noticed() {
    for case in small_cases() {
        for at in 0..case.healthy.len() {
            for bit in 0..8 {
                let mut bytes = case.healthy.clone();
                bytes[at] ^= 1 << bit;
                case.refuses(&bytes, &format!("bit {bit} of byte {at}"));
            }
        }
    }
}

#[test]
fn a_cut_at_any_place_is_noticed() {
    for case in small_cases() {
        for length in 0..case.healthy.len() {
            case.refuses(&case.healthy[..length], &format!("cut at {length}"));
        }
        case.refuses(&[&case.healthy[..], &[0]].concat(), "a byte more");
    }
}

#[test]
fn flips_in_a_large_blob_are_noticed() {
    let content = noise(5 * FRAME + 99);
    let case = Case::new(BlobKind::Bytes, [&content[..]]);
    let places = noise(8 * 40);
    for place in places.chunks_exact(8).map(|place| u64::from_le_bytes(place.try_into().unwrap())) {
        let at = usize::try_from(place % case.healthy.len() as u64).unwrap();
        let mut bytes = case.healthy.clone();
        bytes[at] ^= 0x10;
        case.refuses(&bytes, &format!("byte {at}"));
    }
}

#[test]
fn healthy_frames_beside_a_damaged_one_can_be_read() {
    let content = noise(3 * FRAME);
    let case = Case::new(BlobKind::Bytes, [&content[..]]);
    let mut bytes = case.healthy.clone();
    bytes[FRAME + FRAME / 2] ^= 1;
    fs::write(&case.path, bytes).unwrap();
    let mut reader = case.store.open(&case.info.hash).unwrap();
    assert_eq!(reader.frame(2).unwrap().bytes, content[2 * FRAME..]);
    assert_eq!(reader.frame(1).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn one_blob_in_the_place_of_another_is_noticed() {
    let [small, rows, _] = small_cases();
    small.refuses(&rows.healthy, "another blob");
}

#[test]
fn a_damaged_blob_is_replaced_by_the_next_writer() {
    let case = Case::new(BlobKind::Bytes, [&b"content"[..]]);
    for at in 0..case.healthy.len() {
        let mut bytes = case.healthy.clone();
        bytes[at] ^= 1;
        fs::write(&case.path, &bytes).unwrap();
        assert_eq!(put(&case.store, BlobKind::Bytes, [&b"content"[..]]), case.info);
        assert_eq!(case.read().unwrap(), b"content", "byte {at}");
    }
    assert_eq!(fs::read_dir(case.folder.path().join("tmp")).unwrap().count(), 0);
}

#[test]
fn readers_keep_the_file_that_is_replaced() {
    let content = noise(2 * FRAME);
    let case = Case::new(BlobKind::Bytes, [&content[..]]);
    let mut reader = case.store.open(&case.info.hash).unwrap();
    assert_eq!(put(&case.store, BlobKind::Bytes, [&content[..]]), case.info);
    assert_eq!(reader.frame(1).unwrap().bytes, content[FRAME..]);
    assert_eq!(case.read().unwrap(), content);
}

#[test]
fn quarantine_leaves_a_healthy_replacement_alone() {
    let content = noise(100);
    let case = Case::new(BlobKind::Bytes, [&content[..]]);
    let mut bytes = case.healthy.clone();
    bytes[60] ^= 1;
    fs::write(&case.path, bytes).unwrap();
    let mut reader = case.store.open(&case.info.hash).unwrap();
    let replacement = case.path.with_extension("new");
    fs::write(&replacement, &case.healthy).unwrap();
    fs::rename(&replacement, &case.path).unwrap();
    let error = reader.frame(0).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(case.read().unwrap(), content);
}

#[test]
fn quarantine_never_takes_what_is_stored_meanwhile() {
    effects::in_any_order(300, || {
        let disk = SimDisk::new(1).disk();
        let store = BlobStore::open_on(&disk, "/data").unwrap();
        let content = noise(100);
        let info = put(&store, BlobKind::Bytes, [&content[..]]);
        let path = store.folder().path_of(&info.hash);
        let mut damaged = disk.read(&path).unwrap();
        damaged[60] ^= 1;
        disk.make(&path, Make::IfMissing).unwrap().replace(&damaged).unwrap();

        let reads = || {
            let (store, hash) = (store.clone(), info.hash);
            shuttle::thread::spawn(move || {
                let read = store.open(&hash).and_then(|mut reader| reader.frame(0));
                if let Err(error) = read {
                    assert!(matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::NotFound), "{error}");
                }
            })
        };
        let writes = || {
            let (store, content) = (store.clone(), content.clone());
            shuttle::thread::spawn(move || assert_eq!(put(&store, BlobKind::Bytes, [&content[..]]), info))
        };
        for thread in [reads(), writes(), reads(), writes()] {
            thread.join().unwrap();
        }
        assert_eq!(get(&store, &info), content);
    });
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let case = Case::new(BlobKind::Bytes, [&b"content"[..]]);
    let mut bytes = case.healthy.clone();
    bytes[8] = 2;
    let checksum = blake3::hash(&bytes[..12]);
    bytes[12..16].copy_from_slice(&checksum.as_bytes()[..4]);
    fs::write(&case.path, &bytes).unwrap();
    let error = case.read().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    assert!(error.to_string().contains("newer stepmill"), "{error}");
    assert_eq!(fs::read(&case.path).unwrap(), bytes);
}

/// What version 1 wrote must stay readable: these bytes are never to be changed.
#[test]
fn the_committed_blob_of_version_1_is_still_written_and_read() {
    let case = Case::new(BlobKind::Rows, [&[1][..], &[0x91, 2], &[3]]);
    let committed = include_str!("v1_rows.hex").split_whitespace().collect::<String>();
    assert_eq!(hex::encode(&case.healthy), committed);
    fs::write(&case.path, hex::decode(committed).unwrap()).unwrap();
    assert_eq!(case.read().unwrap(), [1, 0x91, 2, 3]);
}
