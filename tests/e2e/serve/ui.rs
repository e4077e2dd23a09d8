//! The pages of the web UI, and what the API has for them alone.

use serde_json::json;
use stepmill_tests::{Bench, server::Server};

use super::{
    deploy::{deploy, finish, upload},
    problem,
};

#[test]
fn what_is_not_of_the_api_is_the_one_page_under_a_strict_policy() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let built = stepmill_tests::root().join("ui/dist/index.html").exists();
    let anybody = [("authorization", "")];
    let page = server.request("GET", "/", &anybody, b"").expect(if built { 200 } else { 404 });
    for path in ["/runs", "/runs/0197?tab=logs", "/pipelines/weather", "/nothing/of/the/sort"] {
        let answer = server.request("GET", path, &anybody, b"");
        assert_eq!((answer.status, answer.text()), (page.status, page.text()), "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-eval") && !policy.contains("http"), "{policy}");
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src"));
        assert!(scripts.is_none_or(|scripts| scripts.trim() == "script-src 'self'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
    }
    for path in
        ["/api/v1/nothing", "/assets/none.js", "/favicon.ico", "/index.html", "/x/../../Cargo.toml", "/%2e%2e/a.toml"]
    {
        let answer = server.request("GET", path, &anybody, b"");
        assert!(matches!(answer.status, 401 | 404 | 405), "{path}: {} {}", answer.status, answer.text());
        problem(&answer);
    }
    let _ = server.request("DELETE", "/runs", &[("content-type", "application/json")], b"{}").expect(404);
    if built {
        let gzip = [("accept-encoding", "gzip"), ("authorization", "")];
        let answer = server.request("GET", "/", &gzip, b"").expect(200);
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
    } else {
        assert!(page.text().contains("just ui"), "{}", page.text());
        assert!(std::env::var_os("CI").is_none(), "the UI is not built: run `just ui`");
    }
}

#[test]
fn a_pipeline_is_shown_in_all_that_its_page_asks_for() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let text = "name = \"views\"\n[params.count]\ntype = \"integer\"\ndefault = 3\n\
        [steps.a]\nuse = \"behaviours/numbers\"\nconfig.count = { from = \"params.count\" }\n\
        [steps.b]\nuse = \"behaviours/sum\"\ninputs.numbers = \"a\"\n";
    let check = |text: &str| server.post("/api/v1/pipelines/check", &json!({ "text": text })).expect(200).json();
    let checked = check(text);
    assert_eq!(checked["graph"]["nodes"].as_array().map(Vec::len), Some(2), "{checked}");
    let broken = check(&text.replace("inputs.numbers = \"a\"", "inputs.numbers = \"c\""));
    let lines: Vec<_> =
        broken["problems"].as_array().unwrap().iter().map(|problem| &problem["places"][0]["line"]).collect();
    assert_eq!((&broken["graph"], lines), (&json!(null), vec![&json!(10)]), "{broken}");
    assert_eq!(server.get("/api/v1/pipelines").json()["pipelines"], json!([]), "checking deploys nothing");

    let _ = deploy(&server, text).expect(200);
    let start = |count: u32| {
        let body = json!({ "params": { "count": count } });
        let started = server.post("/api/v1/pipelines/views/runs", &body).expect(201).json();
        let id = started["id"].as_str().unwrap().to_owned();
        assert_eq!(finish(&server, &id)["state"], "succeeded");
        id
    };
    let first = start(4);
    let _ =
        deploy(&server, &format!("{text}[steps.c]\nuse = \"behaviours/sum\"\ninputs.numbers = \"a\"\n")).expect(200);
    let second = start(5);
    let grid = server.get("/api/v1/pipelines/views/grid?limit=10").expect(200).json();
    assert_eq!(grid["steps"], json!(["a", "b", "c"]));
    let rows: Vec<_> = grid["runs"].as_array().unwrap().iter().map(|row| (&row["run"]["id"], &row["states"])).collect();
    let ended = json!(["succeeded", "succeeded", "succeeded"]);
    let before = json!(["succeeded", "succeeded", null]);
    assert_eq!(rows, [(&json!(second), &ended), (&json!(first), &before)]);
    let recent = server.get("/api/v1/runs/pipelines?recent=1").expect(200).json();
    assert_eq!(recent["pipelines"][0]["recent"][0]["id"], json!(second), "{recent}");
    assert_eq!(recent["pipelines"][0]["recent"].as_array().map(Vec::len), Some(1), "{recent}");

    let param = server.get(&format!("/api/v1/runs/{first}/params/count")).expect(200).json();
    assert_eq!(param["value"], 4);
    let _ = server.get(&format!("/api/v1/runs/{first}/params/none")).expect(404);
    let shown = server.get(&format!("/api/v1/runs/{first}")).expect(200).json();
    assert!(shown["events"].as_u64().unwrap_or_default() > 4, "{}", shown["events"]);
    let graph = server.get(&format!("/api/v1/runs/{first}/graph")).expect(200).json();
    let node = &graph["nodes"][1];
    assert_eq!(node["inputs"], json!([{ "name": "numbers", "from": "a", "source": "step" }]), "{node}");
}

