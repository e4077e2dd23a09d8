//! Waits for runs of another pipeline to end. The store is asked, so that no end is missed: not in a crash, and not when
//! many runs end at once.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::future::BoxFuture;

use crate::{
    app::service::Service,
    effects,
    ids::Name,
    persist::service::EndedRun,
    plan::TriggerKind,
    schedule::{Context, SinkError, Trigger, TriggerError, finished},
};

/// How often the store is asked when nobody says that a run has ended.
const LOOK: Duration = Duration::from_secs(5);
/// Runs that one question answers with.
const PAGE: u32 = 200;

pub(super) struct Ended {
    service: Weak<Service>,
    /// The trigger.
    of: (Name, Name),
    /// The pipeline whose runs it waits for.
    pipeline: Name,
    kind: TriggerKind,
}

impl Ended {
    pub(super) fn new(service: &Arc<Service>, of: (Name, Name), pipeline: &Name, kind: &TriggerKind) -> Self {
        Self { service: Arc::downgrade(service), of, pipeline: pipeline.clone(), kind: kind.clone() }
    }

    /// Offers what has ended after a place in the order of ends. Each end is noted when it has been dealt with; the last one
    /// is returned.
    async fn look(&self, service: &Service, context: &Context, mut seen: i64) -> Result<i64, SinkError> {
        loop {
            let (store, pipeline) = (service.store.clone(), self.pipeline.clone());
            let found = effects::blocking(move || store.ended_after(&pipeline, seen, PAGE)).await;
            let found = found.map_err(|error| SinkError(error.to_string()))?;
            let found = found.map_err(|error| SinkError(error.to_string()))?;
            if found.is_empty() {
                return Ok(seen);
            }
            for EndedRun { run, outcome, place } in found {
                if let Some(event) = finished::event(&self.kind, &self.pipeline, run, outcome) {
                    context.sink.offer(event).await?;
                }
                seen = place;
            }
            // Noted behind the runs: one that is offered twice has its run already.
            let (pipeline, trigger) = self.of.clone();
            let noted = service.store.seen_end(pipeline, trigger, seen).await;
            noted.map_err(|error| SinkError(error.to_string()))?;
        }
    }

    /// Where the trigger left off, read again until that is known.
    async fn begin(&self) -> Option<i64> {
        loop {
            let service = self.service.upgrade()?;
            let (store, (pipeline, trigger)) = (service.store.clone(), self.of.clone());
            match effects::blocking(move || store.end_seen_by(&pipeline, &trigger)).await {
                Ok(Ok(seen)) => return seen,
                Ok(Err(error)) => tracing::warn!(%error, "a trigger cannot be read; it will be tried again"),
                Err(error) => tracing::error!(%error, "a trigger cannot be read; it will be tried again"),
            }
            drop(service);
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Trigger for Ended {
    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Result<(), TriggerError>> {
        Box::pin(async move {
            let Some(mut seen) = self.begin().await else { return Ok(()) };
            let Some(mut changes) = self.service.upgrade().map(|service| service.feed.follow_all()) else {
                return Ok(());
            };
            loop {
                let Some(service) = self.service.upgrade() else { return Ok(()) };
                match self.look(&service, &context, seen).await {
                    Ok(last) => seen = last,
                    Err(error) => tracing::warn!(%error, "a trigger will look again"),
                }
                drop(service);
                tokio::select! {
                    biased;
                    _ = changes.recv() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        })
    }
}
