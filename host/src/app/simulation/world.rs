//! The life of a world: processes, one after the other, in the same data directory.

use std::{cell::Cell, path::Path, rc::Rc, sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use super::{
    invariants,
    ledger::Ledger,
    plans,
    sandboxes::{self, decide},
    users::User,
};
use crate::{
    access::Policy,
    app::{Host, parts::Storage, storage::RetentionPolicy},
    effects::{
        self,
        simulation::{Simulation, turn},
    },
    grants::Grants,
    persist::{DataDir, Reader},
    plan::Plan,
};

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
    folder: tempfile::TempDir,
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
    /// It is stopped in good order, whatever it is at.
    Stopped,
    /// It is stopped once there is nothing left to do.
    Idle,
}

/// Lets it all go by.
pub(super) fn run(simulation: &Rc<Simulation>) -> Done {
    let world = World::of(simulation);
    let lives = simulation.random().between(1, 4);
    for life in 1..=lives {
        let end = match simulation.random().below(8) {
            _ if life == lives => End::Idle,
            0 => End::Idle,
            1..3 => End::Stopped,
            _ => End::Killed,
        };
        simulation.note(format_args!("process {life} begins, and will be {end:?}"));
        CLOSING.set(false);
        simulation.life(world.life(end, life == lives));
        world.ledger.killed();
        simulation.note(format_args!("process {life} has ended"));
        jump(simulation);
    }
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
        drop(random);
        let ledger = Ledger::default();
        ledger.known().max_active = max_active;
        World { folder: folder(), plans: Arc::new(plans), ledger, max_active, retention }
    }

    async fn life(&self, end: End, last: bool) {
        let host = Arc::new(self.open());
        let scene = async {
            resume_all(&host).await;
            let (users, acts) = decide(|random| (random.between(1, 3), random.between(1, 6)));
            let users: Vec<_> = (0..users)
                .map(|number| {
                    let name = format!("user {number}");
                    let user = User {
                        name,
                        host: Arc::clone(&host),
                        plans: Arc::clone(&self.plans),
                        ledger: self.ledger.clone(),
                    };
                    effects::spawn(user.act(acts))
                })
                .collect();
            effects::spawn(clock());
            match end {
                End::Killed => std::future::pending().await,
                End::Stopped => sleep(Duration::from_millis(decide(|random| random.below(30_000)))).await,
                End::Idle => {
                    for user in users {
                        if let Err(error) = user.await {
                            self.ledger.violated([format!("a user panicked: {error}")]);
                        }
                    }
                    self.wait_until_idle(&host).await;
                    self.ledger.violated(invariants::all_agree(&host, &self.ledger.known()));
                }
            }
        };
        match end {
            End::Killed => {
                tokio::select! {
                    biased;
                    () = death() => {}
                    () = scene => {}
                }
            }
            End::Stopped | End::Idle => {
                scene.await;
                CLOSING.set(true);
                if let Err(error) = host.close().await {
                    self.ledger.violated([format!("it cannot be stopped: {error}")]);
                }
                if last {
                    assert_eq!(end, End::Idle);
                }
            }
        }
    }

    fn open(&self) -> Host {
        // Files are swept in every life, not only now and then.
        let _ = std::fs::remove_file(self.folder.path().join("SWEPT"));
        let storage = Storage::open(DataDir::open_writer(self.folder.path()).expect("a data directory"));
        let storage = storage.expect("a store");
        let sandboxes = sandboxes::pretended(&storage, &self.ledger);
        let builder = Host::builder(self.folder.path())
            .policy(Policy::default().allow(Grants { run: true, ..Grants::default() }))
            .max_runs(self.max_active.try_into().expect("some"))
            .parallelism(4.try_into().expect("some"))
            .retention(self.retention)
            .persistent(true)
            .observer(Arc::new(self.ledger.clone()));
        builder.assemble(storage, sandboxes)
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
        let dir = DataDir::open_reader(self.folder.path()).expect("a data directory");
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
    for run in host.history().reader().unfinished().expect("a list") {
        host.take_up(run, None).await;
    }
}

/// Whether the host is being stopped: then it refuses what it is asked.
pub(super) fn is_closing() -> bool {
    CLOSING.get()
}

/// Ends at some moment.
async fn death() {
    let (time, turns) = decide(|random| {
        let longest = *random.pick(&[5, 100, 2_000, 60_000, 3_000_000]).expect("times");
        (random.below(longest), random.below(100))
    });
    sleep(Duration::from_millis(time)).await;
    for _ in 0..turns {
        turn().await;
    }
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

/// A new folder, in memory where there is such a thing: what a disk forgets is not simulated here.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}
