//! Requests that are wrong on purpose: the service answers with the right code, or closes the connection, and lives.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use stepmill_tests::{
    Bench,
    server::{Server, answer},
};

use super::{filled, problem, routes};

#[test]
fn nothing_in_a_path_leads_out_of_the_data_directory() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let evil = [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5cwindows",
        "%252e%252e%252f",
        "%2fetc%2fpasswd",
        "a%00b",
        "%c0%ae%c0%ae",
        "..;/",
        "%ef%bc%8fetc",
        "CON",
        "'%20OR%201=1--",
        "%22;DROP%20TABLE%20runs",
    ];
    let long = "a".repeat(4096);
    for (method, path, _) in routes(&server) {
        if !path.contains('{') {
            continue;
        }
        for with in evil.iter().copied().chain([long.as_str()]) {
            let json = [("content-type", "application/json")];
            let answer = server.request(&method, &filled(&path, with), &json, b"{\"value\":\"x\"}");
            assert!(answer.status < 500 && answer.status != 204, "{method} {path} {with}: {}", answer.text());
            assert!(!answer.text().contains("root:"), "{method} {path} {with}");
        }
    }
    let _ = server.get("/healthz").expect(200);
}

#[test]
fn only_requests_meant_for_this_host_are_answered() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let (address, token) = (server.address(), server.token());
    let ask = |line: &str, hosts: &str| {
        let text = format!("{line} HTTP/1.1\r\n{hosts}authorization: Bearer {token}\r\nconnection: close\r\n\r\n");
        server.raw(text.as_bytes()).map_or(0, |answer| answer.status)
    };
    assert_eq!(ask("GET /api/v1/runs", &format!("host: {address}\r\n")), 200);
    let local = format!("localhost:{}", address.port());
    assert_eq!(ask("GET /api/v1/runs", &format!("host: {local}\r\n")), 200);
    for hosts in [
        "host: evil.example\r\n".to_owned(),
        format!("host: evil.example:{}\r\n", address.port()),
        format!("host: {address}.evil.example\r\n"),
        "host: 127.0.0.1\r\n".to_owned(),
        format!("host: evil.example\r\nx-forwarded-host: {address}\r\n"),
        format!("host: {address}\r\nhost: evil.example\r\n"),
    ] {
        assert!(matches!(ask("GET /api/v1/runs", &hosts), 400 | 421), "{hosts}");
    }
    assert!(matches!(ask("GET /api/v1/runs", ""), 400 | 421));
    let elsewhere = ask("GET http://evil.example/api/v1/runs", &format!("host: {address}\r\n"));
    assert!(matches!(elsewhere, 400 | 421), "{elsewhere}");
}

#[test]
fn other_sites_cannot_change_anything() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let other_port = format!("http://127.0.0.1:{}", server.address().port() ^ 1);
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", other_port.as_str()),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let headers = [(name, value), ("content-type", "application/json")];
        let answer = server.request("POST", "/api/v1/tokens", &headers, b"{\"name\":\"x\",\"role\":\"viewer\"}");
        assert_eq!(answer.status, 403, "{name}: {value}: {}", answer.text());
    }
    let plain = [("content-type", "text/plain")];
    let answer = server.request("POST", "/api/v1/tokens", &plain, b"{\"name\":\"x\",\"role\":\"viewer\"}");
    assert_eq!(answer.status, 415);
    assert!(!server.get("/api/v1/tokens").text().contains("\"x\""));
    let own = format!("http://{}", server.address());
    let headers = [("origin", own.as_str()), ("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
    let _ = server.request("POST", "/api/v1/tokens", &headers, b"{\"name\":\"x\",\"role\":\"viewer\"}").expect(201);
}

#[test]
fn bodies_that_are_wrong_are_refused_in_words() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let json = [("content-type", "application/json")];
    let deep = "[".repeat(100_000);
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(3 << 20));
    let cases: [(&[u8], u16); 13] = [
        (b"", 400),
        (b"{", 400),
        (b"{\"name\":\"x\",\"role\":\"god\"}", 422),
        (b"{\"name\":\"x\",\"role\":\"viewer\",\"more\":1}", 422),
        (b"{\"name\":\"\\ud800\",\"role\":\"viewer\"}", 400),
        (b"{\"name\":\"\xff\",\"role\":\"viewer\"}", 400),
        (b"null", 422),
        (b"[]", 422),
        // Arrays are no objects without names.
        (b"[\"x\",\"viewer\",null]", 422),
        (b"{\"name\":\"x\",\"name\":\"y\",\"role\":\"viewer\"}", 422),
        (b"\"x\"", 422),
        (deep.as_bytes(), 422),
        (large.as_bytes(), 413),
    ];
    for (body, status) in cases {
        let answer = server.request("POST", "/api/v1/tokens", &json, body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
        // A client that goes on sending may find the connection closed.
        assert!(answer.status == status, "{shown}: {} {}", answer.status, answer.text());
        problem(&answer);
    }
    for query in
        ["limit=-1", "limit=0", "limit=1000000000", "limit=NaN", "cursor=x", "cursor=%27", "state=x", "no=1", "from=x"]
    {
        let answer = server.get(&format!("/api/v1/runs?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        problem(&answer);
    }
}

#[test]
fn a_body_that_may_be_missing_may_be_null_and_is_otherwise_an_object() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let start = |body: &str| {
        let json = [("content-type", "application/json")];
        server.request("POST", "/api/v1/pipelines/none/runs", &json, body.as_bytes())
    };
    // What is looked for next is the pipeline.
    for body in ["", "null", "{}"] {
        let _ = start(body).expect(404);
    }
    let array = problem(&start("[{}, true]").expect(422));
    assert_eq!(array["detail"], "the body must be a JSON object, not an array");
    let twice = problem(&start("{\"params\":{\"x\":1,\"x\":2}}").expect(422));
    assert!(twice["detail"].as_str().unwrap().contains("the key `x` is given twice"), "{twice}");
}

#[test]
fn another_method_is_a_problem_that_names_those_that_are_taken() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let wrong = server.request("DELETE", "/api/v1/runs", &[], b"").expect(405);
    assert!(wrong.header("allow").is_some_and(|allowed| allowed.contains("get")), "{}", wrong.head);
    assert_eq!(problem(&wrong)["detail"], "`/api/v1/runs` takes no DELETE");
    let _ = server.request("PATCH", "/hooks/x", &[("authorization", "")], b"").expect(405);
}

