//! Tests of the journal as a whole; what they share is here.

mod bounds;
mod calls;
mod copies;
mod crash;
mod damage;
mod ends;
mod faults;
mod groups;
mod projection;
mod reading;
mod recovery;
mod replay;
mod suite;

use std::{path::Path, sync::Arc};

pub(super) use calls::hold;
pub(super) use recovery::{fail, settled};

use bytes::Bytes;

use super::{DataDir, Reader, SqliteJournal, WriterDir};
use crate::{
    event::{EventKind, Origin, Outcome, RunEvent, RunOptions},
    execute::ports::{BoxFuture, Journal, JournalError},
    failure::Usage,
    ids::{ContentHash, Name, RunId, StepIndex, Timestamp},
    module::Form,
    output::{ItemRange, OutputRef, Place},
    plan::{Plan, testing},
};

/// A plan of unconnected steps `s0`, `s1`, …
pub(super) fn plan(pipeline: &str, steps: u32) -> Arc<Plan> {
    let steps = (0..steps).map(|index| testing::step(&format!("s{index}"))).collect();
    Arc::new(Plan { pipeline: Name::new(pipeline).unwrap(), ..testing::plan(steps) })
}

/// Numbers events from a seq on.
pub(super) fn events(run: RunId, from: u64, kinds: impl IntoIterator<Item = EventKind>) -> Vec<RunEvent> {
    (from..).zip(kinds).map(|(seq, kind)| RunEvent { run, seq, at: Timestamp(1_000 + seq as i64), kind }).collect()
}

pub(super) fn created() -> EventKind {
    EventKind::Created { params: Vec::new(), origin: Origin::Manual, options: RunOptions::default() }
}

pub(super) fn started(step: u32, attempt: u32) -> EventKind {
    EventKind::AttemptStarted { step: StepIndex(step), items: ItemRange::WHOLE, attempt }
}

pub(super) fn succeeded(step: u32, attempt: u32, output: OutputRef) -> EventKind {
    let usage = Usage { wall_us: 5, cpu_us: 4, memory: 65_536, log_lines: 1, log_lines_dropped: 0 };
    EventKind::AttemptSucceeded {
        step: StepIndex(step),
        items: ItemRange::WHOLE,
        attempt,
        output,
        usage,
        cache: None,
        reused: None,
    }
}

pub(super) fn finished() -> EventKind {
    EventKind::Finished { outcome: Outcome::Succeeded }
}

pub(super) fn inline(bytes: &[u8]) -> OutputRef {
    OutputRef {
        form: Form::Value,
        hash: ContentHash(*blake3::hash(bytes).as_bytes()),
        size: bytes.len() as u64,
        items: None,
        place: Place::Inline(Bytes::copy_from_slice(bytes)),
        files: Vec::new(),
    }
}

/// Waits for an answer, outside of a runtime.
pub(super) fn wait<T>(future: BoxFuture<'static, T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn open(path: &Path) -> (WriterDir, SqliteJournal) {
    let dir = DataDir::open_writer(path).unwrap();
    let journal = SqliteJournal::open(&dir).unwrap();
    (dir, journal)
}

fn reader(path: &Path) -> Reader {
    Reader::open(&DataDir::open_reader(path).unwrap()).unwrap()
}

/// Makes a run with its first event.
fn create(journal: &dyn Journal, pipeline: &str, steps: u32) -> RunId {
    let run = RunId::generate();
    wait(journal.create(run, plan(pipeline, steps), events(run, 0, [created()]), None)).unwrap();
    run
}

fn append(journal: &dyn Journal, events: Vec<RunEvent>) -> Result<(), JournalError> {
    wait(journal.append(events))
}

/// Copies what a power loss at this moment would leave of a database.
fn copy_database(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["stepmill.db", "stepmill.db-wal"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}
