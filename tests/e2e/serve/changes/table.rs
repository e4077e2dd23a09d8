//! Each route that changes something, with what is there before, and how it shows that it was done.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::server::Server;

use super::{Change, World, component, deploy, telling, upload};

const PATIENCE: Duration = Duration::from_secs(60);

/// Prepares what a change of this name needs.
type Prepare = fn(&World, &str) -> Change;

pub(super) const CHANGES: &[(&str, Prepare)] = &[
    ("POST /login/{secret}", log_in_by_link),
    ("POST /api/v1/session", log_in),
    ("DELETE /api/v1/session", log_out),
    ("POST /api/v1/session/link", |_, _| Change::new("POST", "/api/v1/session/link", 201, 201)),
    ("POST /api/v1/runs/{run}/cancel", cancel),
    ("POST /api/v1/runs/{run}/rerun", rerun),
    ("POST /api/v1/files", send_file),
    ("POST /api/v1/modules", upload_module),
    ("DELETE /api/v1/modules/{name}", remove_module),
    ("POST /api/v1/modules/{name}/activate", activate),
    ("POST /api/v1/modules/{name}/approve", approve),
    ("POST /api/v1/pipelines", deploy_pipeline),
    ("DELETE /api/v1/pipelines/{name}", remove_pipeline),
    ("POST /api/v1/pipelines/check", check),
    ("POST /api/v1/pipelines/{name}/revisions/{revision}/deploy", deploy_revision),
    ("POST /api/v1/pipelines/{name}/pause", |world, name| pause_pipeline(world, name, true)),
    ("POST /api/v1/pipelines/{name}/resume", |world, name| pause_pipeline(world, name, false)),
    ("POST /api/v1/pipelines/{name}/runs", start_run),
    ("POST /api/v1/pipelines/{name}/triggers/{trigger}/pause", |world, name| pause_trigger(world, name, true)),
    ("POST /api/v1/pipelines/{name}/triggers/{trigger}/resume", |world, name| pause_trigger(world, name, false)),
    ("POST /hooks/{path}", deliver),
    ("POST /api/v1/tokens", create_token),
    ("DELETE /api/v1/tokens/{name}", revoke_token),
    ("PUT /api/v1/secrets/{name}", set_secret),
    ("DELETE /api/v1/secrets/{name}", remove_secret),
];

/// A pipeline that ends at once.
fn quick(name: &str, more: &str) -> String {
    format!("name = \"{name}\"\n[steps.a]\nuse = \"behaviours/noop\"\n{more}")
}

const CRON: &str = "[triggers.t]\ncron = \"0 0 1 1 *\"\n";

fn status(server: &Server, path: &str) -> u16 {
    server.get(path).status
}

/// Whether a list of the API has one that is like this.
fn listed(server: &Server, path: &str, list: &str, wanted: impl Fn(&Json) -> bool) -> bool {
    let page = server.get(path).expect(200).json();
    page[list].as_array().expect("a list").iter().any(wanted)
}

fn count_runs(server: &Server, pipeline: &str) -> usize {
    let page = server.get(&format!("/api/v1/runs?pipeline={pipeline}")).expect(200).json();
    page["runs"].as_array().expect("runs").len()
}

fn begin(server: &Server, pipeline: &str) -> String {
    let started = server.post(&format!("/api/v1/pipelines/{pipeline}/runs"), &json!({})).expect(201).json();
    started["id"].as_str().expect("an id").to_owned()
}

fn log_in_by_link(world: &World, _: &str) -> Change {
    let link = world.server.post("/api/v1/session/link", &json!({})).expect(201).json();
    // A link lets one browser in; that it was used shows only when it is used.
    Change::new("POST", link["path"].as_str().expect("a path"), 303, 401).header("authorization", "")
}

fn log_in(world: &World, _: &str) -> Change {
    Change::new("POST", "/api/v1/session", 201, 201).json(&json!({ "token": world.token })).header("authorization", "")
}

fn log_out(world: &World, _: &str) -> Change {
    let answer = world.server.post("/api/v1/session", &json!({ "token": world.token })).expect(201);
    let session = answer.cookie.expect("a cookie");
    let there = session.clone();
    Change::new("DELETE", "/api/v1/session", 204, 401).header("cookie", session).done(move |server| {
        let headers = [("authorization", ""), ("cookie", there.as_str())];
        server.request("GET", "/api/v1/session", &headers, b"").status == 401
    })
}

