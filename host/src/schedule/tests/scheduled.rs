//! Cron and interval triggers: every time once, whatever the clock does and however long nobody was there.

use std::time::Instant;

use tokio::task::JoinHandle;

use super::*;
use crate::{
    plan::{CatchUp, TimeZone},
    schedule::{due::due, times::Times},
};

fn cron(expression: &str, catch_up: CatchUp) -> TriggerKind {
    TriggerKind::Cron { expression: expression.parse().unwrap(), timezone: TimeZone::UTC, catch_up }
}

fn every(seconds: u64, start: Option<Timestamp>, catch_up: CatchUp) -> TriggerKind {
    TriggerKind::Interval { every_ms: seconds * 1_000, start, catch_up }
}

struct Running {
    clock: ManualClock,
    sink: Arc<MemorySink>,
    task: JoinHandle<()>,
}

impl Running {
    fn new(kind: TriggerKind, since: Option<Timestamp>, now: Timestamp, sink: Arc<MemorySink>) -> Self {
        let clock = ManualClock::at(now);
        let context = Context { sink: Arc::clone(&sink) as _, clock: Arc::new(clock.clone()), since };
        let trigger = Factories::new(FileFactory::anywhere()).make(&trigger(kind)).unwrap().unwrap();
        let task = tokio::spawn(async move { trigger.run(context).await.unwrap() });
        Self { clock, sink, task }
    }

    /// Lets the trigger do all that it can do now.
    async fn settle(&self) -> Vec<String> {
        for _ in 0..500 {
            tokio::task::yield_now().await;
        }
        let times = self.sink.kept().events.into_iter().map(|event| event.scheduled_for.unwrap().rfc3339());
        times.map(|time| time[11..19].to_owned()).collect()
    }
}

#[tokio::test]
async fn a_new_trigger_fires_at_each_time_once() {
    let sink = Arc::new(MemorySink::default());
    let running = Running::new(cron("*/10 * * * *", CatchUp::All), None, at("2026-01-01T00:00:00Z"), sink);
    // The moment of its making is none of its times.
    assert!(running.settle().await.is_empty());
    for (time, fired) in [("00:09:59", 0), ("00:10:00", 1), ("00:10:01", 1), ("00:19:00", 1), ("00:20:02", 2)] {
        running.clock.set(at(&format!("2026-01-01T{time}Z")));
        assert_eq!(running.settle().await.len(), fired, "{time}");
    }
    let kept = running.sink.kept();
    assert_eq!(kept.events[0].key, "2026-01-01T00:10:00.000Z");
    assert_eq!(kept.events[0].payload, Payload::None);
    assert_eq!((kept.missed, kept.duplicates), (0, 0));
    running.task.abort();
}

