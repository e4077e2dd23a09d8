//! A run whose events were damaged on the disk: it is told of, can be ended, and keeps nothing else from its work.

use rusqlite::Connection;
use serde_json::{Value as Json, json};
use stepmill_tests::{Bench, server::Server, witness::Witness};

use super::{
    accepted::{begin, cancel, ids, restart, start, tell, until, until_seen, until_state},
    deploy::deploy,
};

#[test]
fn a_damaged_run_is_interrupted_with_its_reason_and_can_be_cancelled() {
    let (bench, witness) = (Bench::new(), Witness::new());
    bench.warm();
    let mut server = start(&bench, "");
    let hook = "[triggers.t]\nwebhook = { path = \"hurt\", auth = \"none\" }\noverlap = \"skip\"\n";
    let _ = deploy(&server, &format!("name = \"hurt\"\n{}{hook}", tell(&witness, "hurt", ""))).expect(200);
    let token = server.token().to_owned();
    witness.hold();
    let offer = |server: &Server, id: &str| {
        server.request("POST", "/hooks/hurt", &[("webhook-id", id)], b"").json()["run"].clone()
    };
    let hurt = offer(&server, "0").as_str().expect("a run").to_owned();
    let whole = begin(&server, "hurt");
    until_seen(&witness, 2);
    // So that something of both is recorded, and the events are in the database.
    assert_eq!(server.stop(), 0);
    damage(&bench, &hurt);

    witness.release();
    server = restart(&bench).with_token(&token);
    let found = until(&server, &hurt, |found| found["run"]["interrupted"] == true);
    let reason = found["run"]["interruption"].as_str().expect("a reason");
    assert!(reason.contains("damaged"), "{reason}");
    let told = found["damage"].as_str().expect("what is damaged");
    assert!(told.contains("event 1"), "{told}");
    assert_eq!(found["steps"][0].get("waits"), None, "why it waits is not known");
    until_state(&server, &whole, "succeeded");
    assert_eq!(ids(&server, "hurt").len(), 2, "both are listed");
    let _ = server.get("/readyz").expect(200);

    // It is active, so the trigger starts nothing beside it, until it is cancelled.
    assert_eq!(offer(&server, "1"), Json::Null);
    assert_eq!(cancel(&server, &hurt, ""), 202);
    until_state(&server, &hurt, "cancelled");
    assert_eq!(cancel(&server, &hurt, ""), 202, "again");
    until_state(&server, offer(&server, "2").as_str().expect("a run"), "succeeded");
    assert!(server.log().contains("a damaged run was cancelled"), "{}", server.log());

    // It stays so.
    assert_eq!(server.stop(), 0);
    server = restart(&bench).with_token(&token);
    until_state(&server, &hurt, "cancelled");
    let answer = server.post(&format!("/api/v1/runs/{hurt}/rerun"), &json!({}));
    assert_ne!(answer.status, 201, "what it ran with is not known");
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_damaged_run_that_no_process_drives_can_be_cancelled() {
    let (bench, witness) = (Bench::new(), Witness::new());
    bench.warm();
    let server = start(&bench, "");
    let _ = deploy(&server, &format!("name = \"hurt\"\n{}", tell(&witness, "hurt", ""))).expect(200);
    witness.hold();
    let hurt = begin(&server, "hurt");
    until_seen(&witness, 1);
    assert_eq!(server.stop(), 0);
    damage(&bench, &hurt);

    bench.run(&["runs", "resume", &hurt]).expect(3).complains(&["damaged"]);
    bench.run(&["runs", "cancel", &hurt]).expect(0);
    let shown = bench.run(&["runs", "show", &hurt, "--json"]).expect(0).json();
    assert_eq!(shown["run"]["state"], "cancelled", "{shown}");
}

/// Damages an event of a run in the database, which nobody has open.
fn damage(bench: &Bench, run: &str) {
    let database = Connection::open(bench.data().join("stepmill.db")).expect("a database");
    let changed = database.execute(
        "UPDATE events SET body = CAST(replace(body, 'tell', 'tall') || 'x' AS BLOB) WHERE key = \
         (SELECT (key << 32) + 1 FROM runs WHERE id = ?)",
        [uuid_bytes(run)],
    );
    assert_eq!(changed, Ok(1));
}

fn uuid_bytes(id: &str) -> Vec<u8> {
    let digits: String = id.chars().filter(|digit| *digit != '-').collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}
