//! The file trigger in real folders.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Instant,
};

use tokio::task::JoinHandle;

use super::*;
use crate::schedule::file::{FileStamp, open_stable};

struct Watching {
    sink: Arc<MemorySink>,
    task: JoinHandle<()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watching {
    fn start(factory: FileFactory, folder: &Path, pattern: &str, settle_ms: u64, sink: Arc<MemorySink>) -> Self {
        let kind = TriggerKind::File { path: folder.to_owned(), pattern: pattern.parse().unwrap(), settle_ms };
        let trigger = Factories::new(factory).make(&trigger(kind)).unwrap().unwrap();
        let context = Context { sink: Arc::clone(&sink) as _, clock: Arc::new(SystemClock), since: None };
        Self { sink, task: tokio::spawn(async move { trigger.run(context).await.unwrap() }) }
    }

    /// One that must rely on notifications: it looks by itself only every hour.
    fn notified(folder: &Path, pattern: &str, settle_ms: u64) -> Self {
        let factory = FileFactory::anywhere().rescan(Duration::from_secs(3_600));
        Self::start(factory, folder, pattern, settle_ms, Arc::default())
    }

    /// One that is never notified.
    fn rescanning(folder: &Path, settle_ms: u64) -> Self {
        Self::start(rescanning(), folder, "*", settle_ms, Arc::default())
    }

    async fn files(&self, count: usize) -> Vec<String> {
        let kept = self.sink.until("the files", |kept| kept.events.len() >= count).await;
        // Nothing more comes.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(self.sink.kept().events.len(), count);
        let mut names: Vec<_> = kept.events.iter().map(name).collect();
        names.sort();
        names
    }
}

fn rescanning() -> FileFactory {
    FileFactory::anywhere().notifications(false).rescan(Duration::from_millis(50))
}

fn name(event: &TriggerEvent) -> String {
    let Payload::File { name, .. } = &event.payload else { panic!("{event:?}") };
    name.clone()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A little time, for what must not happen.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}

#[tokio::test]
async fn a_file_that_is_renamed_into_place_is_found() {
    let (elsewhere, inbox) = (folder(), folder());
    let watching = Watching::notified(inbox.path(), "*.csv", 100);
    a_moment().await;
    for (from, to) in [("a", "a.csv"), ("b", "b.txt")] {
        fs::write(elsewhere.path().join(from), "1,2").unwrap();
        fs::rename(elsewhere.path().join(from), inbox.path().join(to)).unwrap();
    }
    assert_eq!(watching.files(1).await, ["a.csv"]);
    let event = &watching.sink.kept().events[0];
    let Payload::File { media_type, path, stamp, .. } = &event.payload else { panic!() };
    assert_eq!((media_type.as_str(), path, stamp.size()), ("text/csv", &inbox.path().join("a.csv"), 3));
    assert!(event.key.starts_with(&format!("{} inode ", path.display())), "{}", event.key);
    assert_eq!(event.scheduled_for, None);
}

#[tokio::test]
async fn a_slow_writer_is_waited_for() {
    let inbox = folder();
    let watching = Watching::notified(inbox.path(), "*", 400);
    let mut file = fs::File::create(inbox.path().join("slow")).unwrap();
    for _ in 0..15 {
        file.write_all(b"line\n").unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert!(watching.sink.kept().events.is_empty());
    }
    drop(file);
    assert_eq!(watching.files(1).await, ["slow"]);
    let Payload::File { stamp, .. } = watching.sink.kept().events[0].payload else { panic!() };
    assert_eq!(stamp.size(), 75);
}

#[tokio::test]
async fn a_burst_of_ten_thousand_files_starts_as_many_runs() {
    let inbox = folder();
    let watching = Watching::notified(inbox.path(), "*", 50);
    let began = Instant::now();
    for i in 0..10_000 {
        fs::write(inbox.path().join(format!("f{i:05}")), "x").unwrap();
    }
    let kept = watching.sink.until("the burst", |kept| kept.events.len() >= 10_000).await;
    let mut names: Vec<_> = kept.events.iter().map(name).collect();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), kept.duplicates), (10_000, 0));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_folder_that_takes_the_place_of_another_is_watched_again() {
    let parent = folder();
    let (inbox, old, new) = (parent.path().join("inbox"), parent.path().join("old"), parent.path().join("new"));
    let watching =
        Watching::start(FileFactory::anywhere().rescan(Duration::from_millis(200)), &inbox, "*", 50, Arc::default());
    // It need not be there yet.
    a_moment().await;
    fs::create_dir(&inbox).unwrap();
    fs::write(inbox.join("one"), "1").unwrap();
    watching.sink.until("one", |kept| kept.events.len() == 1).await;
    fs::create_dir(&new).unwrap();
    fs::rename(&inbox, &old).unwrap();
    fs::rename(&new, &inbox).unwrap();
    a_moment().await;
    fs::write(old.join("not_here"), "1").unwrap();
    fs::write(inbox.join("two"), "2").unwrap();
    assert_eq!(watching.files(2).await, ["one", "two"]);
    fs::remove_dir_all(&inbox).unwrap();
    a_moment().await;
    fs::create_dir(&inbox).unwrap();
    fs::write(inbox.join("three"), "3").unwrap();
    assert_eq!(watching.files(3).await, ["one", "three", "two"]);
}

