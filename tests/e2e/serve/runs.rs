//! Runs over HTTP: what a data directory holds is shown, followed and repeated.

use serde_json::json;
use stepmill_tests::{Bench, server::Server};

#[test]
fn what_has_run_is_shown_as_the_command_line_shows_it() {
    let bench = Bench::new();
    let path = bench.pipeline_returning(
        "b",
        "[steps.a]\nuse = \"b/numbers\"\nconfig.count = 3\n[steps.b]\nuse = \"b/sum\"\ninputs.numbers = \"a\"\n",
    );
    let ran = bench.run(&["run", path.to_str().unwrap(), "--json"]);
    let said = ran.json();
    let id = said["run"]["id"].as_str().or(said["id"].as_str()).expect("an id").to_owned();
    let shown = bench.run(&["runs", "show", &id, "--json"]).expect(0).json();
    let listed = bench.run(&["runs", "list", "--json"]).expect(0).json();
    let server = Server::start(&bench, &[]);
    assert_eq!(server.get(&format!("/api/v1/runs/{id}")).expect(200).json(), shown);
    assert_eq!(server.get("/api/v1/runs").expect(200).json(), listed);
    let events: Vec<_> = server.events(&format!("/api/v1/runs/{id}/events"), None).collect();
    assert_eq!(events.last().map(|event| event.event.as_str()), Some("end"));
    let seen = &events[events.len() / 2];
    let rest: Vec<_> = server.events(&format!("/api/v1/runs/{id}/events"), Some(&seen.id)).collect();
    assert_eq!(rest, events[events.len() / 2 + 1..]);
    let again = server.post(&format!("/api/v1/runs/{id}/rerun"), &json!({})).expect(201);
    let new = again.json()["id"].as_str().unwrap().to_owned();
    let live: Vec<_> = server.events(&format!("/api/v1/runs/{new}/events"), None).collect();
    assert!(live.iter().any(|event| event.data.contains("run_finished")), "{live:?}");
    assert_eq!(server.get(&format!("/api/v1/runs/{new}")).expect(200).json()["run"]["state"], "succeeded");
    let cancel = server.post(&format!("/api/v1/runs/{new}/cancel"), &json!({})).expect(409);
    assert!(cancel.text().contains("has ended"), "{}", cancel.text());
}
