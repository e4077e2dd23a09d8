//! What a repetition takes over: by hand for each rule, and under random graphs and stories.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    state::{Story, all_states, graph, simulate, simulate_from, story},
    *,
};
use crate::{
    event::{Outcome, ParamValue, StepState},
    execute::rerun::{Earlier, Mode, first_events},
    ids::ModuleDigest,
    plan::ForEach,
};

fn run() -> RunId {
    RunId::from_bytes([7; 16])
}

fn param(name: &str, text: &str) -> ParamValue {
    ParamValue { name: Name::new(name).unwrap(), value: output(text) }
}

/// What a repetition of a run takes over, by the steps' names.
fn carried(old: (&Plan, &[RunEvent]), new: &Plan, params: &[ParamValue], mode: &Mode) -> Vec<String> {
    let earlier = Earlier { run: run(), plan: old.0, events: old.1 };
    let events = first_events(earlier, new, params.to_vec(), mode, RunOptions::default());
    let repeats =
        |kind: &EventKind| matches!(kind, EventKind::Created { origin: Origin::Rerun { of }, .. } if *of == run());
    assert!(repeats(&events[0]));
    let name = |event: &EventKind| match event {
        EventKind::Carried { step, items, .. } if *items == ItemRange::WHOLE => Some(new.step(*step).name.to_string()),
        EventKind::Carried { step, items, .. } => Some(format!("{}[{}]", new.step(*step).name, items.first)),
        _ => None,
    };
    events.iter().filter_map(name).collect()
}

/// A run of a plan in which these steps failed.
fn ran(plan: &Plan, fails: &[u32]) -> Vec<RunEvent> {
    let mut plan = plan.clone();
    plan.steps.iter_mut().for_each(|step| step.on_error = OnError::Continue);
    simulate(&Arc::new(plan), &Story::plain(fails), &[0], &[]).1
}

fn from(step: u32) -> Mode {
    Mode::From(BTreeSet::from([StepIndex(step)]))
}

/// 0 → 1 → 2, and 3 alone.
fn chain() -> Plan {
    plan(4, &[(0, 1), (1, 2)])
}

#[test]
fn each_mode_takes_over_what_it_says() {
    let plan = chain();
    let (good, bad) = (ran(&plan, &[]), ran(&plan, &[1]));
    let carried = |events: &[RunEvent], mode| carried((&plan, events), &plan, &[], &mode);
    assert!(carried(&good, Mode::Whole).is_empty());
    assert_eq!(carried(&good, Mode::Failed), ["s0", "s1", "s2", "s3"]);
    assert_eq!(carried(&good, from(1)), ["s0", "s3"]);
    assert_eq!(carried(&good, from(0)), ["s3"]);
    assert_eq!(carried(&bad, Mode::Failed), ["s0", "s3"]);
    assert_eq!(carried(&bad, from(3)), ["s0"]);
}

#[test]
fn a_changed_definition_runs_again_with_all_below_it() {
    let plan = chain();
    let events = ran(&plan, &[]);
    let carried = |change: &dyn Fn(&mut Plan)| {
        let mut new = plan.clone();
        change(&mut new);
        carried((&plan, &events), &new, &[], &Mode::Failed)
    };
    assert_eq!(carried(&|plan| plan.steps[1].function = Name::new("g").unwrap()), ["s0", "s3"]);
    assert_eq!(carried(&|plan| plan.steps[1].when = Some("true".parse().unwrap())), ["s0", "s3"]);
    assert_eq!(carried(&|plan| plan.steps[1].grants.run = true), ["s0", "s3"]);
    assert_eq!(carried(&|plan| plan.steps[3].name = Name::new("other").unwrap()), ["s0", "s1", "s2"]);
    assert!(carried(&|plan| plan.modules[0].digest = ModuleDigest([1; 32])).is_empty());
    let literal = PlanArgument {
        name: Name::new("x").unwrap(),
        form: Form::Value,
        source: ArgumentSource::Literal(serde_json::json!(1)),
    };
    assert_eq!(carried(&|plan| plan.steps[2].arguments.push(literal.clone())), ["s0", "s1", "s3"]);
}

