//! Accepting runs: each at most once for what asks for it, begun when it is its turn.

use std::sync::Arc;

use super::{Host, Params, ParamsError, Run, keeper::InUse, params};
use crate::{
    access::Refusal,
    effects,
    event::{EventKind, Origin, RunOptions},
    execute::{
        dispatcher::{self, RunError},
        ports::{Before, BoxFuture, RequestKey},
        state::RunState,
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
        self.launch(plan, first, key, after, in_use).await
    }

    /// Takes up a run where it was left. A run that has ended answers with how it did. Its grants were allowed when it was
    /// accepted, and stay so.
    ///
    /// # Errors
    /// If there is no such run, a module of it is lost, or its journal is damaged.
    pub async fn resume(&self, run: RunId) -> Result<Run, StartError> {
        self.resume_after(run, None).await
    }

    /// The same; it begins when something else has happened.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub async fn resume_after(&self, run: RunId, after: Option<BoxFuture<'static, ()>>) -> Result<Run, StartError> {
        if self.active.contains(run) {
            return Err(StartError::Active(run));
        }
        let in_use = self.keeper.in_use().await;
        let reader = self.history.reader();
        let plan = Arc::new(reader.plan(run)?);
        let events = reader.history(run)?;
        let state = RunState::replay(run, Arc::clone(&plan), &events).map_err(RunError::from)?;
        if state.outcome().is_none() {
            self.load_modules(&plan).await?;
        }
        Ok(self.drive(state, in_use, after))
    }

    /// Checks that a plan may run, and that it can.
    async fn admit(&self, plan: Arc<Plan>) -> Result<(Arc<Plan>, InUse), StartError> {
        self.policy.check(&plan)?;
        let in_use = self.keeper.in_use().await;
        self.load_modules(&plan).await?;
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

    /// Accepts a run with its first events, and begins it when it is its turn.
    pub(super) async fn launch(
        &self,
        plan: Arc<Plan>,
        first: Vec<EventKind>,
        key: Option<RequestKey>,
        after: Option<BoxFuture<'static, ()>>,
        in_use: InUse,
    ) -> Result<Submitted, StartError> {
        match dispatcher::accept(plan, first, key, &self.ports).await? {
            Ok(state) => Ok(Submitted::New(self.drive(state, in_use, after))),
            Err(before) => Ok(Submitted::Before(before)),
        }
    }

    pub(super) async fn load_modules(&self, plan: &Plan) -> Result<(), ModuleError> {
        for module in &plan.modules {
            self.library.modules().restore(module.digest).await?;
        }
        Ok(())
    }

    fn drive(&self, state: RunState, in_use: InUse, after: Option<BoxFuture<'static, ()>>) -> Run {
        let (run, plan) = (state.run(), Arc::clone(state.plan()));
        let (ports, parallelism) = (self.ports.clone(), self.settings.parallelism);
        let (keeper, admission) = (Arc::clone(&self.keeper), Arc::clone(&self.admission));
        self.active.begin(run, plan, self.library.modules(), |cancel| async move {
            let mut asked = cancel.clone();
            let turn = async {
                if let Some(after) = after {
                    after.await;
                }
                admission.acquire_owned().await.ok()
            };
            // One that is cancelled ends at once, whoever is before it.
            let _permit = tokio::select! {
                biased;
                permit = turn => permit,
                Ok(_) = asked.wait_for(|asked| *asked) => None,
            };
            let outcome = dispatcher::drive(state, ports, parallelism, cancel).await;
            drop(in_use);
            keeper.tidy();
            outcome
        })
    }
}
