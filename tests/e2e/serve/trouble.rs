//! Triggers that start no runs, and deliveries that are none: whoever operates the service can see it.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench,
    server::{Answer, Server, ask},
    webhook::{KEY, signed},
};

use super::deploy::{deploy, upload};

const WAIT: Duration = Duration::from_secs(30);

fn set_key(server: &Server) {
    let body = json!({ "value": KEY }).to_string();
    let typed = [("content-type", "application/json")];
    let _ = server.request("PUT", "/api/v1/secrets/hook", &typed, body.as_bytes()).expect(204);
}

fn deliver(
    server: &Server,
    path: &str,
    id: &str,
    body: &[u8],
    change: impl Fn(&'static str, String) -> String,
) -> Answer {
    let signed = signed(KEY, id, body).map(|(name, value)| (name, change(name, value)));
    let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ask(server.address(), "POST", path, &headers, body).expect("an answer")
}

fn as_signed(_: &'static str, value: String) -> String {
    value
}

#[test]
fn deliveries_that_are_turned_away_leave_a_trace() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let text = "name = \"hooked\"\n[steps.a]\nuse = \"behaviours/noop\"\n\
        [triggers.push]\nwebhook = { path = \"push\", secret = \"hook\", max_body = \"1KiB\" }\n";
    let _ = deploy(&server, text).expect(200);
    let refused = |expected: u16, answer: Answer| answer.expect(expected).text();
    // The secret is not there yet: the sender learns nothing of that.
    let told = refused(401, deliver(&server, "/hooks/push", "a", b"", as_signed));
    set_key(&server);
    let no_signature = ask(server.address(), "POST", "/hooks/push", &[], b"").expect("an answer");
    let stale =
        |name: &'static str, value: String| if name == "webhook-timestamp" { "1700000000".to_owned() } else { value };
    let forged =
        |name: &'static str, value: String| if name == "webhook-signature" { "v1,AAAA".to_owned() } else { value };
    for answer in [
        no_signature,
        deliver(&server, "/hooks/push", "b", b"", stale),
        deliver(&server, "/hooks/push", "c", b"", forged),
        deliver(&server, "/hooks/nowhere", "d", b"", as_signed),
    ] {
        assert_eq!(refused(401, answer), told, "a sender learns not what is wrong");
    }
    refused(413, deliver(&server, "/hooks/push", "e", &[b'x'; 2_000], as_signed));
    let _ = server.post("/api/v1/pipelines/hooked/triggers/push/pause", &json!({})).expect(204);
    refused(409, deliver(&server, "/hooks/push", "f", b"", as_signed));

    let events = server.get("/api/v1/pipelines/hooked/triggers/push/events").expect(200).json();
    let reasons: Vec<_> = events["rejected"].as_array().unwrap().iter().map(|one| one["reason"].to_string()).collect();
    let wanted = [
        "paused",
        "at most 1024 bytes",
        "not signed with a key",
        "more than 300 s ago",
        "missing",
        "`hook` is not set",
    ];
    assert_eq!(reasons.len(), wanted.len(), "{reasons:?}");
    for (reason, wanted) in reasons.iter().zip(wanted) {
        assert!(reason.contains(wanted), "no `{wanted}` in {reasons:?}");
    }
    let metrics = server.get("/metrics").expect(200).text();
    for (reason, count) in [("signature", 3), ("secret", 1), ("unknown_path", 1), ("body", 1), ("paused", 1)] {
        let line = format!("stepmill_webhooks_rejected_total{{reason=\"{reason}\"}} {count}");
        assert!(metrics.contains(&line), "no `{line}` in {metrics}");
    }
}

