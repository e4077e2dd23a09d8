//! Accepting runs: each at most once for what asks for it, begun when it is its turn.

use std::sync::Arc;

use futures_util::FutureExt;

use super::{
    Host, Params, ParamsError, Run,
    driver::{After, NewRun},
    keeper::InUse,
    params,
};
use crate::{
    access::Refusal,
    effects,
    event::{EventKind, Origin, RunOptions},
    execute::{
        dispatcher::RunError,
        ports::{Before, BoxFuture, RequestKey},
        requests::CancelRequest,
    },
    ids::RunId,
    persist::StoreError,
    plan::Plan,
    runtime::ModuleError,
};

/// Who asks for a run, and how.
pub struct StartRequest {
    /// What started it.
    pub origin: Origin,
    /// How it runs.
    pub options: RunOptions,
    /// What asks for it, if that may do so only once.
    pub key: Option<RequestKey>,
    /// What it waits for before it begins. It is accepted at once, and can be cancelled meanwhile.
    pub after: Option<BoxFuture<'static, ()>>,
}

impl Default for StartRequest {
    fn default() -> Self {
        Self { origin: Origin::Manual, options: RunOptions::default(), key: None, after: None }
    }
}

/// What became of a request for a run.
pub enum Submitted {
    /// A run was accepted.
    New(Run),
    /// None was: the same was asked for before.
    Before(Before),
}

impl Submitted {
    /// The run, for whoever gave no key.
    pub(super) fn only(self) -> Result<Run, StartError> {
        match self {
            Self::New(run) => Ok(run),
            Self::Before(_) => Err(StartError::Repeated),
        }
    }
}

/// Why a run cannot be started or taken up again.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What it was given is wrong.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A module cannot be loaded.
    #[error("the run needs a module that cannot be loaded: {0}")]
    Module(#[from] ModuleError),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be accepted, or its journal is damaged.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It asks for grants that are not allowed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It cannot be repeated yet.
    #[error("the run {0} has not ended, so it cannot be repeated")]
    NotEnded(RunId),
    /// It is to be repeated from a step that it does not have.
    #[error("the pipeline has no step `{step}`; it has {known}")]
    NoStep {
        /// What was asked for.
        step: String,
        /// The steps there are.
        known: String,
    },
    /// The same was asked for before.
    #[error("the same was asked for before, and is not done twice")]
    Repeated,
    /// It is running in this process.
    #[error("the run {0} is running already")]
    Active(RunId),
}

impl StartError {
    /// Whether what is stored of a run is damaged, so that trying again does not help.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Store(StoreError::Damaged { .. }) | Self::Run(RunError::State(_)))
    }
}

impl Host {
    /// Accepts a run of a compiled pipeline and starts it. The run is durable when this returns.
    ///
    /// # Errors
    /// If what it is given is wrong, it asks for grants that are not allowed, or it cannot be stored.
    pub async fn start(&self, plan: Plan, params: Params) -> Result<Run, StartError> {
        self.start_with(plan, params, RunOptions::default()).await
    }

    /// The same, with a say in how it runs.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(&self, plan: Plan, params: Params, options: RunOptions) -> Result<Run, StartError> {
        let request = StartRequest { options, ..StartRequest::default() };
        self.submit(Arc::new(plan), params, request).await?.only()
    }

    /// The same, for whoever may ask twice, or has to wait.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn submit(
        &self,
        plan: Arc<Plan>,
        params: Params,
        request: StartRequest,
    ) -> Result<Submitted, StartError> {
        let (plan, in_use) = self.admit(plan).await?;
        let StartRequest { origin, options, key, after } = request;
        let params = self.store_params(&plan, params).await?;
        let first = vec![EventKind::Created { params, origin, options }];
        self.driver.accept(NewRun { plan, first, key, after, in_use }).await
    }

    /// Takes up a run where it was left. A run that has ended answers with how it did. Its grants were allowed when it was
    /// accepted, and stay so.
    ///
    /// # Errors
    /// If there is no such run, a module of it is lost, or its journal is damaged.
    pub async fn resume(&self, run: RunId) -> Result<Run, StartError> {
        self.resume_after(run, None).await
    }

    async fn resume_after(&self, run: RunId, after: Option<After>) -> Result<Run, StartError> {
        if self.active.contains(run) {
            return Err(StartError::Active(run));
        }
        let in_use = self.keeper.in_use().await;
        let state = self.driver.restore(run).await?;
        self.driver.resume(state, in_use, after).ok_or(StartError::Active(run))
    }

    /// Takes up a run where it was left, to end it as cancelled; the request is durable when this returns. Unless `force`
    /// is set, its `finally` steps run, for which its modules are needed. Nothing else of this process may take it up
    /// meanwhile. One whose events are damaged ends at once, where it is: then there is no run to wait for.
    ///
    /// # Errors
    /// If there is no such run, it is running in this process, the journal cannot be written, or a module is lost. In the
    /// last case the request has been stored.
    pub(crate) async fn cancel_left(&self, run: RunId, force: bool) -> Result<Option<Run>, StartError> {
        if self.active.contains(run) {
            return Err(StartError::Active(run));
        }
        let in_use = self.keeper.in_use().await;
        let state = match self.driver.restore_cancelled(run, force).await {
            Err(error) if error.is_damage() => {
                self.driver.end_damaged(run, CancelRequest::unanswered(force)).await?;
                return Ok(None);
            }
            state => state?,
        };
        self.driver.resume(state, in_use, None).map(Some).ok_or(StartError::Active(run))
    }

    /// The same as [`resume`](Self::resume) for a host that tries again until the run continues; it begins when something
    /// else has happened.
    pub(super) async fn take_up(&self, run: RunId, after: Option<BoxFuture<'static, ()>>) {
        let after = after.map(FutureExt::shared);
        if let Err(error) = self.resume_after(run, after.clone()).await {
            self.driver.await_recovery(run, error.to_string(), after);
        }
    }

    /// Checks that a plan may run, and that it can.
    async fn admit(&self, plan: Arc<Plan>) -> Result<(Arc<Plan>, InUse), StartError> {
        self.policy.check(&plan)?;
        let in_use = self.keeper.in_use().await;
        self.driver.load_modules(&plan).await?;
        Ok((plan, in_use))
    }

    async fn store_params(
        &self,
        plan: &Arc<Plan>,
        given: Params,
    ) -> Result<Vec<crate::event::ParamValue>, ParamsError> {
        let (plan, outputs) = (Arc::clone(plan), Arc::clone(&self.outputs));
        effects::blocking_or_panic(move || params::store(&plan, given, outputs.as_ref())).await
    }
}
