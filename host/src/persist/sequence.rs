//! Which events a journal takes: the rules that hold for every implementation.

use super::codec::MAX_SEQ;
use crate::{
    event::{EventKind, RunEvent},
    execute::ports::JournalError,
    ids::{RunId, StepIndex},
    output::ItemRange,
};

/// The most items that a step may have, as far as the journal is concerned: what is stored stays countable.
const MAX_ITEMS: u32 = 10_000_000;

/// The most events that a run may have: each has a key of its own.
const MAX_EVENTS: u64 = MAX_SEQ.unsigned_abs() + 1;

/// Where a run stands, as far as the rules need it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// The seq of the next event.
    pub(super) next: u64,
    /// How many steps the plan has.
    pub(super) steps: usize,
    /// Whether the last event was [`EventKind::Finished`].
    pub(super) finished: bool,
}

/// Checks the events of one call: they continue the run without a gap, know its steps, and nothing follows the end.
pub(super) fn check<'a>(
    run: RunId,
    mut position: Position,
    events: impl Iterator<Item = &'a RunEvent>,
) -> Result<(), JournalError> {
    for event in events {
        let refuse = |why: String| Err(JournalError(format!("event {} of run {run} was refused: {why}", event.seq)));
        if event.run != run {
            return refuse(format!("it belongs to run {}", event.run));
        }
        if position.finished {
            return refuse("the run has finished".to_owned());
        }
        if event.seq != position.next {
            return refuse(format!("event {} is the next", position.next));
        }
        if event.seq >= MAX_EVENTS {
            return refuse(format!("a run has at most {MAX_EVENTS} events"));
        }
        if matches!(event.kind, EventKind::Created { .. }) != (event.seq == 0) {
            return refuse("a run begins with `created`, once".to_owned());
        }
        if step_of(&event.kind).is_some_and(|step| step.get() >= position.steps) {
            return refuse("its plan has no such step".to_owned());
        }
        if items_of(&event.kind).is_some_and(|items| items.count == 0 || !fits(items)) {
            return refuse(format!("it is about no items, or about more than {MAX_ITEMS}"));
        }
        position.next += 1;
        position.finished = matches!(event.kind, EventKind::Finished { .. });
    }
    Ok(())
}

fn fits(items: ItemRange) -> bool {
    items.first.checked_add(items.count).is_some_and(|end| end <= MAX_ITEMS)
}

fn items_of(kind: &EventKind) -> Option<ItemRange> {
    match *kind {
        EventKind::AttemptStarted { items, .. }
        | EventKind::AttemptSucceeded { items, .. }
        | EventKind::AttemptFailed { items, .. }
        | EventKind::AttemptLost { items, .. }
        | EventKind::AttemptReturned { items, .. }
        | EventKind::Carried { items, .. } => Some(items),
        _ => None,
    }
}

fn step_of(kind: &EventKind) -> Option<StepIndex> {
    match *kind {
        EventKind::AttemptStarted { step, .. }
        | EventKind::AttemptSucceeded { step, .. }
        | EventKind::AttemptFailed { step, .. }
        | EventKind::AttemptLost { step, .. }
        | EventKind::AttemptReturned { step, .. }
        | EventKind::ConditionHeld { step, .. }
        | EventKind::FannedOut { step, .. }
        | EventKind::Carried { step, .. }
        | EventKind::StepSucceeded { step, .. }
        | EventKind::StepFailed { step, .. }
        | EventKind::StepSkipped { step, .. }
        | EventKind::StepCancelled { step, .. } => Some(step),
        EventKind::Created { .. }
        | EventKind::Resumed
        | EventKind::Stopped
        | EventKind::CancelRequested
        | EventKind::Finished { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Timestamp;

    #[test]
    fn a_run_has_no_more_events_than_have_a_key() {
        let run = RunId::generate();
        let nth = |seq| {
            let event = RunEvent { run, seq, at: Timestamp(0), kind: EventKind::Resumed };
            check(run, Position { next: seq, steps: 1, finished: false }, [&event].into_iter())
        };
        assert!(nth(MAX_EVENTS - 1).is_ok());
        assert!(nth(MAX_EVENTS).unwrap_err().to_string().contains("at most 4294967296 events"));
    }
}
