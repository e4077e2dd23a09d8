//! A run that is not being driven: before its turn, when it is already open to requests, or where it was interrupted.

use std::{future::Future, iter, pin::pin, sync::Arc};

use super::{
    dispatcher::{Ports, RunError},
    requests::{CancelRequest, RunRequest, RunRequests},
    state::RunState,
};
use crate::event::{EventKind, RunEvent};

/// Waits for the turn of a run. One that only has to end, since it was cancelled, takes no turn.
///
/// # Errors
/// If a request cannot be recorded, or the run was asked to stop.
pub async fn wait_for_turn<T>(
    state: &mut RunState,
    ports: &Ports,
    requests: &mut RunRequests,
    turn: impl Future<Output = T>,
) -> Result<Option<T>, RunError> {
    let mut turn = pin!(turn);
    loop {
        if state.only_has_to_end() {
            return Ok(None);
        }
        tokio::select! {
            biased;
            request = requests.next() => match request {
                RunRequest::Cancel(request) => record_cancel(state, ports, request).await?,
                RunRequest::Stop => return Err(RunError::Stopped),
            },
            turn = &mut turn => return Ok(Some(turn)),
        }
    }
}

/// Makes a request to cancel the run durable, and answers it.
///
/// # Errors
/// If it cannot be recorded.
pub async fn record_cancel(state: &mut RunState, ports: &Ports, request: CancelRequest) -> Result<(), RunError> {
    let missing = request.events().saturating_sub(state.cancels());
    let events = events(state, ports, iter::repeat_n(EventKind::CancelRequested, missing.into()));
    let committed = ports.journal.append(events.clone()).await;
    request.into_reply().send(committed.clone().map_err(Into::into));
    committed?;
    follow(state, ports, &events)
}

/// Records that a run stops which this process drove and cannot continue: whoever takes it up must not think that it
/// killed its host.
///
/// # Errors
/// If it cannot be recorded.
pub async fn record_stop(state: &mut RunState, ports: &Ports) -> Result<(), RunError> {
    if state.outcome().is_some() || !state.has_begun() || state.was_stopped() {
        return Ok(());
    }
    let events = events(state, ports, [EventKind::Stopped]);
    ports.journal.append(events.clone()).await?;
    follow(state, ports, &events)
}

fn events(state: &RunState, ports: &Ports, kinds: impl IntoIterator<Item = EventKind>) -> Vec<RunEvent> {
    let at = ports.clock.now().max(state.last_at());
    (state.next_seq()..).zip(kinds).map(|(seq, kind)| RunEvent { run: state.run(), seq, at, kind }).collect()
}

fn follow(state: &mut RunState, ports: &Ports, events: &[RunEvent]) -> Result<(), RunError> {
    for event in events {
        state.apply(event)?;
    }
    ports.observer.committed(&Arc::clone(state.plan()), events);
    Ok(())
}
