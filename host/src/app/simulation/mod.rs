//! A host in a simulation: the real writer, dispatcher, keeper and retention on a simulated disk, with pretended sandboxes,
//! and users who do anything at any time. Its processes are killed, its clock jumps, calls of its disk fail, it loses
//! power. What must hold nevertheless is in [`invariants`].
//!
//! A seed decides everything: `STEPMILL_SEED=17 cargo test -p stepmill --lib simulation` shows again what the seed 17 does.
//! `STEPMILL_SEEDS=1000` tries more of them.

mod broken;
mod ends;
mod faults;
mod invariants;
mod ledger;
mod pipelines;
mod plans;
mod sandboxes;
mod users;
mod world;

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use self::{
    broken::Flaw,
    world::{Done, World},
};
use crate::{
    app::Service,
    disk::sim::{Fault, Lasting},
    effects::simulation::Simulation,
    execute::ports::JournalError,
    ids::Timestamp,
};

/// How many seeds a test tries.
const SEEDS: u64 = 300;
/// How much of what happened is shown when something goes wrong.
const SHOWN: usize = 5_000;

/// What came of a seed.
struct Simulated {
    trace: blake3::Hash,
    events: u64,
    violations: Vec<String>,
    lines: String,
}

/// Lets the world of a seed go by, with a host that is broken on purpose or not.
///
/// # Panics
/// If something panics in it.
fn simulate(seed: u64, flaw: Option<Flaw>) -> Simulated {
    Simulation::of(seed, |simulation| {
        let lines = || simulation.trace().last(SHOWN);
        match std::panic::catch_unwind(AssertUnwindSafe(|| world::run(simulation, flaw))) {
            Ok(Done { violations, events }) => {
                let trace = simulation.trace().hash();
                Simulated { trace, events, violations, lines: lines() }
            }
            Err(panic) => {
                eprintln!("{}\nSTEPMILL_SEED={seed} shows this panic again", lines());
                std::panic::resume_unwind(panic);
            }
        }
    })
}

/// The same for a host that keeps its promises.
///
/// # Panics
/// If it does not.
fn keeps_promises(seed: u64) -> Simulated {
    let simulated = simulate(seed, None);
    let violations = simulated.violations.join("\n  ");
    assert!(violations.is_empty(), "{}\nSTEPMILL_SEED={seed} shows again that\n  {violations}", simulated.lines);
    simulated
}

fn number(variable: &str) -> Option<u64> {
    std::env::var_os(variable)?.to_str()?.parse().ok()
}

#[test]
fn what_is_promised_holds_in_every_order_of_events() {
    if let Some(seed) = number("STEPMILL_SEED") {
        println!("{}", keeps_promises(seed).lines);
        return;
    }
    let seeds = number("STEPMILL_SEEDS").unwrap_or(SEEDS);
    let begun = Instant::now();
    let events: u64 = (0..seeds).map(|seed| keeps_promises(seed).events).sum();
    println!("{events} events and turns in {seeds} worlds, in {:.1} s", begun.elapsed().as_secs_f64());
}

#[test]
fn a_seed_decides_everything() {
    for seed in 0..8 {
        let traces = [(); 2].map(|()| keeps_promises(seed).trace);
        assert_eq!(traces[0], traces[1], "seed {seed}");
    }
}

/// A change meets an error at any call of the disk. Once all is healed, memory and triggers are what is stored.
async fn is_followed(world: &World, call: u64, lasting: Lasting, change: impl AsyncFn(&Arc<Service>)) {
    let service = world.open().await.expect("a service");
    world.deploy(&service).await;
    world.disk.fail_at(world.disk.calls() + call, Fault::Io, lasting);
    change(&service).await;
    sleep(Duration::from_secs(5)).await;
    world.disk.heal();
    sleep(Duration::from_secs(120)).await;
    assert_eq!(invariants::deployments_agree(&service), [""; 0], "call {call}, {lasting:?}");
    assert_eq!(invariants::triggers_wait(&service), [""; 0], "call {call}, {lasting:?}");
    service.stop(Duration::from_secs(60)).await.expect("a clean stop");
}

#[test]
fn a_change_that_met_an_error_is_followed_as_soon_as_it_can_be_read() {
    for (call, lasting) in (1..40).flat_map(|call| [Lasting::Once, Lasting::UntilHealed].map(|lasting| (call, lasting)))
    {
        Simulation::of(call, |simulation| {
            let world = World::of(simulation, None);
            simulation.life(is_followed(&world, call, lasting, async |service| {
                let _ = pipelines::pause(service, true, None).await;
            }));
        });
        Simulation::of(call, |simulation| {
            let world = World::of(simulation, None);
            simulation.life(is_followed(&world, call, lasting, async |service| {
                let _ = service.registry.pause_pipeline(&pipelines::name(0), true, "a simulation").await;
            }));
        });
    }
}

#[test]
fn a_change_whose_answer_is_lost_is_found_where_it_was_stored() {
    Simulation::of(0, |simulation| {
        let world = World::of(simulation, None);
        simulation.life(is_followed(&world, u64::MAX / 2, Lasting::Once, async |service| {
            let (name, by) = (pipelines::name(0), "a simulation".to_owned());
            let lost = service.registry.stored(async {
                service.store.pause_pipeline(name, true, by, Timestamp::now()).await?;
                Err::<(), _>(JournalError("the answer is lost".to_owned()))
            });
            assert!(lost.await.is_err());
        }));
    });
}
