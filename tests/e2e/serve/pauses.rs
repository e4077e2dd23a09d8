//! What is paused starts no run, from the answer on until it is resumed, and then none for what went by.

use std::{io::Write, net::TcpStream, thread, time::Duration};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench,
    server::{Server, answer, message},
};

use super::deploy::{deploy, finish, upload};

const STEP: &str = "[steps.a]\nuse = \"behaviours/noop\"\n";

/// A server with the guest that shows behaviours.
fn start(bench: &Bench) -> Server {
    bench.warm();
    let server = Server::start(bench, &[]);
    let _ = upload(&server).expect(201);
    server
}

fn runs(server: &Server, pipeline: &str) -> Vec<Json> {
    let page = server.get(&format!("/api/v1/runs?pipeline={pipeline}&limit=200")).expect(200).json();
    page["runs"].as_array().expect("runs").clone()
}

/// A delivery to the webhook `push` whose body has come by half, and its other half.
fn begin_delivery(server: &Server, id: &str) -> (TcpStream, Vec<u8>) {
    let headers = [("content-type", "text/plain"), ("webhook-id", id)];
    let bytes = message(server.address(), "POST", "/hooks/push", &headers, b"hello");
    let (first, rest) = bytes.split_at(bytes.len() - 2);
    let mut stream = server.connect();
    stream.write_all(first).expect("a connection");
    // Until the host has looked at the trigger.
    thread::sleep(Duration::from_millis(300));
    (stream, rest.to_vec())
}

#[test]
fn a_delivery_under_way_starts_no_run_of_what_is_paused_changed_or_removed() {
    let bench = Bench::new();
    let server = start(&bench);
    let text = format!("name = \"hooked\"\n{STEP}[triggers.push]\nwebhook = {{ path = \"push\", auth = \"none\" }}\n");
    let changed = format!("{text}overlap = \"skip\"\n");
    let _ = deploy(&server, &text).expect(200);
    let pipeline = "/api/v1/pipelines/hooked";
    let post = |path: String| server.request("POST", &path, &[], b"").expect(204);
    let changes: [(&str, &dyn Fn()); 4] = [
        ("pause-trigger", &|| drop(post(format!("{pipeline}/triggers/push/pause")))),
        ("pause-pipeline", &|| drop(post(format!("{pipeline}/pause")))),
        ("change", &|| drop(deploy(&server, &changed).expect(200))),
        ("removal", &|| drop(server.request("DELETE", pipeline, &[], b"").expect(204))),
    ];
    for (name, change) in changes {
        let (mut stream, rest) = begin_delivery(&server, name);
        change();
        stream.write_all(&rest).expect("a connection");
        let answer = answer(stream).expect("an answer");
        assert_eq!(answer.status, 503, "{name}: {}", answer.text());
        let detail = answer.json()["detail"].as_str().expect("a reason").to_owned();
        assert!(detail.starts_with("events cannot be taken now: the "), "{detail}");
        assert!(detail.ends_with("removed"), "{detail}");
        assert!(runs(&server, "hooked").is_empty(), "{name}");
        let _ = deploy(&server, &text).expect(200);
        let _ = post(format!("{pipeline}/resume"));
        let _ = post(format!("{pipeline}/triggers/push/resume"));
    }
    let (mut stream, rest) = begin_delivery(&server, "kept");
    stream.write_all(&rest).expect("a connection");
    assert_eq!(answer(stream).expect("an answer").status, 202);
}

#[test]
fn a_pipeline_that_is_removed_while_it_is_paused_comes_back_paused() {
    let bench = Bench::new();
    let server = start(&bench);
    let token = server.token().to_owned();
    let text = format!("name = \"tick\"\n{STEP}[triggers.t]\nevery = \"1s\"\n");
    let _ = deploy(&server, &text).expect(200);
    let _ = server.request("POST", "/api/v1/pipelines/tick/pause", &[], b"").expect(204);
    let _ = server.request("DELETE", "/api/v1/pipelines/tick", &[], b"").expect(204);
    assert_eq!(deploy(&server, &text).expect(200).json()["paused"], true);
    let before = runs(&server, "tick").len();
    assert_eq!(server.stop(), 0);
    let server = Server::start(&bench, &[]).with_token(&token);
    assert_eq!(server.get("/api/v1/pipelines/tick").expect(200).json()["paused"], true);
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(runs(&server, "tick").len(), before);
}

#[test]
fn a_pipeline_that_is_resumed_starts_no_runs_for_what_went_by() {
    let bench = Bench::new();
    let server = start(&bench);
    let _ = deploy(&server, &format!("name = \"plain\"\n{STEP}")).expect(200);
    let after =
        format!("name = \"after\"\n{STEP}[triggers.t]\nfinished = {{ pipeline = \"plain\" }}\noverlap = \"allow\"\n");
    let _ = deploy(&server, &after).expect(200);
    let often = format!(
        "name = \"often\"\n{STEP}[triggers.t]\nevery = \"1s\"\ncatch_up = \"all\"\noverlap = \"allow\"\npaused = true\n"
    );
    let _ = deploy(&server, &often).expect(200);
    let run = || {
        let started = server.post("/api/v1/pipelines/plain/runs", &json!({})).expect(201).json();
        assert_eq!(finish(&server, started["id"].as_str().expect("a run"))["state"], "succeeded");
    };
    for pipeline in ["after", "often"] {
        let _ = server.request("POST", &format!("/api/v1/pipelines/{pipeline}/pause"), &[], b"").expect(204);
    }
    let _ = server.request("POST", "/api/v1/pipelines/often/triggers/t/resume", &[], b"").expect(204);
    (0..5).for_each(|_| run());
    thread::sleep(Duration::from_secs(5));
    for pipeline in ["after", "often"] {
        let _ = server.request("POST", &format!("/api/v1/pipelines/{pipeline}/resume"), &[], b"").expect(204);
    }
    let resumed = std::time::Instant::now();
    run();
    while runs(&server, "after").is_empty() {
        assert!(resumed.elapsed() < Duration::from_secs(20), "the end of a run after the resume starts one");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(runs(&server, "after").len(), 1);
    let ticks = runs(&server, "often").len() as u64;
    assert!(ticks <= resumed.elapsed().as_secs() + 2, "{ticks} runs, also for the times of the pause");
}
