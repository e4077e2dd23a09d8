//! For tests: components made from a few lines of core WebAssembly, and fakes of the ports.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, OnceLock},
};

use bytes::Bytes;
use wit_component::{ComponentEncoder, StringEncoding};

use crate::{
    execute::ports::{BlobInfo, BlobKind, BlobReader, BlobWriter, Frame, LogLine, LogSink, OutputStore, Progress},
    ids::ContentHash,
    limits::FRAME,
    value::items::batch_items,
};

/// Remembers what a step said.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) lines: Mutex<Vec<LogLine>>,
    pub(crate) progress: Mutex<Vec<Progress>>,
}

impl Recorder {
    pub(crate) fn texts(&self) -> Vec<String> {
        self.lines.lock().unwrap().iter().map(|line| line.text.clone()).collect()
    }
}

impl LogSink for Recorder {
    fn line(&self, line: LogLine) {
        self.lines.lock().unwrap().push(line);
    }

    fn progress(&self, progress: Progress) {
        self.progress.lock().unwrap().push(progress);
    }
}

type Frames = Arc<Vec<Frame>>;

/// An output store in memory, which can be told to fail.
#[derive(Default, Clone)]
pub(crate) struct MemoryStore(Arc<Mutex<StoreState>>);

#[derive(Default)]
struct StoreState {
    blobs: HashMap<ContentHash, (BlobInfo, Frames)>,
    write_error: Option<io::ErrorKind>,
    damaged: bool,
}

impl MemoryStore {
    /// From now on writes fail so.
    pub(crate) fn fail_writes(&self, error: io::ErrorKind) {
        self.0.lock().unwrap().write_error = Some(error);
    }

    /// From now on all frames are damaged.
    pub(crate) fn damage(&self) {
        self.0.lock().unwrap().damaged = true;
    }
}

impl OutputStore for MemoryStore {
    fn create(&self, kind: BlobKind) -> io::Result<Box<dyn BlobWriter>> {
        Ok(Box::new(MemoryWriter { store: self.clone(), kind, bytes: Vec::new() }))
    }

    fn open(&self, hash: &ContentHash) -> io::Result<Box<dyn BlobReader>> {
        let state = self.0.lock().unwrap();
        let (info, frames) = state.blobs.get(hash).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(MemoryReader { store: self.clone(), info, frames }))
    }
}

struct MemoryWriter {
    store: MemoryStore,
    kind: BlobKind,
    bytes: Vec<u8>,
}

impl BlobWriter for MemoryWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(error) = self.store.0.lock().unwrap().write_error {
            return Err(error.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<BlobInfo> {
        let mut frames = Vec::new();
        let units: Vec<&[u8]> = match self.kind {
            BlobKind::Bytes => self.bytes.chunks(FRAME).collect(),
            BlobKind::Rows => batch_items(&self.bytes).map(Result::unwrap).collect(),
        };
        let mut first = 0;
        let mut open: Option<(Vec<u8>, u64)> = None;
        for (index, unit) in units.iter().enumerate() {
            let (bytes, items) = open.get_or_insert_default();
            bytes.extend_from_slice(unit);
            *items += if self.kind == BlobKind::Rows { 1 } else { unit.len() as u64 };
            if bytes.len() >= FRAME || index + 1 == units.len() {
                let (bytes, items) = open.take().unwrap();
                frames.push(Frame { first, items, bytes: bytes.into() });
                first += items;
            }
        }
        let info = BlobInfo {
            hash: ContentHash(blake3::hash(&self.bytes).into()),
            size: self.bytes.len() as u64,
            items: first,
        };
        self.store.0.lock().unwrap().blobs.insert(info.hash, (info, Arc::new(frames)));
        Ok(info)
    }
}

struct MemoryReader {
    store: MemoryStore,
    info: BlobInfo,
    frames: Frames,
}

impl BlobReader for MemoryReader {
    fn info(&self) -> BlobInfo {
        self.info
    }

    fn frames(&self) -> usize {
        self.frames.len()
    }

    fn frame(&mut self, index: usize) -> io::Result<Frame> {
        if self.store.0.lock().unwrap().damaged {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(self.frames[index].clone())
    }

    fn frame_of(&self, item: u64) -> usize {
        self.frames.iter().position(|frame| item < frame.first + frame.items).unwrap_or(self.frames.len())
    }
}

/// The WIT that test guests are encoded with: the contract, and just enough of WASI.
const WASI: &str = r#"
package test:guests@0.1.0;

world guest {
  import wasi:cli/exit@0.2.0;
  import wasi:random/random@0.2.0;
  import wasi:sockets/network@0.2.0;
  import stepmill:step/host@0.1.0;
  export stepmill:step/steps@0.1.0;
}

world other {
  import wasi:cli/exit@0.2.0;
  export hello: func();
}

world greedy {
  import acme:disk/files@1.0.0;
  export stepmill:step/steps@0.1.0;
}
"#;
const EXIT: &str = "package wasi:cli@0.2.0; interface exit { exit: func(status: result); }";
const RANDOM: &str = "package wasi:random@0.2.0; interface random { get-random-bytes: func(len: u64) -> list<u8>; get-random-u64: func() -> u64; }";
const SOCKETS: &str = "package wasi:sockets@0.2.0; interface network { probe: func(); }";
const DISK: &str = "package acme:disk@1.0.0; interface files { wipe: func(); }";

/// A component of one of the worlds above around a core module in text form.
pub(crate) fn component(world: &str, core: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    resolve.push_dir(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit"))).unwrap();
    for (name, text) in [("exit", EXIT), ("random", RANDOM), ("sockets", SOCKETS), ("disk", DISK), ("guests", WASI)] {
        resolve.push_str(name, text).unwrap();
    }
    let package = *resolve
        .packages
        .iter()
        .find(|(_, package)| package.name.namespace == "test")
        .map(|(id, _)| id)
        .as_ref()
        .unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = wat::parse_str(core).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

/// The text of a core module whose `run` has this body, with `(param $step i32) (param $step_len i32) (param $args i32)
/// (param $args_len i32)`, and leaves the address of its result: `$ok` makes one from bytes.
pub(crate) fn guest(run: &str) -> String {
    guest_with("", run, "(call $describe)")
}

/// The same with more definitions, and another `describe`.
pub(crate) fn guest_with(definitions: &str, run: &str, describe: &str) -> String {
    let imports =
        definitions.lines().filter(|line| line.trim_start().starts_with("(import")).collect::<Vec<_>>().join("\n");
    let others =
        definitions.lines().filter(|line| !line.trim_start().starts_with("(import")).collect::<Vec<_>>().join("\n");
    format!(include_str!("testing/guest.wat"), imports = imports, others = others, run = run, describe = describe)
}

/// A module whose step `run` returns the bytes it was given.
pub(crate) fn echo() -> Bytes {
    static ECHO: OnceLock<Bytes> = OnceLock::new();
    ECHO.get_or_init(|| component("guest", &guest(ECHO_BODY)).into()).clone()
}

/// Returns the first argument's value: name (8 bytes), tag at 8, pointer at 12, length at 16.
pub(crate) const ECHO_BODY: &str = "(call $ok (i32.load (i32.add (local.get $args) (i32.const 12))) (i32.load (i32.add (local.get $args) (i32.const 16))))";
