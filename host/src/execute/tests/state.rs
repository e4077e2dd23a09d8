//! The state machine under random graphs, random orders of completion and random crashes.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    event::{Outcome, StepState},
    execute::state::{Decision, RunState},
    output::ItemRange,
};

/// Drives a state to its end without a dispatcher: `order` picks which running step ends next, `crash` when the
/// state is rebuilt from the events so far.
fn simulate(plan: &Arc<Plan>, fails: &BTreeSet<u32>, order: &[usize], crash: &[usize]) -> (RunState, Vec<RunEvent>) {
    let run = RunId::from_bytes([7; 16]);
    let mut events = Vec::new();
    let mut state = RunState::new(run, Arc::clone(plan));
    record(&mut state, &mut events, created());
    let (mut running, mut turn) = (Vec::new(), 0);
    while state.outcome().is_none() {
        while let Some(decision) = state.decide() {
            let kind = match decision {
                Decision::Start(step, attempt) => {
                    for up in &plan.step(step).upstreams {
                        assert_eq!(state.state(*up), StepState::Succeeded, "{step:?} started before {up:?} had ended");
                    }
                    running.push(step);
                    EventKind::AttemptStarted { step, items: ItemRange::WHOLE, attempt }
                }
                Decision::Skip(step, reason) => EventKind::StepSkipped { step, reason },
                Decision::Cancel(step, reason) => EventKind::StepCancelled { step, reason },
            };
            record(&mut state, &mut events, kind);
        }
        if let Some(outcome) = state.conclusion() {
            record(&mut state, &mut events, EventKind::Finished { outcome });
            break;
        }
        assert!(!running.is_empty(), "the run hangs");
        if crash.contains(&turn) {
            state = RunState::replay(run, Arc::clone(plan), &events).unwrap();
            for step in running.drain(..) {
                let lost = EventKind::AttemptLost { step, items: ItemRange::WHOLE, attempt: state.attempts(step) };
                record(&mut state, &mut events, lost);
            }
        } else {
            let step = running.swap_remove(order[turn % order.len()] % running.len());
            record(&mut state, &mut events, end_of(step, fails.contains(&step.0)));
        }
        turn += 1;
    }
    (state, events)
}

fn end_of(step: StepIndex, fails: bool) -> EventKind {
    let (items, attempt, usage) = (ItemRange::WHOLE, 1, Usage::default());
    if fails {
        let failure = StepFailure::new(FailureKind::Failed, "told to");
        EventKind::AttemptFailed { step, items, attempt, failure, usage, retry_at: None }
    } else {
        EventKind::AttemptSucceeded {
            step,
            items,
            attempt,
            output: output(&format!("s{}", step.0)),
            usage,
            cache: None,
            reused: None,
        }
    }
}

fn record(state: &mut RunState, events: &mut Vec<RunEvent>, kind: EventKind) {
    let before: Vec<_> = state.plan().indices().map(|index| state.state(index)).collect();
    let event = RunEvent { run: state.run(), seq: state.next_seq(), at: Timestamp(0), kind };
    state.apply(&event).unwrap();
    for (index, before) in state.plan().indices().zip(before) {
        assert!(!before.is_terminal() || state.state(index) == before, "a terminal state changed");
    }
    events.push(event);
}

fn graph() -> impl Strategy<Value = Plan> {
    (2u32..12).prop_flat_map(|count| {
        let edge = (0..count - 1).prop_flat_map(move |from| (Just(from), from + 1..count));
        let edges = prop::collection::vec(edge, 0..24);
        let continues = prop::collection::vec(any::<bool>(), count as usize);
        (edges, continues).prop_map(move |(edges, continues)| {
            let mut plan = plan(count, &edges);
            for (step, goes_on) in plan.steps.iter_mut().zip(continues) {
                step.on_error = if goes_on { OnError::Continue } else { OnError::Fail };
            }
            plan
        })
    })
}

fn all_states(state: &RunState) -> Vec<StepState> {
    state.plan().indices().map(|index| state.state(index)).collect()
}