fn cancel(world: &World, name: &str) -> Change {
    deploy(&world.server, &telling(world, name));
    let run = begin(&world.server, name);
    let path = format!("/api/v1/runs/{run}");
    Change::new("POST", format!("{path}/cancel"), 202, 202)
        .done(move |server| server.get(&path).expect(200).json()["cancel_requested"] == true)
}

fn rerun(world: &World, name: &str) -> Change {
    deploy(&world.server, &quick(name, ""));
    let run = begin(&world.server, name);
    let path = format!("/api/v1/runs/{run}");
    let deadline = Instant::now() + PATIENCE;
    while world.server.get(&path).expect(200).json()["run"]["state"] != "succeeded" {
        assert!(Instant::now() < deadline, "{}", world.server.log());
        thread::sleep(Duration::from_millis(10));
    }
    let name = name.to_owned();
    Change::new("POST", format!("{path}/rerun"), 201, 201)
        .json(&json!({}))
        .done(move |server| count_runs(server, &name) > 1)
}

fn send_file(_: &World, name: &str) -> Change {
    let path = format!("/api/v1/files?name={name}");
    Change::new("POST", path, 201, 201).body("application/octet-stream", vec![7; 300_000])
}

fn upload_module(_: &World, name: &str) -> Change {
    let path = format!("/api/v1/modules/{name}");
    Change::new("POST", format!("/api/v1/modules?name={name}"), 201, 201)
        .body("application/wasm", component("bare"))
        .done(move |server| status(server, &path) == 200)
}

fn remove_module(world: &World, name: &str) -> Change {
    upload(&world.server, name, "", &component("bare"));
    let path = format!("/api/v1/modules/{name}");
    // Its versions stay, for the runs that have them.
    Change::new("DELETE", path.clone(), 204, 404)
        .done(move |server| !listed(server, &path, "versions", |one| one["active"] == true))
}

fn activate(world: &World, name: &str) -> Change {
    upload(&world.server, name, "", &component("behaviours"));
    let other = upload(&world.server, name, "&activate=false", &component("bare"));
    let path = format!("/api/v1/modules/{name}");
    Change::new("POST", format!("{path}/activate"), 200, 200)
        .json(&json!({ "version": other }))
        .done(move |server| listed(server, &path, "versions", |one| one["digest"] == other && one["active"] == true))
}

fn approve(world: &World, name: &str) -> Change {
    upload(&world.server, name, "", &component("bare"));
    // It imports more than the one before.
    let other = upload(&world.server, name, "", &component("outside"));
    let path = format!("/api/v1/modules/{name}");
    Change::new("POST", format!("{path}/approve"), 200, 200)
        .json(&json!({ "version": other }))
        .done(move |server| listed(server, &path, "versions", |one| one["digest"] == other && one["state"] == "ready"))
}

fn deploy_pipeline(_: &World, name: &str) -> Change {
    let path = format!("/api/v1/pipelines/{name}");
    Change::new("POST", "/api/v1/pipelines", 200, 200).json(&json!({ "text": quick(name, CRON) })).done(move |server| {
        let known = status(server, &path) == 200;
        let name = path.rsplit('/').next().expect("a name");
        let waits = listed(server, "/api/v1/triggers", "triggers", |trigger| trigger["pipeline"] == name);
        assert!(!known || waits, "{name} is deployed, and its trigger does not wait");
        known
    })
}

fn remove_pipeline(world: &World, name: &str) -> Change {
    deploy(&world.server, &quick(name, ""));
    let path = format!("/api/v1/pipelines/{name}");
    Change::new("DELETE", path.clone(), 204, 404).done(move |server| status(server, &path) == 404)
}

fn check(_: &World, name: &str) -> Change {
    Change::new("POST", "/api/v1/pipelines/check", 200, 200).json(&json!({ "text": quick(name, "") }))
}

