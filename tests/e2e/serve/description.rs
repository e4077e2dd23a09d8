//! What the API describes is what it answers: every answer here is held against `openapi.json`.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench,
    description::Description,
    guest,
    server::{Answer, Server, ask},
    webhook::{KEY, signed},
};

/// A step of every sort: one that is taken from the cache the second time, items that fail, conditions, branches, files.
const ALL_SORTS: &str = r#"
name = "sorts"
description = "One step of every sort"
output = "each"
[params]
count = { type = "integer", default = 4, description = "how many" }
data = { type = "json", default = { a = [1, 2] } }
csv = { type = "file" }
[branches.size]
small = "numbers[0] > 100"
large = "else"
[steps.numbers]
use = "flow/list"
config.items = [1, 2, 3, 4]
[steps.each]
use = "flow/fail_if"
for_each = "numbers"
inputs.value = "item"
config.bad = [2]
on_error = "continue"
retry = { max_attempts = 2, initial = "1ms" }
max_parallel = 2
[steps.small]
use = "flow/emit"
branch = "size.small"
[steps.conditional]
use = "flow/emit"
when = "params.count > 3"
[steps.never]
use = "flow/emit"
when = "params.count > 30"
[steps.size]
use = "behaviours/file_size"
inputs.file = "params.csv"
[steps.file]
use = "behaviours/write_file"
config = { name = "a.txt", lines = 2 }
[steps.rows]
use = "flow/rows"
config.items = [1, 2]
[steps.says]
use = "behaviours/chatters"
config.lines = 2
[steps.lost]
use = "flow/fail"
allow_failure = true
[steps.last]
use = "flow/emit"
finally = true
[triggers.hook]
webhook = { path = "sorts", secret = "hook", param = "csv" }
"#;

/// Waits for a second attempt, for an upstream, and for the end.
const WAITS: &str = r#"
name = "waits"
[steps.flaky]
use = "flow/fail"
grants.run = true # a pure step would not be tried again
retry = { max_attempts = 3, initial = "1h", max = "1h", jitter = false }
[steps.below]
use = "flow/emit"
needs = ["flaky"]
[steps.last]
use = "flow/emit"
finally = true
[triggers.night]
cron = "0 3 * * *"
[triggers.after]
finished = { pipeline = "sorts" }
paused = true
"#;

/// Holds each answer against the description, and remembers which operations were asked.
struct Checked<'s> {
    server: &'s Server,
    api: Description,
    asked: RefCell<BTreeSet<String>>,
    mistakes: RefCell<BTreeSet<String>>,
}

impl Checked<'_> {
    /// Asks for a path of the description with its parameters filled in, in their order.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, filled: &[&str], query: &str, body: &Json) -> Answer {
        let mut parts = path.split(['{', '}']);
        let mut address = parts.next().unwrap_or_default().to_owned();
        for part in filled {
            parts.next();
            address.push_str(part);
            address.push_str(parts.next().unwrap_or_default());
        }
        let (typed, body) = ([("content-type", "application/json")], body.to_string());
        let body = if method == "GET" { "" } else { body.as_str() };
        self.see(method, path, self.server.request(method, &format!("{address}{query}"), &typed, body.as_bytes()))
    }

    fn get(&self, path: &str, filled: &[&str], query: &str) -> Json {
        self.ask("GET", path, filled, query, &Json::Null).expect(200).json()
    }

    fn post(&self, path: &str, filled: &[&str], body: &Json) -> Json {
        let answer = self.ask("POST", path, filled, "", body);
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.text());
        if answer.body.is_empty() { Json::Null } else { answer.json() }
    }

    fn see(&self, method: &str, path: &str, answer: Answer) -> Answer {
        self.asked.borrow_mut().insert(format!("{method} {path}"));
        let is_json = answer.header("content-type").is_some_and(|media| media.ends_with("json"));
        if is_json && let Some(schema) = self.api.answer(method, path, answer.status) {
            let wrong = self.api.mistakes(schema, &answer.json());
            let told = wrong.into_iter().map(|wrong| format!("{method} {path} {}: {wrong}", answer.status));
            self.mistakes.borrow_mut().extend(told);
        }
        answer
    }
}

