//! The state machine under random graphs, random orders of completion and random crashes.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    event::{Join, Outcome, SkipReason, StepState},
    execute::state::{Decision, RunState},
    output::ItemRange,
    plan::ForEach,
};

/// What happens in a run, apart from the order.
#[derive(Debug, Clone)]
pub(super) struct Story {
    /// Steps whose attempts fail for good.
    pub(super) fails: BTreeSet<u32>,
    /// Steps whose first attempt fails and is retried.
    pub(super) stumbles: BTreeSet<u32>,
    /// Steps whose condition is false, if they have one.
    pub(super) false_for: BTreeSet<u32>,
    /// How many items a `for_each` step has.
    pub(super) items: u32,
    /// At which turns somebody asks for the run to end.
    pub(super) cancels: Vec<usize>,
}

impl Story {
    pub(super) fn plain(fails: &[u32]) -> Self {
        let empty = BTreeSet::new;
        Self {
            fails: fails.iter().copied().collect(),
            stumbles: empty(),
            false_for: empty(),
            items: 2,
            cancels: vec![],
        }
    }

    fn end(&self, (step, items, attempt): (StepIndex, ItemRange, u32)) -> EventKind {
        let usage = Usage::default();
        let failed = |retry_at| EventKind::AttemptFailed {
            step,
            items,
            attempt,
            failure: StepFailure::new(FailureKind::Failed, "told to"),
            usage,
            retry_at,
        };
        if self.stumbles.contains(&step.0) && attempt == 1 {
            return failed(Some(Timestamp(0)));
        }
        if self.fails.contains(&step.0) {
            return failed(None);
        }
        let output = output(&format!("s{}", step.0));
        EventKind::AttemptSucceeded { step, items, attempt, output, usage, cache: None, reused: None }
    }
}

/// Drives a state to its end without a dispatcher: `order` picks which running attempt ends next, `crash` when the
/// state is rebuilt from the events so far.
pub(super) fn simulate(plan: &Arc<Plan>, story: &Story, order: &[usize], crash: &[usize]) -> (RunState, Vec<RunEvent>) {
    simulate_from(plan, vec![created()], story, order, crash)
}

/// The same for a run that begins with these events.
pub(super) fn simulate_from(
    plan: &Arc<Plan>,
    first: Vec<EventKind>,
    story: &Story,
    order: &[usize],
    crash: &[usize],
) -> (RunState, Vec<RunEvent>) {
    let run = RunId::from_bytes([7; 16]);
    let mut events = Vec::new();
    let mut state = RunState::new(run, Arc::clone(plan));
    first.into_iter().for_each(|kind| record(&mut state, &mut events, kind));
    let mut turn = 0;
    while state.outcome().is_none() {
        while let Some(decision) = state.decide() {
            let kind = follow(&state, story, decision);
            record(&mut state, &mut events, kind);
        }
        if let Some(outcome) = state.conclusion() {
            record(&mut state, &mut events, EventKind::Finished { outcome });
            break;
        }
        let running: Vec<_> = state.running().collect();
        assert!(!running.is_empty(), "the run hangs: {:?}", all_states(&state));
        let kind = if story.cancels.contains(&turn) {
            EventKind::CancelRequested
        } else if crash.contains(&turn) {
            state = RunState::replay(run, Arc::clone(plan), &events).unwrap();
            for (step, items, attempt) in running {
                record(&mut state, &mut events, EventKind::AttemptLost { step, items, attempt, alone: false });
            }
            EventKind::Resumed
        } else {
            story.end(running[order[turn % order.len()] % running.len()])
        };
        record(&mut state, &mut events, kind);
        turn += 1;
    }
    (state, events)
}

/// The event that a decision leads to.
fn follow(state: &RunState, story: &Story, decision: Decision) -> EventKind {
    let plan = state.plan();
    match decision {
        Decision::Start(step, attempt, _) => {
            check_may_begin(state, step);
            EventKind::AttemptStarted { step, items: ItemRange::WHOLE, attempt }
        }
        Decision::Evaluate(step) if story.false_for.contains(&step.0) => {
            check_may_begin(state, step);
            EventKind::StepSkipped {
                step,
                reason: SkipReason::Condition { expression: "false".to_owned(), values: Vec::new() },
            }
        }
        Decision::Evaluate(step) => EventKind::ConditionHeld { step, values: Vec::new() },
        Decision::FanOut(step) => {
            check_may_begin(state, step);
            let items = OutputRef { form: Form::Rows, items: Some(story.items.into()), ..output("items") };
            EventKind::FannedOut { step, items }
        }
        Decision::RunItems(step) => {
            let (items, attempt) = state.items(step).unwrap().next(Timestamp(0), 1).unwrap();
            EventKind::AttemptStarted { step, items, attempt }
        }
        Decision::Gather(step) => {
            let packs = state.items(step).unwrap().outputs().count();
            assert_eq!(packs, story.items as usize);
            EventKind::StepSucceeded { step, output: output(&plan.step(step).name.to_string()) }
        }
        Decision::Fail(step, failure) => EventKind::StepFailed { step, failure },
        Decision::Skip(step, reason) => EventKind::StepSkipped { step, reason },
        Decision::Cancel(step, reason) => EventKind::StepCancelled { step, reason },
    }
}