fn deploy_revision(world: &World, name: &str) -> Change {
    let first = quick(name, "");
    deploy(&world.server, &first);
    deploy(&world.server, &quick(name, "timeout = \"5s\"\n"));
    let path = format!("/api/v1/pipelines/{name}");
    Change::new("POST", format!("{path}/revisions/1/deploy"), 200, 200)
        .done(move |server| server.get(&path).expect(200).json()["text"] == first)
}

fn pause_pipeline(world: &World, name: &str, pause: bool) -> Change {
    deploy(&world.server, &quick(name, ""));
    let path = format!("/api/v1/pipelines/{name}");
    if !pause {
        let _ = world.server.post(&format!("{path}/pause"), &json!({})).expect(204);
    }
    let what = if pause { "pause" } else { "resume" };
    Change::new("POST", format!("{path}/{what}"), 204, 204)
        .done(move |server| server.get(&path).expect(200).json()["paused"] == pause)
}

fn pause_trigger(world: &World, name: &str, pause: bool) -> Change {
    deploy(&world.server, &quick(name, CRON));
    let path = format!("/api/v1/pipelines/{name}/triggers/t");
    if !pause {
        let _ = world.server.post(&format!("{path}/pause"), &json!({})).expect(204);
    }
    let (name, what) = (name.to_owned(), if pause { "pause" } else { "resume" });
    Change::new("POST", format!("{path}/{what}"), 204, 204).done(move |server| {
        listed(server, "/api/v1/triggers", "triggers", |one| one["pipeline"] == name && one["paused"] == pause)
    })
}

fn start_run(world: &World, name: &str) -> Change {
    deploy(&world.server, &quick(name, ""));
    let name = name.to_owned();
    Change::new("POST", format!("/api/v1/pipelines/{name}/runs"), 201, 200)
        .json(&json!({}))
        .header("idempotency-key", name.clone())
        .done(move |server| one_run(server, &name))
}

fn deliver(world: &World, name: &str) -> Change {
    let hook = format!("[triggers.t]\nwebhook = {{ path = \"{name}\", auth = \"none\" }}\n");
    deploy(&world.server, &quick(name, &hook));
    let name = name.to_owned();
    Change::new("POST", format!("/hooks/{name}"), 202, 200)
        .json(&json!({}))
        .header("authorization", "")
        .header("webhook-id", name.clone())
        .done(move |server| one_run(server, &name))
}

/// Whether there is a run; two are wrong at any time.
fn one_run(server: &Server, pipeline: &str) -> bool {
    let count = count_runs(server, pipeline);
    assert!(count <= 1, "{count} runs of {pipeline} for one key");
    count == 1
}

fn create_token(_: &World, name: &str) -> Change {
    let (body, name) = (json!({ "name": name, "role": "viewer" }), name.to_owned());
    Change::new("POST", "/api/v1/tokens", 201, 409)
        .json(&body)
        .done(move |server| listed(server, "/api/v1/tokens", "tokens", |one| one["name"] == name))
}

fn revoke_token(world: &World, name: &str) -> Change {
    let body = json!({ "name": name, "role": "viewer" });
    let made = world.server.post("/api/v1/tokens", &body).expect(201).json();
    let bearer = format!("Bearer {}", made["token"].as_str().expect("a token"));
    Change::new("DELETE", format!("/api/v1/tokens/{name}"), 204, 409)
        .done(move |server| server.request("GET", "/api/v1/runs", &[("authorization", &bearer)], b"").status == 401)
}

fn set_secret(_: &World, name: &str) -> Change {
    let path = format!("/api/v1/secrets/{name}");
    let name = name.to_owned();
    Change::new("PUT", path, 204, 204)
        .json(&json!({ "value": "sealed" }))
        .done(move |server| listed(server, "/api/v1/secrets", "secrets", |one| one["name"] == name))
}

fn remove_secret(world: &World, name: &str) -> Change {
    let path = format!("/api/v1/secrets/{name}");
    let body = json!({ "value": "sealed" }).to_string();
    let typed = [("content-type", "application/json")];
    let _ = world.server.request("PUT", &path, &typed, body.as_bytes()).expect(204);
    let name = name.to_owned();
    Change::new("DELETE", path, 204, 404)
        .done(move |server| !listed(server, "/api/v1/secrets", "secrets", |one| one["name"] == name))
}