#[test]
fn an_idempotency_key_is_text_that_arrives_as_it_was_sent() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    for key in ["", "   ", "\t", "a\tb", "é", &"k".repeat(256)] {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let answer = server.request("POST", "/api/v1/pipelines/none/runs", &headers, b"{}");
        assert_eq!(answer.status, 400, "{key:?}: {}", answer.text());
        assert!(problem(&answer)["detail"].as_str().unwrap().contains("`Idempotency-Key`"), "{}", answer.text());
    }
    let plain = [("content-type", "application/json"), ("idempotency-key", "order 7")];
    let _ = server.request("POST", "/api/v1/pipelines/none/runs", &plain, b"{}").expect(404);
}

#[test]
fn an_upload_that_breaks_off_is_its_senders_fault() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let head = format!(
        "POST /api/v1/files?name=a.csv HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-length: 1000\r\n\r\n",
        server.address(),
        server.token()
    );
    let mut stream = server.connect();
    stream.write_all(format!("{head}half").as_bytes()).expect("a request");
    stream.shutdown(std::net::Shutdown::Write).expect("a half-open connection");
    let answered = answer(stream).expect("an answer");
    assert_eq!(answered.status, 400, "{}", answered.text());
    assert!(!server.log().contains("an upload failed"), "{}", server.log());
}

#[test]
fn heads_that_are_wrong_or_large_are_refused() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let address = server.address();
    let head = |more: &str| format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{more}\r\n");
    let many: String = (0..2_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let cases = [
        head(&format!("x: {}\r\n", "y".repeat(1 << 20))),
        head(&many),
        head("x: a\0b\r\n"),
        head(" folded\r\n"),
        head("content-length: -1\r\n"),
        head("content-length: 1\r\ncontent-length: 2\r\n"),
        format!("GET /{} HTTP/1.1\r\nhost: {address}\r\n\r\n", "a".repeat(100_000)),
        "GET\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}TLS".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ];
    for case in cases {
        let status = server.raw(case.as_bytes()).map(|answer| answer.status);
        let shown: String = case.chars().take(140).collect();
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{shown}: {status:?}");
    }
    let _ = server.get("/healthz").expect(200);
}

#[test]
fn whoever_is_slow_is_cut_off_and_holds_nobody_up() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let mut idle: Vec<_> = (0..200).map(|_| server.connect()).collect();
    let mut slow = server.connect();
    slow.write_all(b"GET /healthz HT").expect("a part");
    let begun = Instant::now();
    let _ = server.get("/healthz").expect(200);
    assert!(begun.elapsed() < Duration::from_secs(5));
    let mut rest = Vec::new();
    drop(slow.read_to_end(&mut rest));
    for stream in &mut idle {
        drop(stream.read_to_end(&mut rest));
    }
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
}
