//! Deployments, modules, secrets and pauses: what was answered is so after every kill, also in what runs get to see, and what was not
//! answered is one or the other, and stays so.

use std::{
    collections::BTreeSet,
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use stepmill_tests::{Bench, guest, server::Answer};

use super::{Client, PATIENCE, TYPED, lives::live_and_die, prepare, upload};
use crate::serve::deploy::deploy;

/// Something that has one value at a time.
struct Register {
    name: &'static str,
    /// Asks for a value.
    set: fn(&Client, usize) -> Option<Answer>,
    /// The value that it has.
    get: fn(&Client) -> usize,
    /// Which value is asked for by the n-th request.
    value: fn(usize) -> usize,
}

const REGISTERS: &[Register] = &[
    Register { name: "deployments", set: deploy_text, get: deployed_text, value: |n| n + 1 },
    Register { name: "uploads", set: upload_version, get: active_version, value: |n| n },
    Register { name: "activations", set: activate, get: activated, value: |n| n % 3 },
    Register { name: "secrets", set: set_secret, get: has_secret, value: |n| n % 2 },
    Register { name: "pauses of a trigger", set: pause_trigger, get: trigger_paused, value: |n| n % 2 },
    Register { name: "pauses of a pipeline", set: pause_pipeline, get: pipeline_paused, value: |n| n % 2 },
];

impl Register {
    /// Sets it to one value after the other, and looks at it after each.
    fn exercise(&self, client: &Client) {
        // Nobody has asked for anything yet: it has some value.
        let mut possible = BTreeSet::from([(self.get)(client)]);
        let (mut asked, mut answered) = (0, 0);
        client.repeat(Duration::from_millis(5), || {
            asked += 1;
            let value = (self.value)(asked);
            match (self.set)(client, value) {
                Some(answer) => {
                    assert!(answer.status < 300, "{}: {}", self.name, answer.text());
                    answered += 1;
                    possible = BTreeSet::from([value]);
                }
                None => drop(possible.insert(value)),
            }
            self.check(client, &mut possible);
        });
        self.check(client, &mut possible);
        println!("{}: {answered} of {asked} were answered", self.name);
        assert!(answered > 0, "{}: none of {asked} was answered", self.name);
    }

    /// It has a value that it may have. That was seen, so it keeps it.
    fn check(&self, client: &Client, possible: &mut BTreeSet<usize>) {
        let found = (self.get)(client);
        assert!(possible.contains(&found), "{} are at {found}, and can only be at {possible:?}", self.name);
        *possible = BTreeSet::from([found]);
    }
}

/// A pipeline whose output has as many numbers as the value says.
fn text(value: usize) -> String {
    format!(
        "name = \"edited\"\noutput = \"a\"\ndescription = \"{value}\"\n[steps.a]\nuse = \"behaviours/numbers\"\n\
         config.count = {value}\n"
    )
}

fn post(client: &Client, path: &str, body: &Json) -> Option<Answer> {
    client.once("POST", path, &[TYPED], body.to_string().as_bytes())
}

fn deploy_text(client: &Client, value: usize) -> Option<Answer> {
    post(client, "/api/v1/pipelines", &json!({ "text": text(value) }))
}

/// What is listed, and what a run that starts now takes.
fn deployed_text(client: &Client) -> usize {
    let listed =
        client.get("/api/v1/pipelines/edited")["description"].as_str().expect("a text").parse().expect("a value");
    let run = client.start("edited", &format!("edited-{}", client.next()), &json!({}));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = client.ask("GET", &format!("/api/v1/runs/{run}/steps/a/output?limit=1"), &[], b"");
        if answer.status == 200 {
            assert_eq!(answer.json()["total"], listed, "a run takes another revision than the one that is listed");
            return listed;
        }
        assert!(Instant::now() < deadline, "{}", answer.text());
        thread::sleep(Duration::from_millis(5));
    }
}

/// A component that differs from others by this number alone: in a section that nobody reads.
fn version(number: usize) -> Vec<u8> {
    let mut wasm = fs::read(guest("bare")).expect("a component");
    let number = number.to_le_bytes();
    wasm.extend([0, u8::try_from(number.len()).unwrap() + 2, 1, b'n']);
    wasm.extend(number);
    wasm
}

