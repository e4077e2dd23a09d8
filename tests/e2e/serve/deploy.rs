//! Modules are uploaded, pipelines deployed, runs started: by API and by command.

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench, guest,
    server::{Answer, Server},
};

const SUM: &str = "name = \"sum\"\noutput = \"b\"\n[params.count]\ntype = \"integer\"\ndefault = 3\n\
    [steps.a]\nuse = \"behaviours/numbers\"\nconfig.count = { from = \"params.count\" }\n\
    [steps.b]\nuse = \"behaviours/sum\"\ninputs.numbers = \"a\"\n";

/// Uploads the guest that shows behaviours.
pub(crate) fn upload(server: &Server) -> Answer {
    let wasm = std::fs::read(guest("behaviours")).expect("a component");
    server.request("POST", "/api/v1/modules", &[("content-type", "application/wasm")], &wasm)
}

/// Deploys a pipeline.
pub(crate) fn deploy(server: &Server, text: &str) -> Answer {
    server.post("/api/v1/pipelines", &json!({ "text": text }))
}

/// Follows a run to its end, and says how it ended.
pub(crate) fn finish(server: &Server, run: &str) -> Json {
    let events = server.events(&format!("/api/v1/runs/{run}/events"), None);
    assert_eq!(events.last().expect("events").event, "end");
    server.get(&format!("/api/v1/runs/{run}")).expect(200).json()["run"].clone()
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().expect("a run").to_owned()
}

#[test]
fn what_is_deployed_runs_and_is_there_after_a_restart() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let missing = deploy(&server, SUM).expect(422).json();
    assert!(missing["problems"][0]["message"].as_str().unwrap().contains("no module `behaviours`"), "{missing}");
    let uploaded = upload(&server).expect(201).json();
    assert_eq!((&uploaded["name"], &uploaded["active"]), (&json!("behaviours"), &json!(true)), "{uploaded}");
    let deployed = deploy(&server, SUM).expect(200).json();
    assert_eq!((&deployed["revision"], deployed["problems"].as_array()), (&json!(1), None), "{deployed}");
    assert_eq!(deploy(&server, SUM).expect(200).json()["revision"], 1);
    let started = server.post("/api/v1/pipelines/sum/runs", &json!({ "params": { "count": 5 } })).expect(201);
    assert_eq!(finish(&server, &id(&started))["state"], "succeeded");
    let output = server.get(&format!("/api/v1/runs/{}/steps/b/output", id(&started))).expect(200).json();
    assert_eq!(output["value"], 10);
    let window = format!("/api/v1/runs/{}/steps/a/output?offset=1&limit=2", id(&started));
    let window = server.get(&window).expect(200).json();
    assert_eq!((&window["value"], &window["total"], &window["next"]), (&json!([1, 2]), &json!(5), &json!(3)));
    let wrong =
        server.post("/api/v1/pipelines/sum/runs", &json!({ "params": { "count": "x", "more": 1 } })).expect(422);
    assert!(wrong.text().contains("count") && wrong.text().contains("more"), "{}", wrong.text());
    let _ = server.post("/api/v1/pipelines/none/runs", &json!({})).expect(404);
    let token = server.token().to_owned();
    assert_eq!(server.stop(), 0);
    let server = Server::start(&bench, &[]).with_token(&token);
    let started = server.request("POST", "/api/v1/pipelines/sum/runs", &[], b"").expect(201);
    assert_eq!(finish(&server, &id(&started))["state"], "succeeded");
    let _ = server.request("DELETE", "/api/v1/modules/behaviours", &[], b"").expect(409);
    let _ = server.request("DELETE", "/api/v1/pipelines/sum", &[], b"").expect(204);
    let _ = server.request("DELETE", "/api/v1/modules/behaviours", &[], b"").expect(204);
    let _ = server.post("/api/v1/pipelines/sum/runs", &json!({})).expect(404);
    assert_eq!(upload(&server).expect(201).json()["active"], true);
}