#[tokio::test]
async fn lost_notifications_cost_only_time() {
    let inbox = folder();
    let watching = Watching::rescanning(inbox.path(), 100);
    fs::write(inbox.path().join("a"), "1").unwrap();
    assert_eq!(watching.files(1).await, ["a"]);
    fs::write(inbox.path().join("b"), "1").unwrap();
    assert_eq!(watching.files(2).await, ["a", "b"]);
}

#[tokio::test]
async fn the_same_file_starts_one_run_and_another_of_its_name_another() {
    let inbox = folder();
    let path = inbox.path().join("a");
    fs::write(&path, "1").unwrap();
    let watching = Watching::rescanning(inbox.path(), 50);
    assert_eq!(watching.files(1).await, ["a"]);
    // A host that starts again finds it again, and the sink knows it.
    let again = Watching::start(rescanning(), inbox.path(), "*", 50, Arc::clone(&watching.sink));
    let kept = watching.sink.until("the duplicate", |kept| kept.duplicates == 1).await;
    assert_eq!(kept.events.len(), 1);
    drop(again);
    // Renamed away and back it is still the same.
    fs::rename(&path, inbox.path().join(".hidden")).unwrap();
    a_moment().await;
    fs::rename(inbox.path().join(".hidden"), &path).unwrap();
    watching.sink.until("the second duplicate", |kept| kept.duplicates == 2).await;
    // Written anew it is not.
    fs::write(&path, "22").unwrap();
    assert_eq!(watching.files(2).await, ["a", "a"]);
}

#[tokio::test]
async fn what_is_no_file_of_the_folder_is_left_alone() {
    let (inbox, outside) = (folder(), folder());
    fs::write(outside.path().join("secret"), "1").unwrap();
    symlink(outside.path().join("secret"), inbox.path().join("link")).unwrap();
    symlink(outside.path(), inbox.path().join("linked_folder")).unwrap();
    fs::create_dir(inbox.path().join("folder")).unwrap();
    fs::write(inbox.path().join("folder/file"), "1").unwrap();
    fs::write(inbox.path().join(".hidden"), "1").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(inbox.path().join("socket")).unwrap();
    fs::write(inbox.path().join("good"), "").unwrap();
    let watching = Watching::rescanning(inbox.path(), 0);
    assert_eq!(watching.files(1).await, ["good"]);
}