fn digest(number: usize) -> String {
    let hash = Sha256::digest(version(number));
    hash.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn upload_version(client: &Client, value: usize) -> Option<Answer> {
    let typed = [("content-type", "application/wasm")];
    client.once("POST", "/api/v1/modules?name=uploaded", &typed, &version(1000 + value))
}

fn active_version(client: &Client) -> usize {
    let active = active(client, "uploaded");
    (0..10_000).find(|value| digest(1000 + value) == active).expect("a version of ours")
}

fn activate(client: &Client, value: usize) -> Option<Answer> {
    post(client, "/api/v1/modules/activated/activate", &json!({ "version": digest(value) }))
}

fn activated(client: &Client) -> usize {
    let active = active(client, "activated");
    (0..3).find(|value| digest(*value) == active).expect("a version of ours")
}

fn active(client: &Client, module: &str) -> String {
    let shown = client.get(&format!("/api/v1/modules/{module}"));
    let mut versions = shown["versions"].as_array().expect("versions").iter().filter(|one| one["active"] == true);
    let active = versions.next().expect("an active version")["digest"].as_str().expect("a digest").to_owned();
    assert!(versions.next().is_none(), "two are active: {shown}");
    active
}

fn set_secret(client: &Client, value: usize) -> Option<Answer> {
    let path = "/api/v1/secrets/changed";
    match value {
        0 => client.once("DELETE", path, &[], b"").map(removed),
        _ => client.once("PUT", path, &[TYPED], b"{\"value\":\"sealed\"}"),
    }
}

/// What is not there any more was removed by a request that was not answered.
fn removed(answer: Answer) -> Answer {
    if answer.status == 404 { Answer { status: 204, ..answer } } else { answer }
}

fn has_secret(client: &Client) -> usize {
    let secrets = client.get("/api/v1/secrets");
    usize::from(secrets["secrets"].as_array().expect("secrets").iter().any(|one| one["name"] == "changed"))
}

fn pause(client: &Client, path: &str, value: usize) -> Option<Answer> {
    let what = if value == 0 { "resume" } else { "pause" };
    post(client, &format!("{path}/{what}"), &json!({}))
}

fn pause_trigger(client: &Client, value: usize) -> Option<Answer> {
    pause(client, "/api/v1/pipelines/paused/triggers/t", value)
}

fn trigger_paused(client: &Client) -> usize {
    let triggers = client.get("/api/v1/triggers");
    let mut triggers = triggers["triggers"].as_array().expect("triggers").iter();
    usize::from(triggers.find(|one| one["pipeline"] == "paused").expect("the trigger")["paused"] == true)
}

fn pause_pipeline(client: &Client, value: usize) -> Option<Answer> {
    pause(client, "/api/v1/pipelines/resting", value)
}

fn pipeline_paused(client: &Client) -> usize {
    usize::from(client.get("/api/v1/pipelines/resting")["paused"] == true)
}

#[test]
fn changes_that_were_answered_hold_after_every_kill() {
    let bench = Bench::new();
    let server = prepare(&bench, "", &["behaviours"]);
    let token = server.token().to_owned();
    for number in 0..3 {
        upload(&server, "activated", &version(number));
    }
    upload(&server, "uploaded", &version(1000));
    let quick = |name: &str| format!("name = \"{name}\"\n[steps.a]\nuse = \"behaviours/noop\"\n");
    let cron = "[triggers.t]\ncron = \"0 0 1 1 *\"\n";
    for text in [text(1), quick("resting"), quick("paused") + cron] {
        let _ = deploy(&server, &text).expect(200);
    }
    let client = Client::new(&server);
    let server = thread::scope(|scope| {
        for register in REGISTERS {
            let client = &client;
            scope.spawn(|| register.exercise(client));
        }
        live_and_die(&bench, server, &client, &token)
    });
    // In the memory of this process and in the database that the next one reads.
    let seen: Vec<usize> = REGISTERS.iter().map(|register| (register.get)(&client)).collect();
    assert_eq!(server.stop(), 0);
    let server = super::start(&bench).with_token(&token);
    *client.address.lock().unwrap() = server.address();
    for (register, seen) in REGISTERS.iter().zip(seen) {
        assert_eq!((register.get)(&client), seen, "{} changed with a restart", register.name);
    }
    super::wait_until_idle(&server);
    assert_eq!(server.stop(), 0);
    bench.run(&["verify"]).expect(0);
}
