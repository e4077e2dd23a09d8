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

/// The pipelines, each started in a way of its own.
const PIPELINES: [&str; 5] = ["hooked", "manual", "filed", "timed", "chained"];

/// A service with a folder for files, in which every pipeline is deployed.
fn prepare(bench: &Bench, origin: &str, inbox: &Path) -> Server {
    bench.warm();
    fs::create_dir(inbox).unwrap();
    bench.write("policy.toml", "private = [\"127.0.0.1\"]\n[[allow]]\ngrants = \"all\"\n");
    bench.write("stepmill.toml", "[access]\npolicy = \"policy.toml\"\n[folders]\ninboxes = [\"inbox\"]\n");
    let server = start(bench);
    let wasm = fs::read(guest("outside")).expect("a component");
    let _ = server.request("POST", "/api/v1/modules", &[("content-type", "application/wasm")], &wasm).expect(201);
    let key = json!({ "value": KEY }).to_string();
    let typed = [("content-type", "application/json")];
    let _ = server.request("PUT", "/api/v1/secrets/hook", &typed, key.as_bytes()).expect(204);
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
    let named = std::env::vars().find(|(key, _)| key == "STEPMILL_KILLS");
    let kills = named.and_then(|(_, kills)| kills.parse().ok()).unwrap_or(KILLS);
    let (bench, witness) = (Bench::new(), Witness::new());
    let inbox = bench.path().join("inbox");
    let server = prepare(&bench, &witness.origin(), &inbox);
    let token = server.token().to_owned();
    let load = Load {
        address: Mutex::new(server.address()),
        token: token.clone(),
        ended: AtomicBool::new(false),
        next: AtomicUsize::new(0),
        accepted: Mutex::default(),
        files: AtomicUsize::new(0),
    };
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
    wait_for_runs(&server, "filed", load.files.load(SeqCst));
    let _ = server.post("/api/v1/pipelines/timed/triggers/t/pause", &json!({})).expect(204);
    wait_until_idle(&server);
    wait_for_runs(&server, "chained", runs(&server, "manual").len());
    wait_until_idle(&server);
    let all = check_runs(&server, &load);
    check_witness(&witness, &all);
    println!("{kills} kills; {} requests for {} steps", witness.seen().len(), 2 * all.len());
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
