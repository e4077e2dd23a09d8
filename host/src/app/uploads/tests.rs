//! Files that wait keep their own content, for their time, and nothing else.

use std::sync::mpsc;

use super::*;
use crate::app::storage::RetentionPolicy;

struct World {
    folder: tempfile::TempDir,
    host: Host,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let retention = Some(RetentionPolicy { days: Some(0), bytes: None, runs: 0 });
        let host = Host::builder(folder.path()).retention(retention).open().await.unwrap();
        Self { folder, host }
    }

    async fn upload(&self, bytes: &'static [u8]) -> Uploaded {
        self.host.upload(1, "f".to_owned(), "x/y".to_owned(), bytes).await.unwrap()
    }

    /// Makes a pass that looks at every file, if it may begin.
    async fn pass(&self) {
        let _ = std::fs::remove_file(self.folder.path().join("SWEPT"));
        self.host.keeper.tidy();
        self.host.keeper.pass_has_ended().await;
    }

    fn is_there(&self, file: &FileRef) -> bool {
        self.host.outputs.open(&file.hash).is_ok()
    }
}

#[tokio::test]
async fn a_file_that_waits_keeps_its_content_and_nothing_else() {
    let world = World::new().await;
    let orphan = stored::store_file(world.host.outputs.as_ref(), "o".to_owned(), "x/y".to_owned(), &mut &b"orphan"[..]);
    let (orphan, waiting) = (orphan.unwrap(), world.upload(b"waits").await);
    world.pass().await;
    assert!(!world.is_there(&orphan), "retention goes on");
    assert!(world.is_there(&waiting.file));
    assert_eq!(world.host.uploads.find(1, waiting.id), Some(waiting.file.clone()));
    assert_eq!(world.host.uploads.find(2, waiting.id), None, "another token has not sent it");
    assert_eq!(world.upload(b"waits").await.id, waiting.id, "the same again");
    assert_ne!(world.upload(b"other").await.id, waiting.id);

    // Its time ends although nothing else is sent.
    tokio::time::pause();
    tokio::time::advance(LEASE).await;
    tokio::time::resume();
    assert_eq!(world.host.uploads.find(1, waiting.id), None);
    world.pass().await;
    assert!(!world.is_there(&waiting.file));
    world.host.close().await.unwrap();
}

/// Sends what it is given, as slowly as it is.
struct Slow(mpsc::Receiver<&'static [u8]>);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.recv().unwrap_or_default();
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_slowly_does_not_stop_retention() {
    let world = World::new().await;
    let orphan = stored::store_file(world.host.outputs.as_ref(), "o".to_owned(), "x/y".to_owned(), &mut &b"orphan"[..]);
    let (send, receive) = mpsc::channel();
    send.send(b"first".as_slice()).unwrap();
    let sent = world.host.upload(1, "f".to_owned(), "x/y".to_owned(), Slow(receive));
    let rest = async {
        while world.host.uploads.lock().bytes_coming == 0 {
            tokio::task::yield_now().await;
        }
        world.pass().await;
        assert!(!world.is_there(&orphan.unwrap()));
        // While everything is kept, or a pass is at work, the end waits; what is stored then is kept.
        let pass = world.host.keeper.alone().await;
        send.send(b" last").unwrap();
        drop(send);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(world.host.uploads.contents().is_empty());
        drop(pass);
    };
    let (sent, ()) = tokio::join!(sent, rest);
    let sent = sent.unwrap();
    world.pass().await;
    assert!(world.is_there(&sent.file));
    assert_eq!(sent.file.size, 10);
    world.host.close().await.unwrap();
}

#[tokio::test]
async fn files_that_wait_have_a_bound_in_number_and_size() {
    let world = World::new().await;
    let uploads = &world.host.uploads;
    let places: Vec<_> = (0..limits::MAX_UPLOADS).map(|_| uploads.place().unwrap()).collect();
    let again = || world.host.upload(1, "f".to_owned(), "x/y".to_owned(), &b"12345678"[..]);
    assert!(matches!(again().await, Err(UploadError::TooMany)));
    drop(places);

    let file = |size| FileRef { name: "f".into(), media_type: "x/y".into(), size, hash: ContentHash([7; 32]) };
    let ends = Instant::now() + LEASE;
    uploads.place().unwrap().keep(1, file(limits::MAX_UPLOADED - 10), ends);
    again().await.unwrap();
    assert!(matches!(again().await, Err(UploadError::Full)));
    // What was refused takes no room.
    {
        let state = uploads.lock();
        assert_eq!((state.coming, state.bytes_coming), (0, 0));
    }
    tokio::time::pause();
    tokio::time::advance(LEASE).await;
    tokio::time::resume();
    again().await.unwrap();

    let mut place = uploads.place().unwrap();
    place.take(limits::MAX_UPLOAD).unwrap();
    assert!(matches!(place.take(1), Err(UploadError::TooLarge)));
    drop(place);
    world.host.close().await.unwrap();
}
