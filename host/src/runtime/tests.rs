//! Each limit and each way for a guest to end, with real sandboxes.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use tempfile::TempDir;

use super::{
    testing::{ECHO_BODY, MemoryStore, Recorder, component, echo, guest, guest_with},
    *,
};
use crate::{
    execute::ports::{Argument, ArgumentData, AttemptEnd, AttemptJob, AttemptReport, StepRunner},
    failure::{FailureKind, LimitKind, StepFailure},
    grants::Grants,
    ids::{Name, RunId},
    limits::Limits,
    module::Form,
    output::{AttemptName, OutputRef, Place},
};

mod batches;
mod data;
mod grants;
mod hostile;
mod limits;
mod loading;

/// A host with everything in it, and a step to run.
struct Host {
    modules: Arc<Modules>,
    runner: SandboxRunner,
    store: MemoryStore,
    logs: Arc<Recorder>,
    data: TempDir,
    cancel: tokio::sync::watch::Sender<bool>,
    limits: Limits,
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

impl Host {
    fn new() -> Self {
        Self::with(Compiler::InProcess)
    }

    fn with(compiler: Compiler) -> Self {
        let data = TempDir::new().unwrap();
        let modules = modules(data.path().to_owned(), compiler, Arc::new(MemoryIndex::default()));
        let store = MemoryStore::default();
        let runner = SandboxRunner::new(modules.clone(), Arc::new(store.clone()), Surroundings::default());
        let cancel = tokio::sync::watch::channel(false).0;
        Self { modules, runner, store, logs: Arc::default(), data, cancel, limits: Limits::default() }
    }

    fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    fn job(&self, module: &Module, arguments: Vec<Argument>) -> AttemptJob {
        AttemptJob {
            name: AttemptName { run: RunId::generate(), step: name("s"), item: None, attempt: 1 },
            pipeline: name("p"),
            module: module.info().digest,
            function: name("run"),
            arguments,
            output: Form::Value,
            limits: self.limits.clone(),
            grants: Grants::default(),
            scheduled_for: None,
            copy: None,
            reuse: false,
            items: None,
            alone: false,
        }
    }

    async fn report(&self, wasm: impl Into<Bytes>, output: Form, arguments: Vec<Argument>) -> AttemptReport {
        let module = self.modules.load(wasm.into()).await.unwrap();
        let job = AttemptJob { output, ..self.job(&module, arguments) };
        self.runner.run(job, self.logs.clone(), self.cancel.subscribe()).await
    }

    async fn attempt(&self, wasm: impl Into<Bytes>, output: Form, arguments: Vec<Argument>) -> AttemptEnd {
        only(self.report(wasm, output, arguments).await)
    }

    /// Runs a guest with this body to its failure.
    async fn failure(&self, core: &str) -> StepFailure {
        self.attempt(component(core), Form::Value, vec![]).await.result.unwrap_err()
    }

    async fn output(&self, core: &str, arguments: Vec<Argument>) -> Vec<u8> {
        let report = self.attempt(component(core), Form::Value, arguments).await;
        inline(&report.result.unwrap())
    }
}

fn modules(data: PathBuf, compiler: Compiler, index: Arc<dyn ArtifactIndex>) -> Arc<Modules> {
    Modules::new(ModulesOptions { data, compiler, index }).unwrap()
}

/// The one attempt of a report.
fn only(mut report: AttemptReport) -> AttemptEnd {
    assert_eq!(report.ended.len(), 1);
    report.ended.pop().unwrap()
}

fn inline(output: &OutputRef) -> Vec<u8> {
    match &output.place {
        Place::Inline(bytes) => bytes.to_vec(),
        Place::Blob => panic!("{output:?} is not inline"),
    }
}

fn value(parameter: &str, bytes: &[u8]) -> Argument {
    Argument { name: name(parameter), form: Form::Value, data: ArgumentData::Value(Bytes::copy_from_slice(bytes)) }
}

#[tokio::test]
async fn a_step_gets_its_argument_and_returns_a_value() {
    let host = Host::new();
    let report = host.attempt(echo(), Form::Value, vec![value("x", &[0x93, 1, 2, 3])]).await;
    assert_eq!(inline(&report.result.unwrap()), [0x93, 1, 2, 3]);
    assert!(report.usage.memory >= 2 * 65_536 && report.usage.cpu_us > 0, "{:?}", report.usage);
    assert_eq!(host.runner.sandboxes_started(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_attempts_of_one_module() {
    let host = Host::new();
    let module = host.modules.load(echo()).await.unwrap();
    let job = host.job(&module, vec![value("x", &[1])]);
    for _ in 0..200 {
        let report = host.runner.run(job.clone(), host.logs.clone(), host.cancel.subscribe()).await;
        assert!(only(report).result.is_ok());
    }
    assert_eq!(host.runner.sandboxes_started(), 200);
}