#[test]
fn what_does_not_touch_a_result_changes_nothing() {
    let plan = chain();
    let events = ran(&plan, &[]);
    let mut new = plan.clone();
    let step = &mut new.steps[1];
    step.limits.memory += 1;
    step.retry.max_attempts = 3;
    step.on_error = OnError::Continue;
    step.uncached = true;
    assert_eq!(carried((&plan, &events), &new, &[], &Mode::Failed), ["s0", "s1", "s2", "s3"]);
}

#[test]
fn a_step_is_the_same_in_another_place_of_the_plan() {
    let events = ran(&chain(), &[]);
    // The same steps behind a new one.
    let mut new = plan(5, &[(1, 2), (2, 3)]);
    for (place, step) in new.steps.iter_mut().enumerate() {
        step.name = Name::new(&if place == 0 { "first".to_owned() } else { format!("s{}", place - 1) }).unwrap();
        step.arguments
            .iter_mut()
            .for_each(|argument| argument.name = Name::new(&format!("from{}", place - 2)).unwrap());
    }
    assert_eq!(carried((&chain(), &events), &new, &[], &Mode::Failed), ["s0", "s1", "s2", "s3"]);
}

#[test]
fn a_changed_parameter_runs_again_what_reads_it() {
    let mut plan = chain();
    let source = ArgumentSource::Param { name: Name::new("x").unwrap(), path: Default::default() };
    plan.steps[1].arguments.push(PlanArgument { name: Name::new("x").unwrap(), form: Form::Value, source });
    plan.steps[3].when = Some("params.y > 1".parse().unwrap());
    let given = [param("x", "1"), param("y", "2")];
    let mut events = ran(&plan, &[]);
    events[0].kind =
        EventKind::Created { params: given.to_vec(), origin: Origin::Manual, options: RunOptions::default() };
    let carried = |params: &[ParamValue]| carried((&plan, &events), &plan, params, &Mode::Failed);
    assert_eq!(carried(&given), ["s0", "s1", "s2", "s3"]);
    assert_eq!(carried(&[param("x", "9"), param("y", "2")]), ["s0", "s3"]);
    assert_eq!(carried(&[param("x", "1"), param("y", "9")]), ["s0", "s1", "s2"]);
}

#[test]
fn a_condition_that_asks_for_the_run_is_asked_again() {
    for (condition, expected) in [("run.id != \"\"", &["s0"][..]), ("s0 != null", &["s0", "s1"])] {
        let mut plan = plan(2, &[(0, 1)]);
        plan.steps[1].when = Some(condition.parse().unwrap());
        let events = ran(&plan, &[]);
        assert_eq!(carried((&plan, &events), &plan, &[], &Mode::Failed), expected, "{condition}");
    }
}

#[test]
fn finally_steps_run_again() {
    let mut plan = plan(2, &[]);
    plan.steps[1].finally = true;
    let events = ran(&plan, &[]);
    assert_eq!(carried((&plan, &events), &plan, &[], &Mode::Failed), ["s0"]);
}

