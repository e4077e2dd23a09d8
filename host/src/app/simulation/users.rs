//! Users, who do anything at any time and do not always wait for an answer.

use std::{fmt::Display, future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use super::{
    broken::Flaw,
    ledger::{Ledger, Trouble},
    pipelines::{self, Pipelines},
    plans,
    sandboxes::decide,
};
use crate::{
    app::{
        Again, ParamInput, Params, Rerun, Service, StartError, StartRequest, StoreError, Submitted, keeper::InUse,
        service::StartDeployedError,
    },
    effects::{self, simulation::note},
    execute::ports::{Memory, RequestKey},
    ids::{Name, RunId},
    limits::INLINE_OUTPUT,
    plan::Plan,
};

/// One of them.
#[derive(Clone)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) service: Arc<Service>,
    pub(super) plans: Arc<Vec<Arc<Plan>>>,
    pub(super) pipelines: Arc<Pipelines>,
    pub(super) ledger: Ledger,
    /// What is broken on purpose.
    pub(super) flaw: Option<Flaw>,
}

impl User {
    /// Does so many things.
    pub(super) async fn act(self, times: u64) {
        for _ in 0..times {
            let pause = decide(|random| if random.one_in(3) { random.below(20_000) } else { random.below(50) });
            tokio::time::sleep(Duration::from_millis(pause)).await;
            match decide(|random| random.below(16)) {
                0..6 => self.submit().await,
                6..9 => self.cancel().await,
                9..11 => self.rerun().await,
                11 => self.start_deployed().await,
                12 => self.pause().await,
                13 => self.set_secret().await,
                _ => self.deploy().await,
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
        let Some((params, _in_use)) = self.params(&plan).await else { return };
        let once = || self.submit_once(Arc::clone(&plan), params.clone(), key.clone());
        if also {
            tokio::join!(biased; once(), once());
        } else {
            once().await;
        }
    }

    /// What a run is given: a file, where it takes one, which is kept until the run is accepted.
    async fn params(&self, plan: &Plan) -> Option<(Params, Option<InUse>)> {
        if plan.params.is_empty() {
            return Some((Params::new(), None));
        }
        let before = self.ledger.known().trouble;
        let bytes = decide(|random| vec![random.below(4) as u8; random.below(3 * INLINE_OUTPUT as u64) as usize]);
        note(format_args!("{} sends {} bytes", self.name, bytes.len()));
        let (name, media_type) = ("file.bin".to_owned(), "application/octet-stream".to_owned());
        match self.service.host.store_file(name, media_type, move |copy| copy(&mut bytes.as_slice())).await {
            Ok((file, in_use)) => Some((Params::from([(plans::file(), ParamInput::File(file))]), Some(in_use))),
            Err(error) => {
                self.refused("send", &error, before);
                None
            }
        }
    }

    async fn start_deployed(&self) {
        let name = decide(|random| pipelines::name(random.below(pipelines::COUNT as u64) as usize));
        let (user, before) = (&self.name, self.ledger.known().trouble);
        note(format_args!("{user} starts {name}"));
        match impatient(self.service.start(&name, |_| Ok(Params::new()), StartRequest::default())).await {
            None => note(format_args!("{user} does not wait for the answer")),
            Some(Ok(Submitted::New(run))) => {
                note(format_args!("{user} is answered that there is a new run {}", run.id()));
                self.ledger.accepted(run.id(), None);
            }
            Some(Ok(Submitted::Before(_))) => self.ledger.violated(["without a key there was a run before".to_owned()]),
            Some(Err(StartDeployedError::NoPipeline(_))) => note(format_args!("{name} is not deployed")),
            Some(Err(error)) => self.refused("start a pipeline", &error, before),
        }
    }

    async fn deploy(&self) {
        let text = decide(|random| {
            let number = random.below(pipelines::COUNT as u64) as usize;
            self.pipelines.text(number, random, self.flaw)
        });
        let (user, before, service) = (&self.name, self.ledger.known().trouble, Arc::clone(&self.service));
        note(format_args!("{user} deploys {text:?}"));
        // As the server does: whoever goes away leaves nothing half done.
        let deployed = effects::spawn(async move { pipelines::deploy(&service, &text).await });
        match impatient(deployed).await {
            None => note(format_args!("{user} does not wait for the answer")),
            Some(Ok(Ok(()))) => {
                note(format_args!("{user} is answered that it is deployed"));
                pipelines::note_waiting(&self.service, &mut self.ledger.known());
            }
            Some(Ok(Err(error))) => self.refused("deploy", &error, before),
            Some(Err(error)) => self.ledger.violated([format!("a deployment panicked: {error}")]),
        }
    }

    async fn pause(&self) {
        let paused = decide(|random| random.one_in(2));
        let (user, before, service) = (&self.name, self.ledger.known().trouble, Arc::clone(&self.service));
        note(format_args!("{user} pauses the first trigger: {paused}"));
        let done = effects::spawn(async move { pipelines::pause(&service, paused, None).await });
        match impatient(done).await {
            None | Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => self.refused("pause", &error, before),
            Some(Err(error)) => self.ledger.violated([format!("a pause panicked: {error}")]),
        }
    }

    /// One user alone, and one value after the other, so that it is known which one is the last.
    async fn set_secret(&self) {
        if self.name != Self::name(0) {
            return;
        }
        let before = self.ledger.known().trouble;
        let value = decide(|random| format!("secret {}", random.next()));
        self.ledger.known().secret.1.push(value.clone());
        note(format_args!("{} sets the secret to {value}", self.name));
        match self.service.vault.set(&secret(), &value, None, &self.name).await {
            Ok(()) => self.ledger.known().secret = (Some(value), Vec::new()),
            Err(error) => self.refused("set a secret", &error, before),
        }
    }

    /// What a user is called.
    pub(super) fn name(number: u64) -> String {
        format!("user {number}")
    }

    async fn submit_once(&self, plan: Arc<Plan>, params: Params, key: Option<String>) {
        let user = &self.name;
        let pipeline = plan.pipeline.clone();
        let before = self.ledger.known().trouble;
        note(format_args!("{user} starts {pipeline} with the key {key:?}"));
        let asked = key.clone().filter(|_| self.flaw != Some(Flaw::ForgetsKeys));
        let request_key = asked.map(|key| RequestKey {
            scope: "users".to_owned(),
            key,
            scheduled_for: None,
            fingerprint: None,
            memory: Memory::Latest,
        });
        let request = StartRequest { key: request_key, ..StartRequest::default() };
        match impatient(self.service.host.submit(plan, params, request)).await {
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
        if self.flaw == Some(Flaw::ForgetsCancels) && self.service.host.is_active(run) {
            return self.ledger.cancelled(run, force);
        }
        match impatient(self.service.host.cancel(run, force)).await {
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
        match impatient(self.service.host.rerun(run, Rerun { again, ..Rerun::default() })).await {
            None => note(format_args!("{user} does not wait for the answer")),
            Some(Ok(run)) => {
                note(format_args!("{user} is answered that there is a new run {}", run.id()));
                self.ledger.accepted(run.id(), None);
            }
            Some(Err(StartError::NotEnded(_))) => {
                note(format_args!("{user} is answered that {run} has not ended"));
                if self.ledger.known().ended.contains(&run) {
                    self.ledger.violated([format!("the run {run} has ended, and it is said that it has not")]);
                }
            }
            // Retention may have removed it.
            Some(Err(StartError::Store(StoreError::NoSuchRun(_)))) => note(format_args!("{run} is gone")),
            Some(Err(error)) => self.refused("rerun", &error, before),
        }
    }

    /// A run that somebody was given.
    fn any_run(&self) -> Option<RunId> {
        let runs: Vec<_> = self.ledger.known().accepted.iter().copied().collect();
        decide(|random| random.pick(&runs).copied())
    }

    /// A request was refused, which began when there was this trouble. Without any, there is no reason for it.
    fn refused(&self, what: &str, error: &dyn Display, before: Trouble) {
        note(format_args!("{} is refused to {what}: {error}", self.name));
        let troubled = self.ledger.known().trouble.was_on_since(before);
        if !troubled && !super::world::is_closing() {
            self.ledger.violated([format!("to {what} is refused without a reason: {error}")]);
        }
    }
}

/// The one secret.
pub(super) fn secret() -> Name {
    Name::new("secret").expect("a name")
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
