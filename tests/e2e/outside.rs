//! What steps use outside their sandbox: the network, secrets, the environment. Against a real server, and with a look at
//! everything that is left behind.

use std::{fs, path::Path};

use serde_json::Value as Json;
use stepmill_tests::{Bench, guest, witness::Witness};

const SECRET: &str = "s3cret/of+the operator";

/// A pipeline of one step `a` of the module `outside`.
fn pipeline(bench: &Bench, step: &str, more: &str) {
    let module = Json::from(guest("outside").to_string_lossy().into_owned());
    let head = format!("name = \"p\"\n[modules]\noutside = {{ path = {module} }}\n");
    bench.write("p.toml", format!("{head}[steps.a]\nuse = \"outside/{step}\"\n{more}\n"));
}

fn output(bench: &Bench) -> Json {
    let printed = bench.run(&["runs", "output", "latest", "a"]).expect(0).stdout;
    serde_json::from_str(&printed).unwrap_or_else(|_| printed.trim_end().into())
}

/// Whether a text is in any file below a folder.
fn is_below(dir: &Path, text: &str) -> bool {
    fs::read_dir(dir).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return is_below(&path, text);
        }
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

fn net(witness: &Witness) -> String {
    format!("grants.net = [\"{}\"]", witness.origin())
}

#[test]
fn a_request_needs_a_grant_a_word_of_the_operator_and_an_open_address() {
    let (bench, witness) = (Bench::new(), Witness::new());
    let (origin, config) = (witness.origin(), format!("config.url = \"{}/x?y\"\n", witness.origin()));
    // Not asked for: the module cannot even be linked to it.
    pipeline(&bench, "fetch", &config);
    bench.run(&["run", "p.toml", "--allow", "all"]).expect(1).complains(&["grants.net"]);
    // Not allowed.
    pipeline(&bench, "fetch", &format!("{config}{}", net(&witness)));
    let refused = bench.run(&["run", "p.toml"]).expect(2);
    refused.complains(&["p.toml:7:", "step `a` asks for the grant", &format!("--allow net={origin}"), "[[allow]]"]);
    // Not open: `all` does not stand for private addresses.
    let closed = bench.run(&["run", "p.toml", "--allow", "all"]).expect(1);
    closed.complains(&["127.0.0.1, which is not public", "private=127.0.0.1"]);
    assert!(witness.seen().is_empty());
    let allow = format!("net={origin},private=127.0.0.1");
    bench.run(&["run", "p.toml", "--allow", &allow]).expect(0);
    assert_eq!(output(&bench), serde_json::json!({ "status": 200, "body": "/x?y" }));
    let policy = format!("private = [\"127.0.0.1\"]\n[[allow]]\nstep = \"a\"\ngrants = [\"net={origin}\"]\n");
    bench.write("policy.toml", policy);
    bench.run(&["run", "p.toml", "--policy", "policy.toml"]).expect(0);
    // Asked twice, since what is out there may have changed.
    assert_eq!(witness.seen().len(), 2);
    assert_eq!(witness.seen()[0].header("x-own"), Some("of the step"));
}

#[test]
fn plain_and_async_steps_send_and_receive() {
    let (bench, witness) = (Bench::new(), Witness::new());
    let allow = ["run", "p.toml", "--allow", "all,private=127.0.0.1"];
    pipeline(
        &bench,
        "echo",
        &format!("config = {{ url = \"{}\", bytes = 3000000 }}\n{}", witness.origin(), net(&witness)),
    );
    bench.run(&allow).expect(0);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|index| index as u8).collect();
    assert_eq!(witness.seen()[0].body, bytes);
    let urls: Vec<_> = (0..20).map(|index| format!("{}/{index}", witness.origin())).collect();
    pipeline(&bench, "fetch_all", &format!("config.urls = {urls:?}\n{}", net(&witness)));
    bench.run(&allow).expect(0);
    assert_eq!(output(&bench), Json::from(vec![200; 20]));
    assert_eq!(witness.seen().len(), 21);
}

#[test]
fn a_step_that_waits_for_an_answer_can_be_timed_out() {
    let (bench, witness) = (Bench::new(), Witness::new());
    witness.hold();
    let config = format!("config = {{ url = \"{}\", timeout_ms = 200 }}\n{}", witness.origin(), net(&witness));
    pipeline(&bench, "fetch", &config);
    let allow = ["run", "p.toml", "--allow", "all,private=127.0.0.1"];
    bench.run(&allow).expect(1).complains(&["no answer in time"]);
    pipeline(&bench, "fetch", &format!("timeout = \"300ms\"\n{}", config.replace(", timeout_ms = 200", "")));
    bench.run(&allow).expect(1).complains(&["longer than 300 ms"]);
}

