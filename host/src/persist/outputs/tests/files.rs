use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, Barrier},
    thread,
};

use super::*;
use crate::persist::outputs::BlobStore;

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn what_was_stored_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("a/b/outputs");
    let content = noise(FRAME + 5);
    let info = put(&BlobStore::open(&root).unwrap(), BlobKind::Bytes, [&content[..]]);
    assert_eq!(get(&BlobStore::open(&root).unwrap(), &info), content);
    assert_eq!(count(&root.join("tmp")), 0);
}

#[test]
fn outputs_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("outputs");
    let info = put(&BlobStore::open(&root).unwrap(), BlobKind::Bytes, [&b"secret"[..]]);
    let name = info.hash.hex();
    let shard = root.join("blobs").join(&name[..2]);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for path in [&root, &root.join("blobs"), &root.join("tmp"), &root.join("quarantine"), &shard] {
        assert_eq!(mode(path), 0o700, "{path:?}");
    }
    assert_eq!(mode(&shard.join(&name)), 0o600);
}

#[test]
fn equal_content_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path()).unwrap();
    let info = put(&store, BlobKind::Bytes, [&b"ab"[..], b"c"]);
    assert_eq!(put(&store, BlobKind::Bytes, [&b"abc"[..]]), info);
    assert_eq!(count(&folder.path().join("blobs")), 1);
    assert_eq!(count(&folder.path().join("tmp")), 0);
}

#[test]
fn a_dropped_writer_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path()).unwrap();
    let mut writer = store.create(BlobKind::Bytes).unwrap();
    writer.write(&noise(2 * FRAME)).unwrap();
    assert_eq!(count(&folder.path().join("tmp")), 1);
    drop(writer);
    assert_eq!(count(&folder.path().join("tmp")), 0);
    assert_eq!(count(&folder.path().join("blobs")), 0);
}

#[test]
fn leftovers_of_a_crash_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path()).unwrap();
    let info = put(&store, BlobKind::Bytes, [&b"kept"[..]]);
    let mut writer = store.create(BlobKind::Rows).unwrap();
    writer.write(&[1]).unwrap();
    std::mem::forget(writer);
    fs::write(folder.path().join("tmp/blob-x"), b"half a blob").unwrap();
    assert_eq!(store.sweep_temporaries().unwrap(), 2);
    assert_eq!(count(&folder.path().join("tmp")), 0);
    assert_eq!(get(&store, &info), b"kept");
}

#[test]
fn many_writers_of_the_same_content_agree() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path()).unwrap();
    let content = noise(2 * FRAME + 1);
    let barrier = Arc::new(Barrier::new(8));
    let infos: Vec<_> = thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut writer = store.create(BlobKind::Bytes).unwrap();
                    writer.write(&content).unwrap();
                    barrier.wait();
                    let info = writer.finish().unwrap();
                    assert_eq!(get(&store, &info), content);
                    info
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert!(infos.iter().all(|info| *info == infos[0]));
    assert_eq!(count(&folder.path().join("tmp")), 0);
    assert_eq!(count(&folder.path().join("quarantine")), 0);
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path()).unwrap();
    fs::remove_dir(folder.path().join("tmp")).unwrap();
    let error = store.create(BlobKind::Bytes).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains(&*folder.path().join("tmp").to_string_lossy()), "{error}");
}

#[test]
fn a_file_where_a_folder_must_be_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("blobs"), b"").unwrap();
    assert!(BlobStore::open(folder.path()).is_err());
}

#[test]
fn a_blob_that_cannot_get_its_name_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path()).unwrap();
    let blobs = folder.path().join("blobs");
    fs::remove_dir(&blobs).unwrap();
    fs::write(&blobs, b"").unwrap();
    let mut writer = store.create(BlobKind::Bytes).unwrap();
    writer.write(b"x").unwrap();
    assert!(writer.finish().is_err());
    assert_eq!(count(&folder.path().join("tmp")), 0);
}

#[test]
fn a_writer_that_failed_once_cannot_finish() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path()).unwrap();
    let mut writer = store.create(BlobKind::Rows).unwrap();
    writer.write(&[1]).unwrap();
    assert!(writer.write(&[]).is_err());
    assert!(writer.write(&[2]).is_err());
    assert!(writer.finish().is_err());
    assert_eq!(count(&folder.path().join("blobs")), 0);
    assert_eq!(count(&folder.path().join("tmp")), 0);
}

/// `/dev/full` answers every write as a full disk would, whoever asks.
#[test]
fn a_full_disk_is_told() {
    let mut full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut framer = super::super::framing::Framer::new(BlobKind::Bytes);
    let error = framer.push(&noise(FRAME), &mut |_, payload| io::Write::write_all(&mut full, payload)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

#[test]
fn folders_without_permission_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path()).unwrap();
    let temporary = folder.path().join("tmp");
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write anyway: then there is nothing to see.
    if fs::write(temporary.join("probe"), b"").is_err() {
        assert_eq!(store.create(BlobKind::Bytes).err().unwrap().kind(), io::ErrorKind::PermissionDenied);
    }
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o700)).unwrap();
}
