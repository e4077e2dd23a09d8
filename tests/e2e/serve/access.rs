//! Who is let in: every route, with and without a token, with each role.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    time::{Duration, Instant, SystemTime},
};

use serde_json::json;
use stepmill_tests::{Bench, Ran, server::Server};

use super::{filled, problem, routes, token};

const ROLES: [&str; 4] = ["viewer", "operator", "publisher", "admin"];
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

#[test]
fn every_route_but_a_few_needs_a_token() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let page = server.request("GET", "/", &[("authorization", "")], b"").text();
    let mut public = Vec::new();
    for (method, path, role) in routes(&server) {
        if role == "public" {
            public.push(format!("{method} {path}"));
            continue;
        }
        let path = filled(&path, NOBODY);
        let disguises = [path.clone(), format!("{path}/"), format!("{path}?x=/healthz"), format!("{path};/healthz")];
        let wrong = ["", "Bearer", "Bearer x", "Bearer stpm_", "Basic YWRtaW46YWRtaW4=", "stpm_x"];
        for path in &disguises {
            for authorization in wrong {
                let headers = [("authorization", authorization), ("content-type", "application/json")];
                let answer = server.request(&method, path, &headers, b"{}");
                // What is no route is an address of the UI: the page that everybody gets.
                if !path.starts_with("/api/") && answer.text() == page {
                    continue;
                }
                assert!(matches!(answer.status, 401 | 404), "{method} {path} {authorization}: {}", answer.text());
                problem(&answer);
            }
        }
        let plain = server.request(&method, &path, &[("authorization", "")], b"");
        assert_eq!(plain.status, 401, "{method} {path}");
        assert_eq!(plain.header("www-authenticate"), Some("bearer"));
    }
    public.sort();
    assert_eq!(
        public,
        [
            "GET /healthz",
            "GET /login/{secret}",
            "GET /readyz",
            "POST /api/v1/session",
            "POST /hooks/{path}",
            "POST /login/{secret}"
        ]
    );
}

#[test]
fn every_role_may_do_what_it_may_and_nothing_else() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let tokens: Vec<String> = ROLES.iter().map(|role| token(&server, role)).collect();
    for (method, path, needed) in routes(&server) {
        let Some(needed) = ROLES.iter().position(|role| *role == needed) else { continue };
        // Logging out would be of no use to the others; a stream does not end.
        if path.ends_with("/live") || (method == "DELETE" && path.ends_with("/session")) {
            continue;
        }
        for (rank, token) in tokens.iter().enumerate() {
            let bearer = format!("Bearer {token}");
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            // What is sent is wrong: who is let through is told so.
            let answer = server.request(&method, &filled(&path, NOBODY), &headers, b"[");
            let refused = answer.status == 403;
            assert_eq!(refused, rank < needed, "{method} {path} as {}: {}", ROLES[rank], answer.text());
        }
    }
}

/// Half a second from now, in milliseconds.
fn soon() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
    (now + Duration::from_millis(500)).as_millis().to_string()
}

