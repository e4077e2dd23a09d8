//! Decides what becomes of the events of one trigger: each has at most one run, whoever offers it, and however often.

use std::{
    io,
    sync::{Arc, Weak},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value as Json, json};
use tokio::sync::RwLock;

use crate::{
    app::{ParamInput, Params, StartError, StartRequest, Submitted, keeper::InUse, order::Order, service::Service},
    effects,
    event::{Origin, RunOptions},
    execute::ports::{Before, Memory, RequestKey},
    ids::{Name, Timestamp},
    limits,
    output::FileRef,
    persist::{StoreError, service::trigger_scope},
    plan::{Overlap, ParamKind, Plan, PlanTrigger, TriggerKind},
    schedule::{EventSink, Offer, Payload, SinkError, TriggerEvent, file},
};

/// Takes the events of one trigger.
#[derive(Clone)]
pub struct Sink {
    service: Weak<Service>,
    pipeline: Name,
    pub(super) trigger: PlanTrigger,
    /// The runs that the trigger started.
    runs: Arc<Order>,
    /// Written while an event is decided that depends on the runs before it, read while any other is.
    pub(super) deciding: Arc<RwLock<()>>,
    /// Whether events are taken; read for as long as one of them becomes a run.
    open: Arc<RwLock<bool>>,
}

/// Why an event has no run: for good, or for now.
enum Undecided {
    /// It was decided, and this is how.
    Offer(Offer),
    /// It can be offered again.
    Later(SinkError),
}

impl<E: std::error::Error> From<E> for Undecided {
    fn from(error: E) -> Self {
        later(error.to_string())
    }
}

/// It can be offered again, since this is so only for now.
fn later(why: impl Into<String>) -> Undecided {
    Undecided::Later(SinkError(why.into()))
}

/// What a run is given by an event.
struct Given {
    params: Params,
    /// A file of it is not removed meanwhile.
    _in_use: Option<InUse>,
}

