//! Server-sent events: what happens in a run, as it happens, from where a client left off.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::sync::mpsc;

use super::{Web, problem::Problem};
use crate::{
    app::StoreError,
    dto::{
        EventView,
        read::{LogCursor, log_views},
    },
    ids::{RunId, StepIndex},
    plan::Plan,
};

/// Events that wait for a slow client; behind that, the store waits for it.
const AHEAD: usize = 64;
/// Events that one query answers with.
const PAGE: u32 = 200;
/// How often a comment shows that the connection lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long lines of a log may take to become readable behind their announcement.
const SETTLE: Duration = Duration::from_millis(120);

/// What a client is sent.
pub(super) type Events = Sse<axum::response::sse::KeepAliveStream<BoxStream<'static, Result<Event, Infallible>>>>;

/// A stream of what is sent, until the sender is gone or the host stops: clients come back for the rest.
fn channel(web: &Web) -> (mpsc::Sender<Event>, Events) {
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    // Some proxies pass no head on before something follows it.
    let _ = sender.try_send(Event::default().comment("follows"));
    let mut stopping = web.stopping.subscribe();
    let stopped = async move { stopping.wait_for(|stopping| *stopping).await.is_ok() };
    let events = stream::poll_fn(move |context| receiver.poll_recv(context)).map(Ok).take_until(Box::pin(stopped));
    (sender, Sse::new(events.boxed()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// The last event that a client has seen, as it says when it comes back.
pub(super) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("last-event-id")?.to_str().ok()
}

/// The events of a run from `from` on, and how far its steps are; ends with the run. Each event has its number as id;
/// progress has none, since it is not repeated.
pub(super) fn run_events(web: &Arc<Web>, run: RunId, plan: Plan, mut from: u64) -> Events {
    let (sender, events) = channel(web);
    let web = Arc::clone(web);
    let mut follower = web.service.feed.follow(run);
    tokio::spawn(async move {
        let mut seen = 0;
        loop {
            let ended = match web.read(move |reader| Ok(reader.run(run)?.state.is_terminal())).await {
                Ok(ended) => ended,
                Err(_) => return,
            };
            loop {
                let Ok(found) = web.read(move |reader| reader.events(run, from, PAGE)).await else { return };
                let Some(last) = found.last() else { break };
                from = last.seq + 1;
                for event in &found {
                    let Some(message) = message(&EventView::of(&plan, event)) else { return };
                    if sender.send(message).await.is_err() {
                        return;
                    }
                }
            }
            for said in follower.progress(seen) {
                seen = said.number;
                let Some(message) = message(&EventView::progress(&said.attempt, &said.progress, said.at)) else {
                    return;
                };
                if sender.send(message).await.is_err() {
                    return;
                }
            }
            if ended {
                // A client that is not told comes back for more.
                let _ = sender.send(Event::default().event("end").data("{}")).await;
                return;
            }
            tokio::select! {
                () = follower.woken() => {}
                () = sender.closed() => return,
            }
        }
    });
    events
}

/// The lines of a run's logs behind a cursor; ends with the run. The id says which chunk of which step comes next.
pub(super) fn run_logs(web: &Arc<Web>, run: RunId, plan: Plan, mut cursor: LogCursor) -> Events {
    let (sender, events) = channel(web);
    let web = Arc::clone(web);
    let mut follower = web.service.feed.follow(run);
    tokio::spawn(async move {
        loop {
            let read = web.read(move |reader| {
                let ended = reader.run(run)?.state.is_terminal();
                let lines = cursor.read(reader)?;
                Ok((ended, lines, cursor))
            });
            let Ok((ended, lines, moved)) = read.await else { return };
            cursor = moved;
            if !lines.is_empty() {
                let id = write_log_position(cursor.position());
                let Ok(data) = serde_json::to_string(&log_views(&plan, &lines)) else { return };
                if sender.send(Event::default().id(id).event("lines").data(data)).await.is_err() {
                    return;
                }
            }
            if ended {
                let _ = sender.send(Event::default().event("end").data("{}")).await;
                return;
            }
            tokio::select! {
                () = follower.woken() => tokio::time::sleep(SETTLE).await,
                () = sender.closed() => return,
            }
        }
    });
    events
}

/// Runs that begin and end, as they do, and that something else changed. One that misses some is told to load its list
/// anew.
pub(super) fn all_runs(web: &Arc<Web>) -> Events {
    let (sender, events) = channel(web);
    let web = Arc::clone(web);
    let mut changes = web.service.feed.follow_all();
    let mut deployments = web.service.registry.changes();
    tokio::spawn(async move {
        use tokio::sync::broadcast::error::RecvError;
        loop {
            let changed = tokio::select! {
                changed = changes.recv() => changed,
                Ok(()) = deployments.changed() => {
                    if sender.send(Event::default().event("deployed").data("{}")).await.is_err() {
                        return;
                    }
                    continue;
                }
                () = sender.closed() => return,
            };
            let event = match changed {
                Ok(run) => {
                    let row = web.read(move |reader| reader.run(run)).await;
                    // It may have been removed since.
                    let Ok(row) = row else { continue };
                    let Ok(data) = serde_json::to_string(&web.summaries(std::slice::from_ref(&row)).remove(0)) else {
                        return;
                    };
                    Event::default().event("run").data(data)
                }
                Err(RecvError::Lagged(_)) => Event::default().event("reload").data("{}"),
                Err(RecvError::Closed) => return,
            };
            if sender.send(event).await.is_err() {
                return;
            }
        }
    });
    events
}

fn message(view: &EventView) -> Option<Event> {
    let event = Event::default().event("event").data(serde_json::to_string(view).ok()?);
    Some(view.seq.iter().fold(event, |event, seq| event.id(seq.to_string())))
}

/// `STEP:CHUNK,…` for the steps that have said something.
pub(super) fn write_log_position(position: &[(StepIndex, u64)]) -> String {
    let parts = position.iter().filter(|(_, chunk)| *chunk > 0).map(|(step, chunk)| format!("{}:{chunk}", step.0));
    parts.collect::<Vec<_>>().join(",")
}

/// Reads what [`write_log_position`] wrote; what is not understood begins anew.
pub(super) fn read_log_position(text: &str) -> Vec<(StepIndex, u64)> {
    let part = |part: &str| {
        let (step, chunk) = part.split_once(':')?;
        Some((StepIndex(step.parse().ok()?), chunk.parse().ok()?))
    };
    text.split(',').filter_map(part).collect()
}

impl Web {
    /// Asks the store, on a thread that may wait for it.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&crate::app::Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let history = self.service.host.history().clone();
        let answer = tokio::task::spawn_blocking(move || question(history.reader())).await;
        match answer {
            Ok(answer) => Ok(answer?),
            Err(error) => Err(Problem::internal(error)),
        }
    }
}
