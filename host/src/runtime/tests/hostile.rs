//! Modules that are made against the host: what they carry must not cost it more than they do themselves.

use std::time::Instant;

use super::*;

/// A name of C++ in some two thousand bytes that says more than memory can hold: each parameter is a template of forty
/// times the one before.
fn endless_name() -> String {
    let templates: String = (0..8).map(|at| format!("S_I{}E", format!("S{at}_").repeat(40))).collect();
    format!("_Z1fSt4pairIiiE{templates}")
}

#[tokio::test]
async fn names_of_functions_cost_no_more_than_they_are_long() {
    let names = [endless_name(), "x".repeat(60_000), format!("_RNvC{}", "1a".repeat(1_000)), "\u{1b}[31m".to_owned()];
    for name in names {
        let function = format!("(func $bad (@name {name:?}) (result i32) (unreachable))");
        let core = guest_with(&function.replace("\\u{1b}", "\\1b"), "(call $bad)", "(call $describe)");
        let began = Instant::now();
        let failure = Host::new().failure(&core).await;
        assert_eq!(failure.kind, FailureKind::Trapped);
        assert!(failure.causes.iter().all(|cause| cause.len() < 1_000 && !cause.contains('\u{1b}')), "{failure:?}");
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}

#[tokio::test]
async fn a_few_bytes_far_apart_do_not_become_machine_code() {
    let far = |at: u32| format!("(memory $m{at} 256) (data (memory $m{at}) (i32.const {}) \"x\")", 16_777_210);
    let far: String = (0..20).map(|at| far(at) + &format!("(data (memory $m{at}) (i32.const 0) \"x\")\n")).collect();
    let host = Host::new();
    // More memories than a sandbox may have: what counts is what is kept.
    let wasm = component(&guest_with(&far, "(unreachable)", "(call $describe)"));
    assert!(wasm.len() < 10_000);
    drop(host.modules.load(wasm.into()).await);
    let kept = std::fs::read_dir(host.data.path().join("code"))
        .map_or(0, |files| files.map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>());
    assert!(kept < 1 << 20, "{kept} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_pipeline_cannot_take_all_places_and_modules_can_still_be_loaded() {
    let host = Host::new().limits(|limits| limits.cpu_ms = 60_000);
    let spin = host.modules.load(component(&guest("(loop $again (br $again)) (unreachable)")).into()).await.unwrap();
    let canary = host.modules.load(echo()).await.unwrap();
    let mut spinning = tokio::task::JoinSet::new();
    let start = |spinning: &mut tokio::task::JoinSet<_>, pipeline: &str| {
        let job = AttemptJob { pipeline: name(pipeline), ..host.job(&spin, vec![]) };
        spinning.spawn(host.runner.run(job, host.logs.clone(), host.cancel.subscribe()));
    };
    (0..100).for_each(|_| start(&mut spinning, "hostile"));
    let run = |pipeline: &str| {
        let job = AttemptJob { pipeline: name(pipeline), ..host.job(&canary, vec![value("x", &[1])]) };
        tokio::time::timeout(Duration::from_secs(30), host.runner.run(job, host.logs.clone(), host.cancel.subscribe()))
    };
    let report = run("canary").await.expect("a place for the canary");
    assert!(only(report).result.is_ok());
    // With a second one every place is taken, and a module describes itself all the same.
    (0..100).for_each(|_| start(&mut spinning, "another"));
    while host.runner.sandboxes_started() < 65 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let other = component(&guest_with("(global i32 (i32.const 1))", ECHO_BODY, "(call $describe)"));
    host.modules.load(other.into()).await.unwrap();
    host.cancel.send_replace(true);
    while let Some(report) = spinning.join_next().await {
        assert_eq!(only(report.unwrap()).result.unwrap_err().kind, FailureKind::Cancelled);
    }
}

#[tokio::test]
async fn a_module_that_breaks_the_compiler_is_at_fault_itself() {
    let folder = TempDir::new().unwrap();
    for (script, fault) in [("kill -SEGV $$", false), ("exit 101", false), ("kill -XCPU $$", false), ("exit 1", true)] {
        let binary = folder.path().join("compiler");
        std::fs::write(&binary, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&binary, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let host = Host::with(Compiler::Child { binary });
        let error = host.modules.load(echo()).await.unwrap_err();
        assert_eq!(error.is_hosts_fault(), fault, "{script}: {error}");
    }
}

/// How many files and threads this process has.
fn held() -> (usize, usize) {
    let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_are_stopped_at_any_moment_leave_nothing() {
    const ATTEMPTS: u64 = 3_000;
    let host = Host::new().limits(|limits| limits.wall_ms = 20);
    let spins =
        "(loop $again (memory.fill (i32.const 65536) (i32.const 1) (i32.const 65536)) (br $again)) (unreachable)";
    let spin = host.modules.load(component(&guest(spins)).into()).await.unwrap();
    let job = host.job(&spin, vec![]);
    let attempt = async |number: u64| {
        let cancel = tokio::sync::watch::channel(false).0;
        let running = host.runner.run(job.clone(), host.logs.clone(), cancel.subscribe());
        let moment = Duration::from_micros(number * 7_919 % 50_000);
        match number % 3 {
            // Dropped, cancelled, or left to its time on the wall.
            0 => drop(tokio::time::timeout(moment, running).await),
            1 => {
                let cancel = async {
                    tokio::time::sleep(moment).await;
                    cancel.send_replace(true);
                };
                let (report, ()) = tokio::join!(running, cancel);
                let kind = only(report).result.unwrap_err().kind;
                assert!(
                    matches!(kind, FailureKind::Cancelled | FailureKind::LimitReached(LimitKind::Wall)),
                    "{kind:?}"
                );
            }
            _ => assert_eq!(only(running.await).result.unwrap_err().kind, FailureKind::LimitReached(LimitKind::Wall)),
        }
    };
    let in_turn = async |of: u64| {
        for number in (0..ATTEMPTS).filter(|number| number % 16 == of) {
            attempt(number).await;
        }
    };
    in_turn(0).await;
    let before = held();
    let all: Vec<_> = (1..16).map(|of| Box::pin(in_turn(of))).collect();
    futures_util::future::join_all(all).await;
    // Every place is free again.
    let canary = host.modules.load(echo()).await.unwrap();
    for _ in 0..200 {
        let job = host.job(&canary, vec![value("x", &[1])]);
        assert!(only(host.runner.run(job, host.logs.clone(), host.cancel.subscribe()).await).result.is_ok());
    }
    let after = held();
    // Other tests run in this process, too.
    assert!(after.0 <= before.0 + 64 && after.1 <= before.1 + 64, "{before:?} {after:?}");
}
