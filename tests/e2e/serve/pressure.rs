//! A disk that is nearly full: new runs are refused, nothing is lost, and what has been offered starts when there is room.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench,
    server::{Server, ask},
    webhook::{KEY, signed},
};

use super::deploy::{deploy, finish, upload};

/// Long enough for a trigger to find a file.
const MOMENT: Duration = Duration::from_secs(1);

fn start(bench: &Bench, min_free: &str) -> Server {
    bench.write("stepmill.toml", format!("[folders]\ninboxes = [\"inbox\"]\n[storage]\nmin_free = \"{min_free}\"\n"));
    let config = bench.path().join("stepmill.toml");
    Server::start(bench, &["--config", config.to_str().unwrap()])
}

#[test]
fn new_runs_are_refused_and_none_is_lost() {
    let bench = Bench::new();
    bench.warm();
    let inbox = bench.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let server = start(&bench, "1MiB");
    let _ = upload(&server).expect(201);
    let key = json!({ "value": KEY }).to_string();
    let typed = [("content-type", "application/json")];
    let _ = server.request("PUT", "/api/v1/secrets/hook", &typed, key.as_bytes()).expect(204);
    let folder = Json::from(inbox.to_string_lossy().into_owned());
    let step = "[steps.a]\nuse = \"behaviours/noop\"\n";
    let file = format!("file = {{ path = {folder}, pattern = \"*.csv\", settle = \"10ms\" }}");
    let _ = deploy(&server, &format!("name = \"filed\"\n{step}[triggers.t]\n{file}\n")).expect(200);
    let hook = "webhook = { path = \"p\", secret = \"hook\" }";
    let _ = deploy(&server, &format!("name = \"hooked\"\n{step}[triggers.t]\n{hook}\n")).expect(200);
    let token = server.token().to_owned();
    assert_eq!(server.stop(), 0);

    let server = start(&bench, "1000TiB").with_token(&token);
    let send = |server: &Server| {
        let signed = signed(KEY, "msg_1", b"");
        let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ask(server.address(), "POST", "/hooks/p", &headers, b"").expect("an answer")
    };
    let by_hand = server.post("/api/v1/pipelines/hooked/runs", &json!({}));
    let files = server.request("POST", "/api/v1/files?name=x.csv", &[("content-type", "text/csv")], b"x");
    for refused in [by_hand, files, send(&server)] {
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert!(refused.header("retry-after").is_some() && refused.text().contains("free"), "{}", refused.text());
    }
    let ready = server.get("/readyz").expect(503);
    assert!(ready.text().contains("bytes are free"), "{}", ready.text());
    fs::write(inbox.join("x.csv"), "x").unwrap();
    thread::sleep(MOMENT);
    assert_eq!(server.get("/api/v1/runs").expect(200).json()["runs"], json!([]));
    assert_eq!(server.stop(), 0);

    let server = start(&bench, "1MiB").with_token(&token);
    let accepted = send(&server).expect(202).json();
    assert_eq!(finish(&server, accepted["run"].as_str().unwrap())["state"], "succeeded");
    until_filed(&server);
}

fn until_filed(server: &Server) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while server.get("/api/v1/runs?pipeline=filed&state=succeeded").expect(200).json()["runs"] == json!([]) {
        assert!(Instant::now() < deadline, "the file was lost\n{}", server.log());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn while_outputs_cannot_be_stored_no_event_is_lost() {
    let bench = Bench::new();
    bench.warm();
    let inbox = bench.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let server = start(&bench, "1MiB");
    let _ = upload(&server).expect(201);
    let folder = Json::from(inbox.to_string_lossy().into_owned());
    let step = "[steps.a]\nuse = \"behaviours/noop\"\n";
    let file = format!("file = {{ path = {folder}, pattern = \"*.csv\", settle = \"10ms\", param = \"x\" }}");
    let filed = format!("name = \"filed\"\nparams.x = {{ type = \"file\" }}\n{step}[triggers.t]\n{file}\n");
    let _ = deploy(&server, &filed).expect(200);
    let hook = "webhook = { path = \"p\", auth = \"none\", param = \"x\" }";
    let _ = deploy(
        &server,
        &format!("name = \"hooked\"\nparams.x = {{ type = \"string\" }}\n{step}[triggers.t]\n{hook}\n"),
    )
    .expect(200);
    // Too large for the database.
    let large = "x".repeat(200_000);
    let send = || server.request("POST", "/hooks/p", &[("webhook-id", "msg_1")], large.as_bytes());

    let (place, away) = (bench.data().join("tmp"), bench.data().join("away"));
    fs::rename(&place, &away).expect("a folder");
    let ready = server.get("/readyz").expect(503);
    assert!(ready.text().contains("outputs cannot be stored"), "{}", ready.text());
    let by_hand = server.post("/api/v1/pipelines/hooked/runs", &json!({ "params": { "x": large } }));
    for refused in [by_hand, send(), send()] {
        assert_eq!(refused.status, 503, "{}", refused.text());
    }
    fs::write(inbox.join("x.csv"), "x").unwrap();
    thread::sleep(MOMENT);
    assert_eq!(server.get("/api/v1/runs").expect(200).json()["runs"], json!([]));

    fs::rename(&away, &place).expect("a folder");
    let _ = server.get("/readyz").expect(200);
    let accepted = send().expect(202).json();
    assert_eq!(finish(&server, accepted["run"].as_str().unwrap())["state"], "succeeded");
    until_filed(&server);
    assert_eq!(server.stop(), 0);
}
