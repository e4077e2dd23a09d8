//! Random plans: graphs with every sort of join, conditions, items, retries and ends.

use crate::{
    effects::simulation::Random,
    event::Join,
    grants::Grants,
    ids::{Name, StepIndex},
    module::Form,
    plan::{ArgumentSource, ForEach, OnError, ParamKind, Plan, PlanArgument, PlanParam, PlanStep, Retry, testing},
};

/// Plans of one world.
pub(super) fn some(random: &mut Random) -> Vec<Plan> {
    (0..random.between(1, 3)).map(|number| plan(random, number)).collect()
}

fn plan(random: &mut Random, number: u64) -> Plan {
    let count = random.between(1, 8) as u32;
    let traits: Vec<_> = (0..count).map(|step| (random.one_in(6) && step > 0, random.one_in(5))).collect();
    let mut steps: Vec<PlanStep> = Vec::new();
    for index in 0..count {
        let (finally, for_each) = traits[index as usize];
        // Only `finally` steps come after one.
        let before = (0..index).filter(|up| !traits[*up as usize].0 || finally);
        let upstreams: Vec<_> = before.filter(|_| random.one_in(3)).map(StepIndex).collect();
        for up in &upstreams {
            steps[up.get()].downstreams.push(StepIndex(index));
        }
        steps.push(step(random, number, index, upstreams, (finally, for_each)));
    }
    let file = PlanParam { name: file(), kind: ParamKind::File, description: String::new(), default: None };
    let params = if random.one_in(3) { vec![file] } else { Vec::new() };
    Plan { pipeline: Name::new(&format!("p{number}")).expect("a name"), params, ..testing::plan(steps) }
}

/// The parameter that takes a file, where a plan has one.
pub(super) fn file() -> Name {
    Name::new("file").expect("a name")
}

fn step(
    random: &mut Random,
    plan: u64,
    index: u32,
    upstreams: Vec<StepIndex>,
    (finally, for_each): (bool, bool),
) -> PlanStep {
    let on_error = if random.one_in(2) { OnError::Continue } else { OnError::Fail };
    let arguments = upstreams.iter().map(|up| PlanArgument {
        name: Name::new(&format!("from{}", up.0)).expect("a name"),
        form: Form::Value,
        source: ArgumentSource::Step { step: *up, path: Default::default() },
    });
    let conditions = ["true", "false"];
    let condition = random.one_in(6).then(|| random.pick(&conditions).and_then(|text| text.parse().ok())).flatten();
    PlanStep {
        arguments: arguments.collect(),
        // The same function in several plans: their results are found by each other.
        function: Name::new(&format!("f{}", (plan + u64::from(index)) % 5)).expect("a name"),
        upstreams,
        on_error,
        join: if random.one_in(2) { Join::AllSuccess } else { *random.pick(&Join::ALL).expect("joins") },
        when: condition,
        for_each: for_each.then(|| ForEach {
            source: ArgumentSource::Literal((0..random.below(12)).collect::<Vec<_>>().into()),
            max_parallel: random.one_in(3).then_some(2),
        }),
        retry: Retry {
            max_attempts: random.between(1, 4) as u32,
            initial_ms: random.between(1, 5_000),
            jitter: random.one_in(2),
            ..Retry::default()
        },
        allow_failure: on_error == OnError::Continue && random.one_in(4),
        finally,
        grants: Grants { run: random.one_in(3), ..Grants::default() },
        ..testing::step(&format!("s{index}"))
    }
}
