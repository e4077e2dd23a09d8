//! What is asked of a run while it goes on, and how it continues when its host did not.

use std::time::Duration;

use tokio::{
    sync::{Semaphore, oneshot},
    task::JoinHandle,
};

use super::*;
use crate::{
    event::{Outcome, StepState},
    execute::{
        dispatcher::{Entry, RunError, accept, drive},
        queued,
        requests::{self, CancelError, RunHandle},
        state::RunState,
    },
    grants::{Grant, Grants, NetGrant},
    limits,
};

type Running = (RunHandle, JoinHandle<Result<Outcome, RunError>>);

async fn accepted(plan: &Plan, ports: &Ports) -> RunState {
    accept(RunId::generate(), Arc::new(plan.clone()), vec![created()], None, ports).await.unwrap().unwrap()
}

fn begin(state: RunState, entry: Entry, ports: Ports) -> Running {
    let (handle, mut requests) = requests::channel();
    (handle, tokio::spawn(async move { drive(state, entry, ports, 4, &mut requests).await }))
}

async fn until_running(script: &Script, step: &str) {
    while !script.runs.lock().unwrap().contains_key(step) {
        tokio::task::yield_now().await;
    }
}

fn replay(plan: &Plan, notebook: &Notebook) -> RunState {
    let events = notebook.events.lock().unwrap();
    RunState::replay(events[0].run, Arc::new(plan.clone()), &events).unwrap()
}

fn count(notebook: &Notebook, wanted: impl Fn(&EventKind) -> bool) -> usize {
    notebook.events.lock().unwrap().iter().filter(|event| wanted(&event.kind)).count()
}

fn cancels(notebook: &Notebook) -> usize {
    count(notebook, |kind| matches!(kind, EventKind::CancelRequested))
}

/// `s0`, and a `finally` step `s1`.
fn with_finally() -> Plan {
    let mut plan = plan(2, &[]);
    plan.steps[1].finally = true;
    plan
}

#[tokio::test]
async fn cancelling_again_changes_nothing_unless_it_is_forced() {
    let script = Arc::new(Script { hangs: vec!["s1"], ..Script::default() });
    let (notebook, plan) = (Arc::default(), with_finally());
    let ports = ports(&script, &notebook);
    let (handle, running) = begin(accepted(&plan, &ports).await, Entry::New, ports);
    until_running(&script, "s1").await;
    for _ in 0..3 {
        handle.cancel(false).await.unwrap();
    }
    assert_eq!(cancels(&notebook), 1);
    assert!(!running.is_finished(), "`finally` steps still run");
    handle.cancel(true).await.unwrap();
    assert_eq!(running.await.unwrap().unwrap(), Outcome::Cancelled);
    assert_eq!(cancels(&notebook), 2);
    // Nothing drives it any more.
    assert!(matches!(handle.cancel(false).await, Err(CancelError::NotActive)));
}

#[tokio::test]
async fn a_request_that_cannot_be_stored_is_not_acknowledged() {
    let script = Arc::new(Script { hangs: vec!["s0"], ..Script::default() });
    let notebook = Arc::new(Notebook { refuse_after: Some(2), ..Notebook::default() });
    let ports = ports(&script, &notebook);
    let (handle, running) = begin(accepted(&plan(1, &[]), &ports).await, Entry::New, ports);
    // Its start is in the journal, and nothing more will be.
    while notebook.appends.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(handle.cancel(false).await, Err(CancelError::Journal(_))));
    assert!(matches!(running.await.unwrap(), Err(RunError::Journal(_))));
    assert_eq!(cancels(&notebook), 0);
}

#[tokio::test]
async fn a_run_that_is_cancelled_before_its_turn_takes_no_place_and_runs_nothing() {
    let (script, notebook) = (Arc::default(), Arc::default());
    let (plan, ports) = (plan(3, &[(0, 1)]), ports(&script, &notebook));
    let mut state = accepted(&plan, &ports).await;
    let (handle, mut requests) = requests::channel();
    let asked = handle.cancel(false);
    let turn = queued::wait_for_turn(&mut state, &ports, &mut requests, std::future::pending::<()>()).await;
    assert_eq!(turn.unwrap(), None);
    asked.await.unwrap();
    assert_eq!(drive(state, Entry::New, ports, 4, &mut requests).await.unwrap(), Outcome::Cancelled);
    assert!(script.runs.lock().unwrap().is_empty());
    assert_eq!(count(&notebook, |kind| matches!(kind, EventKind::Resumed | EventKind::AttemptStarted { .. })), 0);
    let state = replay(&plan, &notebook);
    assert!(plan.indices().all(|step| state.state(step) == StepState::Cancelled));
}

