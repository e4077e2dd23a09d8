//! The items of a `for_each` step, one after the other: each in a sandbox of its own, everything else shared.

use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};

use super::{
    attempt::Attempts,
    output::{Checked, storing},
    runner::ended,
    stop::Stop,
    subject::Item,
};
use crate::{
    execute::{
        ports::{AttemptEnd, AttemptReport, ItemBatch, OutputStore},
        stored::{RowsReader, RowsWriter},
    },
    failure::{FailureKind, Usage},
    output::{ItemRange, OutputRef, Place},
    value::{items::batch_items, validate},
};

/// A batch that has run for so long gives its other items back, so that they can be spread over the cores.
const TIME_BOX: Duration = Duration::from_millis(50);
/// Others are let onto the thread so often: as often as a guest that computes lets them.
const TURN: Duration = super::engine::EPOCH;
/// A pack of outputs is closed when it has so many bytes.
const PACK: u64 = 4 << 20;

/// Runs items until they are all done, the time is over, or the run is cancelled.
pub(super) async fn run(attempts: &Attempts<'_>, batch: &ItemBatch) -> AttemptReport {
    let mut ends = Ends::new(attempts.store().clone(), batch.range.first);
    let stopped = run_into(attempts, batch, &mut ends).await.err();
    let closed = ends.close().err();
    let interrupted = stopped.or(closed);
    AttemptReport { ended: ends.ended, interrupted }
}

/// # Errors
/// Says why the host cannot store anything any more.
async fn run_into(attempts: &Attempts<'_>, batch: &ItemBatch, ends: &mut Ends) -> Result<(), String> {
    let range = batch.range;
    let mut source = match Source::open(attempts.store().as_ref(), batch) {
        Ok(source) => source,
        Err(stop) => return ends.fail(range, stop, Usage::default()),
    };
    let began = Instant::now();
    let mut turn = began;
    for index in range.first..range.end() {
        if index > range.first && (attempts.are_cancelled() || began.elapsed() >= TIME_BOX) {
            return Ok(());
        }
        if turn.elapsed() >= TURN {
            tokio::task::yield_now().await;
            turn = Instant::now();
        }
        let bytes = match source.next() {
            Ok(bytes) => bytes,
            // Nothing behind it can be read either.
            Err(stop) => {
                let rest = ItemRange { first: index, count: range.end() - index };
                return ends.fail(rest, stop, Usage::default());
            }
        };
        let (result, usage) = attempts.run(Some(Item { index, bytes })).await;
        match result {
            Ok(output) => ends.succeed(output, usage)?,
            Err(stop) => ends.fail(ItemRange { first: index, count: 1 }, stop, usage)?,
        }
    }
    Ok(())
}

/// The items, read once.
struct Source {
    rows: RowsReader,
    on_disk: bool,
    /// What is left of the batch that was read last.
    left: Bytes,
    /// How many items are wanted.
    wanted: u64,
}

impl Source {
    fn open(store: &dyn OutputStore, batch: &ItemBatch) -> Result<Self, Stop> {
        let on_disk = matches!(batch.source.place, Place::Blob);
        let first = u64::from(batch.range.first);
        let open = || {
            let mut rows = RowsReader::open(store, &batch.source)?;
            rows.skip_to(first)?;
            Ok(rows)
        };
        let rows = if on_disk { tokio::task::block_in_place(open) } else { open() };
        let rows = rows.map_err(|error| Stop::unreadable(WHAT, error))?;
        let mut source = Self { rows, on_disk, left: Bytes::new(), wanted: batch.range.count.into() };
        let before = first - source.read()?.min(first);
        source.skip(before)?;
        Ok(source)
    }

    /// Reads the next batch, and says which item it begins with.
    fn read(&mut self) -> Result<u64, Stop> {
        let mut read = || self.rows.next_batch_for(self.wanted);
        let batch = if self.on_disk { tokio::task::block_in_place(read) } else { read() };
        let batch = batch.map_err(|error| Stop::unreadable(WHAT, error))?.ok_or_else(fewer)?;
        self.left = batch.bytes;
        Ok(batch.first)
    }

    /// Leaves out so many items of the batch that was read.
    fn skip(&mut self, items: u64) -> Result<(), Stop> {
        let mut length = 0;
        let mut batch = batch_items(&self.left);
        for _ in 0..items {
            length += batch.next().and_then(Result::ok).ok_or_else(fewer)?.len();
        }
        self.left.advance(length);
        Ok(())
    }

    fn next(&mut self) -> Result<Bytes, Stop> {
        if self.left.is_empty() {
            self.read()?;
        }
        let item = batch_items(&self.left).next().and_then(Result::ok).ok_or_else(fewer)?.len();
        Ok(self.left.split_to(item))
    }
}

const WHAT: &str = "the list of items";

fn fewer() -> Stop {
    let message = "the list of items is not what the journal says; run the step that made it again";
    Stop::failed(FailureKind::DamagedInput, message)
}

/// How items ended: consecutive successes in packs, each failure for itself.
struct Ends {
    store: std::sync::Arc<dyn OutputStore>,
    ended: Vec<AttemptEnd>,
    /// The outputs that are packed next, and the items that they are of.
    pack: Option<RowsWriter>,
    packed: ItemRange,
    usage: Usage,
}

impl Ends {
    fn new(store: std::sync::Arc<dyn OutputStore>, first: u32) -> Self {
        let packed = ItemRange { first, count: 0 };
        Self { store, ended: Vec::new(), pack: None, packed, usage: Usage::default() }
    }

    fn succeed(&mut self, output: Checked, usage: Usage) -> Result<(), String> {
        let Checked::Value(value, files) = output else {
            return Err("an item's output is not a value; this is a bug of stepmill, please report it".to_owned());
        };
        // Taken out meanwhile: if it cannot be written, nothing in it has succeeded.
        let mut pack = self.pack.take().unwrap_or_else(|| RowsWriter::new(self.store.clone()));
        let item = validate::Item { bytes: &value, files };
        storing(value.len() as u64 + pack.size(), || pack.push(item)).map_err(|stop| stop.to_string())?;
        let size = pack.size();
        self.pack = Some(pack);
        self.packed.count += 1;
        add(&mut self.usage, &usage);
        if size >= PACK { self.close() } else { Ok(()) }
    }

    fn fail(&mut self, items: ItemRange, stop: Stop, usage: Usage) -> Result<(), String> {
        self.close()?;
        self.packed.first = items.end();
        let (end, interrupted) = ended(items, Err(stop), usage);
        self.ended.push(end);
        interrupted.map_or(Ok(()), Err)
    }

    /// Completes the pack.
    fn close(&mut self) -> Result<(), String> {
        let Some(pack) = self.pack.take() else { return Ok(()) };
        let packed: OutputRef = storing(pack.size(), || pack.finish()).map_err(|stop| stop.to_string())?;
        let usage = std::mem::take(&mut self.usage);
        self.ended.push(AttemptEnd::of(self.packed, Ok(packed), usage));
        self.packed = ItemRange { first: self.packed.end(), count: 0 };
        Ok(())
    }
}

fn add(sum: &mut Usage, usage: &Usage) {
    sum.wall_us += usage.wall_us;
    sum.cpu_us += usage.cpu_us;
    sum.memory = sum.memory.max(usage.memory);
    sum.log_lines += usage.log_lines;
    sum.log_lines_dropped += usage.log_lines_dropped;
}
