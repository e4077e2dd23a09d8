//! The service: the real binary on a port of its own.

mod accepted;
mod access;
mod changes;
mod clocks;
mod copied;
mod crash;
mod damaged;
pub(crate) mod deploy;
mod description;
mod folders;
mod grants;
mod http;
mod overlap;
mod pauses;
mod pressure;
mod reload;
mod runs;
mod shortage;
mod triggers;
mod trouble;
mod ui;

use serde_json::{Value as Json, json};
use stepmill_tests::server::Server;

/// A token of that role.
fn token(server: &Server, role: &str) -> String {
    let name = format!("test-{role}");
    let made = server.post("/api/v1/tokens", &json!({ "name": name, "role": role })).expect(201).json();
    made["token"].as_str().expect("a token").to_owned()
}

/// Every route: method, path and the role that it needs.
fn routes(server: &Server) -> Vec<(String, String, String)> {
    let api = server.get("/api/v1/openapi.json").expect(200).json();
    let paths = api["paths"].as_object().expect("paths");
    let mut routes = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            let role = operation["x-role"].as_str().expect("a role").to_owned();
            routes.push((method.to_uppercase(), path.clone(), role));
        }
    }
    assert!(routes.len() > 20, "{routes:?}");
    routes
}

/// A path with something in place of each parameter.
fn filled(path: &str, with: &str) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push_str(with);
        rest = after.split_once('}').expect("a brace").1;
    }
    filled + rest
}

/// The problem that an answer is.
fn problem(answer: &stepmill_tests::server::Answer) -> Json {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text());
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status, "{problem}");
    problem
}
