//! A service under load from all kinds of triggers, killed again and again: every event that it accepted has its run, none
//! has two, every run ends, and a step that was completed is not seen again by a witness outside.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench, guest,
    server::{Answer, Server, ask},
    webhook::{KEY, signed},
    witness::Witness,
};

use super::deploy::deploy;

/// How often it is killed, unless `STEPMILL_KILLS` says so: in `just crash`.
const KILLS: u64 = 8;
const PATIENCE: Duration = Duration::from_secs(120);

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
struct Load {
    address: Mutex<SocketAddr>,
    token: String,
    ended: AtomicBool,
    next: AtomicUsize,
    /// The run of every event that was acknowledged.
    accepted: Mutex<BTreeMap<String, String>>,
    files: AtomicUsize,
}

impl Load {
    /// Asks until there is an answer, as a sender does that was not told whether it had been heard.
    fn ask(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let address = *self.address.lock().unwrap();
            match ask(address, "POST", path, headers, body) {
                Some(answer) if answer.status < 500 => return answer,
                answer => assert!(Instant::now() < deadline, "{path}: {answer:?}"),
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn accept(&self, event: String, run: &Json) {
        let run = run.as_str().expect("a run").to_owned();
        self.accepted.lock().unwrap().insert(event, run);
    }

    fn send_webhooks(&self) {
        while !self.ended.load(SeqCst) {
            let id = format!("msg_{}", self.next.fetch_add(1, SeqCst));
            let signed = signed(KEY, &id, b"");
            let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = self.ask("/hooks/crash", &headers, b"");
            assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
            self.accept(id, &answer.json()["run"]);
        }
    }

    fn start_by_hand(&self) {
        let bearer = format!("Bearer {}", self.token);
        while !self.ended.load(SeqCst) {
            let key = format!("key-{}", self.next.fetch_add(1, SeqCst));
            let headers =
                [("authorization", bearer.as_str()), ("content-type", "application/json"), ("idempotency-key", &key)];
            let answer = self.ask("/api/v1/pipelines/manual/runs", &headers, b"{}");
            assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
            self.accept(key, &answer.json()["id"]);
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn drop_files(&self, inbox: &Path) {
        while !self.ended.load(SeqCst) {
            let index = self.files.fetch_add(1, SeqCst);
            let beside = inbox.join(format!("{index}.part"));
            fs::write(&beside, format!("file {index}")).unwrap();
            fs::rename(&beside, inbox.join(format!("{index}.csv"))).unwrap();
            thread::sleep(Duration::from_millis(40));
        }
    }
}

fn start(bench: &Bench) -> Server {
    let config = bench.path().join("stepmill.toml");
    Server::start(bench, &["--config", config.to_str().unwrap()])
}

/// All runs of a pipeline.
fn runs(server: &Server, pipeline: &str) -> Vec<Json> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/api/v1/runs?pipeline={pipeline}&limit=200{cursor}")).expect(200).json();
        found.extend(page["runs"].as_array().expect("runs").clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn wait_until_idle(server: &Server) {
    let deadline = Instant::now() + PATIENCE;
    let active = || ["queued", "running"].map(|state| format!("/api/v1/runs?state={state}&limit=1"));
    while active().iter().any(|path| !server.get(path).expect(200).json()["runs"].as_array().unwrap().is_empty()) {
        assert!(Instant::now() < deadline, "runs do not end\n{}", server.log());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_service_that_is_killed_loses_nothing_and_does_nothing_twice() {
    let kills = std::env::var("STEPMILL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let (bench, witness) = (Bench::new(), Witness::new());
    bench.warm();
    let (origin, inbox) = (witness.origin(), bench.path().join("inbox"));
    fs::create_dir(&inbox).unwrap();
    bench.write("policy.toml", "private = [\"127.0.0.1\"]\n[[allow]]\ngrants = \"all\"\n");
    bench.write("stepmill.toml", "[access]\npolicy = \"policy.toml\"\n[folders]\ninboxes = [\"inbox\"]\n");
    let server = start(&bench);
    let wasm = fs::read(guest("outside")).expect("a component");
    let _ = server.request("POST", "/api/v1/modules", &[("content-type", "application/wasm")], &wasm).expect(201);
    let key = json!({ "value": KEY }).to_string();
    let typed = [("content-type", "application/json")];
    let _ = server.request("PUT", "/api/v1/secrets/hook", &typed, key.as_bytes()).expect(204);
    let folder = Json::from(inbox.to_string_lossy().into_owned());
    let triggers = [
        ("hooked", "[triggers.t]\nwebhook = { path = \"crash\", secret = \"hook\" }\noverlap = \"allow\"\n".to_owned()),
        ("manual", String::new()),
        (
            "filed",
            format!(
                "[triggers.t]\nfile = {{ path = {folder}, pattern = \"*.csv\", settle = \"10ms\" }}\noverlap = \"allow\"\n"
            ),
        ),
        ("timed", "[triggers.t]\nevery = \"1s\"\ncatch_up = \"all\"\noverlap = \"allow\"\n".to_owned()),
        ("chained", "[triggers.t]\nfinished = { pipeline = \"manual\" }\noverlap = \"allow\"\n".to_owned()),
    ];
    for (name, trigger) in &triggers {
        let _ = deploy(&server, &pipeline(name, &origin, trigger)).expect(200);
    }
    let load = Load {
        address: Mutex::new(server.address()),
        token: server.token().to_owned(),
        ended: AtomicBool::new(false),
        next: AtomicUsize::new(0),
        accepted: Mutex::default(),
        files: AtomicUsize::new(0),
    };
    let token = server.token().to_owned();
    let server = thread::scope(|scope| {
        scope.spawn(|| load.send_webhooks());
        scope.spawn(|| load.start_by_hand());
        scope.spawn(|| load.drop_files(&inbox));
        let mut server = server;
        for kill in 0..kills {
            // Spread over starting up, taking up what was left, and working.
            thread::sleep(Duration::from_millis(20 + kill * 7919 % 400));
            server.kill();
            server = start(&bench).with_token(&token);
            *load.address.lock().unwrap() = server.address();
        }
        thread::sleep(Duration::from_millis(500));
        load.ended.store(true, SeqCst);
        server
    });
    let files = load.files.load(SeqCst);
    let deadline = Instant::now() + PATIENCE;
    while runs(&server, "filed").len() < files {
        assert!(Instant::now() < deadline, "{} of {files} files\n{}", runs(&server, "filed").len(), server.log());
        thread::sleep(Duration::from_millis(100));
    }
    let _ = server.post("/api/v1/pipelines/timed/triggers/t/pause", &json!({})).expect(204);
    wait_until_idle(&server);
    let manual = runs(&server, "manual");
    while runs(&server, "chained").len() < manual.len() {
        assert!(Instant::now() < deadline, "a finished run started nothing\n{}", server.log());
        thread::sleep(Duration::from_millis(100));
    }
    wait_until_idle(&server);

    let accepted = load.accepted.lock().unwrap();
    let hooked = runs(&server, "hooked");
    let by_hand: BTreeSet<_> = manual.iter().chain(&hooked).map(|run| run["id"].as_str().unwrap()).collect();
    let told: BTreeSet<_> = accepted.values().map(String::as_str).collect();
    assert_eq!(accepted.len(), told.len(), "two events have one run");
    assert_eq!(by_hand, told, "an accepted event has no run, or a run no event");
    assert_eq!(runs(&server, "filed").len(), files, "a file started two runs");
    assert_eq!(runs(&server, "chained").len(), manual.len(), "an end started two runs");
    let timed = runs(&server, "timed");
    let due: BTreeSet<_> = timed.iter().map(|run| run["scheduled_for"].to_string()).collect();
    assert_eq!(due.len(), timed.len(), "two runs for one time");

    let all: Vec<_> = triggers.iter().flat_map(|(name, _)| runs(&server, name)).collect();
    assert!(
        all.iter().all(|run| run["state"] == "succeeded"),
        "{:?}",
        all.iter().find(|run| run["state"] != "succeeded")
    );
    check_witness(&witness, &all);
    println!(
        "{kills} kills: {} by webhook, {} by hand, {files} by file, {} by time, {} by the end of others; {} requests for {} \
         steps",
        hooked.len(),
        manual.len(),
        timed.len(),
        manual.len(),
        witness.seen().len(),
        2 * all.len()
    );
    assert_eq!(server.stop(), 0);
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
