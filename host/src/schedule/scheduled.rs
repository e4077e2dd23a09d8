//! Triggers of times: cron expressions and intervals.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{
    due::{Due, due},
    ports::{Context, Payload, SinkError, Trigger, TriggerError, TriggerEvent, TriggerFactory},
    times::Times,
};
use crate::{
    ids::Timestamp,
    plan::{CatchUp, PlanTrigger, TriggerKind},
};

/// How long a trigger waits before it offers again what could not be taken.
const FIRST_RETRY: Duration = Duration::from_millis(250);
/// The longest such wait.
const LAST_RETRY: Duration = Duration::from_secs(30);

/// Makes the triggers of times.
pub(super) struct ScheduleFactory;

struct Scheduled {
    times: Times,
    catch_up: CatchUp,
}

impl TriggerFactory for ScheduleFactory {
    fn make(&self, trigger: &PlanTrigger) -> Result<Box<dyn Trigger>, TriggerError> {
        let (TriggerKind::Cron { catch_up, .. } | TriggerKind::Interval { catch_up, .. }) = &trigger.kind else {
            return Err(TriggerError::WrongKind(trigger.kind.as_str().to_owned()));
        };
        let times =
            Times::of(&trigger.kind).ok_or_else(|| TriggerError::WrongKind(trigger.kind.as_str().to_owned()))?;
        Ok(Box::new(Scheduled { times, catch_up: *catch_up }))
    }
}

impl Trigger for Scheduled {
    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Result<(), TriggerError>> {
        Box::pin(async move {
            self.wait(&context).await;
            Ok(())
        })
    }
}

impl Scheduled {
    async fn wait(&self, context: &Context) {
        let mut position = context.since.unwrap_or_else(|| context.clock.now());
        loop {
            let now = context.clock.now();
            // Where the clock was set back, its times come again. Those that had a run are known to the sink; those
            // that a clock wrongly ahead has jumped over have theirs now.
            position = position.min(now);
            match due(&self.times, self.catch_up, position, now) {
                Some(due) => position = deal_with(&due, position, context).await,
                None => match self.times.next_after(position) {
                    Some(next) => context.clock.until(next).await,
                    None => return,
                },
            }
        }
    }
}

/// Reports what was missed and offers the rest; returns up to when all is dealt with.
async fn deal_with(due: &Due, position: Timestamp, context: &Context) -> Timestamp {
    let mut position = position;
    if due.missed > 0 {
        until_taken(|| context.sink.missed(due.missed, due.missed_until)).await;
        position = due.missed_until;
    }
    for time in &due.times {
        let event = TriggerEvent { key: time.rfc3339(), scheduled_for: Some(*time), payload: Payload::None };
        until_taken(|| context.sink.offer(event.clone())).await;
        position = *time;
    }
    position
}

/// Asks again and again: a time that was not taken must not be passed by.
async fn until_taken<'a, T>(ask: impl Fn() -> BoxFuture<'a, Result<T, SinkError>>) -> T {
    let mut wait = FIRST_RETRY;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => {
                tracing::warn!(%error, "a trigger will offer its event again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LAST_RETRY);
            }
        }
    }
}
