//! What a step is given beyond its inputs, and only with a grant.

use super::*;
use crate::ids::Timestamp;

/// Returns the monotonic clock's nanoseconds.
fn now() -> Vec<u8> {
    let imports = r#"(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))"#;
    let run = "(i32.store8 (i32.const 3000) (i32.const 0xcf))
        (i64.store (i32.const 3001) (call $now))
        (call $ok (i32.const 3000) (i32.const 9))";
    component(&guest_with(imports, run, "(call $describe)"))
}

/// Spins until it is told that the run is cancelled.
fn obedient() -> Vec<u8> {
    let imports = r#"(import "stepmill:step/host@0.1.0" "cancelled" (func $cancelled (result i32)))"#;
    let run = "(loop $again (br_if $again (i32.eqz (call $cancelled))))
        (i32.store8 (i32.const 3000) (i32.const 0xc3))
        (call $ok (i32.const 3000) (i32.const 1))";
    component(&guest_with(imports, run, "(call $describe)"))
}

async fn cancelled_early(host: &Host, wasm: Vec<u8>, run: bool) -> (AttemptEnd, Duration) {
    let module = host.modules.load(wasm.into()).await.unwrap();
    let job = AttemptJob { grants: Grants { run, ..Grants::default() }, ..host.job(&module, vec![]) };
    let attempt = host.runner.run(job, host.logs.clone(), host.cancel.subscribe());
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        host.cancel.send_replace(true);
        std::time::Instant::now()
    };
    let ((report, ended), cancelled) = tokio::join!(async { (attempt.await, std::time::Instant::now()) }, cancel);
    (only(report), ended - cancelled)
}

#[tokio::test]
async fn who_may_know_of_a_cancel_can_end_by_itself() {
    let (end, _) = cancelled_early(&Host::new(), obedient(), true).await;
    assert_eq!(inline(&end.result.unwrap()), [0xc3]);
    let (end, _) = cancelled_early(&Host::new(), obedient(), false).await;
    assert_eq!(end.result.unwrap_err().kind, FailureKind::Cancelled);
}

#[tokio::test]
async fn who_does_not_end_by_itself_is_ended_after_the_grace() {
    let spin = component(&guest("(loop $again (br $again)) (unreachable)"));
    let (end, took) = cancelled_early(&Host::new(), spin, true).await;
    assert_eq!(end.result.unwrap_err().kind, FailureKind::Cancelled);
    assert!(took >= super::super::call::GRACE, "{took:?}");
}

#[tokio::test]
async fn time_passes_only_with_the_grant() {
    let host = Host::new();
    let module = host.modules.load(now().into()).await.unwrap();
    let pure = host.job(&module, vec![]);
    let granted = AttemptJob { grants: Grants { clock: true, ..Grants::default() }, ..pure.clone() };
    let mut seen = Vec::new();
    for job in [&pure, &pure, &granted, &granted] {
        let report = host.runner.run(job.clone(), host.logs.clone(), host.cancel.subscribe()).await;
        seen.push(inline(&only(report).result.unwrap()));
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[2] != seen[3] && seen[2] != seen[0], "{seen:?}");
}

#[tokio::test]
async fn facts_are_told_with_the_grant_alone() {
    use super::super::subject::{Given, Item, Subject};
    let host = Host::new();
    let module = host.modules.load(echo()).await.unwrap();
    let mut job = host.job(&module, vec![]);
    job.scheduled_for = Some(Timestamp(5));
    let item = || Some(Item { index: 7, bytes: Bytes::new() });
    assert!(Subject::Attempt(Arc::new(Given::new(job.clone())), item()).facts().is_none());
    job.grants.run = true;
    let run = job.name.run;
    let facts = Subject::Attempt(Arc::new(Given::new(job)), item()).facts().unwrap();
    assert_eq!((facts.run, facts.pipeline, facts.step), (run.to_string(), "p".to_owned(), "s".to_owned()));
    assert_eq!(facts.idempotency_key, format!("{run}/s[7]"));
    assert_eq!((facts.attempt, facts.scheduled_for), (1, Some(5)));
}