#[tokio::test]
async fn finally_steps_of_a_run_that_is_cancelled_before_its_turn_wait_for_it() {
    let (script, notebook) = (Arc::default(), Arc::default());
    let (plan, ports) = (with_finally(), ports(&script, &notebook));
    let mut state = accepted(&plan, &ports).await;
    let (handle, mut requests) = requests::channel();
    let asked = handle.cancel(false);
    let (give, turn) = oneshot::channel();
    let waiting = tokio::spawn(async move {
        queued::wait_for_turn(&mut state, &ports, &mut requests, turn).await.unwrap().unwrap().unwrap();
        drive(state, Entry::New, ports, 4, &mut requests).await
    });
    asked.await.unwrap();
    assert!(!replay(&plan, &notebook).has_begun(), "it is still queued");
    give.send(()).unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), Outcome::Cancelled);
    assert_eq!(*script.runs.lock().unwrap(), HashMap::from([("s1".to_owned(), 1)]));
}

#[tokio::test]
async fn a_run_that_stops_with_its_host_says_so_and_counts_as_no_crash() {
    let script = Arc::new(Script { hangs: vec!["s0"], ..Script::default() });
    let (notebook, plan) = (Arc::default(), plan(1, &[]));
    for life in 0..4 {
        let ports = ports(&script, &notebook);
        let (state, entry) = match life {
            0 => (accepted(&plan, &ports).await, Entry::New),
            _ => (replay(&plan, &notebook), Entry::AfterRestart),
        };
        script.runs.lock().unwrap().clear();
        let (handle, running) = begin(state, entry, ports);
        until_running(&script, "s0").await;
        handle.stop();
        assert!(matches!(running.await.unwrap(), Err(RunError::Stopped)));
    }
    let state = replay(&plan, &notebook);
    assert!(state.was_stopped() && !state.is_careful());
    assert_eq!(count(&notebook, |kind| matches!(kind, EventKind::Stopped)), 4);
    assert_eq!(count(&notebook, |kind| matches!(kind, EventKind::AttemptLost { alone: true, .. })), 0);
}