#[test]
fn the_host_puts_a_secret_into_a_header_and_the_step_never_holds_it() {
    let (bench, witness) = (Bench::new(), Witness::new());
    let grant = format!("{{ url = \"{}\", headers = {{ authorization = \"Bearer {{token}}\" }} }}", witness.origin());
    pipeline(&bench, "fetch", &format!("config.url = \"{}\"\ngrants.net = [{grant}]", witness.origin()));
    let net = format!("net={},private=127.0.0.1", witness.origin());
    bench.run(&["run", "p.toml", "--allow", &net]).expect(2).complains(&["`secret=token`", "--allow secret=token"]);
    let allow = format!("{net},secret=token");
    let unset = bench.run(&["run", "p.toml", "--allow", &allow]).expect(1);
    unset.complains(&["the secret `token` is not set", "--secret token"]);
    bench.run(&["run", "p.toml", "--allow", &allow, "--secret", &format!("token={SECRET}")]).expect(0);
    assert_eq!(witness.seen()[0].header("authorization"), Some(&*format!("Bearer {SECRET}")));
    assert!(!is_below(&bench.data(), SECRET));
}

#[test]
fn a_granted_secret_is_read_and_never_shown_by_what_the_step_says() {
    let bench = Bench::new();
    bench.write("token.txt", format!("{SECRET}\n"));
    let run = |secret: &str| bench.run(&["run", "p.toml", "--allow", "all", "--secret", secret, "-vv"]);
    for how in ["fail", "panic"] {
        pipeline(
            &bench,
            "leak",
            &format!("config = {{ name = \"token\", how = \"{how}\" }}\ngrants.secrets = [\"token\"]"),
        );
        let ran = run("token=@token.txt").expect(1);
        ran.complains(&["[secret token]"]);
        let logs = bench.run(&["runs", "logs", "latest"]).expect(0).stdout;
        for said in ["logged [secret token]", "printed [secret token]", "complained [secret token]"] {
            assert!(logs.contains(said), "{said} is not in\n{logs}");
        }
        let shown = bench.run(&["runs", "show", "latest", "a"]).expect(0).stdout;
        assert!(shown.contains("with [secret token]"), "{shown}");
        for text in [&ran.stdout, &ran.stderr, &logs, &shown] {
            assert!(!text.contains(SECRET), "{text}");
        }
        assert!(!is_below(&bench.data(), SECRET));
    }
    pipeline(&bench, "secret", "config.name = \"token\"\ngrants.secrets = [\"token\"]");
    run("token=@token.txt").expect(0);
    assert_eq!(output(&bench), SECRET);
    bench.run(&["run", "p.toml", "--allow", "all"]).expect(0);
    assert_eq!(output(&bench), "the secret is granted, but nobody has set it");
    pipeline(&bench, "secret", "config.name = \"token\"\ngrants.secrets = [\"other\"]");
    run("token=@token.txt").expect(0);
    assert_eq!(output(&bench), "the secret is not granted: name it in the step's `grants.secrets`");
    run("token").expect(2).complains(&["STEPMILL_SECRET_TOKEN"]);
    run("token=@none.txt").expect(2).complains(&["none.txt"]);
}

#[test]
fn only_granted_variables_are_seen() {
    let bench = Bench::new();
    pipeline(&bench, "environment", "");
    bench.run(&["run", "p.toml"]).expect(0);
    assert_eq!(output(&bench), serde_json::json!([]));
    pipeline(&bench, "environment", "grants.env = [\"PATH\", \"NO_SUCH_VARIABLE\"]");
    bench.run(&["run", "p.toml", "--allow", "env=PATH"]).expect(2).complains(&["`env=NO_SUCH_VARIABLE`"]);
    bench.run(&["run", "p.toml", "--allow", "all"]).expect(0);
    let seen = output(&bench);
    assert_eq!((&seen[0][0], seen.as_array().unwrap().len()), (&Json::from("PATH"), 1));
}

#[test]
fn headers_without_end_are_refused_and_nothing_else_happens() {
    let (bench, witness) = (Bench::new(), Witness::new());
    for (count, code) in [(20, 0), (5_000, 1), (1_000_000, 1)] {
        pipeline(
            &bench,
            "many_headers",
            &format!("config = {{ url = \"{}\", count = {count} }}\n{}", witness.origin(), net(&witness)),
        );
        let ran = bench.run(&["run", "p.toml", "--allow", "all,private=127.0.0.1"]).expect(code);
        assert!(code == 0 || ran.stderr.contains("size of fields exceeds limit"), "{}", ran.stderr);
    }
    assert_eq!(witness.seen().len(), 1);
}
