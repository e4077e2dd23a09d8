//! The task of a trigger that waits by itself.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
};

use futures_util::FutureExt as _;
use tokio::{task::AbortHandle, time::sleep};

use super::{PAUSES, Sink, TriggerStatus, ended::Ended};
use crate::{
    app::service::Service,
    effects::{self, Backoff},
    ids::Timestamp,
    plan::TriggerKind,
    schedule::{Context, SystemClock, Trigger},
};

impl Service {
    /// Lets a trigger wait in a task of its own, from what it has dealt with on. None if it waits for requests, or cannot wait.
    pub(super) fn run_trigger(
        self: &Arc<Self>,
        status: &TriggerStatus,
        sink: &Arc<Sink>,
        since: Option<Timestamp>,
    ) -> Option<AbortHandle> {
        let trigger = self.make_trigger(status)?;
        let context = Context { sink: Arc::clone(sink) as _, clock: Arc::new(SystemClock), since };
        Some(effects::spawn(keep_running(Arc::downgrade(self), status.clone(), trigger, context)).abort_handle())
    }

    fn make_trigger(self: &Arc<Self>, status: &TriggerStatus) -> Option<Box<dyn Trigger>> {
        let (pipeline, trigger) = (&status.pipeline, &status.trigger);
        if let TriggerKind::Finished { pipeline: other, .. } = &trigger.kind {
            let of = (pipeline.clone(), trigger.name.clone());
            return Some(Box::new(Ended::new(self, of, other, &trigger.kind)));
        }
        self.triggers.factories.make(trigger).unwrap_or_else(|error| {
            tracing::error!(%pipeline, trigger = %trigger.name, %error, "a trigger cannot start runs");
            None
        })
    }

    /// What a trigger has dealt with.
    async fn dealt_with(&self, status: &TriggerStatus) -> Option<Timestamp> {
        let store = self.store.clone();
        let rows = effects::blocking(move || store.triggers()).await.ok()?.ok()?;
        rows.into_iter().find(|row| row.pipeline == status.pipeline && row.name == status.trigger.name)?.decided_until
    }
}

/// Lets a trigger run to its end. One that panics is started again, from what it has dealt with on.
async fn keep_running(
    service: Weak<Service>,
    status: TriggerStatus,
    mut trigger: Box<dyn Trigger>,
    mut context: Context,
) {
    let (pipeline, name) = (&status.pipeline, &status.trigger.name);
    let mut pauses = Backoff::new(PAUSES.0, PAUSES.1);
    loop {
        match AssertUnwindSafe(trigger.run(context.clone())).catch_unwind().await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                tracing::error!(%pipeline, trigger = %name, %error, "a trigger starts no more runs");
                return;
            }
            Err(_) => tracing::error!(%pipeline, trigger = %name, "a trigger has panicked, and will be started again"),
        }
        sleep(pauses.next()).await;
        let Some(service) = service.upgrade() else { return };
        context.since = service.dealt_with(&status).await.max(context.since);
        let Some(made) = service.make_trigger(&status) else { return };
        trigger = made;
    }
}
