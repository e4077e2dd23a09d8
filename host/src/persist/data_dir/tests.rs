use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

#[test]
fn a_new_folder_is_private_and_complete() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = DataDir::open_writer(tmp.path().join("a/b")).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir.dir().root()), 0o700);
    for path in [dir.dir().blobs(), dir.dir().tmp(), dir.dir().quarantine(), dir.dir().code()] {
        assert_eq!(mode(&path), 0o700, "{path:?}");
    }
    assert!(!dir.was_unclean());
}

#[test]
fn what_others_could_read_is_closed() {
    let tmp = tempfile::tempdir().unwrap();
    let set = |name: &str, mode| fs::set_permissions(tmp.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    let mode = |name: &str| tmp.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    let files = [DATABASE, "stepmill.db-wal", "stepmill.db-shm", LOCK];
    for name in files {
        fs::write(tmp.path().join(name), "").unwrap();
        set(name, 0o644);
    }
    for name in FOLDERS {
        fs::create_dir(tmp.path().join(name)).unwrap();
        set(name, 0o755);
    }
    set("", 0o755);
    DataDir::open_writer(tmp.path()).unwrap();
    assert!(files.into_iter().all(|name| mode(name) == 0o600));
    assert!(FOLDERS.into_iter().chain([""]).all(|name| mode(name) == 0o700));
}

#[test]
fn a_second_writer_is_told_who_has_it() {
    let tmp = tempfile::tempdir().unwrap();
    let first = DataDir::open_writer(tmp.path()).unwrap();
    let error = DataDir::open_writer(tmp.path()).unwrap_err();
    assert!(matches!(error, DataDirError::Locked { pid: Some(pid), .. } if pid == std::process::id()), "{error}");
    assert!(error.to_string().contains("--data-dir"), "{error}");

    let reader = DataDir::open_reader(tmp.path()).unwrap();
    assert_eq!(reader.holder().unwrap(), Some(Holder { pid: Some(std::process::id()) }));
    drop(first);
    assert_eq!(reader.holder().unwrap(), None);
    DataDir::open_writer(tmp.path()).unwrap();
}

#[test]
fn an_unclean_stop_is_noticed_once() {
    let tmp = tempfile::tempdir().unwrap();
    drop(DataDir::open_writer(tmp.path()).unwrap());
    let second = DataDir::open_writer(tmp.path()).unwrap();
    assert!(second.was_unclean());
    second.mark_closed().unwrap();
    drop(second);
    assert!(!DataDir::open_writer(tmp.path()).unwrap().was_unclean());
}

#[test]
fn what_the_lock_file_says_takes_no_more_room_on_a_full_disk() {
    let tmp = tempfile::tempdir().unwrap();
    let length = || tmp.path().join(LOCK).metadata().unwrap().len();
    let dir = DataDir::open_writer(tmp.path()).unwrap();
    let first = length();
    dir.mark_stopped().unwrap();
    assert_eq!(length(), first);
    drop(dir);

    let dir = DataDir::open_writer(tmp.path()).unwrap();
    assert!(dir.was_unclean() && dir.was_stopped());
    assert_eq!(length(), first);
    dir.mark_closed().unwrap();
    assert_eq!(length(), first);
}

#[test]
fn a_lock_file_of_an_earlier_version_is_understood() {
    for (text, unclean) in [("", false), ("4711\n", true), ("\u{0}\u{0}", true)] {
        let tmp = tempfile::tempdir().unwrap();
        drop(DataDir::open_writer(tmp.path()).unwrap());
        std::fs::write(tmp.path().join(LOCK), text).unwrap();
        let dir = DataDir::open_writer(tmp.path()).unwrap();
        assert_eq!((dir.was_unclean(), dir.was_stopped()), (unclean, false), "{text:?}");
    }
}

#[test]
fn other_folders_are_left_alone() {
    let tmp = tempfile::tempdir().unwrap();
    let missing = DataDir::open_reader(tmp.path().join("none")).unwrap_err();
    assert!(matches!(missing, DataDirError::Missing { .. }), "{missing}");
    assert!(matches!(DataDir::open_reader(tmp.path()), Err(DataDirError::Missing { .. })));

    std::fs::write(tmp.path().join("thesis.txt"), "mine").unwrap();
    assert!(matches!(DataDir::open_writer(tmp.path()), Err(DataDirError::Foreign { .. })));
    assert!(matches!(DataDir::open_reader(tmp.path()), Err(DataDirError::Foreign { .. })));
    assert_eq!(tmp.path().read_dir().unwrap().count(), 1);
    let file = DataDir::open_writer(tmp.path().join("thesis.txt")).unwrap_err();
    assert!(matches!(file, DataDirError::Io { action: "create", .. }), "{file}");
}
