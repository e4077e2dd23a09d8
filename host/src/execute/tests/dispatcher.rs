//! The dispatcher against scripted steps: what runs, what does not, and what is recorded of it.

use super::*;
use crate::{
    event::{CancelReason, Join, Outcome, SkipReason, StepState},
    execute::{
        dispatcher::{Entry, RunError, accept, drive},
        requests::{self, RunHandle},
        state::RunState,
    },
};
use tokio::task::JoinHandle;

async fn accepted(plan: Plan, ports: &Ports) -> Result<RunState, RunError> {
    Ok(accept(RunId::generate(), Arc::new(plan), vec![created()], None, ports).await?.unwrap())
}

async fn run(plan: Plan, script: &Arc<Script>, notebook: &Arc<Notebook>) -> Result<Outcome, RunError> {
    let ports = ports(script, notebook);
    let state = accepted(plan, &ports).await?;
    let (_handle, mut requests) = requests::channel();
    drive(state, Entry::New, ports, 4, &mut requests).await
}

/// Drives a run in the background, from where its events left it.
fn begin(state: RunState, entry: Entry, ports: Ports) -> (RunHandle, JoinHandle<Result<Outcome, RunError>>) {
    let (handle, mut requests) = requests::channel();
    (handle, tokio::spawn(async move { drive(state, entry, ports, 4, &mut requests).await }))
}

async fn until_running(script: &Script, step: &str) {
    while !script.runs.lock().unwrap().contains_key(step) {
        tokio::task::yield_now().await;
    }
}

fn kinds(notebook: &Notebook) -> Vec<EventKind> {
    notebook.events.lock().unwrap().iter().map(|event| event.kind.clone()).collect()
}

fn replay(plan: &Plan, notebook: &Notebook) -> RunState {
    let events = notebook.events.lock().unwrap();
    RunState::replay(events[0].run, Arc::new(plan.clone()), &events).unwrap()
}

fn states(plan: &Plan, notebook: &Notebook) -> Vec<StepState> {
    let state = replay(plan, notebook);
    plan.indices().map(|index| state.state(index)).collect()
}

const DIAMOND: &[(u32, u32)] = &[(0, 1), (0, 2), (1, 3), (2, 3)];