#[test]
fn tokens_expire_and_are_revoked_but_never_the_last_of_an_admin() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let last = server.request("DELETE", "/api/v1/tokens/admin", &[], b"").expect(409);
    assert!(last.text().contains("the last admin token:"), "{}", last.text());
    // Nor may one that expires be all that remains.
    let later = json!({ "name": "later", "role": "admin", "expires_at": "2999-01-01T00:00:00Z" });
    let _ = server.post("/api/v1/tokens", &later).expect(201);
    let last = server.request("DELETE", "/api/v1/tokens/admin", &[], b"").expect(409);
    assert!(last.text().contains("the last admin token that does not expire"), "{}", last.text());
    let _ = server.request("DELETE", "/api/v1/tokens/later", &[], b"").expect(204);
    let viewer = format!("Bearer {}", token(&server, "viewer"));
    let ask = |authorization: &str| server.request("GET", "/api/v1/runs", &[("authorization", authorization)], b"");
    assert_eq!(ask(&viewer).status, 200);
    let _ = server.request("DELETE", "/api/v1/tokens/test-viewer", &[], b"").expect(204);
    assert_eq!(ask(&viewer).status, 401);
    let taken = server.post("/api/v1/tokens", &json!({ "name": "test-viewer", "role": "viewer" })).expect(409);
    assert!(taken.text().contains("names are not used again"), "{}", taken.text());
    let past = json!({ "name": "past", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z" });
    let past = problem(&server.post("/api/v1/tokens", &past).expect(422));
    assert!(past["detail"].as_str().unwrap().contains("`expires_at` is in the past"), "{past}");
    let soon = json!({ "name": "soon", "role": "viewer", "expires_at": soon() });
    let soon = server.post("/api/v1/tokens", &soon).expect(201).json();
    let soon = format!("Bearer {}", soon["token"].as_str().unwrap());
    let deadline = Instant::now() + Duration::from_secs(30);
    while ask(&soon).status != 401 {
        assert!(Instant::now() < deadline, "it does not expire");
        std::thread::sleep(Duration::from_millis(20));
    }
    let audit = server.get("/api/v1/audit").expect(200).text();
    for action in ["token.create", "token.revoke"] {
        assert!(audit.contains(action), "{audit}");
    }
    assert!(!audit.contains("stpm_"), "{audit}");
}

#[test]
fn a_link_logs_one_browser_in_once() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let body = json!({ "token": server.token() });
    let session = server.request(
        "POST",
        "/api/v1/session",
        &[("authorization", ""), ("content-type", "application/json")],
        body.to_string().as_bytes(),
    );
    let session = session.expect(201);
    let cookie = session.header("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    let _ = server.post("/api/v1/session", &json!({ "token": "stpm_wrong" })).expect(401);
}

#[test]
fn a_second_start_shows_no_token_and_the_first_one_still_holds() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let token = server.token().to_owned();
    assert_eq!(server.stop(), 0);
    let server = Server::start(&bench, &[]);
    assert_eq!(server.token(), "");
    let server = server.with_token(&token);
    let _ = server.get("/api/v1/runs").expect(200);
}

#[test]
fn secrets_are_sealed_and_never_shown() {
    const VALUE: &str = "canary-3b1c-secret-value";
    let bench = Bench::new();
    let server = Server::start(&bench, &["-vv"]);
    let json = [("content-type", "application/json")];
    let body = json!({ "value": VALUE }).to_string();
    let _ = server.request("PUT", "/api/v1/secrets/hook", &json, body.as_bytes()).expect(204);
    let _ = server.request("PUT", "/api/v1/secrets/hook", &json, b"{\"value\":\"\"}").expect(422);
    let list = server.get("/api/v1/secrets").expect(200).text();
    assert!(list.contains("\"hook\"") && !list.contains(VALUE), "{list}");
    let told = [server.log(), server.get("/api/v1/audit").text(), server.get("/metrics").text()].concat();
    assert!(!told.contains(VALUE), "{told}");
    assert_eq!(server.stop(), 0);
    for entry in std::fs::read_dir(bench.data()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        assert!(!bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes()), "{}", path.display());
    }
    // Another key opens nothing, and that is said at once.
    std::fs::write(bench.data().join("secrets.key"), [7; 32]).expect("a key");
    let log = Server::try_start(&bench, &[]).err().expect("refused");
    assert!(log.contains("does not open the secret `hook`") && log.contains("stepmill admin recover"), "{log}");
}

