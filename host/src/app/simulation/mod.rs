//! A host in a simulation: the real writer, dispatcher, keeper and retention on a simulated disk, with pretended sandboxes,
//! and users who do anything at any time. Its processes are killed, its clock jumps, calls of its disk fail, it loses
//! power. What must hold nevertheless is in [`invariants`].
//!
//! A seed decides everything: `STEPMILL_SEED=17 cargo test -p stepmill --lib simulation` shows again what the seed 17 does.
//! `STEPMILL_SEEDS=1000` tries more of them.

mod faults;
mod invariants;
mod ledger;
mod plans;
mod sandboxes;
mod users;
mod world;

use std::{panic::AssertUnwindSafe, time::Instant};

use crate::effects::simulation::Simulation;

/// How many seeds a test tries.
const SEEDS: u64 = 150;
/// How much of what happened is shown when something goes wrong.
const SHOWN: usize = 120;

/// What came of a seed.
struct Simulated {
    trace: blake3::Hash,
    events: u64,
}

/// Lets the world of a seed go by.
///
/// # Panics
/// If something went wrong in it.
fn simulate(seed: u64, shows: bool) -> Simulated {
    Simulation::of(seed, |simulation| {
        let gone = std::panic::catch_unwind(AssertUnwindSafe(|| world::run(simulation)));
        let lines = |most| simulation.trace().last(most);
        match gone {
            Ok(done) if done.violations.is_empty() => {
                if shows {
                    println!("{}", lines(usize::MAX));
                }
                Simulated { trace: simulation.trace().hash(), events: done.events }
            }
            Ok(done) => {
                let violations = done.violations.join("\n  ");
                panic!("{}\nSTEPMILL_SEED={seed} shows again that\n  {violations}", lines(SHOWN));
            }
            Err(panic) => {
                eprintln!("{}\nSTEPMILL_SEED={seed} shows this panic again", lines(SHOWN));
                std::panic::resume_unwind(panic);
            }
        }
    })
}

fn number(variable: &str) -> Option<u64> {
    std::env::var_os(variable)?.to_str()?.parse().ok()
}

#[test]
fn what_is_promised_holds_in_every_order_of_events() {
    if let Some(seed) = number("STEPMILL_SEED") {
        simulate(seed, true);
        return;
    }
    let seeds = number("STEPMILL_SEEDS").unwrap_or(SEEDS);
    let begun = Instant::now();
    let events: u64 = (0..seeds).map(|seed| simulate(seed, false).events).sum();
    println!("{events} events in {seeds} worlds, in {:.1} s", begun.elapsed().as_secs_f64());
}

#[test]
fn a_seed_decides_everything() {
    for seed in 0..8 {
        let traces = [simulate(seed, false).trace, simulate(seed, false).trace];
        assert_eq!(traces[0], traces[1], "seed {seed}");
    }
}
