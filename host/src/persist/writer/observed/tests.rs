//! Clocks are set around ends of runs, passes and restarts, and nothing young is removed.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    time::Duration,
};

use tokio::time::sleep;

use crate::{
    effects::simulation::Simulation,
    event::RunEvent,
    execute::ports::Journal,
    ids::{RunId, Timestamp},
    persist::{
        DataDir, Reader, SqliteJournal,
        retention::{self, RetentionPolicy},
        tests::{created, events, finished, plan},
    },
};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;
const POLICY: RetentionPolicy = RetentionPolicy { days: Some(30), bytes: None, runs: 0 };

/// A data directory with its processes, and the time that really passes.
struct World<'a> {
    simulation: &'a Simulation,
    folder: tempfile::TempDir,
    /// By how much the wall clock is wrong.
    error: i64,
    /// The runs that are there, and when they ended.
    ended: BTreeMap<RunId, u64>,
}

/// What a process has open.
struct Process {
    dir: crate::persist::WriterDir,
    journal: SqliteJournal,
    reader: Reader,
}

impl World<'_> {
    fn of<T>(seed: u64, test: impl FnOnce(&mut World<'_>) -> T) -> T {
        Simulation::of(seed, |simulation| {
            let folder = tempfile::tempdir().unwrap();
            test(&mut World { simulation, folder, error: 0, ended: BTreeMap::new() })
        })
    }

    fn below(&self, limit: u64) -> u64 {
        self.simulation.random().below(limit)
    }

    /// What a clock would say that is always right.
    fn now(&self) -> u64 {
        u64::try_from(self.simulation.wall_clock() - self.error).unwrap()
    }

    /// Sets the wall clock to be wrong by so much.
    fn set_clock(&mut self, error: i64) {
        self.simulation.jump(error - self.error);
        self.error = error;
    }

    /// A clock that is wrong by seconds to years, either way.
    fn break_clock(&mut self) {
        let span = *self.simulation.random().pick(&[5 * SECOND, HOUR, DAY, 40 * DAY, 5 * YEAR]).unwrap();
        let error = i64::try_from(1 + self.below(span)).unwrap();
        self.set_clock(if self.below(2) == 0 { error } else { -error });
    }

    /// Nothing is running.
    fn rest(&mut self, milliseconds: u64) {
        self.simulation.jump(i64::try_from(milliseconds).unwrap());
    }

    async fn wait(&mut self, milliseconds: u64) {
        sleep(Duration::from_millis(milliseconds)).await;
    }

    async fn run(&mut self, process: &Process) -> RunId {
        let run = RunId::generate();
        let mut all = events(run, 0, [created(), finished()]);
        all.iter_mut().for_each(|RunEvent { at, .. }| *at = Timestamp::now());
        process.journal.create(run, plan("p", 1), all, None).await.unwrap();
        self.ended.insert(run, self.now());
        run
    }

    /// A pass; returns how old the youngest was that it removed.
    fn pass(&mut self, process: &Process) -> Option<u64> {
        let Process { dir, journal, reader } = process;
        let done = retention::tidy(dir, reader, journal, POLICY, &HashSet::new(), Timestamp::now()).unwrap();
        let now = self.now();
        let ages = done.runs.iter().map(|removed| now - self.ended.remove(&removed.run).unwrap());
        ages.min()
    }
}

fn open(folder: &Path) -> Process {
    let dir = DataDir::open_writer(folder).unwrap();
    let journal = SqliteJournal::open(&dir).unwrap();
    let reader = Reader::open(dir.dir()).unwrap();
    Process { dir, journal, reader }
}

/// A life of a process in which the clock is set now and then, never wrong for as long as it is trusted after.
async fn live(world: &mut World<'_>, seed: u64) {
    let process = open(world.folder.path());
    let mut wrong_since = world.now();
    for _ in 0..world.below(12) {
        match world.below(6) {
            0 => {
                if world.error == 0 {
                    wrong_since = world.now();
                }
                world.break_clock();
            }
            1 => world.set_clock(0),
            2..4 => drop(world.run(&process).await),
            _ => {}
        }
        let span = *world.simulation.random().pick(&[10, SECOND, HOUR / 2, 3 * HOUR, 10 * DAY]).unwrap();
        let mut span = world.below(span);
        if world.error != 0 {
            // Not to the last second: a simulation lets tasks sleep.
            let left = (HOUR - 60 * SECOND).saturating_sub(world.now() - wrong_since);
            span = span.min(left);
            if left == 0 {
                world.set_clock(0);
            }
        }
        world.wait(span).await;
        if let Some(youngest) = world.pass(&process) {
            assert!(youngest >= 30 * DAY, "seed {seed}: a run was removed after {} hours", youngest / HOUR);
        }
    }
}

#[test]
fn nothing_young_is_removed_whatever_the_clock_says_for_less_than_an_hour() {
    let mut removed = 0;
    for seed in 0..60 {
        World::of(seed, |world| {
            let mut made = 0;
            for _ in 0..world.below(10) {
                let simulation = world.simulation;
                simulation.life(live(world, seed));
                made = made.max(world.ended.len());
                let span = *world.simulation.random().pick(&[1, HOUR, 20 * DAY]).unwrap();
                let span = world.below(span);
                world.rest(span);
                // It may also be set while nothing is running.
                match world.below(4) {
                    0 => world.break_clock(),
                    1 => world.set_clock(0),
                    _ => {}
                }
            }
            removed += usize::from(world.ended.len() < made);
        });
    }
    assert!(removed > 0, "none was ever old");
}

/// Makes a run, and lets a process live for hours around it.
async fn day(world: &mut World<'_>, hours: u64) -> RunId {
    let process = open(world.folder.path());
    let run = world.run(&process).await;
    world.wait(hours * HOUR).await;
    world.run(&process).await;
    world.pass(&process);
    run
}

#[test]
fn time_without_a_process_counts_once_the_clock_was_steady_for_an_hour() {
    for (hours, is_removed) in [(1, true), (0, false)] {
        World::of(1, |world| {
            let simulation = world.simulation;
            // Nothing is known of the clock before it was steady.
            let first = simulation.life(day(world, 2)).unwrap();
            world.rest(31 * DAY);
            let second = simulation.life(day(world, hours)).unwrap();
            assert_eq!(world.ended.contains_key(&first), !is_removed, "{hours} hours");
            assert!(world.ended.contains_key(&second));
            // What passed before a run ended makes it no older.
            world.set_clock(40 * DAY as i64);
            simulation.life(day(world, 0));
            assert!(world.ended.contains_key(&second));
        });
    }
}

#[test]
fn what_is_old_by_clock_and_observation_is_removed() {
    World::of(1, |world| {
        let simulation = world.simulation;
        simulation.life(async {
            let process = open(world.folder.path());
            let run = world.run(&process).await;
            // The clock is set meanwhile, and set right.
            for error in [5 * YEAR as i64, -(5 * YEAR as i64), 0] {
                world.set_clock(error);
                world.run(&process).await;
                assert_eq!(world.pass(&process), None);
            }
            for _ in 0..30 {
                assert_eq!(world.pass(&process), None);
                world.wait(DAY).await;
            }
            world.wait(1).await;
            let last = world.run(&process).await;
            world.pass(&process);
            assert!(!world.ended.contains_key(&run) && world.ended.contains_key(&last));
            // Only the one that seems to have ended in the future is left of the others.
            assert_eq!(world.ended.len(), 2);
        });
    });
}
