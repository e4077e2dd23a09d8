//! Sandboxes that only pretend: they take their time, return something, fail, or hang until they are cancelled.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;

use super::{broken::Flaw, ledger::Ledger};
use crate::{
    app::{
        Library,
        parts::{ModuleSource, Sandboxes, Storage},
    },
    effects::{
        self,
        simulation::{Random, current, note},
    },
    event::Outcome,
    execute::{
        dispatcher::RunError,
        ports::{
            ArgumentData, AttemptEnd, AttemptJob, AttemptReport, BoxFuture, Cancel, LogLevel, LogLine, LogSink,
            LogStream, OutputStore, StepRunner,
        },
        stored::{self, RowsWriter},
    },
    failure::{FailureKind, StepFailure, Usage},
    ids::{ModuleDigest, Timestamp},
    limits::INLINE_OUTPUT,
    output::{ItemRange, OutputRef},
    runtime::{MemoryIndex, ModuleError, Modules, ModulesOptions},
    value::{encode::Encoder, validate::Item},
};

/// How long an attempt that hangs does so where it is not cancelled.
const HANGS: Duration = Duration::from_secs(3 * 60);

/// Sandboxes that tell the ledger what they do.
pub(super) fn pretended(storage: &Storage, ledger: &Ledger, flaw: Option<Flaw>) -> Sandboxes {
    let started = Arc::new(AtomicU64::new(0));
    let (store, counter) = (Arc::clone(&storage.outputs), Arc::clone(&started));
    let runner = Pretended { ledger: ledger.clone(), store, started: counter, flaw };
    Sandboxes {
        library: library(),
        modules: Arc::new(Shelves { ledger: ledger.clone(), flaw }),
        runner: Arc::new(runner),
        started: Box::new(move || started.load(Ordering::Relaxed)),
    }
}

/// Nothing is asked of it, but every host has one.
fn library() -> Library {
    static MODULES: OnceLock<(Arc<Modules>, tempfile::TempDir)> = OnceLock::new();
    let (modules, _) = MODULES.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let options = ModulesOptions {
            data: folder.path().to_owned(),
            compiler: crate::app::Compiler::InProcess,
            index: Arc::new(MemoryIndex::default()),
        };
        (Modules::new(options).expect("an engine"), folder)
    });
    Library::new(Arc::clone(modules))
}

/// Has every module, or none while they are gone.
struct Shelves {
    ledger: Ledger,
    flaw: Option<Flaw>,
}

impl ModuleSource for Shelves {
    fn restore(&self, digest: ModuleDigest) -> BoxFuture<'_, Result<(), ModuleError>> {
        Box::pin(async move {
            effects::simulation::turn().await;
            self.ledger.may_panic();
            let known = self.ledger.known();
            let are_lost = self.flaw == Some(Flaw::LosesModules) && known.trouble.was_ever();
            if known.modules_are_gone || are_lost { Err(ModuleError::Missing { digest }) } else { Ok(()) }
        })
    }

    fn drive(&self, run: BoxFuture<'static, Result<Outcome, RunError>>) -> JoinHandle<Result<Outcome, RunError>> {
        if self.flaw == Some(Flaw::DropsRuns) && decide(|random| random.one_in(4)) {
            // Its task ends as if by itself, in the middle of the run.
            let ends = Duration::from_millis(decide(|random| random.below(200)));
            return effects::spawn(
                async move { tokio::time::timeout(ends, run).await.unwrap_or(Err(RunError::Stopped)) },
            );
        }
        effects::spawn(run)
    }
}

struct Pretended {
    ledger: Ledger,
    store: Arc<dyn OutputStore>,
    started: Arc<AtomicU64>,
    flaw: Option<Flaw>,
}

impl StepRunner for Pretended {
    fn run(&self, job: AttemptJob, logs: Arc<dyn LogSink>, cancel: Cancel) -> BoxFuture<'static, AttemptReport> {
        self.started.fetch_add(1, Ordering::Relaxed);
        self.ledger.may_panic();
        let (alone, range) = (job.alone, job.range());
        if self.flaw == Some(Flaw::RepeatsSteps) {
            effects::spawn(repeat(self.ledger.clone(), job.clone()));
        }
        let sandbox = Sandbox { ledger: self.ledger.clone(), store: Arc::clone(&self.store), job };
        let attempts = sandbox.attempts(logs, cancel);
        if alone {
            return Box::pin(attempts);
        }
        let task = AbortOnDrop(effects::spawn(attempts));
        Box::pin(async move {
            let mut task = task;
            (&mut task.0).await.unwrap_or_else(|_| AttemptReport {
                ended: vec![AttemptEnd::of(range, Err(failed(FailureKind::Host)), Usage::default())],
                interrupted: None,
            })
        })
    }
}