#[tokio::test]
async fn a_file_that_changed_or_could_not_be_taken_is_offered_again() {
    let inbox = folder();
    fs::write(inbox.path().join("a"), "1").unwrap();
    let sink = Arc::new(MemorySink::default());
    {
        let mut kept = sink.kept.lock().unwrap();
        (kept.stale, kept.failures) = (2, 2);
    }
    let watching = Watching::start(rescanning(), inbox.path(), "*", 20, sink);
    assert_eq!(watching.files(1).await, ["a"]);
}

#[tokio::test]
async fn only_folders_that_the_operator_allows_are_watched() {
    let (root, outside) = (folder(), folder());
    let factory = FileFactory::within(vec![root.path().to_owned()]).rescan(Duration::from_millis(50));
    let make = |path: PathBuf| {
        let kind = TriggerKind::File { path, pattern: "*".parse().unwrap(), settle_ms: 0 };
        Factories::new(factory.clone()).make(&trigger(kind))
    };
    for bad in [outside.path().to_owned(), "/".into(), "../x".into(), root.path().join("../x"), "a/../../x".into()] {
        assert!(matches!(make(bad.clone()), Err(TriggerError::Folder(path)) if path == bad), "{bad:?}");
    }
    assert!(
        Factories::new(FileFactory::within(Vec::new()))
            .make(&trigger(TriggerKind::File { path: "inbox".into(), pattern: "*".parse().unwrap(), settle_ms: 0 }))
            .is_err()
    );
    // A relative path is in the root, and a link does not lead out of it.
    fs::create_dir(root.path().join("inbox")).unwrap();
    fs::write(root.path().join("inbox/in"), "1").unwrap();
    fs::write(outside.path().join("out"), "1").unwrap();
    symlink(outside.path(), root.path().join("link")).unwrap();
    let watching = Watching::start(factory.clone(), Path::new("inbox"), "*", 0, Arc::default());
    assert_eq!(watching.files(1).await, ["in"]);
    let linked = Watching::start(factory, Path::new("link"), "*", 0, Arc::default());
    a_moment().await;
    assert!(linked.sink.kept().events.is_empty());
}

#[test]
fn a_file_is_read_only_as_it_was_found() {
    let folder = folder();
    let path = folder.path().join("a");
    fs::write(&path, "hello").unwrap();
    let stamp = FileStamp::of(&path.metadata().unwrap()).unwrap();
    let read = |path: &Path| -> std::io::Result<String> {
        let mut file = open_stable(path, stamp)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        file.confirm().map(|()| text)
    };
    assert_eq!(read(&path).unwrap(), "hello");
    // It grows while it is read: no more than what was found is read, and it is not confirmed.
    let mut growing = open_stable(&path, stamp).unwrap();
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b" world").unwrap();
    let mut text = String::new();
    growing.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
    assert!(growing.confirm().is_err());
    assert!(read(&path).unwrap_err().to_string().ends_with("has changed while it was taken"));
    // Replaced by another of the same text, by a link to itself, by a folder; and gone.
    fs::write(&path, "hello").unwrap();
    let stamp = FileStamp::of(&path.metadata().unwrap()).unwrap();
    let mut replaced = open_stable(&path, stamp).unwrap();
    replaced.read_to_string(&mut String::new()).unwrap();
    fs::write(folder.path().join("b"), "hello").unwrap();
    fs::rename(folder.path().join("b"), &path).unwrap();
    assert!(replaced.confirm().is_err());
    fs::rename(&path, folder.path().join("c")).unwrap();
    symlink(folder.path().join("c"), &path).unwrap();
    assert!(open_stable(&path, FileStamp::of(&path.metadata().unwrap()).unwrap()).is_err());
    fs::remove_file(&path).unwrap();
    assert!(open_stable(&path, stamp).is_err());
    // What was not read to the end is not confirmed.
    let rest = folder.path().join("c");
    let partial = open_stable(&rest, FileStamp::of(&rest.metadata().unwrap()).unwrap()).unwrap();
    assert!(partial.confirm().is_err());
}
