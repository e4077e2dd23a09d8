//! The life of a world: processes, one after the other, on the same disk.

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use super::{
    faults, invariants,
    ledger::Ledger,
    plans,
    sandboxes::{self, decide},
    users::User,
};
use crate::{
    access::Policy,
    app::{Host, OpenError, parts::Storage, storage::RetentionPolicy},
    disk::sim::SimDisk,
    effects::{
        self,
        simulation::{self, Simulation, note, turn},
    },
    grants::Grants,
    persist::{DataDir, Reader},
    plan::Plan,
};

/// Where a world's data directory is on its disk.
const DATA: &str = "/data";
/// How long everything may take to end that was begun, once nobody does anything any more.
const PATIENCE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

thread_local! {
    static CLOSING: Cell<bool> = const { Cell::new(false) };
}

/// What came of a world.
pub(super) struct Done {
    pub(super) violations: Vec<String>,
    pub(super) events: u64,
}

/// What a world is.
struct World {
    disk: SimDisk,
    plans: Arc<Vec<Arc<Plan>>>,
    ledger: Ledger,
    max_active: usize,
    retention: Option<RetentionPolicy>,
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
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
    fn any(simulation: &Simulation) -> Self {
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

/// Lets it all go by.
pub(super) fn run(simulation: &Rc<Simulation>) -> Done {
    let world = World::of(simulation);
    let lives = simulation.random().below(5);
    for life in 1..=lives {
        let end = End::any(simulation);
        simulation.note(format_args!("process {life} begins, and will be {end:?}"));
        CLOSING.set(false);
        let ended = simulation.life(world.life(end, true)).is_some();
        simulation.note(format_args!("process {life} has ended in good order: {ended}"));
        world.disk.kill();
        faults::end(&world.disk, &world.ledger);
        world.ledger.killed();
        jump(simulation);
    }
    // Nothing keeps this one from its start, whatever kept the others.
    simulation.life(world.life(End::Idle, false));
    world.look_at_the_end();
    let mut known = world.ledger.known();
    Done { violations: std::mem::take(&mut known.violations), events: known.events }
}

impl World {
    fn of(simulation: &Rc<Simulation>) -> Self {
        let mut random = simulation.random();
        let plans = plans::some(&mut random).into_iter().map(Arc::new).collect();
        let max_active = random.between(1, 4) as usize;
        let days = random.one_in(2).then(|| random.below(40) as u32);
        let bytes = random.one_in(2).then(|| random.below(400_000));
        let retention = random.one_in(4).then_some(RetentionPolicy { days, bytes, runs: 1 });
        let disk = SimDisk::new(random.next());
        drop(random);
        let ledger = Ledger::default();
        ledger.known().max_active = max_active;
        World { disk, plans: Arc::new(plans), ledger, max_active, retention }
    }

    async fn life(&self, end: End, troubled_start: bool) {
        if let End::PowerAt(call) = end {
            self.disk.lose_power_at(self.disk.calls() + call);
        }
        if troubled_start {
            faults::before_start(&self.disk, &self.ledger);
        }
        let host = match self.open() {
            Ok(host) => Arc::new(host),
            Err(error) => {
                note(format_args!("it cannot be opened: {error}"));
                if !self.ledger.known().trouble.is_on() {
                    self.ledger.violated([format!("it cannot be opened: {error}")]);
                }
                return;
            }
        };
        match end {
            End::Killed | End::Power | End::PowerAt(_) => {
                effects::spawn(death(self.disk.clone(), end));
                self.scene(&host, None).await;
                std::future::pending::<()>().await;
            }
            End::Stopped => {
                let time = Duration::from_millis(decide(|random| random.below(30_000)));
                self.scene(&host, Some(time)).await;
            }
            End::Idle => {
                self.scene(&host, None).await;
                self.wait_until_idle(&host).await;
                self.ledger.violated(invariants::all_agree(&host, &self.ledger.known()));
            }
        }
        CLOSING.set(true);
        if let Err(error) = host.close().await
            && !self.ledger.known().trouble.is_on()
        {
            self.ledger.violated([format!("it cannot be stopped: {error}")]);
        }
    }

    /// What users do and what goes wrong meanwhile, to its end or for so long.
    async fn scene(&self, host: &Arc<Host>, most: Option<Duration>) {
        resume_all(host).await;
        let (users, acts) = decide(|random| (random.between(1, 3), random.between(1, 6)));
        let mut tasks = vec![effects::spawn(faults::during(Arc::clone(host), self.disk.clone(), self.ledger.clone()))];
        tasks.extend((0..users).map(|number| {
            let user = User {
                name: format!("user {number}"),
                host: Arc::clone(host),
                plans: Arc::clone(&self.plans),
                ledger: self.ledger.clone(),
            };
            effects::spawn(user.act(acts))
        }));
        effects::spawn(clock());
        if let Some(most) = most {
            return sleep(most).await;
        }
        for task in tasks {
            if let Err(error) = task.await {
                self.ledger.violated([format!("a user panicked: {error}")]);
            }
        }
    }

    fn open(&self) -> Result<Host, OpenError> {
        let disk = self.disk.disk();
        // Files are swept in every life, not only now and then.
        let _ = disk.remove(&std::path::Path::new(DATA).join("SWEPT"));
        let storage = Storage::open(DataDir::open_writer_on(&disk, DATA)?)?;
        let sandboxes = sandboxes::pretended(&storage, &self.ledger);
        let builder = Host::builder(DATA)
            .policy(Policy::default().allow(Grants { run: true, ..Grants::default() }))
            .max_runs(self.max_active.try_into().expect("some"))
            .parallelism(4.try_into().expect("some"))
            .retention(self.retention)
            .persistent(true)
            .observer(Arc::new(self.ledger.clone()));
        Ok(builder.assemble(storage, sandboxes))
    }

    async fn wait_until_idle(&self, host: &Host) {
        let idle = async {
            loop {
                let active = host.history().reader().unfinished().expect("a list");
                let active: Vec<_> = active.into_iter().filter(|run| host.is_active(*run)).collect();
                if active.is_empty() && host.active_runs() == 0 {
                    return;
                }
                host.ended(active).await;
                turn().await;
            }
        };
        if timeout(PATIENCE, idle).await.is_err() {
            self.ledger.violated([format!("after {PATIENCE:?} there are still {} active runs", host.active_runs())]);
        }
    }

    fn look_at_the_end(&self) {
        let dir = DataDir::open_reader_on(&self.disk.disk(), DATA).expect("a data directory");
        let reader = Reader::open(&dir).expect("a database");
        let wrong = {
            let known = self.ledger.known();
            let mut wrong = invariants::accepted_ends(&known, &reader);
            wrong.extend(invariants::committed_stays(&known, &reader));
            wrong
        };
        self.ledger.violated(wrong);
        self.ledger.violated(invariants::nothing_referenced_is_swept(&dir, &reader));
    }
}

/// What a service does when it starts.
async fn resume_all(host: &Host) {
    loop {
        match host.history().reader().unfinished() {
            Ok(runs) => {
                for run in runs {
                    host.take_up(run, None).await;
                }
                return;
            }
            Err(error) => note(format_args!("what has not ended cannot be read: {error}")),
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Whether the host is being stopped: then it refuses what it is asked.
pub(super) fn is_closing() -> bool {
    CLOSING.get()
}

/// Kills the process at some moment, with the machine or without.
async fn death(disk: SimDisk, end: End) {
    let (time, turns) = decide(|random| {
        let longest = *random.pick(&[5, 100, 2_000, 60_000, 3_000_000]).expect("times");
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
async fn clock() {
    if !decide(|random| random.one_in(3)) {
        return;
    }
    for _ in 0..decide(|random| random.between(1, 4)) {
        sleep(Duration::from_millis(decide(|random| random.below(60_000)))).await;
        if let Some(simulation) = effects::simulation::current() {
            jump(&simulation);
        }
    }
}

fn jump(simulation: &Simulation) {
    let by = {
        let mut random = simulation.random();
        let span = *random.pick(&[0, 0, 1_000, 60_000, 3_600_000, 86_400_000, 31_536_000_000]).expect("spans");
        let by = i64::try_from(random.below(span + 1)).expect("a span");
        if random.one_in(2) { by } else { -by }
    };
    simulation.jump(by);
    simulation.note(format_args!("the clock has jumped by {by} ms"));
}