/// A host that dies as soon as the step runs: its task is dropped, and nothing is said any more.
async fn die_while_running(plan: &Plan, script: &Arc<Script>, notebook: &Arc<Notebook>, state: RunState, entry: Entry) {
    script.runs.lock().unwrap().clear();
    let (_handle, running) = begin(state, entry, ports(script, notebook));
    until_running(script, "s0").await;
    // An attempt of an ordinary run may begin before its start is durable.
    while replay(plan, notebook).running().next().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_step_that_kills_its_host_fails_after_it_was_alone_each_time() {
    let script = Arc::new(Script { hangs: vec!["s0"], ..Script::default() });
    // Two steps at once, until it matters which of them is to blame.
    let (notebook, plan) = (Arc::default(), plan(3, &[(1, 2)]));
    let ports = ports(&script, &notebook);
    let first = accepted(&plan, &ports).await;
    die_while_running(&plan, &script, &notebook, first, Entry::New).await;
    let mut lives = 1;
    let outcome = loop {
        let state = replay(&plan, &notebook);
        let failed = {
            let (_handle, running) = begin(state.clone(), Entry::AfterRestart, super::ports(&script, &notebook));
            // A run that does not run its step any more ends.
            script.runs.lock().unwrap().clear();
            let ended = tokio::select! {
                () = until_running(&script, "s0") => None,
                ended = async { while !running.is_finished() { tokio::task::yield_now().await } } => Some(ended),
            };
            match ended {
                Some(()) => Some(running.await.unwrap().unwrap()),
                None => {
                    while replay(&plan, &notebook).running().next().is_none() {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    running.abort();
                    let _ = running.await;
                    None
                }
            }
        };
        lives += 1;
        assert!(lives < 20, "it never ends");
        if let Some(outcome) = failed {
            break outcome;
        }
    };
    assert_eq!(outcome, Outcome::Failed);
    let alone = count(&notebook, |kind| matches!(kind, EventKind::AttemptLost { alone: true, .. }));
    assert_eq!(u32::try_from(alone).unwrap(), limits::LOSSES_ALONE);
    let message = notebook.events.lock().unwrap().iter().find_map(|event| match &event.kind {
        EventKind::StepFailed { failure, .. } => Some(failure.message.clone()),
        _ => None,
    });
    assert!(message.unwrap().contains("the only one running"), "it says why");
}

#[tokio::test]
async fn a_run_that_kills_its_host_before_anything_of_it_is_recorded_is_seen_to_do_so() {
    let script = Arc::new(Script { hangs: vec!["s0"], ..Script::default() });
    let (notebook, plan) = (Arc::default(), plan(1, &[]));
    accepted(&plan, &ports(&script, &notebook)).await;
    for life in 1..=3 {
        let state = replay(&plan, &notebook);
        assert!(!state.is_careful(), "it may have been in the queue in its first life");
        script.runs.lock().unwrap().clear();
        let (_handle, running) = begin(state, Entry::AfterRestart, ports(&script, &notebook));
        until_running(&script, "s0").await;
        running.abort();
        let _ = running.await;
        // What an ordinary attempt records need not be durable when it begins.
        notebook.events.lock().unwrap().retain(|event| !matches!(event.kind, EventKind::AttemptStarted { .. }));
        assert_eq!(count(&notebook, |kind| matches!(kind, EventKind::Resumed)), life);
    }
    assert!(replay(&plan, &notebook).is_careful());
}

/// A run whose host died twice while `s0` ran, without a result in between.
async fn after_two_crashes(plan: &Plan, notebook: &Notebook, ports: &Ports) -> RunState {
    let run = accepted(plan, ports).await.run();
    let started = EventKind::AttemptStarted { step: StepIndex(0), items: ItemRange::WHOLE, attempt: 1 };
    let lost = EventKind::AttemptLost { step: StepIndex(0), items: ItemRange::WHOLE, attempt: 1, alone: false };
    let past = [started, EventKind::Resumed, lost, EventKind::Resumed];
    let past = (1..).zip(past).map(|(seq, kind)| RunEvent { run, seq, at: Timestamp(0), kind });
    notebook.events.lock().unwrap().extend(past);
    let state = replay(plan, notebook);
    assert!(state.is_careful());
    state
}

/// Lets so many commits go through, and whatever follows from them.
async fn commit(permits: &Semaphore, count: usize) {
    permits.add_permits(count);
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test]
async fn a_cancel_that_meets_the_end_of_the_last_step_is_not_forgotten() {
    let (script, notebook, permits) = (Arc::<Script>::default(), Arc::default(), Arc::new(Semaphore::new(0)));
    let plan = plan(1, &[]);
    let ports =
        Ports { journal: Arc::new(Slow(Arc::clone(&notebook), Arc::clone(&permits))), ..ports(&script, &notebook) };
    let (handle, running) = begin(accepted(&plan, &ports).await, Entry::New, ports);
    until_running(&script, "s0").await;
    // Its success is on its way to the disk, and then the request.
    commit(&permits, 0).await;
    let asked = tokio::spawn(handle.cancel(false));
    commit(&permits, 0).await;
    commit(&permits, 100).await;
    asked.await.unwrap().unwrap();
    assert_eq!(running.await.unwrap().unwrap(), Outcome::Cancelled);
    assert_eq!(replay(&plan, &notebook).state(StepIndex(0)), StepState::Succeeded);
}

#[tokio::test]
async fn nothing_is_decided_about_a_careful_attempt_before_its_start_is_durable() {
    let (script, notebook, permits) = (Arc::<Script>::default(), Arc::default(), Arc::new(Semaphore::new(0)));
    let mut plan = plan(3, &[]);
    plan.steps[2].finally = true;
    // It fails, and cancels what has not begun, while the start of `s0` is on its way to the disk.
    plan.steps[1].when = Some("params.missing > 1".parse().unwrap());
    let ports =
        Ports { journal: Arc::new(Slow(Arc::clone(&notebook), Arc::clone(&permits))), ..ports(&script, &notebook) };
    let state = after_two_crashes(&plan, &notebook, &ports).await;
    let (_handle, running) = begin(state, Entry::AfterRestart, ports);
    commit(&permits, 1).await;
    assert!(script.runs.lock().unwrap().is_empty());
    commit(&permits, 100).await;
    assert_eq!(running.await.unwrap().unwrap(), Outcome::Failed);
}

#[tokio::test]
async fn what_others_may_see_begins_once_its_start_is_durable() {
    let script = Arc::new(Script { hangs: vec!["s0", "s1"], ..Script::default() });
    let (notebook, permits) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let mut plan = plan(2, &[]);
    plan.steps[0].grants = Grants::only(Grant::Net(NetGrant::to("https://example.com".parse().unwrap())));
    let ports =
        Ports { journal: Arc::new(Slow(Arc::clone(&notebook), Arc::clone(&permits))), ..ports(&script, &notebook) };
    let state = accepted(&plan, &super::ports(&script, &notebook)).await;
    let (_handle, running) = begin(state, Entry::New, ports);
    until_running(&script, "s1").await;
    commit(&permits, 0).await;
    assert!(!script.runs.lock().unwrap().contains_key("s0"), "only what nobody sees has begun");
    commit(&permits, 1).await;
    until_running(&script, "s0").await;
    assert_eq!(replay(&plan, &notebook).running().count(), 2, "both starts are durable by now");
    running.abort();
}

#[tokio::test]
async fn care_lasts_until_a_result_is_durable() {
    let script = Arc::new(Script { reuses: vec!["s0"], hangs: vec!["s1"], ..Script::default() });
    let (notebook, permits) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let plan = plan(2, &[(0, 1)]);
    let ports =
        Ports { journal: Arc::new(Slow(Arc::clone(&notebook), Arc::clone(&permits))), ..ports(&script, &notebook) };
    let state = after_two_crashes(&plan, &notebook, &ports).await;
    let (_handle, running) = begin(state, Entry::AfterRestart, ports);
    commit(&permits, 2).await;
    assert_eq!(*script.runs.lock().unwrap(), HashMap::from([("s0".to_owned(), 1)]));
    commit(&permits, 100).await;
    until_running(&script, "s1").await;
    running.abort();
}

#[tokio::test]
async fn a_careful_attempt_waits_until_the_host_is_idle_and_keeps_others_waiting() {
    let script = Arc::new(Script { hangs: vec!["s0"], ..Script::default() });
    let (notebook, careful) = (Arc::<Notebook>::default(), plan(1, &[]));
    let ports_of = |notebook: &Arc<Notebook>, gate: &Arc<tokio::sync::RwLock<()>>| Ports {
        gate: Arc::clone(gate),
        ..ports(&script, notebook)
    };
    let gate = Arc::default();
    let state = after_two_crashes(&careful, &notebook, &ports_of(&notebook, &gate)).await;

    let busy = Arc::clone(&gate).read_owned().await;
    let (handle, running) = begin(state, Entry::AfterRestart, ports_of(&notebook, &gate));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!script.runs.lock().unwrap().contains_key("s0"), "something else runs");
    drop(busy);
    until_running(&script, "s0").await;
    assert_eq!(replay(&careful, &notebook).running().count(), 1, "its start was durable before");

    let (other, notebook) = (plan(1, &[]), Arc::<Notebook>::default());
    let quick = Arc::<Script>::default();
    let ports = Ports { gate: Arc::clone(&gate), ..ports(&quick, &notebook) };
    let (_, waiting) = begin(accepted(&other, &ports).await, Entry::New, ports);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(quick.runs.lock().unwrap().is_empty(), "the other has the host to itself");
    assert_eq!(replay(&other, &notebook).running().count(), 0, "what waits is not said to run");
    handle.cancel(false).await.unwrap();
    assert_eq!(running.await.unwrap().unwrap(), Outcome::Cancelled);
    assert_eq!(waiting.await.unwrap().unwrap(), Outcome::Succeeded);
}

/// A clock that somebody sets.
struct Settable(AtomicI64);

impl Clock for Settable {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_neither_delays_a_retry_nor_hurries_it() {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let wait = std::time::Duration::from_secs(6);
    for (set_while_waiting, set_at_restart) in [(-DAY, 0), (DAY, 0), (0, -365 * DAY), (-DAY, -DAY)] {
        let script = Arc::new(Script { fails: vec!["s0"], ..Script::default() });
        let (notebook, mut plan) = (Arc::default(), plan(1, &[]));
        plan.steps[0].grants.run = true;
        plan.steps[0].retry =
            crate::plan::Retry { max_attempts: 2, initial_ms: 6_000, jitter: false, ..plan.steps[0].retry.clone() };
        let clock = Arc::new(Settable(AtomicI64::new(1_000 * DAY)));
        let ports = || Ports { clock: Arc::clone(&clock) as _, ..ports(&script, &notebook) };
        let began = tokio::time::Instant::now();
        let (handle, mut running) = begin(accepted(&plan, &ports()).await, Entry::New, ports());
        until_running(&script, "s0").await;
        tokio::time::sleep(wait / 3).await;
        clock.0.fetch_add(set_while_waiting, Ordering::SeqCst);
        if set_at_restart != 0 {
            handle.stop();
            assert!(matches!(running.await.unwrap(), Err(RunError::Stopped)));
            clock.0.fetch_add(set_at_restart, Ordering::SeqCst);
            (_, running) = begin(replay(&plan, &notebook), Entry::AfterRestart, ports());
        }
        assert_eq!(running.await.unwrap().unwrap(), Outcome::Failed);
        let (took, most) = (began.elapsed(), if set_at_restart == 0 { wait } else { wait + wait / 3 });
        let slack = Duration::from_millis(500);
        assert!(took >= wait && took <= most + slack, "{set_while_waiting} {set_at_restart}: {took:?}");
        assert_eq!(script.runs.lock().unwrap()["s0"], 2);
    }
}
