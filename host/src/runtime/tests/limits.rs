//! A guest for each limit, and for each other way to end.

use super::*;

const SPIN: &str = "(loop $again (br $again)) (unreachable)";

fn limit(kind: LimitKind) -> FailureKind {
    FailureKind::LimitReached(kind)
}

#[tokio::test]
async fn a_spinning_guest_runs_out_of_processor_time() {
    let host = Host::new().limits(|limits| limits.cpu_ms = 50);
    let report = host.attempt(component(&guest(SPIN)), Form::Value, vec![]).await;
    let failure = report.result.unwrap_err();
    assert_eq!(failure.kind, limit(LimitKind::Cpu));
    assert!(failure.message.contains("raise `limits.cpu`"), "{failure}");
    assert!(report.usage.cpu_us >= 50_000, "{:?}", report.usage);
}

#[tokio::test]
async fn a_guest_runs_out_of_wall_time() {
    let host = Host::new().limits(|limits| limits.wall_ms = 50);
    assert_eq!(host.failure(&guest(SPIN)).await.kind, limit(LimitKind::Wall));
}

#[tokio::test]
async fn a_spinning_guest_is_cancelled() {
    let host = Host::new();
    let wasm = component(&guest(SPIN));
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        host.cancel.send_replace(true);
    };
    let (report, ()) = tokio::join!(host.attempt(wasm, Form::Value, vec![]), cancel);
    assert_eq!(report.result.unwrap_err().kind, FailureKind::Cancelled);
}

#[tokio::test]
async fn spinning_guests_do_not_keep_others_from_running() {
    let host = Host::new().limits(|limits| limits.cpu_ms = 300);
    let spin = host.modules.load(component(&guest(SPIN)).into()).await.unwrap();
    let mut spinning = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let attempt = host.runner.run(host.job(&spin, vec![]), host.logs.clone(), host.cancel.subscribe());
        spinning.spawn(attempt);
    }
    tokio::time::sleep(Duration::from_millis(30)).await;
    let canary = host.attempt(echo(), Form::Value, vec![value("x", &[1])]).await;
    assert!(canary.result.is_ok());
    assert!(spinning.try_join_next().is_none(), "the canary had to wait");
    for report in spinning.join_all().await {
        assert_eq!(only(report).result.unwrap_err().kind, limit(LimitKind::Cpu));
    }
}

#[tokio::test]
async fn memory_is_limited_and_counted() {
    let grow = "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)";
    let host = Host::new().limits(|limits| limits.memory = 8 << 20);
    let report = host.attempt(component(&guest(grow)), Form::Value, vec![]).await;
    let failure = report.result.unwrap_err();
    assert_eq!(failure.kind, limit(LimitKind::Memory));
    assert!(failure.message.contains("raise `limits.memory`"), "{failure}");
    assert!((7 << 20..=8 << 20).contains(&report.usage.memory), "{:?}", report.usage);
}

#[tokio::test]
async fn memory_at_the_start_counts_too() {
    let host = Host::new().limits(|limits| limits.memory = 65_536);
    let module = host.modules.load(echo()).await.unwrap();
    let report = host.runner.run(host.job(&module, vec![]), host.logs.clone(), host.cancel.subscribe()).await;
    assert_eq!(only(report).result.unwrap_err().kind, limit(LimitKind::Memory));
}

#[tokio::test]
async fn a_guest_that_lives_with_less_memory_succeeds() {
    let host = Host::new().limits(|limits| limits.memory = 1 << 20);
    let core = guest(&format!("(drop (memory.grow (i32.const 1000))) {ECHO_BODY}"));
    assert_eq!(host.output(&core, vec![value("x", &[7])]).await, [7]);
}

#[tokio::test]
async fn tables_are_limited() {
    let table = "(table $t 1 funcref) (func $grow (result i32) (table.grow $t (ref.null func) (i32.const 50)))";
    let core = guest_with(
        table,
        "(if (i32.eq (call $grow) (i32.const -1)) (then (unreachable))) (unreachable)",
        "(call $describe)",
    );
    let host = Host::new().limits(|limits| limits.table_elements = 20);
    assert_eq!(host.failure(&core).await.kind, limit(LimitKind::Instances));
}

#[tokio::test]
async fn endless_recursion_overflows_the_stack() {
    let recurse = "(func $deeper (param i32) (result i32) (i32.add (i32.const 1) (call $deeper (local.get 0))))";
    let core = guest_with(recurse, "(call $deeper (i32.const 1))", "(call $describe)");
    assert_eq!(Host::new().failure(&core).await.kind, FailureKind::StackOverflow);
}

#[tokio::test]
async fn traps_say_what_happened() {
    let host = Host::new();
    let failure = host.failure(&guest("(i32.div_u (i32.const 1) (i32.const 0))")).await;
    assert_eq!(failure.kind, FailureKind::Trapped);
    assert!(failure.message.contains("divide by zero"), "{failure}");
    let failure = host.failure(&guest("(i32.load (i32.const -4))")).await;
    assert!(failure.message.contains("out of bounds"), "{failure}");
    assert_eq!(host.failure(&guest("(unreachable)")).await.kind, FailureKind::Trapped);
}

#[tokio::test]
async fn exit_is_a_failure_also_with_code_0() {
    let import = r#"(import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))"#;
    for code in [0, 1] {
        let core = guest_with(import, &format!("(call $exit (i32.const {code})) (unreachable)"), "(call $describe)");
        let failure = Host::new().failure(&core).await;
        assert_eq!(failure.kind, FailureKind::Panicked);
        assert!(failure.message.contains(&format!("exit code was {code}")), "{failure}");
    }
}

