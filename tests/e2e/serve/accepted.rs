//! A run that was accepted is driven to its end: whoever asked for it has gone, it is cancelled, it cannot continue for a
//! while, or it brings its host down.

use std::{
    fs,
    io::Write,
    net::Shutdown,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench, guest,
    server::{Server, ask},
    witness::Witness,
};

use super::deploy::deploy;

const PATIENCE: Duration = Duration::from_secs(60);

/// A service whose steps may talk to a witness.
pub(super) fn start(bench: &Bench, more: &str) -> Server {
    bench.write("policy.toml", "private = [\"127.0.0.1\"]\n[[allow]]\ngrants = \"all\"\n");
    bench.write("stepmill.toml", format!("[access]\npolicy = \"policy.toml\"\n{more}"));
    let server = restart(bench);
    let wasm = fs::read(guest("outside")).expect("a component");
    let _ = server.request("POST", "/api/v1/modules", &[("content-type", "application/wasm")], &wasm).expect(201);
    server
}

pub(super) fn restart(bench: &Bench) -> Server {
    let config = bench.path().join("stepmill.toml");
    Server::start(bench, &["--config", config.to_str().unwrap()])
}

/// A step that tells the witness its name.
pub(super) fn tell(witness: &Witness, name: &str, more: &str) -> String {
    let origin = witness.origin();
    format!(
        "[steps.{name}]\nuse = \"outside/tell\"\nconfig.url = \"{origin}/{name}\"\ngrants.net = [\"{origin}\"]\n\
         grants.run = true\n{more}"
    )
}

pub(super) fn begin(server: &Server, pipeline: &str) -> String {
    let started = server.post(&format!("/api/v1/pipelines/{pipeline}/runs"), &json!({})).expect(201).json();
    started["id"].as_str().expect("an id").to_owned()
}

fn run(server: &Server, id: &str) -> Json {
    server.get(&format!("/api/v1/runs/{id}")).expect(200).json()
}

/// Waits until a run is as it is wanted.
pub(super) fn until(server: &Server, id: &str, wanted: impl Fn(&Json) -> bool) -> Json {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = run(server, id);
        if wanted(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "{found}\n{}", server.log());
        thread::sleep(Duration::from_millis(20));
    }
}

pub(super) fn until_state(server: &Server, id: &str, state: &str) -> Json {
    until(server, id, |found| found["run"]["state"] == state)
}

pub(super) fn until_seen(witness: &Witness, count: usize) {
    let deadline = Instant::now() + PATIENCE;
    while witness.seen().len() < count {
        assert!(Instant::now() < deadline, "{:?}", witness.seen());
        thread::sleep(Duration::from_millis(5));
    }
}

pub(super) fn cancel(server: &Server, id: &str, query: &str) -> u16 {
    server.post(&format!("/api/v1/runs/{id}/cancel{query}"), &json!({})).status
}

pub(super) fn ids(server: &Server, pipeline: &str) -> Vec<Json> {
    server.get(&format!("/api/v1/runs?pipeline={pipeline}&limit=200")).expect(200).json()["runs"]
        .as_array()
        .expect("runs")
        .clone()
}

