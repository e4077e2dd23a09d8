//! Triggers start runs: by time, by file, by request, by the end of another run.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench,
    server::{Answer, Server, ask},
    webhook::signed,
};

use super::deploy::{deploy, finish, upload};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA=";
const NEW_KEY: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const WAIT: Duration = Duration::from_secs(20);

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// The signature of a request, as a sender makes it.
fn sign(key: &str, id: &str, time: u64, body: &[u8]) -> String {
    let mut script = Command::new("python3");
    script.args([
        "-c",
        "import sys,hmac,hashlib,base64\nk=base64.b64decode(sys.argv[1][6:])\n\
        b=bytes.fromhex(sys.argv[2])\nprint('v1,'+base64.b64encode(hmac.new(k,b,hashlib.sha256).digest()).decode())",
    ]);
    let mut text = format!("{id}.{time}.").into_bytes();
    text.extend_from_slice(body);
    let hex: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
    let output = script.args([key, &hex]).output().expect("python");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

fn send(server: &Server, path: &str, id: &str, time: u64, signature: &str, body: &[u8]) -> Answer {
    let time = time.to_string();
    let headers = [
        ("authorization", ""),
        ("content-type", "text/csv"),
        ("webhook-id", id),
        ("webhook-timestamp", &time),
        ("webhook-signature", signature),
    ];
    server.request("POST", &format!("/hooks/{path}"), &headers, body)
}

fn set_secret(server: &Server, value: &str, keep: u64) {
    let body = json!({ "value": value, "keep_previous_s": keep }).to_string();
    let json = [("content-type", "application/json")];
    let _ = server.request("PUT", "/api/v1/secrets/hook", &json, body.as_bytes()).expect(204);
}

fn runs(server: &Server, query: &str) -> Vec<Json> {
    server.get(&format!("/api/v1/runs?{query}")).expect(200).json()["runs"].as_array().expect("runs").clone()
}

fn wait_for_runs(server: &Server, query: &str, count: usize) -> Vec<Json> {
    let deadline = Instant::now() + WAIT;
    loop {
        let found = runs(server, query);
        if found.len() >= count {
            return found;
        }
        assert!(Instant::now() < deadline, "{} of {count} runs: {query}\n{}", found.len(), server.log());
        thread::sleep(Duration::from_millis(50));
    }
}

const TEXT: &str = "name = \"hooked\"\n[params.text]\ntype = \"string\"\ndefault = \"\"\n\
    [steps.a]\nuse = \"behaviours/shout\"\ninputs.text = \"params.text\"\n";

#[test]
fn a_webhook_whose_secret_is_not_set_is_deployed_with_a_warning() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let text = format!("{TEXT}[triggers.push]\nwebhook = {{ path = \"push\", secret = \"hook\" }}\n");
    let file = bench.write("hooked.toml", &text);
    let mut command = bench.command(&["deploy", file.to_str().unwrap()]);
    let url = format!("http://{}", server.address());
    let deployed = command.env("STEPMILL_SERVER", url).env("STEPMILL_TOKEN", server.token()).output().unwrap();
    assert_eq!(deployed.status.code(), Some(0));
    let told = String::from_utf8_lossy(&deployed.stderr).into_owned();
    for part in ["warning: webhook `push` refuses all requests", "`hook` is not set", "stepmill secrets set hook"] {
        assert!(told.contains(part), "{told}");
    }
    let again = deploy(&server, &text).expect(200).json();
    assert_eq!(again["problems"][0]["severity"], "warning", "{again}");
    assert_eq!(again["problems"][0]["places"][0]["line"], 8, "{again}");
    set_secret(&server, KEY, 0);
    let quiet = deploy(&server, &text).expect(200).json();
    assert_eq!(quiet["problems"].as_array(), None, "{quiet}");
}

