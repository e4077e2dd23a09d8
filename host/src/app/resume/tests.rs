//! What a restart makes of runs that were accepted before it.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::{sleep, timeout};

use super::*;
use crate::{
    app::{Host, Params, ServiceOptions, StartRequest, Submitted, reader::MAX_ROWS},
    event::{Origin, RunState},
    registry::Upload,
    runtime::testing::{component, guest},
};

const PATIENCE: Duration = Duration::from_secs(30);
/// Long enough for a run to begin that must not.
const MOMENT: Duration = Duration::from_millis(300);

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A service whose runs go on until they are cancelled.
struct Subject {
    folder: tempfile::TempDir,
    service: Option<Arc<Service>>,
}

impl Subject {
    async fn new(overlap: Overlap) -> Self {
        let mut subject = Self { folder: tempfile::tempdir().unwrap(), service: None };
        subject.open().await;
        let endless = component(&guest("(loop $again (br $again)) (unreachable)"));
        let upload = Upload { name: Some(name("m")), activate: true, by: "a test".to_owned(), force: false };
        subject.service().registry.upload(endless.into(), upload).await.unwrap();
        subject.deploy(overlap).await;
        subject
    }

    fn service(&self) -> &Service {
        self.service.as_ref().unwrap()
    }

    async fn open(&mut self) {
        let opened = Service::open(Host::builder(self.folder.path()), ServiceOptions::default()).await;
        self.service = Some(opened.unwrap());
    }

    async fn stop(&mut self) {
        self.service.take().unwrap().stop(Duration::ZERO).await.unwrap();
    }

    async fn restart(&mut self) {
        self.stop().await;
        self.open().await;
    }

    async fn deploy(&self, overlap: Overlap) {
        let trigger = format!("webhook = {{ path = \"p\", auth = \"none\" }}\noverlap = \"{}\"", overlap.as_str());
        let text = format!("name = \"p\"\n[steps.one]\nuse = \"m/run\"\n[triggers.t]\n{trigger}\n");
        self.service().registry.deploy(&text, BTreeMap::new(), "a test").await.unwrap();
    }

    async fn remove(&self) {
        self.service().registry.remove_pipeline(&name("p"), "a test").await.unwrap();
    }

    /// Accepts a run that does not begin before a restart, and cancels none for it.
    async fn accept(&self, origin: Origin) -> RunId {
        let plan = Arc::clone(self.service().registry.pipeline(&name("p")).unwrap().plan().unwrap());
        let after = Some(Box::pin(std::future::pending()) as _);
        let request = StartRequest { origin, after, ..StartRequest::default() };
        match self.service().host.submit(plan, Params::new(), request).await.unwrap() {
            Submitted::New(run) => run.id(),
            Submitted::Before(_) => unreachable!("it has no key"),
        }
    }

    /// The same for several of the trigger, each under its own `overlap`.
    async fn accept_under<const N: usize>(&self, overlaps: [Option<Overlap>; N]) -> [RunId; N] {
        let mut runs = [RunId::from_bytes([0; 16]); N];
        for (run, overlap) in runs.iter_mut().zip(overlaps) {
            let (trigger, kind, key) = (name("t"), "webhook".to_owned(), "a key".to_owned());
            *run = self.accept(Origin::Trigger { trigger, kind, key, scheduled_for: None, overlap }).await;
        }
        runs
    }

    fn state(&self, run: RunId) -> RunState {
        self.service().host.history().reader().run(run).unwrap().state
    }

