//! A store that cannot be read for a moment is not taken for damage.

use std::{io, sync::Arc};

use rustix::io::Errno;

use crate::{
    execute::{
        fan_out::{Source, SourceData, gather},
        ports::{BlobKind, BlobReader, BlobWriter, OutputStore},
        trouble::Trouble,
    },
    ids::ContentHash,
    module::Form,
    output::{OutputRef, Place},
    persist::outputs::MemoryOutputs,
    value::path::ValuePath,
};

/// A store whose blobs cannot be opened, for this reason.
struct Closed(io::ErrorKind, MemoryOutputs);

impl OutputStore for Closed {
    fn create(&self, kind: BlobKind) -> io::Result<Box<dyn BlobWriter>> {
        self.1.create(kind)
    }

    fn open(&self, _: &ContentHash) -> io::Result<Box<dyn BlobReader>> {
        match self.0 {
            io::ErrorKind::Other => Err(Errno::MFILE.into()),
            kind => Err(kind.into()),
        }
    }
}

fn blob() -> OutputRef {
    let hash = crate::output::hash::bytes(b"it");
    OutputRef { form: Form::Rows, hash, size: 2, items: Some(2), place: Place::Blob, files: Vec::new() }
}

#[test]
fn what_cannot_be_read_just_now_interrupts_the_run_and_what_is_damaged_fails_the_step() {
    for (kind, is_hosts) in [
        (io::ErrorKind::Other, true),
        (io::ErrorKind::PermissionDenied, true),
        (io::ErrorKind::NotFound, false),
        (io::ErrorKind::InvalidData, false),
    ] {
        let store: Arc<dyn OutputStore> = Arc::new(Closed(kind, MemoryOutputs::default()));
        let first: ValuePath = "[0]".parse().unwrap();
        let source = Source { words: "a[0]".to_owned(), data: SourceData::Output(blob(), first) };
        for trouble in [source.items(&store, 1_000).unwrap_err(), gather(&store, &[blob(), blob()]).unwrap_err()] {
            assert_eq!(matches!(trouble, Trouble::Host(_)), is_hosts, "{kind:?}: {trouble:?}");
        }
    }
}