/// The rules of joins, said once more and another way.
fn check_may_begin(state: &RunState, index: StepIndex) {
    let step = state.plan().step(index);
    assert!(step.upstreams.iter().all(|up| state.state(*up).is_terminal()), "{index:?} began too early");
    let states: Vec<_> = step.joined().map(|up| state.state(up)).collect();
    let all = |fine: &[StepState]| states.iter().all(|state| fine.contains(state));
    let satisfied = match step.join {
        Join::AllSuccess => all(&[StepState::Succeeded]),
        Join::AllDone => true,
        Join::AnySuccess => states.is_empty() || states.contains(&StepState::Succeeded),
        Join::NoneFailed => all(&[StepState::Succeeded, StepState::Skipped]),
    };
    assert!(satisfied, "{index:?} began with {states:?} under {:?}", step.join);
    let others_done = || state.plan().indices().all(|i| state.plan().step(i).finally || state.state(i).is_terminal());
    assert!(!step.finally || others_done(), "{index:?} began before the others had ended");
}

fn end_of(step: StepIndex, fails: bool) -> EventKind {
    let fails = if fails { vec![step.0] } else { vec![] };
    Story::plain(&fails).end((step, ItemRange::WHOLE, 1))
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

#[derive(Debug, Clone, Copy)]
struct Traits {
    goes_on: bool,
    join: Join,
    conditional: bool,
    for_each: bool,
    allow_failure: bool,
    finally: bool,
}

fn traits() -> impl Strategy<Value = Traits> {
    let flag = || prop::bool::weighted(0.25);
    let join = prop::sample::select(Join::ALL.to_vec());
    (any::<bool>(), join, flag(), flag(), flag(), flag()).prop_map(
        |(goes_on, join, conditional, for_each, allow_failure, finally)| Traits {
            goes_on,
            join,
            conditional,
            for_each,
            allow_failure,
            finally,
        },
    )
}

pub(super) fn graph() -> impl Strategy<Value = Plan> {
    (2u32..12).prop_flat_map(|count| {
        let edge = (0..count - 1).prop_flat_map(move |from| (Just(from), from + 1..count));
        let edges = prop::collection::vec(edge, 0..24);
        (edges, prop::collection::vec(traits(), count as usize)).prop_map(move |(edges, all)| {
            // Only `finally` steps come behind one.
            let edges: Vec<_> = edges
                .into_iter()
                .filter(|(from, to)| !all[*from as usize].finally || all[*to as usize].finally)
                .collect();
            let mut plan = plan(count, &edges);
            for (step, traits) in plan.steps.iter_mut().zip(all) {
                step.on_error = if traits.goes_on { OnError::Continue } else { OnError::Fail };
                step.join = traits.join;
                step.allow_failure = traits.allow_failure && traits.goes_on;
                step.finally = traits.finally;
                step.when = traits.conditional.then(|| "true".parse().unwrap());
                let source = ArgumentSource::Literal(serde_json::json!([]));
                step.for_each = traits.for_each.then_some(ForEach { source, max_parallel: None });
            }
            plan
        })
    })
}

pub(super) fn story() -> impl Strategy<Value = Story> {
    let some = || prop::collection::btree_set(0u32..12, 0..4);
    let cancels = prop_oneof![4 => Just(vec![]), 1 => prop::collection::vec(0usize..12, 1..3)];
    (some(), some(), some(), 0u32..4, cancels).prop_map(|(fails, stumbles, false_for, items, cancels)| Story {
        fails,
        stumbles,
        false_for,
        items,
        cancels,
    })
}

pub(super) fn all_states(state: &RunState) -> Vec<StepState> {
    state.plan().indices().map(|index| state.state(index)).collect()
}

proptest! {
    #[test]
    fn a_run_always_ends_and_its_replay_is_the_same(
        plan in graph(),
        story in story(),
        order in prop::collection::vec(any::<usize>(), 1..16),
        crash in prop::collection::vec(0usize..20, 0..4),
    ) {
        let plan = Arc::new(plan);
        let (state, events) = simulate(&plan, &story, &order, &crash);
        prop_assert!(all_states(&state).iter().all(|state| state.is_terminal()));
        let replayed = RunState::replay(state.run(), Arc::clone(&plan), &events).unwrap();
        prop_assert_eq!(all_states(&replayed), all_states(&state));
        prop_assert_eq!(replayed.outcome(), state.outcome());
        let cancelled = events.iter().any(|event| event.kind == EventKind::CancelRequested);
        let failed = plan.indices().any(|step| state.state(step) == StepState::Failed && !plan.step(step).allow_failure);
        let expected = if cancelled { Outcome::Cancelled } else if failed { Outcome::Failed } else { Outcome::Succeeded };
        prop_assert_eq!(state.outcome(), Some(expected));
    }

    #[test]
    fn the_order_of_completion_never_changes_a_result(
        mut plan in graph(),
        mut story in story(),
        one in prop::collection::vec(any::<usize>(), 1..16),
        other in prop::collection::vec(any::<usize>(), 1..16),
        crash in prop::collection::vec(0usize..20, 0..4),
    ) {
        // Under `on_error = "fail"`, and in a run that is cancelled, the order decides what had started before; the rest
        // must not depend on it.
        plan.steps.iter_mut().for_each(|step| step.on_error = OnError::Continue);
        story.cancels.clear();
        let plan = Arc::new(plan);
        let (left, _) = simulate(&plan, &story, &one, &[]);
        let (right, _) = simulate(&plan, &story, &other, &crash);
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
                3 => EventKind::AttemptLost { step, items, attempt, alone: false },
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
