//! One call into a fresh sandbox, from its making to its end.

use std::{future::Future, sync::Arc, time::Duration};

use wasmtime::{Store, component::Resource};

use super::{
    bindings::{
        StepModulePre,
        exports::stepmill::step::steps::{Argument as ArgumentParam, Content, Output},
        stepmill::step::types::{StepError, StepInfo},
    },
    classify::{reported, trapped},
    host::{logs::Logs, rows::RowReader, step_io::StepIo},
    input::{Input, InputData},
    meter::Spent,
    sandbox::{Sandbox, cancelled},
    stop::Stop,
    subject::Subject,
};
use crate::{
    execute::ports::Cancel,
    failure::{FailureKind, LimitKind},
    ids::{ModuleDigest, Name},
    limits::Limits,
};

/// What a guest left behind.
pub(super) struct Returned {
    /// What the step says that it returned.
    pub(super) output: Output,
    /// What it wrote.
    pub(super) io: Option<StepIo>,
}

/// Runs a step in the sandbox.
///
/// # Errors
/// Why there is no output.
pub(super) async fn run(
    pre: &StepModulePre<Sandbox>,
    sandbox: Sandbox,
    step: &Name,
    inputs: Vec<Input>,
) -> Result<Returned, Stop> {
    let mut store = new_store(pre, sandbox)?;
    let result = call_run(pre, &mut store, step, inputs).await;
    match result {
        Ok(Ok(output)) => Ok(Returned { output, io: store.data_mut().io.take() }),
        Ok(Err(error)) => Err(Stop::Failed(reported(error))),
        Err(error) => Err(trapped(&error, store.data())),
    }
}

async fn call_run(
    pre: &StepModulePre<Sandbox>,
    store: &mut Store<Sandbox>,
    step: &Name,
    inputs: Vec<Input>,
) -> wasmtime::Result<Result<Output, StepError>> {
    let guest = pre.instantiate_async(&mut *store).await?;
    let mut values = Vec::with_capacity(inputs.len());
    for Input { name, data } in inputs {
        values.push((name, lent(store, data)?));
    }
    let arguments: Vec<_> = values
        .iter()
        .map(|(name, data)| ArgumentParam {
            name: name.as_str(),
            content: match data {
                Lent::Value(bytes) => Content::Value(bytes),
                Lent::Rows(reader) => Content::Rows(Resource::new_own(reader.rep())),
            },
        })
        .collect();
    guest.stepmill_step_steps().call_run(store, step.as_str(), &arguments).await
}

/// Data that the guest is given.
enum Lent {
    Value(bytes::Bytes),
    Rows(Resource<RowReader>),
}

fn lent(store: &mut Store<Sandbox>, data: InputData) -> wasmtime::Result<Lent> {
    Ok(match data {
        InputData::Value(bytes) => Lent::Value(bytes),
        InputData::Rows(reader) => Lent::Rows(store.data_mut().table.push(reader)?),
    })
}

/// Asks a module what it contains.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn describe(
    pre: &StepModulePre<Sandbox>,
    digest: ModuleDigest,
    logs: Logs,
) -> Result<Vec<StepInfo>, Stop> {
    let limits = Limits::describe();
    let spent = Arc::new(Spent::default());
    let sandbox = Sandbox::new(&limits, logs, Subject::Module(digest), spent.clone());
    let call = async {
        let mut store = new_store(pre, sandbox)?;
        let answer = async {
            let guest = pre.instantiate_async(&mut store).await?;
            guest.stepmill_step_steps().call_describe(&mut store).await
        };
        answer.await.map_err(|error| trapped(&error, store.data()))
    };
    within(&limits, None, Duration::ZERO, spent.count(call)).await
}

fn new_store(pre: &StepModulePre<Sandbox>, sandbox: Sandbox) -> Result<Store<Sandbox>, Stop> {
    let make = sandbox.into_store(pre.engine());
    make.map_err(|error| {
        let failed = || Stop::failed(FailureKind::Host, format!("no sandbox can be made: {error:#}"));
        Stop::shortage(&error).unwrap_or_else(failed)
    })
}

/// How long a step that can know of it may go on when the run is cancelled, to leave things in order.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// Runs a guest until it ends, its time is over, or the run is cancelled and the grace over.
pub(super) async fn within<T>(
    limits: &Limits,
    cancel: Option<Cancel>,
    grace: Duration,
    guest: impl Future<Output = Result<T, Stop>>,
) -> Result<T, Stop> {
    let most = limits.wall_ms;
    tokio::select! {
        biased;
        // First, because most guests end at the first poll: then nothing needs to be watched. Others yield.
        result = tokio::time::timeout(Duration::from_millis(most), guest) => result.unwrap_or_else(|_| {
            Err(Stop::limit(LimitKind::Wall, format!("the step took longer than {most} ms: raise `timeout` of the step")))
        }),
        () = is_cancelled(cancel, grace) => Err(cancelled()),
    }
}

/// Ends when the run is cancelled and the grace over; never if nobody can cancel it.
async fn is_cancelled(cancel: Option<Cancel>, grace: Duration) {
    let Some(mut cancel) = cancel else { return std::future::pending().await };
    if cancel.wait_for(|cancelled| *cancelled).await.is_err() {
        std::future::pending::<()>().await;
    }
    if !grace.is_zero() {
        tokio::time::sleep(grace).await;
    }
}
