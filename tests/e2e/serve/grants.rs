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
