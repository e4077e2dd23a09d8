//! What the operator of a service allows and keeps: secrets are set once, used by runs, and shown to nobody.

use serde_json::json;
use stepmill_tests::{Bench, guest, server::Server, witness::Witness};

use super::deploy::{deploy, finish};

const SECRET: &str = "s3cret/of+the operator";

#[test]
fn a_secret_of_the_vault_reaches_the_header_and_nobody_else() {
    let (bench, witness) = (Bench::new(), Witness::new());
    bench.warm();
    let origin = witness.origin();
    bench.write(
        "policy.toml",
        format!(
            "private = [\"127.0.0.1\"]\n[[allow]]\npipeline = \"p\"\ngrants = [\"net={origin}\", \"secret=token\"]\n"
        ),
    );
    let policy = bench.path().join("policy.toml");
    let server = Server::start(&bench, &["--policy", policy.to_str().unwrap()]);
    let wasm = std::fs::read(guest("outside")).expect("a component");
    let _ = server.request("POST", "/api/v1/modules", &[("content-type", "application/wasm")], &wasm).expect(201);
    let text = |name: &str, secret: &str| {
        let grant = format!("{{ url = \"{origin}\", headers = {{ authorization = \"Bearer {{{secret}}}\" }} }}");
        format!(
            "name = \"{name}\"\n[steps.a]\nuse = \"outside/fetch\"\nconfig.url = \"{origin}/x\"\ngrants.net = [{grant}]\n"
        )
    };
    for refused in [text("p", "other"), text("q", "token")] {
        let refused = deploy(&server, &refused).expect(422);
        assert!(refused.text().contains("not_allowed") && refused.text().contains("[[allow]]"), "{}", refused.text());
    }
    let _ = deploy(&server, &text("p", "token")).expect(200);
    let run = || {
        let started = server.post("/api/v1/pipelines/p/runs", &json!({})).expect(201);
        finish(&server, started.json()["id"].as_str().unwrap())
    };
    let failed = run();
    let why = server.get(&format!("/api/v1/runs/{}", failed["id"].as_str().unwrap())).expect(200).text();
    assert!(failed["state"] == "failed" && why.contains("secrets set token"), "{why}");
    let put = |value: &str| {
        let body = json!({ "value": value }).to_string();
        server.request("PUT", "/api/v1/secrets/token", &[("content-type", "application/json")], body.as_bytes())
    };
    let _ = put(SECRET).expect(204);
    let done = run();
    assert_eq!(done["state"], "succeeded", "{done}");
    // The next run has the new one.
    let _ = put("another one").expect(204);
    assert_eq!(run()["state"], "succeeded");
    let sent: Vec<_> = witness.seen().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(sent, [format!("Bearer {SECRET}"), "Bearer another one".to_owned()]);
    let id = done["id"].as_str().unwrap();
    for path in [
        "/api/v1/secrets",
        "/api/v1/audit",
        &format!("/api/v1/runs/{id}"),
        &format!("/api/v1/runs/{id}/logs"),
        "/metrics",
    ] {
        assert!(!server.get(path).expect(200).text().contains(SECRET), "{path}");
    }
    assert!(!server.log().contains(SECRET));
    assert_eq!(server.stop(), 0);
}

/// What a granted step may try to reach instead of what it was granted: itself in other spellings, what is inside, other
/// ports, users, tunnels.
const ELSEWHERE: [&str; 22] = [
    "http://127.0.0.1/",
    "http://127.0.0.1:22/",
    "http://127.0.0.1:25/",
    "http://[::1]/",
    "http://0.0.0.0/",
    "http://localhost/",
    "http://localhost./",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://100.100.100.200/",
    "http://10.0.0.1/",
    "http://[fd00::8]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://granted.test@127.0.0.1/",
    "https://granted.test/",
    "http://granted.test:8080/",
    "http://granted.test.evil.test/",
    "http://granted.test%2f@127.0.0.1/",
    "file:///etc/passwd",
];

#[test]
fn a_granted_host_is_no_way_to_another_while_the_service_goes_on() {
    let bench = Bench::new();
    bench.warm();
    bench.write("policy.toml", "[[allow]]\ngrants = \"all\"\n");
    let policy = bench.path().join("policy.toml");
    let server = Server::start(&bench, &["--policy", policy.to_str().unwrap()]);
    for module in ["outside", "behaviours"] {
        let wasm = std::fs::read(guest(module)).expect("a component");
        let typed = [("content-type", "application/wasm")];
        let _ = server.request("POST", "/api/v1/modules", &typed, &wasm).expect(201);
    }
    let grants =
        "[\"http://granted.test\", \"http://127.0.0.1:9\", \"http://localhost:9\", \"http://169.254.169.254\"]";
    let text = format!(
        "name = \"p\"\n[params.url]\ntype = \"string\"\n[steps.a]\nuse = \"outside/fetch\"\nconfig.url = {{ from = \
         \"params.url\" }}\ngrants.net = {grants}\n"
    );
    let _ = deploy(&server, &text).expect(200);
    let canary = "name = \"canary\"\n[steps.a]\nuse = \"behaviours/noop\"\ncache = false\n";
    let _ = deploy(&server, canary).expect(200);
    let run = |pipeline: &str, params: serde_json::Value| {
        let path = format!("/api/v1/pipelines/{pipeline}/runs");
        let started = server.post(&path, &json!({ "params": params })).expect(201).json();
        let id = started["id"].as_str().unwrap().to_owned();
        let state = finish(&server, &id)["state"].clone();
        (state, server.get(&format!("/api/v1/runs/{id}")).expect(200).text())
    };
    let closed = ["http://127.0.0.1:9/", "http://localhost:9/x", "http://169.254.169.254/latest/meta-data/"];
    for url in ELSEWHERE.iter().chain(&closed) {
        let (state, why) = run("p", json!({ "url": url }));
        let denied = ["not granted", "may not reach", "no URL", "cannot have"].iter().any(|word| why.contains(word));
        assert!(state == "failed" && denied, "{url}: {why}");
        assert_eq!(run("canary", json!({})).0, "succeeded");
    }
    assert_eq!(server.stop(), 0);
}