#[test]
fn the_same_request_gives_the_same_run() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let _ = deploy(&server, SUM).expect(200);
    let ask = |key: &str, body: &str| {
        let headers = [("idempotency-key", key), ("content-type", "application/json")];
        server.request("POST", "/api/v1/pipelines/sum/runs", &headers, body.as_bytes())
    };
    let first = id(&ask("one", "{}").expect(201));
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..16).map(|_| scope.spawn(|| ask("one", "{}"))).collect();
        for answer in asked {
            assert_eq!(id(&answer.join().unwrap().expect(200)), first);
        }
    });
    let _ = ask("one", "{\"params\":{\"count\":4}}").expect(422);
    assert_ne!(id(&ask("two", "{}").expect(201)), first);
    let _ = ask("", "{}").expect(400);
    let _ = ask(&"x".repeat(300), "{}").expect(400);
    let twice = [("idempotency-key", "one"), ("idempotency-key", "two")];
    let _ = server.request("POST", "/api/v1/pipelines/sum/runs", &twice, b"").expect(400);
    assert_eq!(server.get("/api/v1/runs").json()["runs"].as_array().unwrap().len(), 2);
}

/// A client that had no answer asks again, and gets the answer of then, not one about the pipeline or the files of now.
#[test]
fn the_same_request_gives_the_same_run_whatever_has_changed_since() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let token = server.token().to_owned();
    let _ = upload(&server).expect(201);
    let text = "name = \"size\"\n[params.file]\ntype = \"file\"\n[steps.a]\nuse = \"behaviours/file_size\"\n\
        inputs.file = \"params.file\"\n";
    let _ = deploy(&server, text).expect(200);
    let send = |server: &Server, name: &str| {
        let octets = [("content-type", "application/octet-stream")];
        let sent = server.request("POST", &format!("/api/v1/files?name={name}"), &octets, b"1,2,3").expect(201);
        json!({ "params": { "file": { "file": sent.json()["file"] } } }).to_string()
    };
    let ask = |server: &Server, body: &str| {
        let headers = [("idempotency-key", "one"), ("content-type", "application/json")];
        server.request("POST", "/api/v1/pipelines/size/runs", &headers, body.as_bytes())
    };
    let body = send(&server, "a.csv");
    let first = id(&ask(&server, &body).expect(201));
    assert_eq!(finish(&server, &first)["state"], "succeeded");
    assert_eq!(id(&ask(&server, &send(&server, "a.csv")).expect(200)), first, "the file was sent again");
    let _ = ask(&server, &send(&server, "b.csv")).expect(422);
    let other = "name = \"size\"\n[params.count]\ntype = \"integer\"\n[steps.a]\nuse = \"behaviours/noop\"\n";
    let _ = deploy(&server, other).expect(200);
    assert_eq!(id(&ask(&server, &body).expect(200)), first, "the pipeline has other parameters");
    let _ = server.request("DELETE", "/api/v1/pipelines/size", &[], b"").expect(204);
    assert_eq!(id(&ask(&server, &body).expect(200)), first, "the pipeline has gone");
    assert_eq!(server.stop(), 0);
    let server = Server::start(&bench, &[]).with_token(&token);
    assert_eq!(id(&ask(&server, &body).expect(200)), first, "the server has forgotten the file");
}

