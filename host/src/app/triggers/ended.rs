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
    ids::{Name, Timestamp},
    plan::TriggerKind,
    schedule::{Context, Offer, SinkError, Trigger, TriggerError, finished},
};

/// How often the store is asked when nobody says that a run has ended.
const LOOK: Duration = Duration::from_secs(5);
/// Runs that one question answers with.
const PAGE: u32 = 200;

pub(super) struct Ended {
    service: Weak<Service>,
    pipeline: Name,
    kind: TriggerKind,
}

impl Ended {
    pub(super) fn new(service: &Arc<Service>, pipeline: &Name, kind: &TriggerKind) -> Self {
        Self { service: Arc::downgrade(service), pipeline: pipeline.clone(), kind: kind.clone() }
    }

    /// Offers what has ended since; returns up to when all of it is dealt with.
    async fn look(&self, service: &Service, context: &Context, mut since: Timestamp) -> Result<Timestamp, SinkError> {
        loop {
            let store = service.store.clone();
            let (pipeline, from) = (self.pipeline.clone(), since);
            let found = effects::blocking(move || store.ended_since(&pipeline, from, PAGE)).await;
            let found = found.map_err(|error| SinkError(error.to_string()))?;
            let found = found.map_err(|error| SinkError(error.to_string()))?;
            let full = u32::try_from(found.len()).is_ok_and(|count| count == PAGE);
            let before = since;
            for (run, outcome, at) in found {
                if let Some(event) = finished::event(&self.kind, &self.pipeline, run, outcome) {
                    let offer = context.sink.offer(event).await?;
                    if !matches!(offer, Offer::Duplicate(_)) {
                        context.sink.missed(0, at).await?;
                    }
                }
                since = at;
            }
            // More than a page in one millisecond would be asked for again and again.
            if !full {
                return Ok(since);
            }
            if since == before {
                since = Timestamp(since.0 + 1);
            }
        }
    }
}

impl Trigger for Ended {
    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Result<(), TriggerError>> {
        Box::pin(async move {
            let mut since = context.since.unwrap_or_else(|| context.clock.now());
            let Some(mut changes) = self.service.upgrade().map(|service| service.feed.follow_all()) else {
                return Ok(());
            };
            loop {
                let Some(service) = self.service.upgrade() else { return Ok(()) };
                match self.look(&service, &context, since).await {
                    Ok(until) => since = until,
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