#[test]
fn of_a_failed_for_each_the_items_that_succeeded_are_taken_over() {
    let mut plan = plan(2, &[(0, 1)]);
    let source = ArgumentSource::Step { step: StepIndex(0), path: Default::default() };
    plan.steps[1].for_each = Some(ForEach { source, max_parallel: None });
    let step = StepIndex(1);
    let item = |first| ItemRange { first, count: 1 };
    let mut events = ran(&plan, &[1]);
    let end = events.iter_mut().find(|event| {
        matches!(&event.kind, EventKind::AttemptFailed { step: of, items, .. } if *of == step && *items == item(1))
    });
    end.unwrap().kind = EventKind::AttemptSucceeded {
        step,
        items: item(1),
        attempt: 3,
        output: output("one"),
        usage: Usage::default(),
        cache: None,
        reused: None,
    };
    let earlier = Earlier { run: run(), plan: &plan, events: &events };
    let first = first_events(earlier, &plan, Vec::new(), &Mode::Failed, RunOptions::default());
    let [
        _,
        EventKind::Carried { .. },
        EventKind::FannedOut { items, .. },
        EventKind::Carried { items: range, from, .. },
    ] = &first[..]
    else {
        panic!("{first:?}")
    };
    assert_eq!((items.items, *range), (Some(2), item(1)));
    assert_eq!(from.to_string(), format!("runs/{}/s1[1]/3", run()));
    let (state, events) = simulate_from(&Arc::new(plan), first, &Story::plain(&[]), &[0], &[]);
    assert_eq!(state.outcome(), Some(Outcome::Succeeded));
    let begun: Vec<_> = events.iter().filter(|e| matches!(e.kind, EventKind::AttemptStarted { .. })).collect();
    assert!(
        matches!(&begun[..], [RunEvent { kind: EventKind::AttemptStarted { items, .. }, .. }] if *items == item(0))
    );
}

#[test]
fn a_repetition_of_a_repetition_names_the_attempt_that_ran() {
    let plan = Arc::new(chain());
    let events = ran(&plan, &[2]);
    let again = |run, events: &[RunEvent]| {
        let earlier = Earlier { run, plan: &plan, events };
        first_events(earlier, &plan, Vec::new(), &Mode::Failed, RunOptions::default())
    };
    let (_, second) = simulate_from(&plan, again(run(), &events), &Story::plain(&[2]), &[0], &[]);
    let third = again(RunId::from_bytes([8; 16]), &second);
    let sources = third.iter().filter_map(|event| match event {
        EventKind::Carried { from, .. } => Some(from.to_string()),
        _ => None,
    });
    let sources = sources.collect::<Vec<_>>();
    assert_eq!(sources, ["s0", "s1", "s3"].map(|step| format!("runs/{}/{step}/1", run())));
}

proptest! {
    /// Whatever happened before: once nothing fails any more, a repetition of what failed ends as a run of all does.
    #[test]
    fn a_repetition_ends_as_a_whole_run_does(
        mut plan in graph(),
        mut before in story(),
        again in prop::option::of(0u32..12),
        order in prop::collection::vec(any::<usize>(), 1..16),
        crash in prop::collection::vec(0usize..20, 0..4),
    ) {
        plan.steps.iter_mut().for_each(|step| step.on_error = OnError::Continue);
        let plan = Arc::new(plan);
        before.cancels.truncate(1);
        let (old, events) = simulate(&plan, &before, &order, &crash);
        let after = Story { fails: BTreeSet::new(), cancels: Vec::new(), ..before };
        let again = again.filter(|step| (*step as usize) < plan.steps.len());
        let mode = again.map_or(Mode::Failed, from);
        let earlier = Earlier { run: run(), plan: &plan, events: &events };
        let first = first_events(earlier, &plan, Vec::new(), &mode, RunOptions::default());
        let mut taken = BTreeSet::new();
        for event in &first {
            if let EventKind::Carried { step, .. } = event {
                taken.insert(*step);
            }
        }
        for step in &taken {
            prop_assert!(again != Some(step.0) && !plan.step(*step).finally);
            for up in &plan.step(*step).upstreams {
                prop_assert!(taken.contains(up) || old.state(*up) == StepState::Skipped, "{:?} above {:?}", up, step);
            }
        }
        for step in plan.indices().filter(|step| old.state(*step) == StepState::Succeeded) {
            let planned = plan.step(step);
            let all_above = planned.upstreams.iter().all(|up| taken.contains(up) && old.state(*up) == StepState::Succeeded);
            prop_assert!(taken.contains(&step) || !all_above || planned.finally || again == Some(step.0));
        }
        let (rerun, _) = simulate_from(&plan, first, &after, &order, &crash);
        let (whole, _) = simulate(&plan, &after, &order, &[]);
        prop_assert_eq!(all_states(&rerun), all_states(&whole));
        prop_assert_eq!(rerun.outcome(), whole.outcome());
    }
}
