//! Triggers with a clock that is moved by hand and a sink that keeps what the server would.

mod files;
mod scheduled;
mod webhooks;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::{file::FileFactory, *};
use crate::{
    ids::{Name, RunId, Timestamp},
    plan::{Overlap, PlanTrigger, TriggerKind},
};

/// A clock that is moved by hand; whoever waits wakes at every move.
#[derive(Clone)]
struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    fn at(time: Timestamp) -> Self {
        Self(watch::Sender::new(time))
    }

    fn set(&self, time: Timestamp) {
        self.0.send_replace(time);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        let mut clock = self.0.subscribe();
        Box::pin(async move {
            // A move between the look of who waits and this wait has already brought the time.
            if *clock.borrow_and_update() < at {
                let _ = clock.changed().await;
            }
        })
    }
}

/// At most one run for each key, as in the database.
#[derive(Default)]
struct MemorySink {
    kept: Mutex<Kept>,
}

#[derive(Default, Clone)]
struct Kept {
    runs: HashMap<String, RunId>,
    /// Those accepted, in order.
    events: Vec<TriggerEvent>,
    duplicates: usize,
    missed: u64,
    until: Option<Timestamp>,
    /// How many offers still fail.
    failures: usize,
    /// How many offers still find that the file has changed.
    stale: usize,
}

impl EventSink for MemorySink {
    fn offer(&self, event: TriggerEvent) -> BoxFuture<'_, Result<Offer, SinkError>> {
        Box::pin(async move {
            let mut kept = self.kept.lock().unwrap();
            if kept.failures > 0 {
                kept.failures -= 1;
                return Err(SinkError("no space left on device".to_owned()));
            }
            if kept.stale > 0 {
                kept.stale -= 1;
                return Ok(Offer::Stale);
            }
            if let Some(run) = kept.runs.get(&event.key).copied() {
                kept.duplicates += 1;
                return Ok(Offer::Duplicate(Some(run)));
            }
            let run = RunId::generate();
            kept.runs.insert(event.key.clone(), run);
            kept.events.push(event);
            Ok(Offer::Accepted(run))
        })
    }

    fn missed(&self, count: u64, until: Timestamp) -> BoxFuture<'_, Result<(), SinkError>> {
        let mut kept = self.kept.lock().unwrap();
        kept.missed += count;
        kept.until = Some(until);
        Box::pin(async { Ok(()) })
    }
}

impl MemorySink {
    fn kept(&self) -> Kept {
        self.kept.lock().unwrap().clone()
    }

    /// Waits for something to be there.
    async fn until(&self, what: &str, is: impl Fn(&Kept) -> bool) -> Kept {
        for _ in 0..2_000 {
            let kept = self.kept();
            if is(&kept) {
                return kept;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what} did not happen in 20 s: {} events", self.kept().events.len());
    }
}

fn trigger(kind: TriggerKind) -> PlanTrigger {
    PlanTrigger {
        name: Name::new("t").unwrap(),
        kind,
        payload: None,
        params: serde_json::Map::new(),
        overlap: Overlap::default(),
        paused: false,
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

#[test]
fn kinds_that_nobody_makes_are_refused_and_those_of_others_left_to_them() {
    let name = |text| Name::new(text).unwrap();
    let factories = Factories::new(FileFactory::anywhere());
    let custom = TriggerKind::Custom { kind: name("queue"), settings: serde_json::Map::new() };
    let error = factories.make(&trigger(custom)).err().unwrap();
    assert_eq!(error.to_string(), "no trigger of the kind `queue` is registered in this host");
    let states = vec![crate::event::Outcome::Failed];
    let finished = TriggerKind::Finished { pipeline: name("p"), states };
    assert!(factories.make(&trigger(finished.clone())).unwrap().is_none());
    let run = RunId::generate();
    let event = finished::event(&finished, &name("p"), run, crate::event::Outcome::Failed).unwrap();
    assert_eq!(event.key, run.to_string());
    assert_eq!(finished::event(&finished, &name("p"), run, crate::event::Outcome::Succeeded), None);
    assert_eq!(finished::event(&finished, &name("q"), run, crate::event::Outcome::Failed), None);
}

#[tokio::test]
async fn a_program_can_have_triggers_of_its_own() {
    struct Once(String);
    impl Trigger for Once {
        fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Result<(), TriggerError>> {
            Box::pin(async move {
                let params = serde_json::Map::from_iter([("word".to_owned(), self.0.into())]);
                let payload = Payload::Params(params);
                let event = TriggerEvent { key: "1".to_owned(), scheduled_for: None, payload };
                context.sink.offer(event).await.map_err(|error| TriggerError::Custom(error.to_string()))?;
                Ok(())
            })
        }
    }
    struct Factory;
    impl TriggerFactory for Factory {
        fn make(&self, trigger: &PlanTrigger) -> Result<Box<dyn Trigger>, TriggerError> {
            let TriggerKind::Custom { settings, .. } = &trigger.kind else {
                return Err(TriggerError::WrongKind(trigger.kind.as_str().to_owned()));
            };
            let word = settings.get("word").and_then(|word| word.as_str());
            let word = word.ok_or_else(|| TriggerError::Custom("`word` is missing".to_owned()))?;
            Ok(Box::new(Once(word.to_owned())))
        }
    }
    let kind = Name::new("once").unwrap();
    let mut factories = Factories::new(FileFactory::anywhere());
    factories.register(kind.clone(), Arc::new(Factory));
    let make = |settings| factories.make(&trigger(TriggerKind::Custom { kind: kind.clone(), settings }));
    assert_eq!(make(serde_json::Map::new()).err().unwrap().to_string(), "`word` is missing");
    let once = make(serde_json::Map::from_iter([("word".to_owned(), "hello".into())])).unwrap().unwrap();
    let sink = Arc::new(MemorySink::default());
    let clock = Arc::new(ManualClock::at(Timestamp(0)));
    once.run(Context { sink: Arc::clone(&sink) as _, clock, since: None }).await.unwrap();
    let Payload::Params(params) = &sink.kept().events[0].payload else { panic!() };
    assert_eq!(params["word"], "hello");
}
