//! Runs without sandboxes: a runner that answers from a script, a journal in memory, a clock that counts.

mod dispatcher;
mod lasting;
mod rerun;
mod state;
mod trouble;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;

use super::{dispatcher::Ports, ports::*};
use crate::{
    event::{EventKind, Origin, RunEvent, RunOptions},
    failure::{FailureKind, StepFailure, Usage},
    ids::{ContentHash, Name, RunId, StepIndex, Timestamp},
    module::Form,
    output::{AttemptName, ItemRange, OutputRef, Place},
    persist::outputs::MemoryOutputs,
    plan::{ArgumentSource, OnError, Plan, PlanArgument, PlanStep, testing},
};

/// A plan of steps `s0`, `s1`, … with these edges; every edge carries data.
pub(super) fn plan(count: u32, edges: &[(u32, u32)]) -> Plan {
    let list = |pick: &dyn Fn(&(u32, u32)) -> Option<u32>| {
        let mut list: Vec<_> = edges.iter().filter_map(pick).map(StepIndex).collect();
        list.sort_unstable();
        list.dedup();
        list
    };
    let steps = (0..count).map(|index| {
        let upstreams = list(&|(from, to)| (*to == index).then_some(*from));
        let arguments = upstreams.iter().map(|up| PlanArgument {
            name: Name::new(&format!("from{}", up.0)).unwrap(),
            form: Form::Value,
            source: ArgumentSource::Step { step: *up, path: Default::default() },
        });
        PlanStep {
            arguments: arguments.collect(),
            upstreams,
            downstreams: list(&|(from, to)| (*from == index).then_some(*to)),
            ..testing::step(&format!("s{index}"))
        }
    });
    testing::plan(steps.collect())
}

pub(super) fn output(text: &str) -> OutputRef {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    OutputRef {
        form: Form::Value,
        hash: ContentHash(*blake3::hash(&bytes).as_bytes()),
        size: bytes.len() as u64,
        items: None,
        place: Place::Inline(bytes),
        files: Vec::new(),
    }
}

pub(super) fn created() -> EventKind {
    EventKind::Created { params: Vec::new(), origin: Origin::Manual, options: RunOptions::default() }
}

/// Answers with the step's name and the texts it was given; fails or waits where told to.
#[derive(Default)]
pub(super) struct Script {
    pub(super) fails: Vec<&'static str>,
    pub(super) hangs: Vec<&'static str>,
    pub(super) storage_fails: Vec<&'static str>,
    /// Answers with an earlier result.
    pub(super) reuses: Vec<&'static str>,
    pub(super) runs: Mutex<HashMap<String, u32>>,
    pub(super) running: AtomicUsize,
    pub(super) most_running: AtomicUsize,
}

impl Script {
    fn answer(&self, job: &AttemptJob) -> Result<OutputRef, StepFailure> {
        let step = job.name.step.as_str();
        if self.fails.contains(&step) {
            return Err(StepFailure::new(FailureKind::Failed, "told to"));
        }
        let given = job.arguments.iter().map(|argument| match &argument.data {
            ArgumentData::Output { output: OutputRef { place: Place::Inline(bytes), .. }, .. } => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            other => format!("{other:?}"),
        });
        let digest = blake3::hash(given.collect::<Vec<_>>().join(",").as_bytes()).to_hex();
        Ok(output(&format!("{step}({})", &digest[..8])))
    }
}

/// A [`Script`] as a runner.
pub(super) struct ScriptRunner(pub(super) Arc<Script>);