#[tokio::test]
async fn a_clock_that_jumps_starts_at_most_one_run_for_a_time() {
    let sink = Arc::new(MemorySink::default());
    let running = Running::new(cron("0 * * * *", CatchUp::Latest), None, at("2026-01-01T00:30:00Z"), sink);
    running.settle().await;
    for (now, fired) in [
        ("2026-01-01T01:00:00Z", vec!["01:00:00"]),
        // Back by an hour, and the same time again.
        ("2026-01-01T00:10:00Z", vec!["01:00:00"]),
        ("2026-01-01T01:00:05Z", vec!["01:00:00"]),
        // Ahead by hours: the latest, the others are counted.
        ("2026-01-01T05:30:00Z", vec!["01:00:00", "05:00:00"]),
        // The clock was wrong: what it jumped over comes now, what had a run does not.
        ("2026-01-01T01:30:00Z", vec!["01:00:00", "05:00:00"]),
        ("2026-01-01T02:00:00Z", vec!["01:00:00", "05:00:00", "02:00:00"]),
        ("2026-01-01T05:00:00Z", vec!["01:00:00", "05:00:00", "02:00:00"]),
        ("2026-01-01T06:00:00Z", vec!["01:00:00", "05:00:00", "02:00:00", "06:00:00"]),
    ] {
        running.clock.set(at(now));
        assert_eq!(running.settle().await, fired, "{now}");
    }
    let kept = running.sink.kept();
    assert_eq!((kept.missed, kept.duplicates), (3 + 2, 2));
    running.task.abort();
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_as_the_trigger_says() {
    let (since, now) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T03:30:00Z"));
    for (catch_up, fired, missed) in [
        (CatchUp::Skip, vec![], 3),
        (CatchUp::Latest, vec!["03:00:00"], 2),
        (CatchUp::All, vec!["01:00:00", "02:00:00", "03:00:00"], 0),
    ] {
        for kind in [cron("@hourly", catch_up), every(3_600, None, catch_up)] {
            let running = Running::new(kind, Some(since), now, Arc::default());
            assert_eq!(running.settle().await, fired, "{catch_up:?}");
            assert_eq!(running.sink.kept().missed, missed, "{catch_up:?}");
            running.clock.set(at("2026-01-01T04:00:00Z"));
            assert_eq!(running.settle().await.len(), fired.len() + 1, "{catch_up:?}");
            running.task.abort();
        }
    }
}

#[tokio::test]
async fn a_restart_offers_nothing_anew() {
    let sink = Arc::new(MemorySink::default());
    let (since, now) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T02:30:00Z"));
    for _ in 0..3 {
        // The last position was not stored: the sink knows what it has had.
        let running = Running::new(cron("@hourly", CatchUp::All), Some(since), now, Arc::clone(&sink));
        assert_eq!(running.settle().await, ["01:00:00", "02:00:00"]);
        running.task.abort();
    }
    assert_eq!(sink.kept().duplicates, 4);
    // A position ahead of the clock is not waited for.
    let running = Running::new(cron("@hourly", CatchUp::All), Some(at("2030-01-01T00:00:00Z")), now, Arc::clone(&sink));
    running.settle().await;
    running.clock.set(at("2026-01-01T03:00:00Z"));
    assert_eq!(running.settle().await.last().unwrap(), "03:00:00");
    running.task.abort();
}

#[tokio::test]
async fn a_time_that_could_not_be_taken_is_offered_until_it_is() {
    let sink = Arc::new(MemorySink::default());
    sink.kept.lock().unwrap().failures = 3;
    let (since, now) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:00Z"));
    let running = Running::new(cron("@hourly", CatchUp::Latest), Some(since), now, Arc::clone(&sink));
    let kept = sink.until("the offer", |kept| !kept.events.is_empty()).await;
    assert_eq!((kept.events.len(), kept.failures), (1, 0));
    running.task.abort();
}

#[test]
fn counts_are_exact_and_fast_however_many_were_missed() {
    let began = Instant::now();
    let since = at("2026-01-01T00:00:00Z");
    for missed in [1u64, 99, 100, 101, 1_000_000] {
        let now = Timestamp(since.0 + i64::try_from(missed).unwrap() * 60_000 + 59_999);
        for kind in [cron("* * * * *", CatchUp::All), every(60, Some(since), CatchUp::All)] {
            let times = Times::of(&kind).unwrap();
            let kept = missed.min(100);
            let all = due(&times, CatchUp::All, since, now).unwrap();
            assert_eq!((all.missed, all.times.len() as u64), (missed - kept, kept));
            // What is kept is the end, without a hole.
            let first = Timestamp(since.0 + i64::try_from(missed - kept + 1).unwrap() * 60_000);
            assert_eq!(all.times.first(), Some(&first));
            assert_eq!(all.times.last(), Some(&Timestamp(now.0 - 59_999)));
            assert_eq!(all.missed_until, Timestamp(first.0 - 60_000));
            let latest = due(&times, CatchUp::Latest, since, now).unwrap();
            assert_eq!((latest.missed, latest.times), (missed - 1, vec![Timestamp(now.0 - 59_999)]));
            // A minute late is late enough.
            let late = Timestamp(now.0 + 2);
            let skip = due(&times, CatchUp::Skip, since, late).unwrap();
            assert_eq!((skip.missed, skip.times.len()), (missed, 1), "the one of this minute");
        }
    }
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn a_time_is_missed_when_it_is_more_than_a_minute_late() {
    let times = Times::of(&cron("@hourly", CatchUp::Skip)).unwrap();
    let since = at("2026-01-01T00:00:00Z");
    let on_time = due(&times, CatchUp::Skip, since, at("2026-01-01T01:01:00Z")).unwrap();
    assert_eq!((on_time.missed, on_time.times.len()), (0, 1));
    let late = due(&times, CatchUp::Skip, since, at("2026-01-01T01:01:00.001Z")).unwrap();
    assert_eq!((late.missed, late.times.len()), (1, 0));
    assert_eq!(due(&times, CatchUp::Skip, since, at("2026-01-01T00:59:59.999Z")), None);
}

#[test]
fn intervals_are_counted_from_their_start() {
    let start = at("2026-01-01T00:00:30Z");
    let times = |start| Times::of(&every(60, start, CatchUp::All)).unwrap();
    assert_eq!(times(Some(start)).next_after(at("2020-01-01T00:00:00Z")), Some(start));
    assert_eq!(times(Some(start)).next_after(start), Some(at("2026-01-01T00:01:30Z")));
    assert_eq!(times(None).next_after(Timestamp(-1)), Some(Timestamp(0)));
    assert_eq!(times(None).next_after(Timestamp(0)), Some(Timestamp(60_000)));
    assert_eq!(times(None).next_after(Timestamp(i64::MAX)), None);
    assert_eq!(times(None).pass(Timestamp(0), Timestamp(i64::MAX), 5), (5, Timestamp(300_000)));
    assert_eq!(times(None).pass(Timestamp(0), Timestamp(59_999), 5), (0, Timestamp(0)));
    assert_eq!(times(None).pass(Timestamp(0), Timestamp(120_000), 0), (0, Timestamp(0)));
}

#[test]
fn the_next_times_can_be_shown() {
    let next = preview(&cron("0 6 * * 1-5", CatchUp::Skip), at("2026-01-02T12:00:00Z"), 3);
    let next: Vec<_> = next.into_iter().map(Timestamp::rfc3339).collect();
    assert_eq!(next, ["2026-01-05T06:00:00.000Z", "2026-01-06T06:00:00.000Z", "2026-01-07T06:00:00.000Z"]);
    let states = Vec::new();
    assert!(preview(&TriggerKind::Finished { pipeline: Name::new("p").unwrap(), states }, Timestamp(0), 3).is_empty());
}

#[tokio::test]
async fn the_systems_clock_wakes_within_a_second() {
    let began = Instant::now();
    SystemClock.until(Timestamp(SystemClock.now().0 + 3_600_000)).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    SystemClock.until(Timestamp(0)).await;
}
