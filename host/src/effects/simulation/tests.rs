//! That a simulation is what it says.

use std::sync::{Arc, Mutex};

use super::*;
use crate::effects;

/// Tasks that write down when they have their turns.
async fn several(tasks: u32, turns: u32) {
    let tasks: Vec<_> = (0..tasks)
        .map(|task| {
            effects::spawn(async move {
                for turn in 0..turns {
                    note(format_args!("{task} has turn {turn}"));
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

fn trace(seed: u64) -> String {
    Simulation::of(seed, |simulation| {
        simulation.life(several(4, 3));
        simulation.trace().hash().to_hex().to_string()
    })
}

#[test]
fn a_seed_repeats_itself_and_others_do_otherwise() {
    let traces: std::collections::HashSet<_> = (0..50).map(trace).collect();
    assert_eq!(traces.len(), 50);
    for seed in 0..50 {
        assert!(traces.contains(&trace(seed)), "seed {seed}");
    }
}

#[test]
fn every_order_of_three_tasks_happens() {
    let order = |seed| {
        Simulation::of(seed, |simulation| {
            simulation
                .life(async {
                    let order = Arc::new(Mutex::new(Vec::new()));
                    let tasks: Vec<_> = (0..3)
                        .map(|task| {
                            let order = Arc::clone(&order);
                            effects::blocking(move || order.lock().unwrap().push(task))
                        })
                        .collect();
                    for task in tasks {
                        task.await.unwrap();
                    }
                    Arc::into_inner(order).unwrap().into_inner().unwrap()
                })
                .unwrap()
        })
    };
    let orders: std::collections::BTreeSet<_> = (0..200).map(order).collect();
    assert_eq!(orders.len(), 6);
}

#[test]
fn panics_are_answered_and_aborts_end() {
    for seed in 0..20 {
        Simulation::of(seed, |simulation| {
            simulation.life(async {
                let panicked = effects::blocking(|| panic!("asked to")).await;
                assert!(panicked.unwrap_err().is_panic());
                let hangs = effects::spawn(std::future::pending::<()>());
                hangs.abort();
                assert!(hangs.await.unwrap_err().is_cancelled());
            });
        });
        assert!(!is_on());
    }
}

#[test]
#[should_panic(expected = "its tasks wait for each other")]
fn a_process_that_hangs_is_found() {
    Simulation::of(0, |simulation| simulation.life(std::future::pending::<()>()));
}

#[test]
fn a_process_that_is_killed_does_nothing_more() {
    Simulation::of(1, |simulation| {
        let killed = simulation.life(async {
            effects::spawn(async {
                note(format_args!("the last thing that happens"));
                kill();
            });
            tokio::time::sleep(Duration::from_secs(1)).await;
            note(format_args!("this does not happen"));
        });
        assert!(killed.is_none());
        assert!(simulation.trace().last(1).contains("the last thing"));
        assert_eq!(simulation.life(async { 7 }), Some(7));
    });
}

#[test]
fn the_clock_moves_by_what_is_waited_for_and_by_jumps() {
    Simulation::of(3, |simulation| {
        simulation.life(async {
            let before = effects::wall_clock();
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            assert!(effects::wall_clock() - before >= 3_600_000);
        });
        let before = simulation.wall_clock();
        simulation.jump(-3_600_000);
        assert_eq!(simulation.wall_clock(), before - 3_600_000);
        simulation.life(async {
            let (one, other) = (effects::uuid(), effects::uuid());
            assert_ne!(one, other);
            assert_eq!(one.get_version_num(), 7);
        });
    });
}

#[test]
fn whoever_waits_for_a_thread_lets_it_serve() {
    Simulation::of(5, |simulation| {
        simulation.life(async {
            let (sender, mut receiver) = effects::queue::<oneshot::Sender<u32>>(2);
            let thread = effects::thread("answers", async move {
                while let Ok(call) = receiver.next(None).await {
                    call.send(7).unwrap();
                }
            });
            let (call, answer) = oneshot::channel();
            sender.send(call).unwrap();
            assert_eq!(effects::wait(answer), Ok(7));
            let answers: Vec<_> = (0..5)
                .map(|_| {
                    let (call, answer) = oneshot::channel();
                    sender.send(call).unwrap();
                    answer
                })
                .collect();
            for answer in answers {
                assert_eq!(answer.await, Ok(7));
            }
            drop(sender);
            assert!(thread.unwrap().join());
        });
    });
}
