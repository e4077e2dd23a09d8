//! What `overlap` says when a run is accepted holds for it, whatever becomes of its trigger, and of the server.

use std::{thread, time::Duration};

use stepmill_tests::{Bench, server::Server, witness::Witness};

use super::{
    accepted::{restart, start, tell, until_seen, until_state},
    deploy::deploy,
};

const RUNS: usize = 5;
const QUEUE: &str = "[triggers.t]\nwebhook = { path = \"one\", auth = \"none\" }\noverlap = \"queue\"\n";

/// Long enough for a run to begin that must not.
const MOMENT: Duration = Duration::from_millis(500);

/// Runs that wait for one another still do after a change, in this process and in the next one.
fn stay_queued(change: impl Fn(&Server, &str)) {
    let (bench, witness) = (Bench::new(), Witness::new());
    bench.warm();
    let mut server = start(&bench, "");
    let steps = format!("name = \"one\"\n{}", tell(&witness, "one", ""));
    let _ = deploy(&server, &format!("{steps}{QUEUE}")).expect(200);
    witness.hold();
    let accept = |number| {
        let answer = server.request("POST", "/hooks/one", &[("webhook-id", &format!("w{number}"))], b"").expect(202);
        answer.json()["run"].as_str().expect("a run").to_owned()
    };
    let runs: Vec<String> = (0..RUNS).map(accept).collect();
    until_seen(&witness, 1);
    change(&server, &steps);
    thread::sleep(MOMENT);
    assert_eq!(witness.seen().len(), 1, "the others wait");

    let token = server.token().to_owned();
    server.kill();
    server = restart(&bench).with_token(&token);
    until_seen(&witness, 2);
    thread::sleep(MOMENT);
    assert_eq!(witness.seen().len(), 2, "the first one is repeated, and the others wait");

    witness.release();
    let mut free_at = String::new();
    for run in &runs {
        let ended = until_state(&server, run, "succeeded");
        let (began, finished) = (&ended["steps"][0]["attempts"][0]["started_at"], &ended["run"]["finished_at"]);
        let (began, finished) = (began.as_str().expect("a time"), finished.as_str().expect("a time"));
        assert!(*began >= *free_at, "{run} began at {began}, and the one before it ended at {free_at}");
        finished.clone_into(&mut free_at);
    }
    assert_eq!(witness.seen().len(), RUNS + 1);
    assert_eq!(server.stop(), 0);
}

#[test]
fn queued_runs_are_not_cancelled_because_their_trigger_cancels_now() {
    stay_queued(|server, steps| {
        let _ = deploy(server, &format!("{steps}{}", QUEUE.replace("queue", "cancel_previous"))).expect(200);
    });
}

#[test]
fn queued_runs_wait_for_one_another_although_their_pipeline_is_removed() {
    stay_queued(|server, _| {
        let _ = server.request("DELETE", "/api/v1/pipelines/one", &[], b"").expect(204);
    });
}

#[test]
fn queued_runs_wait_for_one_another_although_their_trigger_is_renamed() {
    stay_queued(|server, steps| {
        let _ = deploy(server, &format!("{steps}{}", QUEUE.replace("triggers.t", "triggers.renamed"))).expect(200);
    });
}