/// Executes an attempt once more, when it has probably ended.
async fn repeat(ledger: Ledger, job: AttemptJob) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(ledger.begins(&job, job.range().first));
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Sandbox {
    ledger: Ledger,
    store: Arc<dyn OutputStore>,
    job: AttemptJob,
}

impl Sandbox {
    async fn attempts(self, logs: Arc<dyn LogSink>, cancel: Cancel) -> AttemptReport {
        let range = self.job.range();
        let mut ended = Vec::new();
        for item in range.first..range.end() {
            // What was not begun is given back.
            if item > range.first && (*cancel.borrow() || decide(|random| random.one_in(8))) {
                break;
            }
            if item == range.first && *cancel.borrow() {
                let items = ItemRange { first: item, count: 1 };
                ended.push(AttemptEnd::of(items, Err(failed(FailureKind::Cancelled)), Usage::default()));
                break;
            }
            let result = self.attempt(item, logs.as_ref(), cancel.clone()).await;
            let items = ItemRange { first: item, count: 1 };
            let usage = Usage { wall_us: decide(|random| random.below(20_000)), ..Usage::default() };
            match result.map(|value| self.keep(&value)) {
                Ok(Ok(output)) => ended.push(AttemptEnd::of(items, Ok(output), usage)),
                Ok(Err(error)) => return AttemptReport { ended, interrupted: Some(error.to_string()) },
                Err(failure) => ended.push(AttemptEnd::of(items, Err(failure), usage)),
            }
        }
        AttemptReport { ended, interrupted: None }
    }

    async fn attempt(&self, item: u32, logs: &dyn LogSink, mut cancel: Cancel) -> Result<Vec<u8>, StepFailure> {
        let name = &self.job.name;
        let _running = self.ledger.begins(&self.job, item);
        note(format_args!("{name} +{item} begins"));
        if decide(|random| random.one_in(4)) {
            logs.line(LogLine {
                at: Timestamp::now(),
                level: LogLevel::Info,
                stream: LogStream::Log,
                text: format!("{name} says something"),
            });
        }
        let takes = decide(duration);
        tokio::select! {
            biased;
            _ = cancel.wait_for(|asked| *asked) => {
                note(format_args!("{name} +{item} is cancelled"));
                return Err(failed(FailureKind::Cancelled));
            }
            () = tokio::time::sleep(takes), if !takes.is_zero() => {}
            () = effects::simulation::turn(), if takes.is_zero() => {}
        }
        self.ledger.may_panic();
        let result = self.result(item);
        note(format_args!("{name} +{item} ends: {}", if result.is_ok() { "returns" } else { "fails" }));
        result
    }

    /// What a pure step returns follows from what it is given; others return something new each time.
    fn result(&self, item: u32) -> Result<Vec<u8>, StepFailure> {
        if decide(|random| random.one_in(12)) {
            return Err(failed(FailureKind::Host));
        }
        let mut given = blake3::Hasher::new();
        given.update(self.job.function.as_str().as_bytes());
        given.update(&item.to_le_bytes());
        for argument in &self.job.arguments {
            match &argument.data {
                ArgumentData::Output { output, .. } => given.update(&output.hash.0),
                other => given.update(format!("{other:?}").as_bytes()),
            };
        }
        if !self.job.grants.is_pure() {
            given.update(&decide(Random::next).to_le_bytes());
        }
        let given = given.finalize();
        match given.as_bytes()[0] {
            0..20 => return Err(failed(FailureKind::Failed)),
            20..30 => return Err(failed(FailureKind::RetryAfter(3_000))),
            _ => {}
        }
        // Few different large outputs, so that runs share them.
        let large = given.as_bytes()[1] < 40;
        let text =
            if large { format!("{:?}", given.as_bytes()[2] % 4).repeat(INLINE_OUTPUT + 1) } else { given.to_string() };
        let mut value = Encoder::default();
        value.str(&text);
        Ok(value.into_vec())
    }

    fn keep(&self, value: &[u8]) -> std::io::Result<OutputRef> {
        if self.job.items.is_none() {
            return stored::store_value(self.store.as_ref(), value, Vec::new());
        }
        let mut pack = RowsWriter::new(Arc::clone(&self.store));
        pack.push(Item { bytes: value, files: Vec::new() })?;
        pack.finish()
    }
}

fn failed(kind: FailureKind) -> StepFailure {
    StepFailure::new(kind, "pretended")
}

fn duration(random: &mut Random) -> Duration {
    match random.below(32) {
        0 => HANGS,
        1..4 => Duration::from_millis(random.between(1_000, 60_000)),
        4..16 => Duration::from_millis(random.between(1, 80)),
        _ => Duration::ZERO,
    }
}

/// Decides something.
pub(super) fn decide<T>(of: impl FnOnce(&mut Random) -> T) -> T {
    let simulation = current().expect("a simulation");
    of(&mut simulation.random())
}