#[tokio::test]
async fn every_step_of_a_diamond_runs_once() {
    let (script, notebook) = (Arc::default(), Arc::default());
    let plan = plan(4, DIAMOND);
    assert_eq!(run(plan.clone(), &script, &notebook).await.unwrap(), Outcome::Succeeded);
    assert_eq!(states(&plan, &notebook), [StepState::Succeeded; 4]);
    assert!(script.runs.lock().unwrap().values().all(|count| *count == 1));
    assert_eq!(notebook.told.load(Ordering::SeqCst), notebook.events.lock().unwrap().len());
    assert_eq!(notebook.lines.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_failure_cancels_what_has_not_started() {
    let script = Arc::new(Script { fails: vec!["s0"], ..Script::default() });
    let notebook = Arc::default();
    let plan = plan(4, &[(0, 1), (1, 2), (1, 3)]);
    assert_eq!(run(plan.clone(), &script, &notebook).await.unwrap(), Outcome::Failed);
    use StepState::{Cancelled, Failed};
    assert_eq!(states(&plan, &notebook), [Failed, Cancelled, Cancelled, Cancelled]);
    let events = notebook.events.lock().unwrap();
    let reason = events.iter().find_map(|event| match &event.kind {
        EventKind::StepCancelled { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(reason, Some(CancelReason::StepFailed { step: StepIndex(0) }));
}

#[tokio::test]
async fn on_error_continue_affects_only_the_dependants() {
    let script = Arc::new(Script { fails: vec!["s1"], ..Script::default() });
    let notebook = Arc::default();
    let mut plan = plan(5, &[(0, 1), (0, 2), (1, 3), (3, 4)]);
    plan.steps[1].on_error = OnError::Continue;
    assert_eq!(run(plan.clone(), &script, &notebook).await.unwrap(), Outcome::Failed);
    use StepState::{Failed, Skipped, Succeeded};
    assert_eq!(states(&plan, &notebook), [Succeeded, Failed, Succeeded, Skipped, Skipped]);
    let events = notebook.events.lock().unwrap();
    let reasons: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::StepSkipped { reason, .. } => Some(reason.clone()),
            _ => None,
        })
        .collect();
    let because = |step, state| SkipReason::Upstream { step: StepIndex(step), state, join: Join::AllSuccess };
    assert_eq!(reasons, [because(1, Failed), because(3, Skipped)]);
}

#[tokio::test]
async fn cancelling_reaches_running_steps_and_ends_the_run() {
    let script = Arc::new(Script { hangs: vec!["s1"], ..Script::default() });
    let notebook = Arc::default();
    let plan = plan(3, &[(0, 1), (1, 2)]);
    let ports = ports(&script, &notebook);
    let (handle, running) = begin(accepted(plan.clone(), &ports).await.unwrap(), Entry::New, ports);
    until_running(&script, "s1").await;
    handle.cancel(false).await.unwrap();
    // It was durable when it was answered.
    assert!(kinds(&notebook).contains(&EventKind::CancelRequested));
    assert_eq!(running.await.unwrap().unwrap(), Outcome::Cancelled);
    use StepState::{Cancelled, Succeeded};
    assert_eq!(states(&plan, &notebook), [Succeeded, Cancelled, Cancelled]);
}

#[tokio::test]
async fn no_more_steps_run_at_once_than_allowed() {
    let (script, notebook) = (Arc::default(), Arc::default());
    let plan = plan(50, &[]);
    assert_eq!(run(plan, &script, &notebook).await.unwrap(), Outcome::Succeeded);
    assert_eq!(script.most_running.load(Ordering::SeqCst), 4);
    assert_eq!(script.runs.lock().unwrap().len(), 50);
}

#[tokio::test]
async fn skips_do_not_cost_a_commit_each() {
    let script = Arc::new(Script { fails: vec!["s0"], ..Script::default() });
    let notebook = Arc::default();
    let edges: Vec<_> = (0..999).map(|index| (index, index + 1)).collect();
    let mut plan = plan(1000, &edges);
    plan.steps[0].on_error = OnError::Continue;
    assert_eq!(run(plan, &script, &notebook).await.unwrap(), Outcome::Failed);
    let appends = notebook.appends.load(Ordering::SeqCst);
    assert!(appends <= 4, "{appends} appends");
}

#[tokio::test]
async fn a_journal_that_fails_stops_the_run_where_it_can_be_resumed() {
    let plan = plan(4, DIAMOND);
    for refuse_after in 1..6 {
        let script = Arc::default();
        let notebook = Arc::new(Notebook { refuse_after: Some(refuse_after), ..Notebook::default() });
        match run(plan.clone(), &script, &notebook).await {
            Err(RunError::Journal(_)) => {}
            Ok(_) => assert!(notebook.appends.load(Ordering::SeqCst) <= refuse_after, "an append was refused"),
            other => panic!("{other:?}"),
        }
        let resumed =
            Arc::new(Notebook { events: Mutex::new(notebook.events.lock().unwrap().clone()), ..Notebook::default() });
        let state = replay(&plan, &resumed);
        let (_, running) = begin(state, Entry::AfterRestart, ports(&Arc::default(), &resumed));
        let outcome = running.await.unwrap().unwrap();
        assert_eq!(outcome, Outcome::Succeeded);
        assert_eq!(states(&plan, &resumed), [StepState::Succeeded; 4]);
    }
}

#[tokio::test]
async fn a_full_disk_stops_the_run_and_records_nothing_of_the_attempt() {
    let script = Arc::new(Script { storage_fails: vec!["s1"], ..Script::default() });
    let notebook = Arc::default();
    let plan = plan(2, &[(0, 1)]);
    let error = run(plan.clone(), &script, &notebook).await.unwrap_err();
    assert!(matches!(error, RunError::Interrupted(_)), "{error:?}");
    let recorded = states(&plan, &notebook);
    assert_eq!(recorded[0], StepState::Succeeded);
    assert!(!recorded[1].is_terminal());
}

#[tokio::test]
async fn a_condition_is_asked_once_although_two_reasons_make_it_decidable() {
    let (script, notebook) = (Arc::default(), Arc::default());
    let mut plan = plan(2, &[]);
    // The end of `s0` is the end of what `s1` waits for twice: by name, and as a `finally` step.
    plan.steps[0].downstreams.push(StepIndex(1));
    plan.steps[1] = PlanStep {
        finally: true,
        join: Join::AllDone,
        upstreams: vec![StepIndex(0)],
        order_only: vec![StepIndex(0)],
        when: Some("steps.s0.state == 'succeeded'".parse().unwrap()),
        ..plan.steps[1].clone()
    };
    assert_eq!(run(plan.clone(), &script, &notebook).await.unwrap(), Outcome::Succeeded);
    assert_eq!(states(&plan, &notebook), [StepState::Succeeded; 2]);
    let asked = |event: &&RunEvent| matches!(event.kind, EventKind::ConditionHeld { .. });
    assert_eq!(notebook.events.lock().unwrap().iter().filter(asked).count(), 1);
}
