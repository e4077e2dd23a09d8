//! The life of a world: processes, one after the other, on the same disk.

use std::{cell::Cell, path::Path, rc::Rc, sync::Arc, time::Duration};

use tokio::{
    task::JoinError,
    time::{Instant, sleep, timeout},
};

use super::{
    broken::Flaw,
    ends::{self, End},
    faults, invariants,
    ledger::{self, Ledger},
    pipelines::{self, Pipelines},
    plans,
    sandboxes::{self, decide},
    users::{self, User},
};
use crate::{
    access::Policy,
    app::{
        Host, Service, ServiceOptions,
        parts::Storage,
        reader::{MAX_ROWS, RunFilter},
        service::ServiceError,
        storage::RetentionPolicy,
    },
    disk::sim::SimDisk,
    effects::{
        self,
        simulation::{Simulation, note},
    },
    grants::Grants,
    persist::{DataDir, Reader, StoreError},
    plan::Plan,
};

/// Where a world's data directory is on its disk.
pub(super) const DATA: &str = "/data";
/// How long everything may take to end that was begun, once nobody does anything any more.
const PATIENCE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// Within this time, a `finished` trigger that nobody wakes has looked, and all has been decided that it has seen, however
/// slow the disk is.
const LOOK: Duration = Duration::from_secs(10 * 60);
/// How often it is asked whether they have.
const POLL: Duration = Duration::from_secs(6);

thread_local! {
    static CLOSING: Cell<bool> = const { Cell::new(false) };
}

/// What came of a world.
pub(super) struct Done {
    pub(super) violations: Vec<String>,
    /// How much has happened: events that were committed, and turns of tasks.
    pub(super) events: u64,
}

/// What a world is.
pub(super) struct World {
    pub(super) disk: SimDisk,
    plans: Arc<Vec<Arc<Plan>>>,
    pipelines: Arc<Pipelines>,
    ledger: Ledger,
    max_active: usize,
    retention: Option<RetentionPolicy>,
    flaw: Option<Flaw>,
}

/// Lets it all go by, with a host that is broken on purpose or not.
pub(super) fn run(simulation: &Rc<Simulation>, flaw: Option<Flaw>) -> Done {
    let world = World::of(simulation, flaw);
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
        world.look_at_ends();
        if let Some(flaw) = flaw {
            flaw.tamper(&world.disk);
        }
        ends::jump(simulation);
    }
    // Nothing keeps this one from its start, whatever kept the others.
    simulation.life(world.life(End::Idle, false));
    if let Some(flaw) = flaw {
        flaw.tamper(&world.disk);
    }
    world.look_at_the_end();
    let mut known = world.ledger.known();
    Done { violations: std::mem::take(&mut known.violations), events: known.events + simulation.steps() }
}

impl World {
    pub(super) fn of(simulation: &Rc<Simulation>, flaw: Option<Flaw>) -> Self {
        let mut random = simulation.random();
        let plans = plans::some(&mut random).into_iter().map(Arc::new).collect();
        let pipelines = Pipelines::any(&mut random);
        let max_active = random.between(1, 4) as usize;
        let days = random.one_in(2).then(|| random.below(40) as u32);
        let bytes = random.one_in(2).then(|| random.below(400_000));
        let retention = random.one_in(4).then_some(RetentionPolicy { days, bytes, runs: 1 });
        let disk = SimDisk::new(random.next());
        drop(random);
        if flaw == Some(Flaw::AcknowledgesTooEarly) {
            disk.sync_nothing();
        }
        let ledger = Ledger::default();
        ledger.known().max_active = max_active;
        ledger.known().removes = retention.is_some();
        ledger.known().overlaps = pipelines.overlaps();
        World { disk, plans: Arc::new(plans), pipelines: Arc::new(pipelines), ledger, max_active, retention, flaw }
    }

    async fn life(&self, end: End, troubled_start: bool) {
        if let End::PowerAt(call) = end {
            self.disk.lose_power_at(self.disk.calls() + call);
        }
        if troubled_start {
            faults::before_start(&self.disk, &self.ledger);
        }
        if matches!(end, End::Killed | End::Power | End::PowerAt(_)) {
            effects::spawn(ends::death(self.disk.clone(), end));
        }
        let service = match self.open().await {
            Ok(service) => service,
            Err(error) => {
                note(format_args!("it cannot be opened: {error}"));
                if !self.ledger.known().trouble.is_on() {
                    self.ledger.violated([format!("it cannot be opened: {error}")]);
                }
                return;
            }
        };
        pipelines::note_waiting(&service, &mut self.ledger.known());
        match end {
            End::Killed | End::Power | End::PowerAt(_) => {
                self.scene(&service, None).await;
                std::future::pending::<()>().await;
            }
            End::Stopped => {
                let time = Duration::from_millis(decide(|random| random.below(30_000)));
                self.scene(&service, Some(time)).await;
            }
            End::Idle => {
                self.scene(&service, None).await;
                self.wait_until_idle(&service).await;
                self.look(&service);
            }
        }
        CLOSING.set(true);
        if let Err(error) = service.stop(Duration::from_secs(decide(|random| random.below(20)))).await
            && !self.ledger.known().trouble.is_on()
        {
            self.ledger.violated([format!("it cannot be stopped: {error}")]);
        }
    }