#[test]
fn a_trigger_that_is_not_there_has_no_events_but_what_it_started_stays() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let _ = deploy(&server, &format!("{TEXT}[triggers.push]\nwebhook = {{ path = \"push\", auth = \"none\" }}\n"));
    let url = format!("http://{}", server.address());
    for verb in ["events", "pause", "resume"] {
        for (pipeline, trigger, parts) in [
            ("hooked", "pull", ["`hooked` has no trigger `pull`", "its triggers are `push`"]),
            ("hocked", "push", ["no pipeline `hocked`", "stepmill triggers list"]),
        ] {
            let mut command = bench.command(&["triggers", verb, pipeline, trigger]);
            command.env("STEPMILL_SERVER", &url).env("STEPMILL_TOKEN", server.token());
            let ran = command.output().unwrap();
            let told = String::from_utf8_lossy(&ran.stderr).into_owned();
            assert_eq!(ran.status.code(), Some(2), "{verb} {pipeline} {trigger}: {told}");
            assert!(parts.iter().all(|part| told.contains(part)), "{verb} {pipeline} {trigger}: {told}");
        }
    }
    let events = || server.get("/api/v1/pipelines/hooked/triggers/push/events");
    assert_eq!(events().expect(200).json()["events"], json!([]));
    let headers = [("authorization", ""), ("webhook-id", "one")];
    let _ = server.request("POST", "/hooks/push", &headers, b"").expect(202);
    let _ = server.request("DELETE", "/api/v1/pipelines/hooked", &[], b"").expect(204);
    assert_eq!(events().expect(200).json()["events"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_signed_request_starts_one_run_however_often_it_comes() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let trigger = "[triggers.push]\nwebhook = { path = \"push\", secret = \"hook\", param = \"text\" }\n";
    let _ = deploy(&server, &format!("{TEXT}{trigger}")).expect(200);
    let (body, time) = (b"hello".as_slice(), now());
    let signature = sign(KEY, "msg_1", time, body);
    // Nobody has set the secret yet, and that is told to nobody.
    assert_eq!(send(&server, "push", "msg_1", time, &signature, body).status, 401);
    set_secret(&server, KEY, 0);
    let refused = [
        send(&server, "push", "msg_1", time, &signature, b"hellp"),
        send(&server, "push", "msg_2", time, &signature, body),
        send(&server, "push", "msg_1", time + 1, &signature, body),
        send(&server, "push", "msg_1", time, "", body),
        send(&server, "push", "msg_1", time, "v2,AAAA", body),
        send(&server, "push", "msg_1", time, "v1,not base64", body),
        send(&server, "push", "old", time - 302, &sign(KEY, "old", time - 302, body), body),
        send(&server, "push", "new", time + 330, &sign(KEY, "new", time + 330, body), body),
        send(&server, "other", "msg_1", time, &signature, body),
    ];
    for answer in &refused {
        assert_eq!((answer.status, &answer.body), (401, &refused[0].body), "{}", answer.text());
    }
    let large = vec![b'x'; (1 << 20) + 1];
    assert_eq!(send(&server, "push", "large", time, &signature, &large).status, 413);
    assert!(runs(&server, "").is_empty());

    let answers: Vec<Answer> = thread::scope(|scope| {
        let senders: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..125).map(|_| send(&server, "push", "msg_1", time, &signature, body)).collect::<Vec<_>>()
                })
            })
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    });
    let accepted = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(accepted, 1);
    let run = answers[0].json()["run"].as_str().unwrap().to_owned();
    assert!(answers.iter().all(|answer| answer.status <= 202 && answer.json()["run"] == json!(run)));
    let ended = finish(&server, &run);
    assert_eq!((&ended["state"], &ended["trigger"]), (&json!("succeeded"), &json!("push")));
    let output = server.get(&format!("/api/v1/runs/{run}/steps/a/output")).expect(200).json();
    assert_eq!(output["value"], "HELLO");

    // Both keys count while the old one is kept.
    set_secret(&server, NEW_KEY, 600);
    assert_eq!(send(&server, "push", "msg_3", time, &sign(KEY, "msg_3", time, body), body).status, 202);
    assert_eq!(send(&server, "push", "msg_4", time, &sign(NEW_KEY, "msg_4", time, body), body).status, 202);
    let both = format!("{} {}", sign(KEY, "msg_5", time, b"x"), sign(NEW_KEY, "msg_5", time, body));
    assert_eq!(send(&server, "push", "msg_5", time, &both, body).status, 202);

    let paused = server.post("/api/v1/pipelines/hooked/triggers/push/pause", &json!({}));
    let _ = paused.expect(204);
    let signature = sign(NEW_KEY, "msg_6", time, body);
    assert_eq!(send(&server, "push", "msg_6", time, &signature, body).status, 409);
    let _ = server.post("/api/v1/pipelines/hooked/triggers/push/resume", &json!({})).expect(204);
    assert_eq!(send(&server, "push", "msg_6", time, &signature, body).status, 202);
    let history = server.get("/api/v1/pipelines/hooked/triggers/push/events").expect(200).json();
    assert_eq!(history["events"].as_array().unwrap().len(), 5, "{history}");

    // Known after a restart, too.
    let token = server.token().to_owned();
    assert_eq!(server.stop(), 0);
    let server = Server::start(&bench, &[]).with_token(&token);
    let again = send(&server, "push", "msg_6", time, &signature, body).expect(200);
    assert!(again.json()["run"].is_string());
    assert_eq!(runs(&server, "trigger=push").len(), 5);
}

