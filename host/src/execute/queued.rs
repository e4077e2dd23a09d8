//! A run before its turn: accepted, not begun, and already open to requests.

use std::{future::Future, pin::pin, sync::Arc};

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
    let at = ports.clock.now().max(state.last_at());
    let events: Vec<_> = (state.next_seq()..)
        .take(missing.into())
        .map(|seq| RunEvent { run: state.run(), seq, at, kind: EventKind::CancelRequested })
        .collect();
    let committed = ports.journal.append(events.clone()).await;
    request.into_reply().send(committed.clone().map_err(Into::into));
    committed?;
    for event in &events {
        state.apply(event)?;
    }
    ports.observer.committed(&Arc::clone(state.plan()), &events);
    Ok(())
}
