//! A system that has no threads or descriptors left to give: what was accepted still ends as it should.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::process::Pid;
use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench,
    server::Server,
    strace::{Injection, available, injected},
};

use super::{
    accepted::until,
    deploy::{deploy, finish, upload},
};

/// How long threads without work stay by default.
const IDLE: Duration = Duration::from_secs(11);
const PIPELINE: &str = "name = \"p\"\n[steps.a]\nuse = \"behaviours/fill\"\nconfig.size = 200000\n";

fn deployed(bench: &Bench) -> Server {
    bench.warm();
    let server = Server::start(bench, &[]);
    let _ = upload(&server).expect(201);
    let _ = deploy(&server, PIPELINE).expect(200);
    server
}

fn run(server: &Server) -> Json {
    let id = server.post("/api/v1/pipelines/p/runs", &json!({})).expect(201).json()["id"].clone();
    finish(server, id.as_str().expect("a run"))
}

#[test]
fn without_new_threads_runs_are_accepted_and_succeed() {
    if !available() {
        return;
    }
    let bench = Bench::new();
    let server = deployed(&bench);
    thread::sleep(IDLE);
    let injection = Injection::of_process(server.pid(), "clone,clone3", "error=EAGAIN");
    for _ in 0..3 {
        assert_eq!(run(&server)["state"], "succeeded");
    }
    let _ = server.get("/readyz").expect(200);
    assert!(injected(&injection.end()) > 0, "no thread was asked for");
    assert_eq!(run(&server)["state"], "succeeded");
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_condition_without_a_thread_waits_for_one() {
    if !available() {
        return;
    }
    let bench = Bench::new();
    let server = deployed(&bench);
    let conditional = "name = \"c\"\n[steps.a]\nuse = \"behaviours/numbers\"\nconfig.count = 2\n\
                       [steps.b]\nuse = \"behaviours/noop\"\nwhen = \"size(a) == 2\"\n";
    let _ = deploy(&server, conditional).expect(200);
    let injection = Injection::of_process(server.pid(), "clone,clone3", "error=EAGAIN");
    let id = server.post("/api/v1/pipelines/c/runs", &json!({})).expect(201).json()["id"].clone();
    let id = id.as_str().expect("a run");
    until(&server, id, |found| found["run"]["interrupted"] == true);
    assert!(injected(&injection.end()) > 0, "no thread was asked for");
    let run = finish(&server, id);
    assert_eq!(run["state"], "succeeded", "{run}");
    assert!(server.log().contains("there is no thread for it"), "{}", server.log());
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_step_whose_sandbox_cannot_be_made_has_not_failed() {
    if !available() {
        return;
    }
    let bench = Bench::new();
    let server = deployed(&bench);
    let token = server.token().to_owned();
    assert_eq!(server.stop(), 0);
    // The first sandbox of a process needs a descriptor for the module's memory.
    let server = Server::start(&bench, &[]).with_token(&token);
    let injection = Injection::of_process(server.pid(), "memfd_create", "error=EMFILE:when=1");
    let run = run(&server);
    assert!(injected(&injection.end()) > 0, "no descriptor was asked for");
    assert_eq!(run["state"], "succeeded", "{run}");
    assert!(server.log().contains("no sandbox can be made"), "{}", server.log());
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_start_without_threads_says_so() {
    if !available() {
        return;
    }
    let bench = Bench::new();
    bench.warm();
    let path = bench.pipeline("[steps.a]\nuse = \"b/noop\"\n");
    let mut child = bench.start_held(&["run", path.to_str().expect("a name")]);
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
    let injection = Injection::of_process(pid, "clone,clone3", "error=EAGAIN");
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("outputs");
    assert!(injected(&injection.end()) > 0, "no thread was asked for");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("stepmill's threads cannot be started"), "{said}");
}

#[test]
fn a_start_that_could_not_be_stored_is_not_said_to_continue() {
    if !available() {
        return;
    }
    let bench = Bench::new();
    let server = deployed(&bench);
    let injection = Injection::begin(server.pid(), &bench.data(), "pwrite64", "error=ENOSPC");
    let refused = server.post("/api/v1/pipelines/p/runs", &json!({})).expect(503);
    assert!(injected(&injection.end()) > 0, "nothing was written");
    let log = server.log();
    assert!(log.contains("a start was refused") && !log.contains("a run is interrupted"), "{log}");
    assert!(!refused.text().contains("continue"), "{}", refused.text());
    let deadline = Instant::now() + IDLE;
    while server.get("/readyz").status != 200 {
        assert!(Instant::now() < deadline, "{}", server.log());
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(run(&server)["state"], "succeeded");
    assert_eq!(server.stop(), 0);
}