proptest! {
    #[test]
    fn a_run_always_ends_and_its_replay_is_the_same(
        plan in graph(),
        fails in prop::collection::btree_set(0u32..12, 0..4),
        order in prop::collection::vec(any::<usize>(), 1..16),
        crash in prop::collection::vec(0usize..20, 0..4),
    ) {
        let plan = Arc::new(plan);
        let (state, events) = simulate(&plan, &fails, &order, &crash);
        prop_assert!(all_states(&state).iter().all(|state| state.is_terminal()));
        let replayed = RunState::replay(state.run(), Arc::clone(&plan), &events).unwrap();
        prop_assert_eq!(all_states(&replayed), all_states(&state));
        prop_assert_eq!(replayed.outcome(), state.outcome());
        let failed = all_states(&state).contains(&StepState::Failed);
        prop_assert_eq!(state.outcome() == Some(Outcome::Failed), failed);
    }

    #[test]
    fn the_order_of_completion_never_changes_a_result(
        mut plan in graph(),
        fails in prop::collection::btree_set(0u32..12, 0..4),
        one in prop::collection::vec(any::<usize>(), 1..16),
        other in prop::collection::vec(any::<usize>(), 1..16),
    ) {
        // Under `on_error = "fail"` the order decides what had started before the failure; the rest must not depend on it.
        plan.steps.iter_mut().for_each(|step| step.on_error = OnError::Continue);
        let plan = Arc::new(plan);
        let (left, _) = simulate(&plan, &fails, &one, &[]);
        let (right, _) = simulate(&plan, &fails, &other, &[]);
        prop_assert_eq!(all_states(&left), all_states(&right));
        prop_assert_eq!(left.outcome(), right.outcome());
    }

    #[test]
    fn no_sequence_of_events_makes_it_panic(
        plan in graph(),
        picks in prop::collection::vec((0u32..14, 0u8..7), 0..60),
    ) {
        let plan = Arc::new(plan);
        let mut state = RunState::new(RunId::from_bytes([7; 16]), plan);
        for (step, pick) in picks {
            let (step, items, attempt) = (StepIndex(step), ItemRange::WHOLE, 1);
            let kind = match pick {
                0 => EventKind::AttemptStarted { step, items, attempt },
                1 => end_of(step, false),
                2 => end_of(step, true),
                3 => EventKind::AttemptLost { step, items, attempt },
                4 => EventKind::StepCancelled { step, reason: crate::event::CancelReason::RunCancelled },
                5 => EventKind::CancelRequested,
                _ => EventKind::Finished { outcome: Outcome::Succeeded },
            };
            let event = RunEvent { run: state.run(), seq: state.next_seq(), at: Timestamp(0), kind };
            if state.apply(&event).is_err() {
                continue;
            }
            while state.decide().is_some() {}
        }
    }
}

#[test]
fn an_event_that_cannot_follow_is_refused() {
    let plan = Arc::new(plan(2, &[(0, 1)]));
    let run = RunId::from_bytes([7; 16]);
    let event = |seq, kind| RunEvent { run, seq, at: Timestamp(0), kind };
    let gap = [event(0, created()), event(2, EventKind::Resumed)];
    assert!(RunState::replay(run, Arc::clone(&plan), &gap).is_err());
    let twice = [event(0, created()), event(1, end_of(StepIndex(0), false))];
    assert!(RunState::replay(run, plan, &twice).is_err());
}

#[test]
fn an_output_is_dropped_with_its_last_consumer() {
    let plan = Arc::new(plan(3, &[(0, 1), (0, 2)]));
    let mut state = RunState::new(RunId::from_bytes([7; 16]), plan);
    let mut events = Vec::new();
    let start = |step| EventKind::AttemptStarted { step: StepIndex(step), items: ItemRange::WHOLE, attempt: 1 };
    record(&mut state, &mut events, created());
    for step in 0..3 {
        assert_eq!(state.output(StepIndex(0)).is_some(), step > 0);
        record(&mut state, &mut events, start(step));
        record(&mut state, &mut events, end_of(StepIndex(step), false));
    }
    assert_eq!(state.output(StepIndex(0)), None);
}
