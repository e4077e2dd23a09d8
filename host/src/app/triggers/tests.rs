//! What a deployment that comes while events are being decided leaves of them.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    task::Poll,
};

use futures_util::{FutureExt as _, future::BoxFuture, poll};

use super::*;
use crate::{
    app::{Host, ServiceOptions},
    event::EventKind,
    plan::Overlap,
    registry::Upload,
    runtime::testing::{component, guest},
    schedule::{Context, Offer, Payload, Trigger, TriggerError, TriggerEvent, TriggerFactory},
};

const PATIENCE: Duration = Duration::from_millis(200);

struct Subject {
    _folder: tempfile::TempDir,
    service: Arc<Service>,
}

impl Subject {
    /// A service whose runs go on until it is stopped.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let builder = Host::builder(folder.path()).trigger(Name::new("shaky").unwrap(), Arc::new(Shaky::default()));
        let service = Service::open(builder, ServiceOptions::default()).await.unwrap();
        let endless = component(&guest("(loop $again (br $again)) (unreachable)"));
        let upload = Upload { name: Name::new("m").ok(), activate: true, by: "a test".to_owned(), force: false };
        service.registry.upload(endless.into(), upload).await.unwrap();
        Self { _folder: folder, service }
    }

    async fn deploy(&self, overlap: Overlap, note: &str) {
        let trigger = format!("webhook = {{ path = \"p\", auth = \"none\" }}\noverlap = \"{}\"", overlap.as_str());
        self.deploy_with(&trigger, note).await;
    }

    /// Deploys a pipeline, without following that.
    async fn deploy_with(&self, trigger: &str, note: &str) {
        let text =
            format!("name = \"p\"\ndescription = \"{note}\"\n[steps.one]\nuse = \"m/run\"\n[triggers.t]\n{trigger}\n");
        self.service.registry.deploy(&text, BTreeMap::new(), "a test").await.unwrap();
    }

    fn sink(&self) -> Arc<Sink> {
        self.service.triggers.webhook("p").unwrap().0
    }
}

/// Makes triggers that offer an event, the first of which panics before.
#[derive(Default)]
struct Shaky {
    panicked: Arc<AtomicBool>,
}

impl TriggerFactory for Shaky {
    fn make(&self, _trigger: &PlanTrigger) -> Result<Box<dyn Trigger>, TriggerError> {
        Ok(Box::new(Shaky { panicked: Arc::clone(&self.panicked) }))
    }
}

impl Trigger for Shaky {
    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Result<(), TriggerError>> {
        async move {
            assert!(self.panicked.swap(true, Ordering::SeqCst), "it panics once");
            context.sink.offer(event("one")).await.map_err(|error| TriggerError::Custom(error.to_string()))?;
            std::future::pending().await
        }
        .boxed()
    }
}

fn event(key: &str) -> TriggerEvent {
    TriggerEvent { key: key.to_owned(), scheduled_for: None, payload: Payload::None }
}

#[tokio::test]
async fn an_event_starts_no_run_of_a_revision_that_was_replaced_meanwhile() {
    let subject = Subject::new().await;
    subject.deploy(Overlap::Skip, "old").await;
    subject.service.follow_deployment().await.unwrap();
    let sink = subject.sink();

    let turn = sink.deciding.write().await;
    let mut decided = Box::pin(sink.take(event("one")));
    assert!(matches!(poll!(&mut decided), Poll::Pending));
    subject.deploy(Overlap::Skip, "new").await;
    drop(turn);
    let refused = decided.await.unwrap_err();
    assert!(refused.0 == "the pipeline was changed or removed", "{refused}");

    // Offered again, it has a run of the new one.
    assert!(matches!(sink.take(event("one")).await, Ok(Offer::Accepted(_))));
    subject.service.stop(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn what_overlap_says_now_counts_for_runs_that_were_about_to_start() {
    let subject = Subject::new().await;
    subject.deploy(Overlap::Allow, "").await;
    subject.service.follow_deployment().await.unwrap();
    let allows = subject.sink();
    let mut skipping = allows.trigger.clone();
    skipping.overlap = Overlap::Skip;
    let skips = allows.with(&skipping);

    let mut first = Box::pin(allows.take(event("one")));
    assert!(matches!(poll!(&mut first), Poll::Pending), "it is being stored");
    let (first, second) = tokio::join!(first, skips.take(event("two")));
    assert!(matches!((&first, &second), (Ok(Offer::Accepted(_)), Ok(Offer::Skipped(_)))), "{first:?}, {second:?}");
    subject.service.stop(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_run_says_what_overlap_it_was_accepted_under() {
    let subject = Subject::new().await;
    subject.deploy(Overlap::Queue, "").await;
    subject.service.follow_deployment().await.unwrap();
    let queues = subject.sink();
    let mut cancelling = queues.trigger.clone();
    cancelling.overlap = Overlap::CancelPrevious;
    let cancels = queues.with(&cancelling);
    for (sink, event_key) in [(queues, "one"), (cancels, "two")] {
        let Ok(Offer::Accepted(run)) = sink.take(event(event_key)).await else { panic!("it is accepted") };
        let first = subject.service.host.history().reader().events(run, 0, 1).unwrap().remove(0);
        let EventKind::Created { origin, .. } = first.kind else { panic!("it is the first event") };
        assert_eq!(origin.overlap(), Some(sink.trigger.overlap));
    }
    subject.service.stop(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_trigger_that_comes_back_starts_no_runs_for_what_went_by_while_it_was_gone() {
    let subject = Subject::new().await;
    let row = || subject.service.store.triggers().unwrap().pop().unwrap();
    subject.deploy(Overlap::Allow, "").await;
    subject.service.follow_deployment().await.unwrap();
    let before = row();
    subject.service.follow_deployment().await.unwrap();
    assert_eq!(row(), before, "what stays deployed stays as it is");

    subject.service.registry.remove_pipeline(&Name::new("p").unwrap(), "a test").await.unwrap();
    subject.service.follow_deployment().await.unwrap();
    tokio::time::sleep(Duration::from_millis(2)).await;
    subject.deploy(Overlap::Allow, "").await;
    subject.service.follow_deployment().await.unwrap();
    assert!(row().decided_until > before.decided_until);
    assert_eq!(row().created_at, before.created_at);
    subject.service.stop(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_trigger_that_panics_is_started_again() {
    let subject = Subject::new().await;
    subject.deploy_with("custom = { kind = \"shaky\" }", "").await;
    subject.service.follow_deployment().await.unwrap();
    let started = async {
        while subject.service.host.active_runs() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), started).await.expect("a run");
    subject.service.stop(PATIENCE).await.unwrap();
}
