//! The tables say what the state machine says: for any sequence of events that can happen.

use std::cell::RefCell;

use proptest::prelude::*;

use super::{projection::kind, *};
use crate::{
    event::StepState,
    execute::state::RunState,
    persist::{
        reader::MAX_ROWS,
        verify::{Finding, Listener, Verified, verify},
    },
};

const STEPS: u32 = 4;
/// Steps from this on may be fanned out.
const FANNED_OUT: u32 = 2;

/// What is tried in turn; what cannot happen is left out.
fn proposals() -> impl Strategy<Value = Vec<EventKind>> {
    let fan_out = (FANNED_OUT..STEPS, 0..6_u64).prop_map(|(step, items)| EventKind::FannedOut {
        step: StepIndex(step),
        items: OutputRef { form: Form::Rows, items: Some(items), ..inline(b"") },
    });
    prop::collection::vec(prop_oneof![12 => kind(), 1 => fan_out], 0..300)
}

/// The events that can happen, and where they lead.
fn happen(run: RunId, proposals: Vec<EventKind>, outcome: Outcome) -> (Vec<RunEvent>, RunState) {
    let mut state = RunState::new(run, plan("p", STEPS));
    let mut events: Vec<RunEvent> = Vec::new();
    let end = EventKind::Finished { outcome };
    for kind in [created()].into_iter().chain(proposals).chain([end]) {
        let seq = events.len() as u64;
        let event = RunEvent { run, seq, at: Timestamp(1_000 + seq as i64), kind };
        if is_in_turn(&state, &event.kind) && state.apply(&event).is_ok() {
            events.push(event);
        }
    }
    (events, state)
}

/// Attempts are counted, and only a step with items succeeds by itself: the state machine trusts its driver there.
fn is_in_turn(state: &RunState, kind: &EventKind) -> bool {
    let begun = |step: StepIndex| state.attempts(step);
    let has_items = |step: StepIndex| state.items(step).is_some();
    match *kind {
        EventKind::AttemptStarted { step, attempt, .. } => has_items(step) || attempt == begun(step) + 1,
        EventKind::AttemptSucceeded { step, attempt, items, .. }
        | EventKind::AttemptFailed { step, attempt, items, .. }
        | EventKind::AttemptLost { step, attempt, items, .. }
        | EventKind::AttemptReturned { step, attempt, items, .. } => match state.items(step) {
            None => attempt == begun(step),
            Some(all) => all
                .running()
                .any(|(range, its)| its == attempt && range.first <= items.first && items.end() <= range.end()),
        },
        EventKind::FannedOut { step, .. } => begun(step) == 0,
        EventKind::StepSucceeded { step, .. } => has_items(step),
        _ => true,
    }
}

fn agree(reader: &Reader, run: RunId, state: &RunState) {
    let row = reader.run(run).unwrap();
    assert_eq!(row.events, state.next_seq());
    assert_eq!(row.cancel_requested, state.is_cancelled());
    assert_eq!(row.created_at, state.created_at());
    match state.outcome() {
        Some(outcome) => assert_eq!(row.state, outcome.into()),
        None => assert!(!row.state.is_terminal()),
    }
    for step in reader.steps(run, StepIndex(0), MAX_ROWS).unwrap() {
        let index = step.step;
        if state.items(index).is_none() || state.state(index).is_terminal() {
            assert_eq!(step.state, state.state(index), "{index:?}");
        } else {
            // In the tables a step with items runs once one of them does.
            assert!(!step.state.is_terminal(), "{index:?}");
        }
        if state.items(index).is_none() && step.state != StepState::Waiting {
            // An attempt that was given back is counted until it begins again.
            assert!(step.attempts >= state.attempts(index), "{index:?}");
        }
        // The state machine forgets the items of a step that has ended.
        if let Some(items) = state.items(index) {
            let running: u64 = items.running().map(|(range, _)| u64::from(range.count)).sum();
            let wanted = (u64::from(items.total()), running, u64::from(items.failed()));
            let counts = step.items.map(|counts| (counts.total, counts.running, counts.failed));
            assert_eq!(counts, Some(wanted), "{index:?}");
        }
        // The state machine forgets what nothing below needs any more.
        if let Some(output) = state.output(index) {
            let stored = reader.output(run, index, None, None).unwrap().map(|stored| stored.output);
            assert_eq!(stored.as_ref(), Some(output), "{index:?}");
        }
    }
}

#[derive(Default)]
struct Found(Vec<Finding>);

impl Listener for Found {
    fn found(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    fn reached(&mut self, _: &Verified) {}
}

#[test]
fn the_tables_are_what_a_replay_says() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, journal) = open(folder.path());
    let reader = reader(folder.path());
    let outcome = prop_oneof![Just(Outcome::Succeeded), Just(Outcome::Failed), Just(Outcome::Cancelled)];
    let lengths = RefCell::new(Vec::new());
    proptest!(ProptestConfig::with_cases(120), |((proposals, outcome, cut) in (proposals(), outcome, any::<usize>()))| {
        let run = RunId::generate();
        let (events, state) = happen(run, proposals, outcome);
        // Cut in two, so that some rows are written by one commit and changed by another.
        let (head, tail) = events.split_at(1 + cut % events.len());
        wait(journal.create(run, plan("p", STEPS), head.to_vec(), None)).unwrap();
        append(&journal, tail.to_vec()).unwrap();
        agree(&reader, run, &state);
        let replayed = RunState::replay(run, plan("p", STEPS), &reader.history(run).unwrap()).unwrap();
        agree(&reader, run, &replayed);
        lengths.borrow_mut().push(events.len());
    });
    let lengths = lengths.into_inner();
    assert!(lengths.iter().filter(|length| **length > 20).count() > 30, "much can happen: {lengths:?}");

    // And `verify` makes the same tables of the same events.
    let mut found = Found::default();
    let verified = verify(dir.dir(), &reader, &mut found).unwrap();
    assert_eq!(verified.runs, lengths.len() as u64);
    found.0.retain(|finding| finding.place.starts_with("run "));
    assert_eq!(found.0, []);
}
