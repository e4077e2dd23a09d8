//! Modules are swapped while runs take them: no run fails, and each is made of one version, the one that it recorded.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{Bench, guest, server::Server};

use super::deploy::{deploy, finish};

const SWAPS: usize = 1_000;
const TEXT: &str = "name = \"greets\"\nparams.name = { type = \"string\", default = \"x\" }\noutput = \"b\"\n\
    [steps.a]\nuse = \"behaviours/greet\"\ninputs.name = \"params.name\"\ncache = false\n\
    [steps.b]\nuse = \"behaviours/greet\"\ninputs.name = \"a\"\ncache = false\n";

/// Replaces words in a component by others that are as long.
fn replace(wasm: &mut [u8], from: &[u8], to: &[u8]) {
    let places = wasm.windows(from.len()).enumerate().filter(|(_, window)| *window == from);
    let places: Vec<usize> = places.map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        wasm[at..at + to.len()].copy_from_slice(to);
    }
}

/// The guest with other words in it, as its next version.
fn other(wasm: &[u8]) -> Vec<u8> {
    let mut other = wasm.to_vec();
    replace(&mut other, b"Hello", b"Howdy");
    replace(&mut other, b"behaviours 0.1.0\n", b"behaviours 0.2.0\n");
    other
}

fn upload(server: &Server, wasm: &[u8]) -> Json {
    let wasm_type = [("content-type", "application/wasm")];
    server.request("POST", "/api/v1/modules", &wasm_type, wasm).expect(201).json()
}

#[test]
fn runs_straddle_swaps_and_each_is_of_one_version() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let wasm = std::fs::read(guest("behaviours")).expect("a component");
    let old = upload(&server, &wasm);
    let _ = deploy(&server, TEXT).expect(200);
    let new = upload(&server, &other(&wasm));
    assert_eq!((&old["version"], &new["version"], &new["active"]), (&json!("0.1.0"), &json!("0.2.0"), &json!(true)));
    let words = BTreeMap::from([
        (old["digest"].as_str().unwrap().to_owned(), "Hello"),
        (new["digest"].as_str().unwrap().to_owned(), "Howdy"),
    ]);

    let (done, started) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let run = server.post("/api/v1/pipelines/greets/runs", &json!({})).expect(201).json();
                    started.lock().unwrap().push(run["id"].as_str().unwrap().to_owned());
                    // 25 a second from each of two.
                    thread::sleep(Duration::from_millis(40).saturating_sub(begun.elapsed()));
                }
            });
        }
        for swap in 0..SWAPS {
            let version = if swap % 2 == 0 { "0.1.0" } else { "0.2.0" };
            let _ = server.post("/api/v1/modules/behaviours/activate", &json!({ "version": version })).expect(200);
        }
        done.store(true, Ordering::Relaxed);
    });

    let started = started.into_inner().unwrap();
    let mut seen = BTreeMap::new();
    for run in &started {
        assert_eq!(finish(&server, run)["state"], "succeeded", "{run}");
        let plan = server.get(&format!("/api/v1/runs/{run}/plan")).expect(200).json();
        let digest = plan["modules"][0]["digest"].as_str().unwrap().to_owned();
        let output = server.get(&format!("/api/v1/runs/{run}/steps/b/output")).expect(200).json();
        let word = words[&digest];
        assert_eq!(output["value"].as_str().unwrap().matches(word).count(), 2, "{output} of {digest}");
        *seen.entry(digest).or_insert(0) += 1;
    }
    assert!(started.len() > 50 && seen.len() == 2, "{} runs of {seen:?}", started.len());
}

#[test]
fn a_swap_that_breaks_a_pipeline_is_refused_unless_forced() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server, &std::fs::read(guest("behaviours")).expect("a component"));
    let text = TEXT
        .replace("use = \"behaviours/greet\"\ninputs.name = \"a\"", "use = \"behaviours/shout\"\ninputs.text = \"a\"");
    let _ = deploy(&server, &text).expect(200);
    let mut flow = std::fs::read(guest("flow")).expect("a component");
    replace(&mut flow, b"flow 0.1.0\n", b"flow 0.9.0\n");
    let wasm_type = [("content-type", "application/wasm")];
    let swap =
        |query: &str| server.request("POST", &format!("/api/v1/modules?name=behaviours{query}"), &wasm_type, &flow);
    let refused = swap("").expect(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("`greets`"), "{refused}");
    assert!(refused["problems"][0]["message"].as_str().unwrap().contains("shout"), "{refused}");
    let _ = server.post("/api/v1/pipelines/greets/runs", &json!({})).expect(201);
    let forced = swap("&force=true").json();
    assert_eq!(forced["broken"], json!(["greets"]), "{forced}");
    let broken = server.post("/api/v1/pipelines/greets/runs", &json!({})).expect(422);
    assert!(broken.text().contains("does not fit its modules"), "{}", broken.text());
    // Back again: what is there still fits.
    let back = json!({ "version": "0.1" });
    let _ = server.post("/api/v1/modules/behaviours/activate", &back).expect(200);
    let _ = server.post("/api/v1/pipelines/greets/runs", &json!({})).expect(201);
}