impl Sink {
    pub(super) fn new(service: &Arc<Service>, pipeline: &Name, trigger: &PlanTrigger) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(Self {
            service: Arc::downgrade(service),
            pipeline: pipeline.clone(),
            trigger: trigger.clone(),
            runs: Arc::new(service.unfinished_of(pipeline, &trigger.name)?.into_iter().collect()),
            deciding: Arc::default(),
            open: Arc::new(RwLock::new(true)),
        }))
    }

    /// The same for a trigger that was changed.
    pub(super) fn with(&self, trigger: &PlanTrigger) -> Arc<Self> {
        Arc::new(Self {
            service: Weak::clone(&self.service),
            pipeline: self.pipeline.clone(),
            trigger: trigger.clone(),
            runs: Arc::clone(&self.runs),
            deciding: Arc::clone(&self.deciding),
            open: Arc::new(RwLock::new(true)),
        })
    }

    /// Takes no event any more, and waits for those that are about to become runs.
    pub(super) async fn close(&self) {
        *self.open.write().await = false;
    }

    pub(super) fn key_of_trigger(&self) -> super::Key {
        (self.pipeline.clone(), self.trigger.name.clone())
    }

    async fn decide(&self, event: TriggerEvent) -> Result<Offer, Undecided> {
        let service = self.service.upgrade().ok_or_else(|| later("the host is stopping"))?;
        let key = self.key(&event);
        // Most of what is offered again is known: it must not cost a copy of a file.
        if let Some(before) = service.store.answered(&key)? {
            return Ok(again(before));
        }
        let deployed = service.registry.pipeline(&self.pipeline);
        let deployed = deployed.ok_or_else(|| later("the pipeline was removed"))?;
        service.check_room()?;
        if service.host.active_runs() >= limits::MAX_QUEUED_RUNS {
            return Err(later(format!("{} runs wait already", limits::MAX_QUEUED_RUNS)));
        }
        let plan = match deployed.plan() {
            Ok(plan) => Arc::clone(plan),
            // It is refused nothing for good by that: once the pipeline can run again, so can the event.
            Err(_) => return Err(later("the pipeline cannot run at present")),
        };
        let given = self.given(&service, &plan, event.payload).await;
        let _in_turn = match self.trigger.overlap {
            Overlap::Allow => (Some(self.deciding.read().await), None),
            _ => (None, Some(self.deciding.write().await)),
        };
        let open = self.open.read().await;
        if !*open {
            return Err(later("the trigger was paused, changed or removed"));
        }
        if !self.is_deployed(&service, &plan) {
            return Err(later("the pipeline was changed or removed"));
        }
        let given = match given {
            Err(Undecided::Offer(Offer::Refused(why))) => return self.refuse(&service, key, &why).await,
            given => given?,
        };
        let before = self.runs.going_on(|run| service.host.is_active(run));
        if self.trigger.overlap == Overlap::Skip && !before.is_empty() {
            let why = format!("the run {} of the trigger goes on", before[0]);
            return self.skip(&service, key, why).await;
        }
        let request = StartRequest {
            origin: self.origin(&key),
            options: RunOptions::default(),
            key: Some(key.clone()),
            after: (self.trigger.overlap.waits() && !before.is_empty())
                .then(|| service.host.ended_before(Arc::clone(&self.runs), self.runs.next())),
        };
        match service.host.submit(plan, given.params, request).await {
            Ok(Submitted::New(run)) => {
                self.runs.add(run.id());
                if self.trigger.overlap == Overlap::CancelPrevious {
                    for run in before {
                        if let Err(error) = service.host.cancel(run, false).await
                            && service.host.is_active(run)
                        {
                            tracing::error!(%run, %error, "a run is not cancelled although a newer one takes its place");
                        }
                    }
                }
                Ok(Offer::Accepted(run.id()))
            }
            Ok(Submitted::Before(before)) => Ok(again(before)),
            Err(StartError::Params(params)) if params.is_hosts_fault() => Err(params.into()),
            Err(error @ (StartError::Params(_) | StartError::Refused(_))) => {
                self.refuse(&service, key, &error.to_string()).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Decides about an event, and notes that its time has been dealt with.
    pub(super) async fn take(&self, event: TriggerEvent) -> Result<Offer, SinkError> {
        let scheduled_for = event.scheduled_for;
        let offer = match self.decide(event).await {
            Ok(offer) | Err(Undecided::Offer(offer)) => offer,
            Err(Undecided::Later(error)) => return Err(error),
        };
        if let (Some(time), Some(service)) = (scheduled_for, self.service.upgrade()) {
            let (pipeline, trigger) = (self.pipeline.clone(), self.trigger.name.clone());
            let noted = service.store.decided(pipeline, trigger, time, 0).await;
            noted.map_err(|error| SinkError(error.to_string()))?;
        }
        Ok(offer)
    }

    fn key(&self, event: &TriggerEvent) -> RequestKey {
        RequestKey {
            scope: trigger_scope(&self.pipeline, &self.trigger.name),
            key: event.key.clone(),
            scheduled_for: event.scheduled_for,
            fingerprint: None,
            memory: match self.trigger.kind {
                TriggerKind::Cron { .. } | TriggerKind::Interval { .. } => Memory::Time,
                TriggerKind::File { .. } => Memory::File,
                _ => Memory::Latest,
            },
        }
    }

    /// Whether this is what the pipeline executes now: it may have been changed while a file was copied.
    fn is_deployed(&self, service: &Service, plan: &Arc<Plan>) -> bool {
        let deployed = service.registry.pipeline(&self.pipeline);
        deployed.is_some_and(|deployed| deployed.plan().is_ok_and(|deployed| Arc::ptr_eq(deployed, plan)))
    }

    fn origin(&self, key: &RequestKey) -> Origin {
        Origin::Trigger {
            trigger: self.trigger.name.clone(),
            kind: self.trigger.kind.as_str().to_owned(),
            key: key.key.clone(),
            scheduled_for: key.scheduled_for,
            overlap: Some(self.trigger.overlap),
        }
    }

    async fn refuse(&self, service: &Service, key: RequestKey, why: &str) -> Result<Offer, Undecided> {
        let before = service.store.refuse(key, Timestamp::now(), why.to_owned()).await?;
        tracing::warn!(pipeline = %self.pipeline, trigger = %self.trigger.name, why, "an event of a trigger has no run");
        Ok(before.map_or_else(|| Offer::Refused(why.to_owned()), again))
    }

    async fn skip(&self, service: &Service, key: RequestKey, why: String) -> Result<Offer, Undecided> {
        let before = service.store.refuse(key, Timestamp::now(), why.clone()).await?;
        Ok(before.map_or(Offer::Skipped(why), again))
    }

    /// What a run is given: what the trigger says, and what the event brings along.
    async fn given(&self, service: &Service, plan: &Plan, payload: Payload) -> Result<Given, Undecided> {
        let mut params = Params::new();
        let add = |params: &mut Params, name: &str, input| match Name::new(name) {
            Ok(name) => {
                params.insert(name, input);
                Ok(())
            }
            Err(error) => Err(Undecided::Offer(Offer::Refused(error.to_string()))),
        };
        for (name, value) in &self.trigger.params {
            add(&mut params, name, ParamInput::Json(value.clone()))?;
        }
        if let Payload::Params(given) = payload {
            for (name, value) in given {
                add(&mut params, &name, ParamInput::Json(value))?;
            }
            return Ok(Given { params, _in_use: None });
        }
        let Some(name) = &self.trigger.payload else { return Ok(Given { params, _in_use: None }) };
        let kind = plan.params.iter().find(|param| param.name == *name).map(|param| param.kind);
        let (input, in_use) = bring(service, name, kind, payload).await?;
        if let Some(input) = input {
            params.insert(name.clone(), input);
        }
        Ok(Given { params, _in_use: in_use })
    }
}

/// What is said of an event that was decided before.
fn again(before: Before) -> Offer {
    match (before.run, before.reason) {
        (None, Some(why)) => Offer::Skipped(why),
        (run, _) => Offer::Duplicate(run),
    }
}

/// What an event brings along, as the value of a parameter of some type.
async fn bring(
    service: &Service,
    param: &Name,
    kind: Option<ParamKind>,
    payload: Payload,
) -> Result<(Option<ParamInput>, Option<InUse>), Undecided> {
    let refused = |why: String| Undecided::Offer(Offer::Refused(why));
    match (payload, kind) {
        (Payload::None | Payload::Params(_), _) => Ok((None, None)),
        (Payload::File { name, media_type, path, stamp }, Some(ParamKind::File)) => {
            let copied = service.host.store_file(name, media_type, move |copy| {
                let mut source = file::open_stable(&path, stamp)?;
                let stored = copy(&mut source)?;
                source.confirm()?;
                Ok(stored)
            });
            match copied.await {
                Ok((file, in_use)) => Ok((Some(ParamInput::File(file)), Some(in_use))),
                // It was changed, replaced or taken away.
                Err(error) if is_stale(&error) => Err(Undecided::Offer(Offer::Stale)),
                Err(error) => Err(error.into()),
            }
        }
        (Payload::Body { bytes, media_type }, Some(ParamKind::File)) => {
            let (file, in_use) = store_body(service, bytes, media_type).await?;
            Ok((Some(ParamInput::File(file)), Some(in_use)))
        }
        (Payload::Body { bytes, .. }, Some(ParamKind::String)) => match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Ok((Some(ParamInput::Json(Json::String(text))), None)),
            Err(_) => Err(refused(format!("the body is no text, which parameter `{param}` takes"))),
        },
        (Payload::Run { run, .. }, Some(ParamKind::String)) => {
            Ok((Some(ParamInput::Json(Json::String(run.to_string()))), None))
        }
        (Payload::Run { pipeline, run, state }, Some(ParamKind::Json)) => {
            let value = json!({ "pipeline": pipeline, "run": run, "state": state });
            Ok((Some(ParamInput::Json(value)), None))
        }
        (_, _) => Err(refused(format!("parameter `{param}` cannot take what the event brings along"))),
    }
}

async fn store_body(service: &Service, bytes: Bytes, media_type: String) -> io::Result<(FileRef, InUse)> {
    service.host.store_file("body".to_owned(), media_type, move |copy| copy(&mut bytes.as_ref())).await
}

fn is_stale(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    // What `open` says of a link that is not to be followed.
    let is_link = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    is_link || matches!(error.kind(), Kind::StaleNetworkFileHandle | Kind::NotFound)
}

impl EventSink for Sink {
    fn offer(&self, event: TriggerEvent) -> BoxFuture<'_, Result<Offer, SinkError>> {
        // A trigger that is paused, or a sender that goes away, leaves no event half decided.
        let (sink, stopping) = (self.clone(), || SinkError("the host is stopping".to_owned()));
        let Some(service) = self.service.upgrade() else { return Box::pin(async move { Err(stopping()) }) };
        let decided = effects::spawn(service.triggers.deciding.track_future(async move { sink.take(event).await }));
        Box::pin(async move { decided.await.unwrap_or_else(|_| Err(stopping())) })
    }

    fn missed(&self, count: u64, until: Timestamp) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move {
            let service = self.service.upgrade().ok_or_else(|| SinkError("the host is stopping".to_owned()))?;
            let (pipeline, trigger) = (self.pipeline.clone(), self.trigger.name.clone());
            service.store.decided(pipeline, trigger, until, count).await.map_err(|error| SinkError(error.to_string()))
        })
    }
}