#[test]
fn runs_whose_clients_hang_up_at_any_moment_end_all_the_same() {
    const EACH: u64 = 24;
    let (bench, witness) = (Bench::new(), Witness::new());
    bench.warm();
    let server = start(&bench, "");
    let hook = "[triggers.t]\nwebhook = { path = \"gone\", auth = \"none\" }\noverlap = \"allow\"\n";
    let _ = deploy(&server, &format!("name = \"gone\"\n{}{hook}", tell(&witness, "one", ""))).expect(200);
    let (host, token) = (server.address(), server.token().to_owned());
    let send = |index: u64| {
        let (path, key, body) = match index % 2 {
            0 => ("/api/v1/pipelines/gone/runs", "idempotency-key", "{}"),
            _ => ("/hooks/gone", "webhook-id", "{ }"),
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             {key}: key-{index}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let whole = head + body;
        let mut stream = server.connect();
        // Cut off inside the head, after it, inside the body, and at all moments before the answer and within it.
        let cut = match index % 8 {
            0 => 40,
            1 => whole.len() - body.len(),
            2 => whole.len() - 1,
            _ => whole.len(),
        };
        stream.write_all(&whole.as_bytes()[..cut]).expect("a request");
        thread::sleep(Duration::from_micros(index * 7919 % 6_000));
        // One that reads nothing more, or one that is reset.
        if index.is_multiple_of(3) {
            drop(stream.shutdown(Shutdown::Both));
        }
    };
    (0..EACH * 8).for_each(send);
    let deadline = Instant::now() + PATIENCE;
    // Some were accepted, and each of them ends without a restart.
    loop {
        let runs = ids(&server, "gone");
        if !runs.is_empty() && runs.iter().all(|run| run["state"] == "succeeded") {
            println!("{} of {} requests were accepted", runs.len(), EACH * 8);
            break;
        }
        assert!(Instant::now() < deadline, "{runs:?}");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server.get("/api/v1/system").expect(200).json()["active_runs"], 0);
    // Whoever comes back with the same key gets the run that there is.
    let known = ids(&server, "gone").len();
    let bearer = format!("Bearer {token}");
    for index in (3..EACH * 8).step_by(8) {
        let key = format!("key-{index}");
        let headers = [("authorization", bearer.as_str()), ("webhook-id", key.as_str())];
        let answer = ask(host, "POST", "/hooks/gone", &headers, b"{ }").expect("an answer");
        assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
    }
    assert!(ids(&server, "gone").len() <= known + usize::try_from(EACH).unwrap());
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_queued_run_that_is_cancelled_executes_nothing_and_takes_no_place() {
    let (bench, witness) = (Bench::new(), Witness::new());
    bench.warm();
    let server = start(&bench, "[runs]\nmax_active = 1\n");
    let _ = deploy(&server, &format!("name = \"holder\"\n{}", tell(&witness, "hold", ""))).expect(200);
    let _ = deploy(&server, &format!("name = \"queued\"\n{}", tell(&witness, "queued", ""))).expect(200);
    let cleaned = tell(&witness, "main", "") + &tell(&witness, "clean", "finally = true\n");
    let _ = deploy(&server, &format!("name = \"cleaned\"\n{cleaned}")).expect(200);
    witness.hold();
    let holder = begin(&server, "holder");
    until_seen(&witness, 1);

    for _ in 0..20 {
        let id = begin(&server, "queued");
        assert_eq!(cancel(&server, &id, ""), 202);
        let ended = until_state(&server, &id, "cancelled");
        assert_eq!(ended["steps"][0]["state"], "cancelled");
        // Asking again changes nothing.
        assert_eq!(cancel(&server, &id, ""), 202);
    }
    // What cleans up waits for its turn, unless it is forced.
    let (waits, forced) = (begin(&server, "cleaned"), begin(&server, "cleaned"));
    assert_eq!((cancel(&server, &waits, ""), cancel(&server, &forced, "?force=true")), (202, 202));
    until_state(&server, &forced, "cancelled");
    let found = run(&server, &waits);
    assert_eq!((&found["run"]["state"], &found["cancel_requested"]), (&json!("queued"), &json!(true)));
    assert_eq!(witness.seen().len(), 1, "nothing but the holder ran");

    witness.release();
    until_state(&server, &holder, "succeeded");
    until_state(&server, &waits, "cancelled");
    let said: Vec<_> = witness.seen().into_iter().map(|request| request.line).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].contains("/clean"), "{said:?}");
    assert_eq!(cancel(&server, &holder, ""), 409);
    let audit = server.get("/api/v1/audit?limit=200").expect(200).text();
    assert!(audit.contains("run.cancel.force"), "{audit}");
    assert_eq!(server.stop(), 0);
}