#[test]
fn files_are_sent_ahead_and_no_path_of_the_host_is_read() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let text = "name = \"size\"\n[params.file]\ntype = \"file\"\n[steps.a]\nuse = \"behaviours/file_size\"\n\
        inputs.file = \"params.file\"\n";
    let _ = deploy(&server, text).expect(200);
    let octets = [("content-type", "application/octet-stream")];
    let bytes = vec![7; 3_000_000];
    let sent = server.request("POST", "/api/v1/files?name=data.bin", &octets, &bytes).expect(201).json();
    let body = json!({ "params": { "file": { "file": sent["file"] } } });
    let started = server.post("/api/v1/pipelines/size/runs", &body).expect(201);
    assert_eq!(finish(&server, &id(&started))["state"], "succeeded");
    let output = server.get(&format!("/api/v1/runs/{}/steps/a/output", id(&started))).expect(200).json();
    assert_eq!(output["value"], 3_000_000);
    for wrong in [json!("/etc/passwd"), json!({ "file": "/etc/passwd" }), json!({ "path": "/etc/passwd" }), json!(null)]
    {
        let body = json!({ "params": { "file": wrong } });
        let refused = server.post("/api/v1/pipelines/size/runs", &body).expect(422);
        assert!(refused.text().contains("no file that was sent"), "{}", refused.text());
    }
    let default = text.replace("type = \"file\"", "type = \"file\"\ndefault = \"/etc/passwd\"");
    let _ = deploy(&server, &default).expect(200);
    let unsent = server.post("/api/v1/pipelines/size/runs", &json!({})).expect(422);
    assert!(unsent.text().contains("parameter `file` is missing"), "{}", unsent.text());
    let local = format!("{text}[modules]\nbehaviours = {{ path = \"/tmp\" }}\n");
    assert!(deploy(&server, &local).expect(422).text().contains("which a server does not read"));
    for name in ["", "..%2fx", ".hidden", "a%00b"] {
        let _ = server.request("POST", &format!("/api/v1/files?name={name}"), &octets, b"x").expect(400);
    }
}

#[test]
fn what_is_no_module_is_refused_and_what_was_there_stays() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let good = upload(&server).expect(201).json();
    let wasm = std::fs::read(guest("behaviours")).expect("a component");
    let send = |bytes: &[u8]| {
        server.request("POST", "/api/v1/modules?name=behaviours", &[("content-type", "application/wasm")], bytes)
    };
    let mut damaged = wasm.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    let cases: [(&str, &[u8]); 7] = [
        ("empty", b""),
        ("garbage", b"garbage"),
        ("text", b"(component)"),
        ("core module", b"\0asm\x01\0\0\0"),
        ("header and noise", b"\0asm\x0d\0\x01\0\xff\xff\xff\xff"),
        ("cut", &wasm[..wasm.len() / 2]),
        ("damaged", &damaged),
    ];
    for (what, bytes) in cases {
        let answer = send(bytes);
        assert_eq!(answer.status, 422, "{what}: {}", answer.text());
    }
    let large = vec![0; 33 << 20];
    assert_eq!(send(&large).status, 413);
    let other = server.request("POST", "/api/v1/modules", &[("content-type", "text/plain")], &wasm);
    assert_eq!(other.status, 415);
    let shown = server.get("/api/v1/modules/behaviours").expect(200).json();
    assert_eq!(shown["versions"].as_array().unwrap().len(), 1);
    assert_eq!(shown["versions"][0]["digest"], good["digest"]);
}

#[test]
fn a_run_of_a_server_is_repeated_with_other_parameters_by_command() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let _ = deploy(&server, SUM).expect(200);
    let url = format!("http://{}", server.address());
    let ask = |arguments: &[&str]| {
        let mut command = bench.command(arguments);
        command.env_remove("STEPMILL_DATA").env("STEPMILL_SERVER", &url).env("STEPMILL_TOKEN", server.token());
        let output = command.output().expect("the binary starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Json>(&output.stdout).expect("JSON")["id"].as_str().expect("a run").to_owned()
    };
    let value = |run: &str| {
        assert_eq!(finish(&server, run)["state"], "succeeded");
        server.get(&format!("/api/v1/runs/{run}/steps/b/output")).expect(200).json()["value"].clone()
    };
    let first = ask(&["start", "sum", "--param", "count=5"]);
    assert_eq!(value(&first), 10);
    let second = ask(&["runs", "rerun", &first, "--param", "count=4"]);
    assert_eq!(value(&second), 6);
    assert_eq!(value(&ask(&["runs", "rerun", &second])), 6);
}