impl StepRunner for ScriptRunner {
    fn run(&self, job: AttemptJob, logs: Arc<dyn LogSink>, mut cancel: Cancel) -> BoxFuture<'static, AttemptReport> {
        let script = Arc::clone(&self.0);
        Box::pin(async move {
            *script.runs.lock().unwrap().entry(job.name.step.to_string()).or_default() += 1;
            let now = script.running.fetch_add(1, Ordering::SeqCst) + 1;
            script.most_running.fetch_max(now, Ordering::SeqCst);
            logs.line(LogLine {
                at: Timestamp(0),
                level: LogLevel::Info,
                stream: LogStream::Log,
                text: job.name.step.to_string(),
            });
            tokio::task::yield_now().await;
            let mut result = script.answer(&job);
            if script.hangs.contains(&job.name.step.as_str()) {
                cancel.wait_for(|cancelled| *cancelled).await.ok();
                result = Err(StepFailure::new(FailureKind::Cancelled, "cancelled"));
            }
            script.running.fetch_sub(1, Ordering::SeqCst);
            let interrupted = script.storage_fails.contains(&job.name.step.as_str()).then(|| "disk full".to_owned());
            let mut end = AttemptEnd::of(ItemRange::WHOLE, result, Usage::default());
            end.reused = script.reuses.contains(&job.name.step.as_str()).then(|| Box::new(job.name));
            AttemptReport { ended: vec![end], interrupted }
        })
    }
}

/// Keeps events, or refuses them after so many appends.
#[derive(Default)]
pub(super) struct Notebook {
    pub(super) events: Mutex<Vec<RunEvent>>,
    pub(super) appends: AtomicUsize,
    pub(super) refuse_after: Option<usize>,
    pub(super) lines: Mutex<Vec<String>>,
    pub(super) told: AtomicUsize,
}

/// A [`Notebook`] that takes a while: each commit waits for a permit.
pub(super) struct Slow(pub(super) Arc<Notebook>, pub(super) Arc<tokio::sync::Semaphore>);

impl Journal for Slow {
    fn create(
        &self,
        run: RunId,
        plan: Arc<Plan>,
        events: Vec<RunEvent>,
        request: Option<RequestKey>,
    ) -> BoxFuture<'static, Result<Accepted, JournalError>> {
        Keeper(Arc::clone(&self.0)).create(run, plan, events, request)
    }

    fn append(&self, events: Vec<RunEvent>) -> BoxFuture<'static, Result<(), JournalError>> {
        let (notebook, permits) = (Arc::clone(&self.0), Arc::clone(&self.1));
        Box::pin(async move {
            permits.acquire().await.unwrap().forget();
            Journal::append(&Keeper(notebook), events).await
        })
    }
}

/// A [`Notebook`] as every port that keeps or hears something.
pub(super) struct Keeper(pub(super) Arc<Notebook>);

impl Journal for Keeper {
    fn create(
        &self,
        _: RunId,
        _: Arc<Plan>,
        events: Vec<RunEvent>,
        _: Option<RequestKey>,
    ) -> BoxFuture<'static, Result<Accepted, JournalError>> {
        let kept = Journal::append(self, events);
        Box::pin(async move { kept.await.map(|()| Accepted::New) })
    }

    fn append(&self, events: Vec<RunEvent>) -> BoxFuture<'static, Result<(), JournalError>> {
        let count = self.0.appends.fetch_add(1, Ordering::SeqCst);
        let refused = self.0.refuse_after.is_some_and(|limit| count >= limit);
        if !refused {
            self.0.events.lock().unwrap().extend(events);
        }
        Box::pin(async move {
            tokio::task::yield_now().await;
            if refused { Err(JournalError("told to".into())) } else { Ok(()) }
        })
    }
}

impl LogStore for Keeper {
    fn append(&self, _: StepIndex, _: &AttemptName, line: LogLine) {
        self.0.lines.lock().unwrap().push(line.text);
    }
}

impl Observer for Keeper {
    fn committed(&self, _: &Plan, events: &[RunEvent]) {
        self.0.told.fetch_add(events.len(), Ordering::SeqCst);
    }

    fn logged(&self, _: &AttemptName, _: &LogLine) {}

    fn progressed(&self, _: &AttemptName, _: &Progress) {}
}

#[derive(Default)]
struct Counter(AtomicI64);

impl Clock for Counter {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

pub(super) fn ports(script: &Arc<Script>, notebook: &Arc<Notebook>) -> Ports {
    Ports {
        runner: Arc::new(ScriptRunner(Arc::clone(script))),
        journal: Arc::new(Keeper(Arc::clone(notebook))),
        outputs: Arc::new(MemoryOutputs::default()),
        logs: Arc::new(Keeper(Arc::clone(notebook))),
        observer: Arc::new(Keeper(Arc::clone(notebook))),
        clock: Arc::new(Counter::default()),
        gate: Arc::default(),
    }
}
