//! How processes end, and what the wall clock does.

use std::time::Duration;

use tokio::time::sleep;

use super::sandboxes::decide;
use crate::{
    disk::sim::SimDisk,
    effects::simulation::{self, Simulation, current, turn},
};

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is killed.
    Killed,
    /// The machine loses power while it is at anything.
    Power,
    /// The machine loses power in the middle of what the process asks of its disk, so many calls after its start.
    PowerAt(u64),
    /// It is stopped in good order, whatever it is at.
    Stopped,
    /// It is stopped once there is nothing left to do.
    Idle,
}

impl End {
    pub(super) fn any(simulation: &Simulation) -> Self {
        let mut random = simulation.random();
        match random.below(8) {
            0 => Self::Idle,
            1 => Self::Stopped,
            2 => Self::Power,
            3..5 => {
                let furthest = *random.pick(&[100, 1_000, 4_000]).expect("distances");
                Self::PowerAt(random.between(1, furthest))
            }
            _ => Self::Killed,
        }
    }
}

/// Kills the process at some moment, with the machine or without.
pub(super) async fn death(disk: SimDisk, end: End) {
    let (time, turns) = decide(|random| {
        let longest = *random.pick(&[5, 100, 2_000, 60_000, 900_000]).expect("times");
        (random.below(longest), random.below(100))
    });
    sleep(Duration::from_millis(time)).await;
    for _ in 0..turns {
        turn().await;
    }
    if end == End::Killed {
        disk.kill()
    } else {
        disk.lose_power()
    }
    simulation::kill();
}

/// Lets the wall clock jump now and then.
pub(super) async fn clock() {
    if !decide(|random| random.one_in(3)) {
        return;
    }
    for _ in 0..decide(|random| random.between(1, 4)) {
        sleep(Duration::from_millis(decide(|random| random.below(60_000)))).await;
        if let Some(simulation) = current() {
            jump(&simulation);
        }
    }
}

/// Sets the wall clock to another time, as an operator might.
pub(super) fn jump(simulation: &Simulation) {
    let by = {
        let mut random = simulation.random();
        let span = *random.pick(&[0, 0, 1_000, 60_000, 3_600_000, 86_400_000, 31_536_000_000]).expect("spans");
        let by = i64::try_from(random.below(span + 1)).expect("a span");
        if random.one_in(2) { by } else { -by }
    };
    simulation.jump(by);
    simulation.note(format_args!("the clock has jumped by {by} ms"));
}
