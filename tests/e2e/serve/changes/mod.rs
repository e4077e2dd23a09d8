//! Every request that changes something, while its client goes away or the service is stopped: it is done or not, never half, and
//! whoever repeats it is answered as is right.

mod cut;
mod stop;
mod table;

use std::{fs, io::Write, net::TcpStream};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench, guest,
    server::{Answer, Server, message},
    witness::Witness,
};

/// A service with what the changes are made to.
pub(super) struct World {
    bench: Bench,
    witness: Witness,
    server: Server,
    token: String,
}

impl World {
    /// One whose steps talk to a witness, which holds them until it is told to let them go.
    fn new() -> Self {
        let (bench, witness) = (Bench::new(), Witness::new());
        bench.warm();
        bench.write("policy.toml", "private = [\"127.0.0.1\"]\n[[allow]]\ngrants = \"all\"\n");
        bench.write("stepmill.toml", "[access]\npolicy = \"policy.toml\"\n");
        let server = start(&bench);
        let token = server.token().to_owned();
        for name in ["behaviours", "outside"] {
            upload(&server, name, "", &component(name));
        }
        witness.hold();
        Self { bench, witness, server, token }
    }

    /// Begins again in the same data directory.
    fn restart(self) -> Self {
        let server = start(&self.bench).with_token(&self.token);
        Self { server, ..self }
    }
}

fn start(bench: &Bench) -> Server {
    let config = bench.path().join("stepmill.toml");
    Server::start(bench, &["--config", config.to_str().unwrap()])
}

fn component(name: &str) -> Vec<u8> {
    fs::read(guest(name)).expect("a component")
}

/// Uploads a module, and gives its digest.
fn upload(server: &Server, name: &str, query: &str, wasm: &[u8]) -> Json {
    let path = format!("/api/v1/modules?name={name}{query}");
    let report = server.request("POST", &path, &[("content-type", "application/wasm")], wasm).expect(201).json();
    report["digest"].clone()
}

/// Looks whether a change is done.
type Seen = Box<dyn Fn(&Server) -> bool>;

/// One request that changes something, prepared for one trial.
pub(super) struct Change {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Whether it is done, where that can be seen.
    done: Option<Seen>,
    /// The status of its answer when it is not done yet, and when it is.
    first: u16,
    again: u16,
}

impl Change {
    fn new(method: &'static str, path: impl Into<String>, first: u16, again: u16) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Vec::new(), done: None, first, again }
    }

    fn json(self, body: &Json) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    fn body(self, kind: &str, body: Vec<u8>) -> Self {
        Self { body, ..self }.header("content-type", kind)
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn done(self, done: impl Fn(&Server) -> bool + 'static) -> Self {
        Self { done: Some(Box::new(done)), ..self }
    }

    /// Whether it is done; none if nobody can see it.
    fn is_done(&self, server: &Server) -> Option<bool> {
        self.done.as_ref().map(|done| done(server))
    }

    /// The bytes of the request, and how many of them are its head.
    fn bytes(&self, server: &Server) -> (Vec<u8>, usize) {
        let bearer = format!("Bearer {}", server.token());
        let mut headers: Vec<_> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if !headers.iter().any(|(name, _)| matches!(*name, "authorization" | "cookie")) {
            headers.push(("authorization", &bearer));
        }
        let whole = message(server.address(), self.method, &self.path, &headers, &self.body);
        let head = whole.len() - self.body.len();
        (whole, head)
    }

    /// Asks for it, as whoever does not know whether it is done.
    fn ask(&self, server: &Server) -> Answer {
        server.raw(&self.bytes(server).0).unwrap_or_else(|| panic!("no answer to {}\n{}", self.path, server.log()))
    }

    /// Asks for it again: that is answered as is right for one that is done or not, and then it is done. Else what is wrong.
    fn repeat(&self, server: &Server) -> Result<(), String> {
        let before = self.is_done(server);
        let answer = self.ask(server);
        // What is not done may have been done meanwhile.
        let right = answer.status == self.again || (answer.status == self.first && before != Some(true));
        if right && self.is_done(server) != Some(false) {
            return Ok(());
        }
        Err(format!("asked again when done was {before:?}, and answered {} {}", answer.status, answer.text()))
    }
}

/// A connection with these bytes of a request sent.
fn sent(server: &Server, bytes: &[u8]) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(bytes).expect("a request");
    stream
}

/// Fails with all that was found.
fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

/// All of them, each prepared under a name of its own.
fn prepare(world: &World, prefix: &str) -> Vec<(&'static str, Change)> {
    let prepared = table::CHANGES.iter().enumerate();
    prepared.map(|(index, (route, change))| (*route, change(world, &format!("{prefix}_{index}")))).collect()
}

#[test]
fn the_table_has_every_route_that_changes_something() {
    let bench = Bench::new();
    let routes = super::routes(&Server::start(&bench, &[]));
    let described: std::collections::BTreeSet<_> = routes
        .iter()
        .filter(|(method, ..)| method != "GET")
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let known = table::CHANGES.iter().map(|(route, _)| (*route).to_owned()).collect();
    assert_eq!(described, known);
}

/// A step that tells the witness that it runs, and waits for its answer.
fn telling(world: &World, name: &str) -> String {
    let origin = world.witness.origin();
    format!(
        "name = \"{name}\"\n[steps.a]\nuse = \"outside/tell\"\nconfig.url = \"{origin}/a\"\ngrants.net = [\"{origin}\"]\n\
         grants.run = true\n"
    )
}

/// Deploys a pipeline.
fn deploy(server: &Server, text: &str) {
    let _ = server.post("/api/v1/pipelines", &json!({ "text": text })).expect(200);
}