#[test]
fn a_server_whose_key_is_lost_starts_again_without_the_secrets() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let token = server.token().to_owned();
    set_secret(&server, "lost");
    let in_use = bench.run(&["admin", "recover"]).expect(3);
    in_use.complains(&["in use"]);
    assert_eq!((in_use.stdout.as_str(), server.stop()), ("", 0));

    let key = bench.data().join("secrets.key");
    let kept = std::fs::read(&key).expect("a key");
    std::fs::remove_file(&key).expect("a key");
    let log = Server::try_start(&bench, &[]).err().expect("refused");
    assert!(log.contains("is missing") && log.contains("stepmill admin recover"), "{log}");
    // Nothing was put in its place, and putting it back is enough.
    assert!(!key.exists());
    std::fs::write(&key, kept).expect("a key");
    let server = Server::start(&bench, &[]).with_token(&token);
    assert!(server.get("/api/v1/secrets").expect(200).text().contains("lost"));
    assert_eq!(server.stop(), 0);

    std::fs::remove_file(&key).expect("a key");
    let recovered = bench.run(&["admin", "recover"]).expect(0);
    recovered.complains(&["`recovered`", "`lost`", "stepmill secrets set"]);
    let server = Server::start(&bench, &[]).with_token(recovered.stdout.trim());
    assert_eq!(server.get("/api/v1/secrets").expect(200).json()["secrets"], json!([]));
    set_secret(&server, "kept");
    let audit = server.get("/api/v1/audit").expect(200).text();
    assert!(audit.contains("admin recover") && audit.contains("secret.remove"), "{audit}");
    assert_eq!(server.stop(), 0);

    // A damaged one is kept, in case it can be repaired. Where nobody sees the token, nothing is changed.
    std::fs::write(&key, "torn").expect("a key");
    let log = Server::try_start(&bench, &[]).err().expect("refused");
    assert!(log.contains("is damaged") && log.contains("stepmill admin recover"), "{log}");
    let mut unseen = bench.command(&["admin", "recover"]);
    let unseen = Ran::of(unseen.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts"));
    unseen.expect(3).complains(&["standard output"]);
    assert_eq!(std::fs::read(&key).expect("the damaged key"), b"torn");
    let again = bench.run(&["admin", "recover"]).expect(0);
    again.complains(&["`recovered-2`", "`kept`", "was damaged", "secrets.key.damaged`"]);
    assert_eq!(std::fs::read(key.with_extension("key.damaged")).expect("the damaged key"), b"torn");
    let server = Server::start(&bench, &[]).with_token(recovered.stdout.trim());
    set_secret(&server, "kept");
    assert_eq!(server.stop(), 0);

    // What can be opened stays.
    let quiet = bench.run(&["admin", "recover", "-q"]).expect(0);
    assert!(quiet.stdout.starts_with("stpm_") && quiet.stderr.is_empty(), "{quiet:?}");
    let again = bench.run(&["admin", "recover"]).expect(0);
    again.complains(&["`recovered-4`"]);
    assert!(!again.stderr.contains("discarded"), "{}", again.stderr);
    let server = Server::start(&bench, &[]).with_token(again.stdout.trim());
    assert!(server.get("/api/v1/secrets").expect(200).text().contains("kept"));
}

fn set_secret(server: &Server, name: &str) {
    let (typed, body) = ([("content-type", "application/json")], json!({ "value": "x" }).to_string());
    let _ = server.request("PUT", &format!("/api/v1/secrets/{name}"), &typed, body.as_bytes()).expect(204);
}

#[test]
fn who_has_the_data_directory_can_always_get_in() {
    let bench = Bench::new();
    bench.run(&["admin", "recover"]).expect(2).complains(&["no data directory"]);
    assert!(!bench.data().exists());
    bench.run(&["admin", "recover", "--server", "http://localhost:1"]).expect(2).complains(&["data directory"]);

    // A first token that nobody saw is not made: the next start shows one.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut serve = bench.command(&["serve", "--listen", "127.0.0.1:0"]);
    let ran = Ran::of(serve.stdout(writer).stderr(Stdio::piped()).spawn().expect("the binary starts"));
    ran.expect(3).complains(&["standard output"]);
    let mut serve = bench.command(&["serve", "--listen", "127.0.0.1:0"]);
    let ran = Ran::of(serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts"));
    ran.expect(3).complains(&["standard output"]);
    let server = Server::start(&bench, &[]);
    let _ = server.get("/api/v1/tokens").expect(200);

    // A reader that takes the first line has the token, and one that goes too early is reported.
    let piped = Bench::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut serve = piped.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut child = serve.stdout(writer).stderr(Stdio::piped()).spawn().expect("the binary starts");
    drop(serve);
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).expect("a line");
    let token = line.split_whitespace().find(|word| word.starts_with("stpm_")).expect("a token in the first line");
    let mut log = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(log.any(|line| line.starts_with("listening on")), "{line}");
    child.kill().and_then(|()| child.wait()).expect("a child");
    let piped = Server::start(&piped, &[]).with_token(token);
    let _ = piped.get("/api/v1/tokens").expect(200);

    // The last admin locks everybody out: with a token that expires soon, and without any other.
    let expired = json!({ "name": "soon", "role": "admin", "expires_at": soon() });
    let _ = server.post("/api/v1/tokens", &expired).expect(201);
    assert_eq!(server.stop(), 0);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut recover = bench.command(&["admin", "recover"]);
    let unread = Ran::of(recover.stdout(writer).stderr(Stdio::piped()).spawn().expect("the binary starts"));
    unread.expect(3).complains(&["standard output"]);
    let recovered = bench.run(&["admin", "recover"]).expect(0);
    recovered.complains(&["`recovered`"]);
    let server = Server::start(&bench, &[]).with_token(recovered.stdout.trim());
    let _ = server.request("DELETE", "/api/v1/tokens/admin", &[], b"").expect(204);
}