#[test]
fn runs_that_a_newer_one_replaces_while_they_wait_execute_nothing() {
    let (bench, witness) = (Bench::new(), Witness::new());
    bench.warm();
    let server = start(&bench, "[runs]\nmax_active = 1\n");
    let _ = deploy(&server, &format!("name = \"holder\"\n{}", tell(&witness, "hold", ""))).expect(200);
    let hook = "[triggers.t]\nwebhook = { path = \"latest\", auth = \"none\" }\noverlap = \"cancel_previous\"\n";
    let _ = deploy(&server, &format!("name = \"latest\"\n{}{hook}", tell(&witness, "one", ""))).expect(200);
    witness.hold();
    let holder = begin(&server, "holder");
    until_seen(&witness, 1);
    let offered: Vec<_> = (0..6)
        .map(|index| {
            let key = format!("w{index}");
            let answer = server.request("POST", "/hooks/latest", &[("webhook-id", &key)], b"").expect(202);
            answer.json()["run"].as_str().expect("a run").to_owned()
        })
        .collect();
    let (last, replaced) = offered.split_last().expect("some");
    for id in replaced {
        until_state(&server, id, "cancelled");
    }
    witness.release();
    until_state(&server, &holder, "succeeded");
    until_state(&server, last, "succeeded");
    assert_eq!(witness.seen().len(), 2, "the holder and the last one");
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_cancel_that_was_acknowledged_survives_a_crash() {
    let (bench, witness) = (Bench::new(), Witness::new());
    bench.warm();
    let mut server = start(&bench, "");
    let _ = deploy(&server, &format!("name = \"long\"\n{}", tell(&witness, "long", ""))).expect(200);
    witness.hold();
    let token = server.token().to_owned();
    for turn in 0..6 {
        let id = begin(&server, "long");
        until_seen(&witness, turn + 1);
        assert_eq!(cancel(&server, &id, ""), 202);
        server.kill();
        server = restart(&bench).with_token(&token);
        let ended = until_state(&server, &id, "cancelled");
        assert_eq!(ended["cancel_requested"], true);
    }
    assert_eq!(witness.seen().len(), 6, "none began again");
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_run_whose_module_is_gone_is_interrupted_with_its_reason_and_can_be_cancelled() {
    let (bench, witness) = (Bench::new(), Witness::new());
    bench.warm();
    let mut server = start(&bench, "");
    let _ = deploy(&server, &format!("name = \"lost\"\n{}", tell(&witness, "lost", ""))).expect(200);
    let token = server.token().to_owned();
    witness.hold();
    let (id, other) = (begin(&server, "lost"), begin(&server, "lost"));
    until_seen(&witness, 2);
    server.kill();
    for folder in ["modules", "code"] {
        for entry in fs::read_dir(bench.data().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            fs::rename(&path, bench.path().join(path.file_name().expect("a name"))).expect("moved");
        }
    }
    server = restart(&bench).with_token(&token);
    let found = until(&server, &id, |found| found["run"]["interrupted"] == true);
    let reason = found["run"]["interruption"].as_str().expect("a reason");
    assert!(reason.contains("not in the data directory any more"), "{reason}");
    let listed = ids(&server, "lost");
    assert!(listed.iter().all(|run| run["interrupted"] == true), "{listed:?}");
    assert!(server.log().contains("a run is interrupted"), "{}", server.log());
    // It can be cancelled, without its module, and then repeated.
    assert_eq!(cancel(&server, &id, ""), 202);
    until_state(&server, &id, "cancelled");

    // When its module is there again, the other continues by itself.
    witness.release();
    for entry in fs::read_dir(bench.path()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            fs::copy(&path, bench.data().join("modules").join(path.file_name().expect("a name"))).expect("copied");
        }
    }
    let ended = until_state(&server, &other, "succeeded");
    assert_eq!(ended["run"].get("interrupted"), None);
    let again = server.post(&format!("/api/v1/runs/{id}/rerun"), &json!({})).expect(201).json();
    until_state(&server, again["id"].as_str().expect("an id"), "succeeded");
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_run_that_kills_its_host_is_given_up_and_the_others_go_on() {
    let (bench, deadly_witness, fine_witness) = (Bench::new(), Witness::new(), Witness::new());
    bench.warm();
    let mut server = start(&bench, "");
    let _ = deploy(&server, &format!("name = \"deadly\"\n{}", tell(&deadly_witness, "deadly", ""))).expect(200);
    let _ = deploy(&server, &format!("name = \"fine\"\n{}", tell(&fine_witness, "fine", ""))).expect(200);
    let token = server.token().to_owned();
    // The deadly step never gets an answer: the host dies as soon as it has begun. The fine one runs beside it at first.
    deadly_witness.hold();
    fine_witness.hold();
    let (deadly, fine) = (begin(&server, "deadly"), begin(&server, "fine"));
    until_seen(&fine_witness, 1);
    let mut kills = 0;
    loop {
        let deadline = Instant::now() + PATIENCE;
        let failed = loop {
            if deadly_witness.seen().len() > kills {
                break false;
            }
            if run(&server, &deadly)["run"]["state"] == "failed" {
                break true;
            }
            assert!(Instant::now() < deadline, "{}", server.log());
            thread::sleep(Duration::from_millis(5));
        };
        if failed {
            break;
        }
        kills += 1;
        assert!(kills < 12, "it is restarted forever");
        server.kill();
        fine_witness.release();
        server = restart(&bench).with_token(&token);
    }
    let found = run(&server, &deadly);
    let message = found["steps"][0]["failure"]["message"].as_str().expect("a failure").to_owned();
    assert!(message.contains("the only one running"), "{message}");
    until_state(&server, &fine, "succeeded");
    assert!(kills >= 3, "{kills} kills");
    assert_eq!(server.stop(), 0);
}