    /// What users do and what goes wrong meanwhile, to its end or for so long.
    async fn scene(&self, service: &Arc<Service>, most: Option<Duration>) {
        if decide(|random| random.one_in(2)) {
            self.deploy(service).await;
        }
        let (users, acts) = decide(|random| (random.between(1, 3), random.between(1, 8)));
        let trouble = faults::during(Arc::clone(service), self.disk.clone(), self.ledger.clone());
        let mut tasks = vec![effects::spawn(trouble)];
        tasks.extend((0..users).map(|number| {
            let user = User {
                name: User::name(number),
                service: Arc::clone(service),
                plans: Arc::clone(&self.plans),
                pipelines: Arc::clone(&self.pipelines),
                ledger: self.ledger.clone(),
                flaw: self.flaw,
            };
            effects::spawn(user.act(acts))
        }));
        effects::spawn(ends::clock());
        if let Some(most) = most {
            return sleep(most).await;
        }
        for task in tasks {
            match task.await.map_err(JoinError::into_panic) {
                // A request may panic, like all else. Its user does nothing any more then.
                Err(panic) if !ledger::is_on_purpose(panic.as_ref()) => {
                    self.ledger.violated(["a user panicked".to_owned()]);
                }
                _ => {}
            }
        }
    }

    /// Deploys all pipelines, as far as that can be done now, and lets their triggers wait.
    pub(super) async fn deploy(&self, service: &Arc<Service>) {
        let texts = decide(|random| {
            let text = |number| self.pipelines.text(number, random, self.flaw);
            (0..pipelines::COUNT).map(text).collect::<Vec<_>>()
        });
        for text in texts {
            if let Err(error) = pipelines::deploy(service, &text).await {
                note(format_args!("it cannot be deployed: {error}"));
            }
        }
        let _ = pipelines::pause(service, false, None).await;
        pipelines::note_waiting(service, &mut self.ledger.known());
    }

    pub(super) async fn open(&self) -> Result<Arc<Service>, ServiceError> {
        let disk = self.disk.disk();
        // Files are swept in every life, not only now and then.
        let _ = disk.remove(&Path::new(DATA).join("SWEPT"));
        let max_runs = self.max_active + usize::from(self.flaw == Some(Flaw::AdmitsOneMore));
        let min_free = if self.flaw == Some(Flaw::RefusesStarts) { u64::MAX } else { 1 };
        let options = ServiceOptions { min_free, ..ServiceOptions::default() };
        let builder = Host::builder(DATA)
            .policy(Policy::default().allow(Grants { run: true, ..Grants::default() }))
            .max_runs(max_runs.try_into().expect("some"))
            .parallelism(4.try_into().expect("some"))
            .retention(self.retention)
            .observer(Arc::new(self.ledger.clone()));
        Service::open_with(builder, options, async |builder| {
            let storage = Storage::open(DataDir::open_writer_on(&disk, DATA)?)?;
            let sandboxes = sandboxes::pretended(&storage, &self.ledger, self.flaw);
            Ok(builder.assemble(storage, sandboxes))
        })
        .await
    }

    /// What must hold when nothing happens.
    fn look(&self, service: &Service) {
        let known = self.ledger.known();
        let mut wrong = invariants::all_agree(&service.host, &known);
        wrong.extend(invariants::deployments_agree(service));
        wrong.extend(invariants::triggers_wait(service));
        wrong.extend(invariants::events_are_decided(service, &known));
        wrong.extend(invariants::secrets_stay(&service.vault, &users::secret(), &known));
        drop(known);
        self.ledger.violated(wrong);
    }

    /// Waits until no run is active, and the triggers have seen every end.
    async fn wait_until_idle(&self, service: &Arc<Service>) {
        if let Err(error) = pipelines::pause(service, true, self.flaw).await {
            self.ledger.violated([format!("a trigger cannot be paused: {error}")]);
        }
        let idle = async {
            loop {
                self.wait_for_runs(&service.host).await;
                let since = Instant::now();
                while service.host.active_runs() == 0 {
                    sleep(POLL).await;
                    let undecided = invariants::events_are_decided(service, &self.ledger.known());
                    // What has not been decided by then never will be.
                    if service.host.active_runs() == 0 && (undecided.is_empty() || since.elapsed() > LOOK) {
                        return;
                    }
                }
            }
        };
        if timeout(PATIENCE, idle).await.is_err() {
            let active = service.host.active_runs();
            self.ledger.violated([format!("after {PATIENCE:?} there are still {active} active runs")]);
        }
    }

    async fn wait_for_runs(&self, host: &Host) {
        loop {
            let active = host.history().reader().unfinished().expect("a list");
            let active: Vec<_> = active.into_iter().filter(|run| host.is_active(*run)).collect();
            if active.is_empty() && host.active_runs() == 0 {
                return;
            }
            host.ended(active).await;
            // One whose acceptance failed waits until it is known whether it was accepted.
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// What was committed last before a process ended was not said any more. Read from a copy, so that nothing changes.
    fn look_at_ends(&self) {
        let copy = self.disk.fork(0);
        let Ok(dir) = DataDir::open_reader_on(&copy.disk(), DATA) else { return };
        let Ok(reader) = Reader::open(&dir) else { return };
        let Ok(page) = reader.runs(&RunFilter::default(), None, MAX_ROWS) else { return };
        let mut known = self.ledger.known();
        for run in page.runs.iter().filter(|run| run.state.is_terminal()) {
            known.note_end(run.id, &run.pipeline);
        }
    }

    fn look_at_the_end(&self) {
        let opened = DataDir::open_reader_on(&self.disk.disk(), DATA).map_err(StoreError::from);
        let read = opened.and_then(|dir| Ok((Reader::open(&dir)?, dir)));
        let wrong = match read {
            Ok((reader, dir)) => invariants::at_the_end(&self.ledger.known(), &dir, &reader),
            Err(error) => vec![format!("what is left cannot be read: {error}")],
        };
        self.ledger.violated(wrong);
    }
}

/// Whether the host is being stopped: then it refuses what it is asked.
pub(super) fn is_closing() -> bool {
    CLOSING.get()
}
