//! The cache before a runner that computes without sandboxes, an index in memory, and a store that can be damaged.

mod explaining;
mod keys;
mod runs;

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use tokio::sync::watch;

use super::*;
use crate::{
    execute::{
        ports::{Argument, ArgumentData, BlobKind, BlobReader, BlobWriter, ItemBatch, Progress},
        stored::{self, RowsReader, RowsWriter},
    },
    failure::{FailureKind, StepFailure, Usage},
    grants::Grants,
    ids::{ModuleDigest, Name, RunId, Timestamp},
    limits::Limits,
    module::Form,
    output::{ItemRange, Place},
    persist::outputs::MemoryOutputs,
    value::{items::batch_items, json, validate::Item},
};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn bytes(value: &serde_json::Value) -> Bytes {
    json::from_json(value).unwrap().into()
}

fn value(value: &serde_json::Value) -> OutputRef {
    stored::store_value(&MemoryOutputs::new(), &bytes(value), Vec::new()).unwrap()
}

fn argument(text: &str, data: ArgumentData) -> Argument {
    Argument { name: name(text), form: Form::Value, data }
}

fn output(output: OutputRef, path: &str) -> ArgumentData {
    ArgumentData::Output { output, path: path.parse().unwrap() }
}

fn job(arguments: Vec<Argument>) -> AttemptJob {
    AttemptJob {
        name: AttemptName { run: RunId::generate(), step: name("hot"), item: None, attempt: 1 },
        pipeline: name("weather"),
        module: ModuleDigest([1; 32]),
        function: name("hot_days"),
        arguments,
        output: Form::Value,
        limits: Limits::default(),
        grants: Grants::default(),
        scheduled_for: None,
        reuse: true,
        items: None,
        copy: None,
        alone: false,
    }
}

fn batch(source: &OutputRef, first: u32, count: u32) -> AttemptJob {
    let mut job = job(vec![argument("year", ArgumentData::Item { path: Default::default() })]);
    job.name.item = Some(first);
    job.items = Some(ItemBatch { source: source.clone(), range: ItemRange { first, count } });
    job
}

/// A stream, in a blob if it is large.
fn rows(store: &Arc<dyn OutputStore>, items: impl IntoIterator<Item = Vec<u8>>) -> OutputRef {
    let mut writer = RowsWriter::new(Arc::clone(store));
    for item in items {
        writer.push(Item { bytes: &item, files: Vec::new() }).unwrap();
    }
    writer.finish().unwrap()
}

fn numbers(store: &Arc<dyn OutputStore>, numbers: impl IntoIterator<Item = u64>) -> OutputRef {
    rows(store, numbers.into_iter().map(|number| json::from_json(&number.into()).unwrap()))
}

/// All items of a stream.
fn items(store: &dyn OutputStore, stream: &OutputRef) -> Vec<Bytes> {
    let mut rows = RowsReader::open(store, stream).unwrap();
    let mut all = Vec::new();
    while let Some(batch) = rows.next_batch().unwrap() {
        all.extend(batch_items(&batch.bytes).map(|item| batch.bytes.slice_ref(item.unwrap())));
    }
    all
}

/// The world around a [`ReusingRunner`], and what happened in it.
struct World {
    store: Arc<Frail>,
    fake: Arc<Fake>,
    index: Arc<Index>,
    said: Arc<Said>,
}

impl World {
    fn new() -> Self {
        let store = Arc::new(Frail::default());
        let outputs: Arc<dyn OutputStore> = Arc::clone(&store) as _;
        let fake = Arc::new(Fake {
            store: outputs,
            ran: Mutex::default(),
            most: Mutex::new(u32::MAX),
            large: Mutex::default(),
        });
        Self { store, fake, index: Arc::default(), said: Arc::default() }
    }

    fn outputs(&self) -> Arc<dyn OutputStore> {
        Arc::clone(&self.store) as _
    }

    /// Runs a job in a process that has seen nothing yet, and keeps the results as a journal would.
    async fn run(&self, job: &AttemptJob) -> AttemptReport {
        self.fake.ran.lock().unwrap().clear();
        let (runner, results) = (Arc::clone(&self.fake) as _, Arc::clone(&self.index) as _);
        let runner = ReusingRunner::new(runner, results, self.outputs(), Arc::new(Stopped));
        let (_keep, cancel) = watch::channel(false);
        let report = runner.run(job.clone(), Arc::clone(&self.said) as _, cancel).await;
        self.index.keep(job, &report);
        report
    }

    /// What ran, as ranges of items.
    fn ran(&self) -> Vec<(u32, u32)> {
        self.fake.ran.lock().unwrap().iter().map(|range| (range.first, range.count)).collect()
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp(7)
    }
}

/// Keeps log lines.
#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl LogSink for Said {
    fn line(&self, line: LogLine) {
        self.0.lock().unwrap().push(line.text);
    }

    fn progress(&self, _: Progress) {}

    fn of_item(self: Arc<Self>, item: u32) -> Arc<dyn LogSink> {
        self.0.lock().unwrap().push(format!("item {item}:"));
        self
    }
}

