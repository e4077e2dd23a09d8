//! Triggers at work: one task for each that waits by itself, started and stopped as pipelines are deployed, paused and
//! removed. What they offer goes through [`Sink`], as do requests to webhooks.

mod ended;
mod rejected;
mod running;
mod sink;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    task::{AbortHandle, JoinHandle},
};
use tokio_util::task::TaskTracker;

use self::rejected::Rejections;
pub use self::{rejected::Rejected, sink::Sink};
use super::service::Service;
use crate::{
    effects,
    execute::ports::JournalError,
    ids::{Name, Timestamp},
    persist::service::{TriggerEntry, TriggerRow},
    plan::{PlanTrigger, TriggerKind},
    schedule::Factories,
};

/// How long triggers that could not follow what is deployed wait until they try again; twice as long after each time, up to
/// the second of these.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Why a change of what is deployed does not show in its triggers.
#[derive(Debug, thiserror::Error)]
pub enum TriggersError {
    /// It may not be stored.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It is stored, and the triggers do not follow it yet.
    #[error("this is stored, but the triggers do not follow it yet; the host tries again until they do: {0}")]
    NotYet(String),
}

/// A pipeline and a trigger of it.
type Key = (Name, Name);

/// The triggers of a service.
pub struct Triggers {
    factories: Factories,
    state: Mutex<State>,
    /// Held while what is deployed is compared with what is active: what is read first is also done first.
    following: tokio::sync::Mutex<()>,
    /// Notified when what is deployed could not be followed.
    behind: Notify,
    /// Events that are being decided.
    deciding: TaskTracker,
    rejections: Rejections,
}

#[derive(Default)]
struct State {
    active: BTreeMap<Key, Active>,
    /// What took the events of triggers that are gone or were replaced, until it takes no more.
    closing: Vec<Arc<Sink>>,
    supervisor: Option<JoinHandle<()>>,
    /// Whether no trigger waits any more.
    stopped: bool,
}

/// A trigger that is deployed.
struct Active {
    trigger: PlanTrigger,
    paused: bool,
    /// Whether its pipeline cannot run. Then it does not wait, but its webhook is known.
    broken: bool,
    sink: Arc<Sink>,
    task: Option<AbortHandle>,
}