    async fn until(&self, run: RunId, wanted: RunState) {
        let reached = async {
            while self.state(run) != wanted {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let reached = timeout(PATIENCE, reached).await;
        reached.unwrap_or_else(|_| panic!("it is {:?}, and not {wanted:?}", self.state(run)));
    }

    async fn cancel(&self, run: RunId) {
        self.service().host.cancel(run, false).await.unwrap();
        self.until(run, RunState::Cancelled).await;
    }

    /// These wait, and have not been asked to end.
    async fn wait_on(&self, runs: &[RunId]) {
        sleep(MOMENT).await;
        for run in runs {
            let row = self.service().host.history().reader().run(*run).unwrap();
            assert_eq!((row.state, row.cancel_requested), (RunState::Queued, false), "{runs:?}");
        }
    }

    /// These begin one after the other, each when the one before it has ended, and nothing asks them to end.
    async fn take_turns(&self, mut runs: &[RunId]) {
        while let [first, later @ ..] = runs {
            self.until(*first, RunState::Running).await;
            self.wait_on(later).await;
            let first_row = self.service().host.history().reader().run(*first).unwrap();
            assert!(!first_row.cancel_requested);
            self.cancel(*first).await;
            runs = later;
        }
    }
}

const QUEUE: Option<Overlap> = Some(Overlap::Queue);
const ALLOW: Option<Overlap> = Some(Overlap::Allow);
const CANCEL: Option<Overlap> = Some(Overlap::CancelPrevious);

#[tokio::test]
async fn runs_keep_what_they_were_accepted_under() {
    for today in [CANCEL, ALLOW, Some(Overlap::Skip), None] {
        let mut subject = Subject::new(Overlap::Queue).await;
        let runs = subject.accept_under([QUEUE; 3]).await;
        match today {
            Some(overlap) => subject.deploy(overlap).await,
            None => subject.remove().await,
        }
        subject.restart().await;
        subject.take_turns(&runs).await;
        subject.stop().await;
    }
}

#[tokio::test]
async fn a_run_that_was_to_cancel_those_before_it_cancels_all_of_them() {
    let mut subject = Subject::new(Overlap::CancelPrevious).await;
    let [first, second, third, latest, behind] = subject.accept_under([QUEUE, ALLOW, CANCEL, CANCEL, QUEUE]).await;
    // Whatever is deployed when they are taken up.
    subject.deploy(Overlap::Queue).await;
    let other = subject.accept(Origin::Manual).await;
    subject.restart().await;
    for run in [first, second, third] {
        subject.until(run, RunState::Cancelled).await;
    }
    subject.take_turns(&[latest, behind]).await;
    assert_eq!(subject.state(other), RunState::Running);
    subject.stop().await;
}

#[tokio::test]
async fn runs_of_an_earlier_version_wait_as_their_trigger_says_and_cancel_none() {
    for today in [Overlap::Queue, Overlap::CancelPrevious] {
        let mut subject = Subject::new(today).await;
        let runs = subject.accept_under([None; 3]).await;
        subject.restart().await;
        subject.take_turns(&runs).await;
        subject.stop().await;
    }
    let mut subject = Subject::new(Overlap::Queue).await;
    let runs = subject.accept_under([None; 2]).await;
    subject.remove().await;
    subject.restart().await;
    for run in runs {
        subject.until(run, RunState::Running).await;
    }
    subject.stop().await;
}

#[tokio::test]
async fn a_run_waits_for_all_that_were_accepted_before_it() {
    let mut subject = Subject::new(Overlap::Queue).await;
    let [queued, allowed, between, last] = subject.accept_under([QUEUE, ALLOW, QUEUE, QUEUE]).await;
    subject.restart().await;
    subject.until(queued, RunState::Running).await;
    subject.until(allowed, RunState::Running).await;
    subject.wait_on(&[between, last]).await;
    // Those that end first are not the ones that were accepted first.
    subject.cancel(between).await;
    subject.wait_on(&[last]).await;
    subject.cancel(allowed).await;
    subject.wait_on(&[last]).await;
    subject.take_turns(&[queued, last]).await;
    subject.stop().await;
}

#[tokio::test]
async fn a_run_whose_first_event_is_damaged_keeps_none_from_being_taken_up() {
    let mut subject = Subject::new(Overlap::Queue).await;
    let [damaged, queued] = subject.accept_under([QUEUE; 2]).await;
    let other = subject.accept(Origin::Manual).await;
    subject.stop().await;
    let database = rusqlite::Connection::open(subject.folder.path().join("stepmill.db")).unwrap();
    let sql = "UPDATE events SET body = x'78' WHERE key = (SELECT key << 32 FROM runs WHERE id = ?)";
    assert_eq!(database.execute(sql, [damaged.as_bytes()]), Ok(1));
    drop(database);
    subject.open().await;
    subject.until(other, RunState::Running).await;
    assert!(subject.service().host.interruption(damaged).is_some());
    // It has not ended, so the next one of its trigger waits.
    subject.wait_on(&[queued]).await;
    subject.cancel(damaged).await;
    subject.take_turns(&[queued]).await;
    subject.stop().await;
}

#[tokio::test]
async fn a_trigger_that_is_taken_up_knows_all_its_runs() {
    let mut subject = Subject::new(Overlap::Queue).await;
    let first = subject.accept_under([QUEUE]).await[0];
    let more = (0..MAX_ROWS).map(|_| subject.accept_under([QUEUE]));
    futures_util::future::join_all(more).await;
    let unfinished = subject.service().unfinished_of(&name("p"), &name("t")).unwrap();
    assert!(unfinished.contains(&first), "{} of {} runs", unfinished.len(), MAX_ROWS + 1);
    subject.stop().await;
}

#[test]
fn the_runs_of_each_trigger_wait_in_the_order_of_their_acceptance() {
    let run = |number| RunId::from_bytes([number; 16]);
    let left = |number, trigger: &str, accepted: Option<Overlap>| Left {
        run: run(number),
        trigger: (!trigger.is_empty()).then(|| (name("p"), name(trigger))),
        accepted,
        waits: accepted.is_some_and(Overlap::waits),
    };
    let turns = turns(&[
        left(0, "a", CANCEL),
        left(1, "b", QUEUE),
        left(2, "a", ALLOW),
        left(3, "", None),
        left(4, "a", CANCEL),
        left(5, "b", QUEUE),
        left(6, "a", QUEUE),
    ]);
    let before = |turn: &Turn| {
        let (order, place) = turn.after.as_ref()?;
        order.last_before(*place, |_| true).map(|run| run.as_bytes()[0])
    };
    let found: Vec<_> = turns.iter().map(|turn| (before(turn), turn.replaced)).collect();
    let expected = [
        (None, true),
        (None, false),
        (None, true),
        (None, false),
        (Some(2), false),
        (Some(1), false),
        (Some(4), false),
    ];
    assert_eq!(found, expected);
}