/// Returns its first argument or item as hex, of a batch at most so many items. Fails for the item 13.
struct Fake {
    store: Arc<dyn OutputStore>,
    ran: Mutex<Vec<ItemRange>>,
    most: Mutex<u32>,
    /// How many bytes each result has more.
    large: Mutex<usize>,
}

impl Fake {
    fn result(&self, given: &[u8]) -> Vec<u8> {
        let text = format!("{}{}", hex::encode(given), "x".repeat(*self.large.lock().unwrap()));
        json::from_json(&text.into()).unwrap()
    }

    fn ends(&self, job: &AttemptJob) -> Vec<AttemptEnd> {
        let Some(batch) = &job.items else {
            let given = match &job.arguments[0].data {
                ArgumentData::Value(bytes) => bytes.clone(),
                other => Bytes::from(format!("{other:?}")),
            };
            let output = stored::store_value(self.store.as_ref(), &self.result(&given), Vec::new()).unwrap();
            return vec![AttemptEnd::of(ItemRange::WHOLE, Ok(output), Usage::default())];
        };
        if let Err(error) = RowsReader::open(self.store.as_ref(), &batch.source) {
            let failure = StepFailure::new(FailureKind::DamagedInput, error.to_string());
            return vec![AttemptEnd::of(batch.range, Err(failure), Usage::default())];
        }
        let given = items(self.store.as_ref(), &batch.source);
        let end = batch.range.end().min(batch.range.first.saturating_add(*self.most.lock().unwrap()));
        let given = &given[batch.range.first as usize..end as usize];
        let mut ends = Vec::new();
        let mut first = batch.range.first;
        for group in given.split_inclusive(|item| item[..] == [13]) {
            let good = group.strip_suffix(&[Bytes::from_static(&[13])]).unwrap_or(group);
            let count = u32::try_from(good.len()).unwrap();
            if count > 0 {
                let output = rows(&self.store, good.iter().map(|item| self.result(item)));
                ends.push(AttemptEnd::of(ItemRange { first, count }, Ok(output), Usage::default()));
            }
            if good.len() < group.len() {
                let failure = StepFailure::new(FailureKind::Failed, "thirteen");
                let range = ItemRange { first: first + count, count: 1 };
                ends.push(AttemptEnd::of(range, Err(failure), Usage::default()));
            }
            first += u32::try_from(group.len()).unwrap();
        }
        ends
    }
}

impl StepRunner for Fake {
    fn run(&self, job: AttemptJob, _: Arc<dyn LogSink>, _: Cancel) -> BoxFuture<'static, AttemptReport> {
        self.ran.lock().unwrap().push(job.range());
        assert_eq!(job.name.item, job.items.as_ref().map(|items| items.range.first));
        let ended = self.ends(&job);
        Box::pin(async move { AttemptReport { ended, interrupted: None } })
    }
}

/// Finds what was kept, unless it is broken.
#[derive(Default)]
struct Index {
    results: Mutex<HashMap<ContentHash, CachedResult>>,
    broken: Mutex<bool>,
    asked: Mutex<usize>,
}

impl Index {
    fn keep(&self, job: &AttemptJob, report: &AttemptReport) {
        let mut results = self.results.lock().unwrap();
        for end in &report.ended {
            let (Ok(output), Some(entry)) = (&end.result, &end.cache) else { continue };
            assert_eq!(entry.keys.len(), end.items.count as usize);
            let packed = job.items.is_some();
            for (key, index) in entry.keys.iter().zip(0_u32..) {
                let mut attempt = end.reused.as_deref().unwrap_or(&job.name).clone();
                if packed {
                    let first = end.reused.as_ref().map_or(Some(end.items.first), |reused| reused.item).unwrap();
                    attempt.item = Some(first + index);
                }
                let result = CachedResult { attempt, output: output.clone(), index: index.into(), packed };
                results.entry(*key).or_insert(result);
            }
        }
    }
}

impl ResultCache for Index {
    fn lookup(&self, keys: Vec<ContentHash>) -> BoxFuture<'static, Result<Vec<Option<CachedResult>>, LookupError>> {
        *self.asked.lock().unwrap() += 1;
        let results = self.results.lock().unwrap();
        let found = keys.iter().map(|key| results.get(key).cloned()).collect();
        let broken = *self.broken.lock().unwrap();
        Box::pin(async move { if broken { Err(LookupError("told to".into())) } else { Ok(found) } })
    }
}

/// A store in memory with blobs that are damaged.
#[derive(Default)]
struct Frail {
    good: MemoryOutputs,
    damaged: Mutex<HashSet<ContentHash>>,
    opened: Mutex<Vec<ContentHash>>,
}

impl OutputStore for Frail {
    fn create(&self, kind: BlobKind) -> io::Result<Box<dyn BlobWriter>> {
        self.good.create(kind)
    }

    fn open(&self, hash: &ContentHash) -> io::Result<Box<dyn BlobReader>> {
        self.opened.lock().unwrap().push(*hash);
        if self.damaged.lock().unwrap().contains(hash) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is damaged"));
        }
        self.good.open(hash)
    }
}
