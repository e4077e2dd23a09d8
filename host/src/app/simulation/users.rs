//! Users, who do anything at any time and do not always wait for an answer.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use super::{
    ledger::{Ledger, Trouble},
    sandboxes::decide,
};
use crate::{
    app::{Again, Host, Params, Rerun, StartError, StartRequest, Submitted},
    effects::simulation::note,
    execute::ports::{Memory, RequestKey},
    ids::RunId,
    plan::Plan,
};

/// One of them.
#[derive(Clone)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) host: Arc<Host>,
    pub(super) plans: Arc<Vec<Arc<Plan>>>,
    pub(super) ledger: Ledger,
}

impl User {
    /// Does so many things.
    pub(super) async fn act(self, times: u64) {
        for _ in 0..times {
            let pause = decide(|random| if random.one_in(3) { random.below(20_000) } else { random.below(50) });
            tokio::time::sleep(Duration::from_millis(pause)).await;
            match decide(|random| random.below(10)) {
                0..6 => self.submit().await,
                6..8 => self.cancel().await,
                _ => self.rerun().await,
            }
        }
    }

    async fn submit(&self) {
        let plan = decide(|random| random.pick(&self.plans).cloned()).expect("plans");
        let key = decide(|random| random.one_in(3).then(|| format!("k{}", random.below(6))));
        if let Some(key) = &key {
            self.ledger.known().keys.entry(key.clone()).or_default();
        }
        let also = key.is_some() && decide(|random| random.one_in(3));
        let once = || self.submit_once(Arc::clone(&plan), key.clone());
        if also {
            tokio::join!(biased; once(), once());
        } else {
            once().await;
        }
    }

    async fn submit_once(&self, plan: Arc<Plan>, key: Option<String>) {
        let user = &self.name;
        let pipeline = plan.pipeline.clone();
        let before = self.ledger.known().trouble;
        note(format_args!("{user} starts {pipeline} with the key {key:?}"));
        let request_key = key.clone().map(|key| RequestKey {
            scope: "users".to_owned(),
            key,
            scheduled_for: None,
            fingerprint: None,
            memory: Memory::Latest,
        });
        let request = StartRequest { key: request_key, ..StartRequest::default() };
        match impatient(self.host.submit(plan, Params::new(), request)).await {
            None => note(format_args!("{user} does not wait for the answer")),
            Some(Ok(Submitted::New(run))) => {
                note(format_args!("{user} is answered that there is a new run {}", run.id()));
                self.ledger.accepted(run.id(), key.as_deref());
            }
            Some(Ok(Submitted::Before(earlier))) => {
                note(format_args!("{user} is answered that there was one before: {:?}", earlier.run));
                match earlier.run {
                    Some(run) => self.ledger.accepted(run, key.as_deref()),
                    None => self.ledger.violated([format!("the key {key:?} has no run, and starts none")]),
                }
            }
            Some(Err(error)) => self.refused("start", &error, before),
        }
    }

    async fn cancel(&self) {
        let Some(run) = self.any_run() else { return };
        let user = &self.name;
        let force = decide(|random| random.one_in(4));
        note(format_args!("{user} cancels {run}, force: {force}"));
        match impatient(self.host.cancel(run, force)).await {
            None => note(format_args!("{user} does not wait for the answer")),
            Some(Ok(())) => {
                note(format_args!("{user} is answered that {run} is cancelled"));
                self.ledger.cancelled(run, force);
            }
            Some(Err(error)) => note(format_args!("{user} is answered that {run} is not cancelled: {error}")),
        }
    }

    async fn rerun(&self) {
        let Some(run) = self.any_run() else { return };
        let user = &self.name;
        let again = if decide(|random| random.one_in(2)) { Again::Failed } else { Again::Whole };
        let before = self.ledger.known().trouble;
        note(format_args!("{user} repeats {run}: {again:?}"));
        match impatient(self.host.rerun(run, Rerun { again, ..Rerun::default() })).await {
            None => note(format_args!("{user} does not wait for the answer")),
            Some(Ok(run)) => {
                note(format_args!("{user} is answered that there is a new run {}", run.id()));
                self.ledger.accepted(run.id(), None);
            }
            Some(Err(StartError::NotEnded(_))) => {
                note(format_args!("{user} is answered that {run} has not ended"));
                if self.ledger.known().has_ended(run) {
                    self.ledger.violated([format!("the run {run} has ended, and it is said that it has not")]);
                }
            }
            Some(Err(error)) => self.refused("rerun", &error, before),
        }
    }

    /// A run that somebody was given.
    fn any_run(&self) -> Option<RunId> {
        let runs: Vec<_> = self.ledger.known().accepted.iter().copied().collect();
        decide(|random| random.pick(&runs).copied())
    }

    /// A request was refused, which began when there was this trouble.
    fn refused(&self, what: &str, error: &StartError, before: Trouble) {
        note(format_args!("{} is refused to {what}: {error}", self.name));
        // Retention may have removed it.
        let may_be = matches!(error, StartError::Store(crate::persist::StoreError::NoSuchRun(_)));
        let troubled = self.ledger.known().trouble.was_on_since(before);
        if !may_be && !troubled && !super::world::is_closing() {
            self.ledger.violated([format!("to {what} is refused without a reason: {error}")]);
        }
    }
}

/// Waits for an answer, or goes away after some polls.
async fn impatient<T>(answer: impl Future<Output = T>) -> Option<T> {
    let mut polls = decide(|random| random.one_in(4).then(|| random.below(12)));
    let mut answer = pin!(answer);
    poll_fn(|context| {
        if polls == Some(0) {
            return Poll::Ready(None);
        }
        polls = polls.map(|polls| polls - 1);
        answer.as_mut().poll(context).map(Some)
    })
    .await
}
