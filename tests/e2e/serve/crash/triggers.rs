//! Events of all kinds of triggers: every one that was accepted has its run, none has two, every run ends, and a step that was
//! completed is not seen again by a witness outside.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench,
    server::Server,
    webhook::{KEY, signed},
    witness::Witness,
};

use super::{Client, PATIENCE, TYPED, lives::live_and_die, runs, wait_until_idle};
use crate::serve::deploy::deploy;

/// Two steps that tell the witness, one behind the other, started in a way of its own.
fn pipeline(name: &str, origin: &str, trigger: &str) -> String {
    let step = |name: &str, more: &str| {
        format!(
            "[steps.{name}]\nuse = \"outside/tell\"\nconfig.url = \"{origin}/{name}\"\n{more}grants.net = [\"{origin}\"]\n\
             grants.run = true\nretry = {{ max_attempts = 5, initial = \"10ms\" }}\n"
        )
    };
    format!("name = \"{name}\"\n{}{}{trigger}", step("first", ""), step("second", "needs = [\"first\"]\n"))
}

/// What sends events, and what was accepted.
struct Load<'a> {
    client: &'a Client,
    /// The run of every event that was acknowledged.
    accepted: Mutex<BTreeMap<String, String>>,
    files: AtomicUsize,
}

impl Load<'_> {
    fn accept(&self, event: String, run: String) {
        self.accepted.lock().unwrap().insert(event, run);
    }

    fn send_webhooks(&self) {
        self.client.repeat(Duration::ZERO, || {
            let id = format!("msg_{}", self.client.next());
            let signed = signed(KEY, &id, b"");
            let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = self.client.ask("POST", "/hooks/crash", &headers, b"");
            assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
            self.accept(id, answer.json()["run"].as_str().expect("a run").to_owned());
        });
    }

    fn start_by_hand(&self) {
        self.client.repeat(Duration::from_millis(10), || {
            let key = format!("key-{}", self.client.next());
            let run = self.client.start("manual", &key, &json!({}));
            self.accept(key, run);
        });
    }

    fn drop_files(&self, inbox: &Path) {
        self.client.repeat(Duration::from_millis(40), || {
            let index = self.files.fetch_add(1, SeqCst);
            let beside = inbox.join(format!("{index}.part"));
            fs::write(&beside, format!("file {index}")).unwrap();
            fs::rename(&beside, inbox.join(format!("{index}.csv"))).unwrap();
        });
    }
}

/// The pipelines, each started in a way of its own.
const PIPELINES: [&str; 5] = ["hooked", "manual", "filed", "timed", "chained"];

/// A service with a folder for files, in which every pipeline is deployed.
fn prepare(bench: &Bench, origin: &str, inbox: &Path) -> Server {
    fs::create_dir(inbox).unwrap();
    let server = super::prepare(bench, "[folders]\ninboxes = [\"inbox\"]\n", &["outside"]);
    let key = json!({ "value": KEY }).to_string();
    let _ = server.request("PUT", "/api/v1/secrets/hook", &[TYPED], key.as_bytes()).expect(204);
    let folder = Json::from(inbox.to_string_lossy().into_owned());
    let file = format!("file = {{ path = {folder}, pattern = \"*.csv\", settle = \"10ms\" }}");
    for name in PIPELINES {
        let trigger = match name {
            "hooked" => "webhook = { path = \"crash\", secret = \"hook\" }",
            "filed" => &file,
            "timed" => "every = \"1s\"\ncatch_up = \"all\"",
            "chained" => "finished = { pipeline = \"manual\" }",
            _ => "",
        };
        let trigger =
            if trigger.is_empty() { String::new() } else { format!("[triggers.t]\n{trigger}\noverlap = \"allow\"\n") };
        let _ = deploy(&server, &pipeline(name, origin, &trigger)).expect(200);
    }
    server
}

fn wait_for_runs(server: &Server, pipeline: &str, count: usize) {
    let deadline = Instant::now() + PATIENCE;
    while runs(server, pipeline).len() < count {
        assert!(
            Instant::now() < deadline,
            "{} of {count} runs of {pipeline}\n{}",
            runs(server, pipeline).len(),
            server.log()
        );
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_service_that_is_killed_loses_nothing_and_does_nothing_twice() {
    let (bench, witness) = (Bench::new(), Witness::new());
    let inbox = bench.path().join("inbox");
    let server = prepare(&bench, &witness.origin(), &inbox);
    let token = server.token().to_owned();
    let client = Client::new(&server);
    let load = Load { client: &client, accepted: Mutex::default(), files: AtomicUsize::new(0) };
    let server = thread::scope(|scope| {
        scope.spawn(|| load.send_webhooks());
        scope.spawn(|| load.start_by_hand());
        scope.spawn(|| load.drop_files(&inbox));
        live_and_die(&bench, server, &client, &token)
    });
    wait_for_runs(&server, "filed", load.files.load(SeqCst));
    let _ = server.post("/api/v1/pipelines/timed/triggers/t/pause", &json!({})).expect(204);
    wait_until_idle(&server);
    wait_for_runs(&server, "chained", runs(&server, "manual").len());
    wait_until_idle(&server);
    let all = check_runs(&server, &load);
    check_witness(&witness, &all);
    println!("{} requests for {} steps", witness.seen().len(), 2 * all.len());
    assert_eq!(server.stop(), 0);
}

/// Every event has its run, and every run its event.
fn check_runs(server: &Server, load: &Load) -> Vec<Json> {
    let [hooked, manual, filed, timed, chained] = PIPELINES.map(|name| runs(server, name));
    let accepted = load.accepted.lock().unwrap();
    let by_hand: BTreeSet<_> = manual.iter().chain(&hooked).map(|run| run["id"].as_str().unwrap()).collect();
    let told: BTreeSet<_> = accepted.values().map(String::as_str).collect();
    assert_eq!(accepted.len(), told.len(), "two events have one run");
    assert_eq!(by_hand, told, "an accepted event has no run, or a run no event");
    assert_eq!(filed.len(), load.files.load(SeqCst), "a file started two runs");
    assert_eq!(chained.len(), manual.len(), "an end started two runs");
    let due: BTreeSet<_> = timed.iter().map(|run| run["scheduled_for"].to_string()).collect();
    assert_eq!(due.len(), timed.len(), "two runs for one time");
    let counts = [&hooked, &manual, &filed, &timed, &chained].map(Vec::len);
    println!("runs: {PIPELINES:?} {counts:?}");
    let all = [hooked, manual, filed, timed, chained].concat();
    let failed = all.iter().find(|run| run["state"] != "succeeded");
    assert!(failed.is_none(), "{failed:?}");
    all
}

/// Every step was seen, and none after something that was there only because it had been completed.
fn check_witness(witness: &Witness, runs: &[Json]) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for request in witness.seen() {
        let key = request.header("idempotency-key").expect("a key").to_owned();
        if let Some(run) = key.strip_suffix("/first") {
            assert!(!seen.contains(&format!("{run}/second")), "{key} was completed, and ran again");
        }
        seen.insert(key);
    }
    for run in runs {
        let id = run["id"].as_str().unwrap();
        assert!(seen.contains(&format!("{id}/first")) && seen.contains(&format!("{id}/second")), "{id} was not seen");
    }
}