#[test]
fn a_file_is_looked_at_as_what_its_name_says_and_can_do_nothing() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let step = |step: &str, name: &str, lines: u32| {
        format!("[steps.{step}]\nuse = \"behaviours/write_file\"\nconfig = {{ name = \"{name}\", lines = {lines} }}\n")
    };
    let steps = [
        step("page", "page.html", 3),
        step("script", "evil.js", 3),
        step("table", "table.CSV", 3),
        step("image", "image.svg", 3),
        step("large", "large.txt", 2_000_000),
    ];
    let _ = deploy(&server, &format!("name = \"files\"\n{}", steps.concat())).expect(200);
    let started = server.post("/api/v1/pipelines/files/runs", &json!({})).expect(201).json();
    let run = started["id"].as_str().unwrap();
    assert_eq!(finish(&server, run)["state"], "succeeded");
    let look = |step: &str, index: u32| server.get(&format!("/api/v1/runs/{run}/steps/{step}/files/{index}/preview"));
    for (step, media) in [
        ("page", "text/html; charset=utf-8"),
        ("script", "text/plain; charset=utf-8"),
        ("table", "text/plain; charset=utf-8"),
        ("image", "image/svg+xml"),
    ] {
        let answer = look(step, 0).expect(200);
        assert_eq!(answer.header("content-type"), Some(media), "{step}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("sandbox; default-src 'none';") && !policy.contains("allow-"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.text(), "line 0\nline 1\nline 2\n");
    }
    let large = look("large", 0).expect(413);
    assert!(large.text().contains("download it"), "{}", large.text());
    let _ = look("page", 1).expect(404);
    let file = server.get(&format!("/api/v1/runs/{run}/steps/page/files/0")).expect(200);
    assert_eq!(file.header("content-type"), Some("application/octet-stream"));
    assert!(file.header("content-disposition").is_some_and(|value| value.starts_with("attachment")));
}

#[test]
fn the_host_says_how_it_stands() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let system = server.get("/api/v1/system").expect(200).json();
    assert_eq!(system["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&system["active_runs"], &system["refuses_runs"]), (&json!(0), &json!(false)), "{system}");
    let disk = &system["disk"];
    assert!(disk["free_bytes"].as_u64() > disk["needed_bytes"].as_u64(), "{system}");
    assert!(system["database_bytes"].as_u64() > Some(0), "{system}");
    assert!(system["settings"]["max_active_runs"].as_u64() > Some(0), "{system}");
}

#[test]
fn a_text_goes_on_with_the_modules_that_came_with_it() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let digest = upload(&server).expect(201).json()["digest"].clone();
    let text = "name = \"pinned\"\n[modules]\nbehaviours = { path = \"behaviours.wasm\" }\n\
        [steps.a]\nuse = \"behaviours/numbers\"\nconfig.count = 3\n";
    let check = |body: serde_json::Value| server.post("/api/v1/pipelines/check", &body).expect(200).json();
    let alone = check(json!({ "text": text }));
    assert_eq!(alone["problems"][0]["code"], "stepmill::registry::path", "{alone}");
    let modules = json!({ "behaviours": digest, "not_in_the_text": digest });
    let with = check(json!({ "text": text, "modules": modules }));
    assert_eq!((&with["problems"], &with["graph"]["nodes"][0]["digest"]), (&json!([]), &digest), "{with}");
    let deployed = server.post("/api/v1/pipelines", &json!({ "text": text, "modules": modules })).expect(200);
    // A name that no path is given for follows what it means, whatever was sent.
    assert_eq!(deployed.json()["modules"], json!({ "behaviours": digest }));
    let free = text.replace("behaviours = { path = \"behaviours.wasm\" }\n", "");
    let freed = server.post("/api/v1/pipelines", &json!({ "text": free, "modules": modules })).expect(200).json();
    assert_eq!((&freed["revision"], &freed["modules"]), (&json!(2), &json!(null)), "{freed}");
}