#[tokio::test]
async fn what_wasi_does_not_offer_traps_when_called() {
    let import = r#"(import "wasi:sockets/network@0.2.0" "probe" (func $probe))"#;
    let core = guest_with(import, "(call $probe) (unreachable)", "(call $describe)");
    assert_eq!(Host::new().failure(&core).await.kind, FailureKind::Trapped);
}

#[tokio::test]
async fn malformed_messagepack_is_refused() {
    for bytes in ["\\c1", "\\92\\01", "\\01\\02", "\\a2\\ff\\fe", ""] {
        let data = format!("(data (i32.const 3000) \"{bytes}\")");
        let length = bytes.len() / 3;
        let run = format!("(call $ok (i32.const 3000) (i32.const {length}))");
        let failure = Host::new().failure(&guest_with(&data, &run, "(call $describe)")).await;
        assert_eq!(failure.kind, FailureKind::InvalidOutput, "{bytes}: {failure}");
    }
}

#[tokio::test]
async fn outputs_are_limited() {
    let host = Host::new().limits(|limits| limits.output = 1_000);
    for length in [1_001, 100_000] {
        let failure = host.failure(&guest(&format!("(call $ok (i32.const 3000) (i32.const {length}))"))).await;
        assert_eq!(failure.kind, limit(LimitKind::Output), "{failure}");
        assert!(failure.message.contains("raise `limits.output`"), "{failure}");
    }
}

#[tokio::test]
async fn lies_about_pointers_trap() {
    let failure = Host::new().failure(&guest("(call $ok (i32.const -8) (i32.const 100))")).await;
    assert_eq!(failure.kind, FailureKind::Trapped, "{failure}");
    let failure = Host::new().failure(&guest("(i32.const -1)")).await;
    assert_eq!(failure.kind, FailureKind::Trapped, "{failure}");
}

const LOG: &str = r#"(import "stepmill:step/host@0.1.0" "log" (func $log (param i32 i32 i32)))"#;

#[tokio::test]
async fn a_flood_of_log_lines_is_cut() {
    let run = format!(
        "(local $i i32) (loop $again (call $log (i32.const 2) (i32.const 2048) (i32.const 3))
         (local.set $i (i32.add (local.get $i) (i32.const 1)))
         (br_if $again (i32.lt_u (local.get $i) (i32.const 500)))) {ECHO_BODY}"
    );
    let host = Host::new().limits(|limits| limits.log_lines = 20);
    let wasm = component(&guest_with(LOG, &run, "(call $describe)"));
    let report = host.attempt(wasm, Form::Value, vec![value("x", &[1])]).await;
    assert!(report.result.is_ok());
    assert_eq!((report.usage.log_lines, report.usage.log_lines_dropped), (20, 480));
    let texts = host.logs.texts();
    let (last, lines) = texts.split_last().unwrap();
    assert_eq!(lines, vec!["run"; 20]);
    assert!(last.starts_with("480 more lines were dropped"), "{last}");
}

#[tokio::test]
async fn what_a_call_copies_is_limited() {
    let host = Host::new().limits(|limits| limits.output = 1_000);
    let run = "(call $log (i32.const 2) (i32.const 0) (i32.const 131072)) (unreachable)";
    let failure = host.failure(&guest_with(LOG, run, "(call $describe)")).await;
    assert_eq!(failure.kind, limit(LimitKind::HostCall), "{failure}");
}

const RANDOM: &str = r#"(import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))"#;

#[tokio::test]
async fn random_bytes_are_limited() {
    let run = "(call $random (i64.const 1048577) (i32.const 3000)) (unreachable)";
    assert_eq!(Host::new().failure(&guest_with(RANDOM, run, "(call $describe)")).await.kind, limit(LimitKind::Random));
}

#[tokio::test]
async fn randomness_follows_from_the_inputs() {
    let run = "(call $random (i64.const 16) (i32.const 3000))
        (i32.store8 (i32.const 3990) (i32.const 0xc4)) (i32.store8 (i32.const 3991) (i32.const 16))
        (memory.copy (i32.const 3992) (i32.load (i32.const 3000)) (i32.const 16))
        (call $ok (i32.const 3990) (i32.const 18))";
    let core = guest_with(RANDOM, run, "(call $describe)");
    let (host, other) = (Host::new(), Host::new());
    let first = host.output(&core, vec![value("x", &[1])]).await;
    assert_eq!(first.len(), 18);
    assert_eq!(first, other.output(&core, vec![value("x", &[1])]).await);
    assert_ne!(first, host.output(&core, vec![value("x", &[2])]).await);
}

#[tokio::test]
async fn handles_are_limited() {
    let import = r#"(import "stepmill:step/host@0.1.0" "create-file" (func $create (param i32 i32 i32 i32 i32)))"#;
    let run =
        "(loop $again (call $create (i32.const 2048) (i32.const 3) (i32.const 2048) (i32.const 3) (i32.const 3000))
        (br $again)) (unreachable)";
    let core = guest_with(import, run, "(call $describe)");
    let host = Host::new().limits(|limits| limits.handles = 10);
    assert_eq!(host.failure(&core).await.kind, limit(LimitKind::Handles));
    let host = Host::new().limits(|limits| limits.files = 10);
    assert_eq!(host.failure(&core).await.kind, limit(LimitKind::Files));
}