#[test]
fn every_answer_is_as_it_is_described() {
    let bench = Bench::new();
    bench.warm();
    bench.write("policy.toml", "[[allow]]\ngrants = [\"run\"]\n");
    let server = Server::start(&bench, &["--policy", bench.path().join("policy.toml").to_str().unwrap()]);
    let api = server.get("/api/v1/openapi.json").expect(200).json();
    let checked = Checked {
        server: &server,
        api: Description::new(api),
        asked: RefCell::default(),
        mistakes: RefCell::default(),
    };
    deploy(&checked);
    let runs = run(&checked);
    look(&checked, &runs);
    administer(&checked);
    refuse(&checked, &runs);

    let asked = checked.asked.borrow();
    let described = super::routes(&server).into_iter().map(|(method, path, _)| format!("{method} {path}"));
    let left_out: Vec<_> = described.filter(|operation| !asked.contains(operation)).collect();
    // Pages, streams, bytes, and what ends the session of a browser.
    let without_json = [
        "DELETE /api/v1/session",
        "GET /api/v1/openapi.json",
        "GET /api/v1/runs/live",
        "GET /api/v1/runs/{run}/steps/{step}/files/{index}",
        "GET /api/v1/runs/{run}/steps/{step}/files/{index}/preview",
        "GET /api/v1/runs/{run}/steps/{step}/output/raw",
        "GET /healthz",
        "GET /login/{secret}",
        "GET /metrics",
        "GET /readyz",
        "POST /login/{secret}",
    ];
    let forgotten: Vec<_> = left_out.iter().filter(|operation| !without_json.contains(&operation.as_str())).collect();
    assert!(forgotten.is_empty(), "no answer was looked at of {forgotten:#?}");
    let mistakes = checked.mistakes.borrow();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

fn upload(checked: &Checked<'_>, module: &str) -> Json {
    let wasm = std::fs::read(guest(module)).expect("a component");
    let typed = [("content-type", "application/wasm")];
    let answer = checked.server.request("POST", "/api/v1/modules", &typed, &wasm);
    checked.see("POST", "/api/v1/modules", answer).expect(201).json()
}

fn deploy(checked: &Checked<'_>) {
    let secret = json!({ "value": KEY });
    let _ = checked.ask("PUT", "/api/v1/secrets/{name}", &["hook"], "", &secret).expect(204);
    let flow = upload(checked, "flow");
    let _ = upload(checked, "behaviours");
    let version = json!({ "version": flow["digest"], "force": false });
    checked.post("/api/v1/modules/{name}/activate", &["flow"], &version);
    checked.post("/api/v1/modules/{name}/approve", &["flow"], &version);
    for text in [ALL_SORTS, WAITS, &WAITS.replace("1h", "2h")] {
        checked.post("/api/v1/pipelines/check", &[], &json!({ "text": text }));
        checked.post("/api/v1/pipelines", &[], &json!({ "text": text }));
    }
    checked.post("/api/v1/pipelines/check", &[], &json!({ "text": ALL_SORTS.replace("flow/list", "flow/lsit") }));
    checked.post("/api/v1/pipelines/{name}/revisions/{revision}/deploy", &["waits", "1"], &json!({}));
}

/// A run that has ended, one that was repeated from the cache, and one that waits for a second attempt.
fn run(checked: &Checked<'_>) -> [String; 3] {
    let file = checked.server.request("POST", "/api/v1/files?name=a.csv", &[("content-type", "text/csv")], b"a,b\n");
    let file = checked.see("POST", "/api/v1/files", file).expect(201).json();
    let params = json!({ "params": { "csv": { "file": file["file"] } } });
    let id = |started: Json| started["id"].as_str().expect("a run").to_owned();
    let ended = id(checked.post("/api/v1/pipelines/{name}/runs", &["sorts"], &params));
    super::deploy::finish(checked.server, &ended);
    let again = id(checked.post("/api/v1/runs/{run}/rerun", &[&ended], &json!({})));
    super::deploy::finish(checked.server, &again);
    let waits = id(checked.post("/api/v1/pipelines/{name}/runs", &["waits"], &json!({})));
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let known = checked.get("/api/v1/runs/{run}", &[&waits], "");
        if known["steps"].as_array().unwrap().iter().any(|step| step["retry_at"].is_string()) {
            break;
        }
        assert!(Instant::now() < deadline, "the first attempt does not fail: {known}");
        std::thread::sleep(Duration::from_millis(20));
    }
    [ended, again, waits]
}

