//! A service under load that is killed again and again, on a disk that is slow or fails for some of its lives, and suspended: what it
//! has answered holds, what it has not is done or not, and nothing is done twice.

mod changes;
mod lives;
mod runs;
mod triggers;

use std::{
    fs,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value as Json;
use stepmill_tests::{
    Bench, guest,
    server::{Answer, Server, ask},
};

const PATIENCE: Duration = Duration::from_secs(120);
const TYPED: (&str, &str) = ("content-type", "application/json");

/// Whoever asks a service for something, also while it is killed and comes back elsewhere.
struct Client {
    address: Mutex<SocketAddr>,
    bearer: String,
    ended: AtomicBool,
    next: AtomicUsize,
}

impl Client {
    fn new(server: &Server) -> Self {
        Self {
            address: Mutex::new(server.address()),
            bearer: format!("Bearer {}", server.token()),
            ended: AtomicBool::new(false),
            next: AtomicUsize::new(0),
        }
    }

    fn address(&self) -> SocketAddr {
        *self.address.lock().unwrap()
    }

    /// A number that nobody else has.
    fn next(&self) -> usize {
        self.next.fetch_add(1, SeqCst)
    }

    /// Does something, with pauses, until it is enough.
    fn repeat(&self, pause: Duration, mut what: impl FnMut()) {
        while !self.ended.load(SeqCst) {
            what();
            thread::sleep(pause);
        }
    }

    /// Asks once, as the admin unless the headers say who; none if nothing came of it, as far as can be told.
    fn once(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let mut all = headers.to_vec();
        if !path.starts_with("/hooks/") {
            all.push(("authorization", &self.bearer));
        }
        ask(self.address(), method, path, &all, body).filter(|answer| answer.status < 500)
    }

    /// Asks until there is an answer, as a sender does that was not told whether it had been heard.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.once(method, path, headers, body) {
                Some(answer) => return answer,
                None => assert!(Instant::now() < deadline, "{path}: no answer"),
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn get(&self, path: &str) -> Json {
        self.ask("GET", path, &[], b"").expect(200).json()
    }

    /// Starts a run under a key, and gives its id.
    fn start(&self, pipeline: &str, key: &str, body: &Json) -> String {
        let path = format!("/api/v1/pipelines/{pipeline}/runs");
        let answer = self.ask("POST", &path, &[TYPED, ("idempotency-key", key)], body.to_string().as_bytes());
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        answer.json()["id"].as_str().expect("a run").to_owned()
    }
}

/// A service whose steps may ask for anything, with the modules of these guests.
fn prepare(bench: &Bench, config: &str, guests: &[&str]) -> Server {
    bench.warm();
    bench.write("policy.toml", "private = [\"127.0.0.1\"]\n[[allow]]\ngrants = \"all\"\n");
    bench.write("stepmill.toml", format!("[access]\npolicy = \"policy.toml\"\n{config}"));
    let server = start(bench);
    for name in guests {
        upload(&server, name, &fs::read(guest(name)).expect("a component"));
    }
    server
}

fn start(bench: &Bench) -> Server {
    let config = bench.path().join("stepmill.toml");
    Server::start(bench, &["--config", config.to_str().unwrap()])
}

/// Uploads a module, and gives its digest.
fn upload(server: &Server, name: &str, wasm: &[u8]) -> Json {
    let path = format!("/api/v1/modules?name={name}");
    server.request("POST", &path, &[("content-type", "application/wasm")], wasm).expect(201).json()["digest"].clone()
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
