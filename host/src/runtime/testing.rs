//! For tests: components made from a few lines of core WebAssembly, and fakes of the ports.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, OnceLock},
};

use bytes::Bytes;

use crate::{
    execute::ports::{BlobInfo, BlobKind, BlobReader, BlobWriter, Frame, LogLine, LogSink, OutputStore, Progress},
    ids::ContentHash,
    limits::FRAME,
    output::hash,
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

    fn of_item(self: Arc<Self>, _: u32) -> Arc<dyn LogSink> {
        self
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
        let hashes: Vec<_> = frames.iter().map(|frame| hash::frame(&frame.bytes)).collect();
        let items = frames.iter().map(|frame| u32::try_from(frame.items).unwrap());
        let info = BlobInfo {
            hash: match self.kind {
                BlobKind::Bytes => hash::bytes_of(hashes.iter()),
                BlobKind::Rows => hash::rows_of(hashes.iter().zip(items)),
            },
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

/// An interface of WASI that test guests import if their text names it.
struct Wasi {
    interface: &'static str,
    function: &'static str,
    signature: &'static str,
    options: &'static str,
}

const WASI: [Wasi; 4] = [
    Wasi { interface: "wasi:cli/exit@0.2.0", function: "exit", signature: r#"(param "status" (result))"#, options: "" },
    Wasi {
        interface: "wasi:random/random@0.2.0",
        function: "get-random-bytes",
        signature: r#"(param "len" u64) (result (list u8))"#,
        options: "(memory $memory) (realloc $realloc)",
    },
    Wasi { interface: "wasi:clocks/monotonic-clock@0.2.0", function: "now", signature: "(result u64)", options: "" },
    Wasi { interface: "wasi:sockets/network@0.2.0", function: "probe", signature: "", options: "" },
];

/// A component from its text.
pub(crate) fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// The text of a module whose `run` has this body, with `(param $step i32) (param $step_len i32) (param $args i32)
/// (param $args_len i32)`, and leaves the address of its result: `$ok` makes one from bytes.
pub(crate) fn guest(run: &str) -> String {
    guest_with("", run, "(call $describe)")
}

/// The same with more definitions, imports each on a line, and another `describe`.
pub(crate) fn guest_with(definitions: &str, run: &str, describe: &str) -> String {
    let (imports, others): (Vec<_>, Vec<_>) =
        definitions.lines().partition(|line| line.trim_start().starts_with("(import"));
    let wasi = || WASI.iter().filter(|wasi| definitions.contains(wasi.interface));
    let import = |wasi: &Wasi| {
        let Wasi { interface, function, signature, .. } = wasi;
        format!(r#"(import "{interface}" (instance ${function} (export "{function}" (func {signature}))))"#)
    };
    let instance = |wasi: &Wasi| {
        let Wasi { interface, function, .. } = wasi;
        format!(r#"(with "{interface}" (instance (export "{function}" (func ${function}))))"#)
    };
    let lower = |wasi: &Wasi| {
        let Wasi { function, options, .. } = wasi;
        format!(r#"(core func ${function} (canon lower (func ${function} "{function}") {options}))"#)
    };
    format!(
        include_str!("testing/guest.wat"),
        wasi_imports = wasi().map(import).collect::<String>(),
        wasi_functions = wasi().map(lower).collect::<String>(),
        wasi_instances = wasi().map(instance).collect::<String>(),
        imports = imports.join("\n"),
        others = others.join("\n"),
        run = run,
        describe = describe,
    )
}

/// A module whose step `run` returns the bytes it was given.
pub(crate) fn echo() -> Bytes {
    static ECHO: OnceLock<Bytes> = OnceLock::new();
    ECHO.get_or_init(|| component(&guest(ECHO_BODY)).into()).clone()
}

/// Returns the first argument's value: name (8 bytes), tag at 8, pointer at 12, length at 16.
pub(crate) const ECHO_BODY: &str = "(call $ok (i32.load (i32.add (local.get $args) (i32.const 12))) (i32.load (i32.add (local.get $args) (i32.const 16))))";