fn look(checked: &Checked<'_>, runs: &[String; 3]) {
    for run in runs.iter().map(String::as_str) {
        for part in ["", "/plan", "/graph", "/events", "/logs"] {
            checked.get(&format!("/api/v1/runs/{{run}}{part}"), &[run], "");
        }
    }
    let ended = runs[0].as_str();
    for step in ["numbers", "rows", "file"] {
        checked.get("/api/v1/runs/{run}/steps/{step}/output", &[ended, step], "");
    }
    checked.get("/api/v1/runs/{run}/steps/{step}/output", &[ended, "each"], "?item=0");
    checked.get("/api/v1/runs/{run}/steps/{step}/output", &[ended, "numbers"], "?offset=1&limit=1");
    for param in ["count", "data", "csv"] {
        checked.get("/api/v1/runs/{run}/params/{name}", &[ended, param], "");
    }
    checked.get("/api/v1/runs", &[], "?limit=1");
    checked.get("/api/v1/runs/find", &[], "?text=latest");
    checked.get("/api/v1/runs/pipelines", &[], "?recent=3");
    for path in ["/api/v1/system", "/api/v1/session", "/api/v1/modules", "/api/v1/pipelines", "/api/v1/triggers"] {
        checked.get(path, &[], "");
    }
    checked.get("/api/v1/modules/{name}", &["flow"], "");
    for part in ["", "/graph", "/params", "/grid", "/revisions"] {
        checked.get(&format!("/api/v1/pipelines/{{name}}{part}"), &["sorts"], "");
    }
    deliver(checked);
    checked.get("/api/v1/pipelines/{name}/triggers/{trigger}/events", &["sorts", "hook"], "");
}

/// Twice: the second time it is known.
fn deliver(checked: &Checked<'_>) {
    let signed = signed(KEY, "msg_1", b"a,b");
    let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for status in [202, 200] {
        let answer = ask(checked.server.address(), "POST", "/hooks/sorts", &headers, b"a,b").expect("an answer");
        let _ = checked.see("POST", "/hooks/{path}", answer).expect(status);
    }
}

fn administer(checked: &Checked<'_>) {
    let trigger = ["waits", "night"];
    for what in ["pause", "resume"] {
        checked.post(&format!("/api/v1/pipelines/{{name}}/triggers/{{trigger}}/{what}"), &trigger, &json!({}));
        checked.post(&format!("/api/v1/pipelines/{{name}}/{what}"), &["sorts"], &json!({}));
    }
    let expires = "2099-01-01T00:00:00Z";
    let token = json!({ "name": "visitor", "role": "viewer", "expires_at": expires });
    let token = checked.post("/api/v1/tokens", &[], &token);
    checked.post("/api/v1/session", &[], &json!({ "token": token["token"] }));
    checked.post("/api/v1/session/link", &[], &json!({}));
    let _ = checked.ask("DELETE", "/api/v1/tokens/{name}", &["visitor"], "", &Json::Null).expect(204);
    for path in ["/api/v1/tokens", "/api/v1/secrets", "/api/v1/audit"] {
        checked.get(path, &[], "");
    }
}

/// Also what is refused is described; and what is removed at last.
fn refuse(checked: &Checked<'_>, runs: &[String; 3]) {
    let broken = json!({ "text": ALL_SORTS.replace("flow/list", "flow/lsit") });
    let _ = checked.ask("POST", "/api/v1/pipelines", &[], "", &broken).expect(422);
    let _ = checked.ask("GET", "/api/v1/modules/{name}", &["nothing"], "", &Json::Null).expect(404);
    let _ = checked.ask("GET", "/api/v1/runs", &[], "?limit=0", &Json::Null).expect(400);
    let _ = checked.ask("POST", "/api/v1/runs/{run}/cancel", &[&runs[2]], "", &json!({})).expect(202);
    super::deploy::finish(checked.server, &runs[2]);
    checked.get("/api/v1/runs/{run}", &[&runs[2]], "");
    let _ = checked.ask("DELETE", "/api/v1/pipelines/{name}", &["sorts"], "", &Json::Null).expect(204);
    let _ = checked.ask("DELETE", "/api/v1/pipelines/{name}", &["waits"], "", &Json::Null).expect(204);
    let _ = checked.ask("DELETE", "/api/v1/modules/{name}", &["flow"], "", &Json::Null).expect(204);
    let _ = checked.ask("DELETE", "/api/v1/secrets/{name}", &["hook"], "", &Json::Null).expect(204);
}