#[test]
fn times_and_ends_of_other_runs_start_runs() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let often =
        TEXT.replace("hooked", "often") + "[triggers.tick]\nevery = \"1s\"\n[triggers.never]\ncron = \"0 0 1 1 *\"\n";
    let behind =
        TEXT.replace("hooked", "behind") + "[triggers.next]\nfinished = { pipeline = \"often\", param = \"text\" }\n";
    let _ = deploy(&server, &behind).expect(200);
    let _ = deploy(&server, &often).expect(200);
    let ticks = wait_for_runs(&server, "pipeline=often", 3);
    assert!(ticks.iter().all(|run| run["trigger"] == "tick" && run["scheduled_for"].is_string()), "{ticks:?}");
    let _ = wait_for_runs(&server, "pipeline=behind&state=succeeded", 2);
    let list = server.get("/api/v1/triggers").expect(200).json();
    let never = list["triggers"].as_array().unwrap().iter().find(|trigger| trigger["name"] == "never").unwrap();
    assert_eq!((&never["timezone"], never["next"].as_array().unwrap().len()), (&json!("UTC"), 10), "{never}");
    let _ = server.post("/api/v1/pipelines/often/pause", &json!({})).expect(204);
    let all = runs(&server, "pipeline=often&limit=200");
    thread::sleep(Duration::from_millis(2_500));
    assert!(runs(&server, "pipeline=often&limit=200").len() <= all.len() + 1);
    let times: std::collections::BTreeSet<_> = all.iter().map(|run| run["scheduled_for"].to_string()).collect();
    assert_eq!(times.len(), all.len(), "a time has at most one run");
}

#[test]
fn each_file_starts_one_run_also_across_a_restart() {
    let bench = Bench::new();
    bench.warm();
    let config = bench.write("stepmill.toml", "[folders]\ninboxes = [\"in\"]\n");
    std::fs::create_dir(bench.path().join("in")).expect("a folder");
    let args = ["--config", config.to_str().unwrap()];
    let server = Server::start(&bench, &args);
    let _ = upload(&server).expect(201);
    let text = "name = \"inbox\"\n[params.file]\ntype = \"file\"\n[steps.a]\nuse = \"behaviours/file_size\"\n\
        inputs.file = \"params.file\"\n\
        [triggers.drop]\noverlap = \"allow\"\nfile = { path = \"box\", pattern = \"*.csv\", param = \"file\", settle = \"0s\" }\n";
    let _ = deploy(&server, text).expect(200);
    for number in 0..20 {
        let draft = bench.write(&format!("draft/{number}"), "x".repeat(100 + number));
        std::fs::create_dir_all(bench.path().join("in/box")).expect("a folder");
        std::fs::rename(draft, bench.path().join(format!("in/box/{number}.csv"))).expect("a file");
    }
    bench.write("in/box/other.txt", "no");
    let _ = wait_for_runs(&server, "pipeline=inbox&state=succeeded&limit=200", 20);
    let token = server.token().to_owned();
    assert_eq!(server.stop(), 0);
    let server = Server::start(&bench, &args).with_token(&token);
    bench.write("in/box/late.csv", "late");
    let _ = wait_for_runs(&server, "pipeline=inbox&state=succeeded&limit=200", 21);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(runs(&server, "pipeline=inbox&limit=200").len(), 21);
    let outside = text.replace("\"box\"", "\"../..\"").replace("inbox", "outside");
    let _ = deploy(&server, &outside).expect(200);
    let deadline = Instant::now() + WAIT;
    while !server.log().contains("is not in one that triggers may watch") {
        assert!(Instant::now() < deadline, "nothing says why the folder is not watched\n{}", server.log());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_trigger_waits_when_its_pipeline_has_been_deployed() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    set_secret(&server, KEY, 0);
    for index in 0..20 {
        let step = "[steps.a]\nuse = \"behaviours/noop\"\n";
        let trigger = format!("[triggers.t]\nwebhook = {{ path = \"p{index}\", secret = \"hook\" }}\n");
        let _ = deploy(&server, &format!("name = \"p{index}\"\n{step}{trigger}")).expect(200);
        let signed = signed(KEY, "msg_1", b"");
        let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = ask(server.address(), "POST", &format!("/hooks/p{index}"), &headers, b"").expect("an answer");
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
}

#[test]
fn whatever_its_sender_calls_it_a_body_is_bytes() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    set_secret(&server, KEY, 0);
    let trigger = "[triggers.push]\nwebhook = { path = \"push\", secret = \"hook\", param = \"text\" }\n";
    let _ = deploy(&server, &format!("{TEXT}{trigger}")).expect(200);
    // Nothing in it is a path, a part or a field.
    for (index, media_type) in [
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json",
        "image/png",
        "no type at all",
    ]
    .into_iter()
    .enumerate()
    {
        let (id, body) = (format!("typed_{index}"), b"files[path]=/etc/passwd".as_slice());
        let signed = signed(KEY, &id, body);
        let mut headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.push(("content-type", media_type));
        let answer = ask(server.address(), "POST", "/hooks/push", &headers, body).expect("an answer").expect(202);
        let run = answer.json()["run"].as_str().unwrap().to_owned();
        assert_eq!(finish(&server, &run)["state"], "succeeded", "{media_type}");
        let output = server.get(&format!("/api/v1/runs/{run}/steps/a/output")).expect(200).json();
        assert_eq!(output["value"], "FILES[PATH]=/ETC/PASSWD", "{media_type}");
    }
}