#[test]
fn a_pipeline_that_no_longer_compiles_says_so_and_its_events_are_not_lost() {
    let bench = Bench::new();
    bench.warm();
    bench.write("policy.toml", "[[allow]]\ngrants = [\"clock\"]\n");
    let policy = bench.path().join("policy.toml");
    let allowed = ["--policy", policy.to_str().unwrap()];
    let server = Server::start(&bench, &allowed);
    let token = server.token().to_owned();
    let _ = upload(&server).expect(201);
    set_key(&server);
    let text = "name = \"ticking\"\n[steps.a]\nuse = \"behaviours/noop\"\ngrants.clock = true\n\
        [triggers.push]\nwebhook = { path = \"push\", secret = \"hook\" }\n[triggers.night]\ncron = \"0 3 * * *\"\n";
    let _ = deploy(&server, text).expect(200);
    assert_eq!(server.stop(), 0);

    let server = Server::start(&bench, &[]).with_token(&token);
    assert!(server.log().contains("ticking") && server.log().contains("cannot run"), "{}", server.log());
    let pipelines = server.get("/api/v1/pipelines").expect(200).json();
    assert!(pipelines["pipelines"][0]["problems"][0]["message"].to_string().contains("clock"), "{pipelines}");
    let triggers = server.get("/api/v1/triggers").expect(200).json();
    let problems: Vec<_> =
        triggers["triggers"].as_array().unwrap().iter().map(|one| one["problem"].to_string()).collect();
    assert_eq!(problems.len(), 2, "{triggers}");
    let url = format!("http://{}", server.address());
    let list = |json: &[&str]| {
        let mut command = bench.command(&[&["pipelines", "list"], json].concat());
        let listed = command.env("STEPMILL_SERVER", &url).env("STEPMILL_TOKEN", &token).output().expect("it starts");
        String::from_utf8_lossy(&listed.stdout).into_owned()
    };
    let listed = list(&[]);
    assert!(listed.contains("ticking is disabled: ") && listed.contains("clock"), "{listed}");
    assert!(list(&["--json"]).contains("\"disabled\""), "{}", list(&["--json"]));
    assert!(problems.iter().all(|problem| problem.contains("clock")), "{problems:?}");
    // Who can sign is told to come again; who cannot learns as much as ever.
    let later = deliver(&server, "/hooks/push", "msg_1", b"", as_signed).expect(503);
    assert!(later.header("retry-after").is_some() && later.text().contains("cannot run"), "{}", later.text());
    let stranger = ask(server.address(), "POST", "/hooks/push", &[], b"").expect("an answer").expect(401);
    let nowhere = ask(server.address(), "POST", "/hooks/nowhere", &[], b"").expect("an answer").expect(401);
    assert_eq!(stranger.text(), nowhere.text());
    assert_eq!(server.stop(), 0);

    let server = Server::start(&bench, &allowed).with_token(&token);
    assert!(!server.log().contains("cannot run"), "{}", server.log());
    let _ = deliver(&server, "/hooks/push", "msg_1", b"", as_signed).expect(202);
}

#[test]
fn a_trigger_whose_runs_would_lack_a_file_is_a_warning_and_its_events_say_why() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    bench.write("in.csv", "a,b");
    let path = bench.pipeline(
        "[params]\ncsv = { type = \"file\", default = \"in.csv\" }\n[steps.a]\nuse = \"b/file_size\"\n\
         inputs.file = \"params.csv\"\n[triggers.often]\nevery = \"1s\"\n\
         [triggers.push]\nwebhook = { path = \"push\", auth = \"none\", param = \"csv\" }\n",
    );
    let url = format!("http://{}", server.address());
    let mut command = bench.command(&["deploy", path.to_str().unwrap()]);
    command.env_remove("STEPMILL_DATA").env("STEPMILL_SERVER", url).env("STEPMILL_TOKEN", server.token());
    let deployed = command.output().expect("the binary starts");
    let warned = String::from_utf8_lossy(&deployed.stderr).into_owned();
    assert!(deployed.status.success(), "{warned}");
    assert!(warned.contains("warning") && warned.contains("`often`") && warned.contains("help:"), "{warned}");
    assert!(!warned.contains("`push`"), "{warned}");
    let known = server.get("/api/v1/pipelines/test").expect(200).json();
    assert_eq!(known["problems"][0]["severity"], "warning", "{known}");
    let deadline = Instant::now() + WAIT;
    loop {
        let events = server.get("/api/v1/pipelines/test/triggers/often/events").expect(200).json();
        if let Some(event) = events["events"].as_array().unwrap().first() {
            assert!(event["reason"].to_string().contains("`csv` is missing"), "{event}");
            assert_eq!(event["run"], Json::Null);
            break;
        }
        assert!(Instant::now() < deadline, "no event\n{}", server.log());
        thread::sleep(Duration::from_millis(50));
    }
}