impl Drop for Active {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// A trigger, as lists show it.
#[derive(Debug, Clone)]
pub struct TriggerStatus {
    /// Its pipeline.
    pub pipeline: Name,
    /// What the pipeline says of it.
    pub trigger: PlanTrigger,
    /// What is kept of it.
    pub row: Option<TriggerRow>,
    /// Whether its whole pipeline is paused.
    pub pipeline_paused: bool,
    /// Why it starts no runs, if its pipeline cannot run.
    pub problem: Option<String>,
}

impl Triggers {
    pub(super) fn new(factories: Factories) -> Self {
        Self {
            factories,
            state: Mutex::default(),
            following: tokio::sync::Mutex::default(),
            behind: Notify::new(),
            deciding: TaskTracker::new(),
            rejections: Rejections::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops all of them, and waits until the events that were offered before are decided.
    pub(super) async fn stop(&self, patience: Duration) {
        {
            let mut state = self.lock();
            if let Some(supervisor) = state.supervisor.take() {
                supervisor.abort();
            }
            state.active.clear();
            state.stopped = true;
        }
        self.deciding.close();
        if tokio::time::timeout(patience, self.deciding.wait()).await.is_err() {
            tracing::warn!("some events are not decided yet; their triggers offer them again");
        }
    }

    /// Waits until what took the events of triggers that are gone or were replaced takes no more.
    async fn close_replaced(&self) {
        loop {
            let Some(sink) = self.lock().closing.last().cloned() else { return };
            sink.close().await;
            self.lock().closing.retain(|closing| !Arc::ptr_eq(closing, &sink));
        }
    }

    /// Takes the events of the webhook with that path, and says how its requests prove where they come from.
    #[must_use]
    pub fn webhook(&self, path: &str) -> Option<(Arc<Sink>, PlanTrigger, bool)> {
        let state = self.lock();
        let found = state.active.values().find(|active| {
            matches!(&active.trigger.kind, TriggerKind::Webhook { path: wanted, .. } if wanted.as_str() == path)
        });
        found.map(|active| (Arc::clone(&active.sink), active.trigger.clone(), active.paused))
    }

    /// Whether a trigger waits by itself.
    #[cfg(test)]
    pub(super) fn waits(&self, pipeline: &Name, trigger: &Name) -> bool {
        let state = self.lock();
        let active = state.active.get(&(pipeline.clone(), trigger.clone()));
        active.and_then(|active| active.task.as_ref()).is_some_and(|task| !task.is_finished())
    }

    /// Notes that a delivery to a webhook was turned away.
    pub fn reject(&self, sink: &Sink, reason: impl Into<String>) {
        self.rejections.add(sink.key_of_trigger(), reason.into());
    }

    /// The latest deliveries that were turned away, the newest first.
    #[must_use]
    pub fn rejected(&self, pipeline: &Name, trigger: &Name) -> Vec<Rejected> {
        self.rejections.of(&(pipeline.clone(), trigger.clone()))
    }
}

impl Service {
    /// Lets triggers wait, from now until the service is stopped, and follow what is deployed.
    pub(super) async fn start_triggers(self: &Arc<Self>) {
        let mut changes = self.registry.changes();
        // What cannot be followed now is tried again below.
        let _ = self.follow_deployment().await;
        let service = Arc::clone(self);
        let supervisor = effects::spawn(async move {
            let mut pause = PAUSES.0;
            loop {
                let again = async {
                    service.triggers.behind.notified().await;
                    tokio::time::sleep(pause).await;
                };
                tokio::select! {
                    biased;
                    changed = changes.changed() => if changed.is_err() { return },
                    () = again => {}
                }
                pause = match service.follow_deployment().await {
                    Ok(()) => PAUSES.0,
                    Err(_) => (pause * 2).min(PAUSES.1),
                };
            }
        });
        self.triggers.lock().supervisor = Some(supervisor);
    }

    /// All deployed triggers, by pipeline and name.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn list_triggers(&self) -> Result<Vec<TriggerStatus>, super::StoreError> {
        let mut rows: BTreeMap<Key, TriggerRow> =
            self.store.triggers()?.into_iter().map(|row| ((row.pipeline.clone(), row.name.clone()), row)).collect();
        let mut list = Vec::new();
        for deployed in self.registry.pipelines() {
            let problem = deployed.plan().err().map(|problems| format!("the pipeline cannot run: {problems}"));
            for trigger in deployed.triggers() {
                list.push(TriggerStatus {
                    pipeline: deployed.name().clone(),
                    row: rows.remove(&(deployed.name().clone(), trigger.name.clone())),
                    trigger: trigger.clone(),
                    pipeline_paused: deployed.row().paused,
                    problem: problem.clone(),
                });
            }
        }
        Ok(list)
    }

    /// Lets a trigger start no runs, or start them again.
    ///
    /// # Errors
    /// If it cannot be stored, or not be followed yet.
    pub async fn pause_trigger(
        self: &Arc<Self>,
        pipeline: &Name,
        trigger: &Name,
        paused: bool,
        by: &str,
    ) -> Result<(), TriggersError> {
        let at = Timestamp::now();
        let stored = self.store.pause_trigger(pipeline.clone(), trigger.clone(), paused, by.to_owned(), at).await;
        let followed = self.follow_deployment().await;
        // What met an error may be stored nevertheless, and has to be followed then.
        stored?;
        followed
    }

    /// Starts the triggers that are new, stops those that are gone, and starts those anew that were changed.
    /// Done when it returns: its triggers wait then, and those that were paused, changed or removed start no run any more.
    ///
    /// # Errors
    /// If what is deployed cannot be noted or read. It is tried again until it can.
    pub async fn follow_deployment(self: &Arc<Self>) -> Result<(), TriggersError> {
        let followed = self.try_to_follow().await;
        followed.map_err(|reason| {
            tracing::error!(reason, "the triggers do not follow what is deployed; this will be tried again");
            self.triggers.behind.notify_one();
            TriggersError::NotYet(reason)
        })
    }

    async fn try_to_follow(self: &Arc<Self>) -> Result<(), String> {
        let _one_at_a_time = self.triggers.following.lock().await;
        self.registry.settle().await.map_err(|error| error.to_string())?;
        self.keep_triggers().await.map_err(|error| error.to_string())?;
        let list = self.list_triggers().map_err(|error| error.to_string())?;
        let followed = self.replace_triggers(list);
        self.triggers.close_replaced().await;
        followed.map_err(|error| error.to_string())
    }

    /// Starts and stops what is new, changed or gone. Those that cannot be started keep no other from it.
    fn replace_triggers(self: &Arc<Self>, list: Vec<TriggerStatus>) -> Result<(), super::StoreError> {
        let mut followed = Ok(());
        let mut state = self.triggers.lock();
        if state.stopped {
            return followed;
        }
        let wanted: HashSet<Key> =
            list.iter().map(|status| (status.pipeline.clone(), status.trigger.name.clone())).collect();
        let removed: Vec<_> = state.active.extract_if(.., |key, _| !wanted.contains(key)).collect();
        state.closing.extend(removed.iter().map(|(_, active)| Arc::clone(&active.sink)));
        self.triggers.rejections.retain(|key| wanted.contains(key));
        for status in list {
            let paused = status.pipeline_paused || status.row.as_ref().is_none_or(|row| row.paused);
            let key = (status.pipeline.clone(), status.trigger.name.clone());
            let broken = status.problem.is_some();
            let same =
                |active: &Active| (&active.trigger, active.paused, active.broken) == (&status.trigger, paused, broken);
            if state.active.get(&key).is_some_and(same) {
                continue;
            }
            let before = state.active.remove(&key);
            // The runs that it started before still count.
            let sink = match &before {
                Some(active) => active.sink.with(&status.trigger),
                None => match Sink::new(self, &status.pipeline, &status.trigger) {
                    Ok(sink) => sink,
                    Err(error) => {
                        followed = Err(error);
                        continue;
                    }
                },
            };
            state.closing.extend(before.map(|active| Arc::clone(&active.sink)));
            let since = status.row.as_ref().and_then(|row| row.decided_until);
            let task = if paused || broken { None } else { self.run_trigger(&status, &sink, since) };
            state.active.insert(key, Active { trigger: status.trigger, paused, broken, sink, task });
        }
        followed
    }

    async fn keep_triggers(&self) -> Result<(), JournalError> {
        let entry = |trigger: &PlanTrigger| TriggerEntry {
            name: trigger.name.clone(),
            kind: trigger.kind.as_str().to_owned(),
            paused: trigger.paused,
        };
        let deployed = self.registry.pipelines();
        let deployed =
            deployed.iter().map(|deployed| (deployed.name().clone(), deployed.triggers().iter().map(entry).collect()));
        self.store.keep_triggers(deployed.collect(), Timestamp::now()).await
    }
}
