//! A service whose disk fails for a while: it goes on by itself, and each of its answers was true.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench,
    server::Server,
    strace::{Injection, available, injected},
};

use super::{FAULTS, thorough};
use crate::serve::deploy::{deploy, upload};

const PATIENCE: Duration = Duration::from_secs(60);
/// How many runs are asked for while the disk fails.
const ASKED: usize = 6;

/// The first step's output is new each time, and goes to a file.
const PIPELINE: &str = "name = \"work\"\noutput = \"b\"\n[params.size]\ntype = \"integer\"\n\
    [steps.a]\nuse = \"behaviours/fill\"\nconfig.size = { from = \"params.size\" }\n\
    [steps.b]\nuse = \"behaviours/measure\"\ninputs.data = \"a\"\n";

/// The runs that were asked for: by their keys, with the size that each has to return.
struct Asked {
    sizes: BTreeMap<String, usize>,
    accepted: BTreeMap<String, String>,
}

impl Asked {
    /// Asks for a run, again if it is known; whether it was accepted.
    fn ask(&mut self, server: &Server, key: &str, size: usize) -> bool {
        self.sizes.insert(key.to_owned(), size);
        let headers = [("idempotency-key", key), ("content-type", "application/json")];
        let body = json!({ "params": { "size": size } }).to_string();
        let answer = server.request("POST", "/api/v1/pipelines/work/runs", &headers, body.as_bytes());
        if answer.status >= 500 {
            return false;
        }
        assert!(matches!(answer.status, 200 | 201), "{key}: {}", answer.text());
        let run = answer.json()["id"].as_str().expect("a run").to_owned();
        let before = self.accepted.insert(key.to_owned(), run.clone());
        assert!(before.is_none_or(|before| before == run), "{key} has two runs");
        true
    }

    /// Waits until every run has succeeded, and looks at what it returned.
    fn check(&self, server: &Server, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        for (key, run) in &self.accepted {
            loop {
                let found = server.get(&format!("/api/v1/runs/{run}"));
                if found.status == 200 && found.json()["run"]["state"] == "succeeded" {
                    break;
                }
                assert!(Instant::now() < deadline, "{what}: {key}: {}\n{}", found.text(), server.log());
                thread::sleep(Duration::from_millis(20));
            }
            let output: Json = server.get(&format!("/api/v1/runs/{run}/steps/b/output")).expect(200).json();
            assert_eq!(output["value"], self.sizes[key], "{what}: {key}");
        }
    }
}

fn wait_until_ready(server: &Server, what: &str) {
    let deadline = Instant::now() + PATIENCE;
    while server.get("/readyz").status != 200 {
        assert!(Instant::now() < deadline, "{what}: it does not recover\n{}", server.log());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_service_whose_disk_fails_for_a_while_goes_on_by_itself() {
    if !available() {
        return;
    }
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let token = server.token().to_owned();
    let _ = upload(&server).expect(201);
    let _ = deploy(&server, PIPELINE).expect(200);
    let mut asked = Asked { sizes: BTreeMap::new(), accepted: BTreeMap::new() };
    let (mut next, mut refused) = (0, 0);
    // Folders are made, and files cut, at the start alone; it may also be that they are not, at any other time.
    let rare = |calls: &str| calls.starts_with("mkdir") || calls == "ftruncate" || calls.starts_with("unlink");
    // From the first call of each thread on: another may have no more than one.
    let whens: &[&str] = if thorough() { &["1", "1+2", "1+3", "1+5", "1+"] } else { &["1+3"] };
    for ((calls, error), when) in FAULTS.iter().flat_map(|fault| whens.iter().map(move |when| (fault, when))) {
        let what = format!("{calls} {error} {when}");
        let injection = Injection::begin(server.pid(), &bench.data(), calls, &format!("error={error}:when={when}"));
        let keys: Vec<_> = (next..next + ASKED).map(|index| (format!("key-{index}"), 100_000 + index)).collect();
        next += ASKED;
        for (key, size) in &keys {
            refused += usize::from(!asked.ask(&server, key, *size));
        }
        // The runs are to meet it, too.
        thread::sleep(Duration::from_millis(300));
        let traced = injection.end();
        assert!(injected(&traced) > 0 || rare(calls), "{what}: nothing failed in {traced:?}");
        wait_until_ready(&server, &what);
        for (key, size) in &keys {
            let deadline = Instant::now() + PATIENCE;
            while !asked.ask(&server, key, *size) {
                assert!(Instant::now() < deadline, "{what}: {key}: nothing is stored any more\n{}", server.log());
                thread::sleep(Duration::from_millis(20));
            }
        }
        asked.check(&server, &what);
    }
    assert!(refused > 0, "nothing was ever refused");
    println!("{} runs, {refused} refused at first", asked.accepted.len());
    assert_eq!(server.stop(), 0);
    bench.run(&["verify"]).expect(0);
    let server = Server::start(&bench, &[]).with_token(&token);
    asked.check(&server, "after a restart");
    let listed = server.get("/api/v1/runs?limit=200").expect(200).json();
    assert!(thorough() || listed["runs"].as_array().expect("runs").len() == next, "two runs for one key");
    assert_eq!(server.stop(), 0);
}
