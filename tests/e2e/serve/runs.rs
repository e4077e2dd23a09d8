//! Runs over HTTP: what a data directory holds is shown, followed and repeated.

use serde_json::json;
use stepmill_tests::{Bench, server::Server};

use super::deploy::{deploy, upload};

#[test]
fn what_has_run_is_shown_as_the_command_line_shows_it() {
    let bench = Bench::new();
    let path = bench.pipeline_returning(
        "b",
        "[steps.a]\nuse = \"b/numbers\"\nconfig.count = 3\n[steps.b]\nuse = \"b/sum\"\ninputs.numbers = \"a\"\n",
    );
    let ran = bench.run(&["run", path.to_str().unwrap(), "--json"]);
    let said = ran.json();
    let id = said["run"]["id"].as_str().or(said["id"].as_str()).expect("an id").to_owned();
    let shown = bench.run(&["runs", "show", &id, "--json"]).expect(0).json();
    let listed = bench.run(&["runs", "list", "--json"]).expect(0).json();
    let server = Server::start(&bench, &[]);
    assert_eq!(server.get(&format!("/api/v1/runs/{id}")).expect(200).json(), shown);
    assert_eq!(server.get("/api/v1/runs").expect(200).json(), listed);
    let events: Vec<_> = server.events(&format!("/api/v1/runs/{id}/events"), None).collect();
    assert_eq!(events.last().map(|event| event.event.as_str()), Some("end"));
    let seen = &events[events.len() / 2];
    let rest: Vec<_> = server.events(&format!("/api/v1/runs/{id}/events"), Some(&seen.id)).collect();
    assert_eq!(rest, events[events.len() / 2 + 1..]);
    let again = server.post(&format!("/api/v1/runs/{id}/rerun"), &json!({})).expect(201);
    let new = again.json()["id"].as_str().unwrap().to_owned();
    let live: Vec<_> = server.events(&format!("/api/v1/runs/{new}/events"), None).collect();
    assert!(live.iter().any(|event| event.data.contains("run_finished")), "{live:?}");
    assert_eq!(server.get(&format!("/api/v1/runs/{new}")).expect(200).json()["run"]["state"], "succeeded");
    // No body means what an empty one does: earlier results will do.
    let plain = server.request("POST", &format!("/api/v1/runs/{id}/rerun"), &[], b"").expect(201).json();
    let plain = plain["id"].as_str().unwrap();
    assert_eq!(server.events(&format!("/api/v1/runs/{plain}/events"), None).last().unwrap().event, "end");
    let reused = server.get(&format!("/api/v1/runs/{plain}")).expect(200).json();
    assert_eq!(reused["steps"][0]["cache"]["result"], "hit", "{reused}");
    let cancel = server.post(&format!("/api/v1/runs/{new}/cancel"), &json!({})).expect(409);
    assert!(cancel.text().contains("has ended"), "{}", cancel.text());
}

#[test]
fn a_stop_ends_streams_that_have_no_end_of_their_own() {
    let bench = Bench::new();
    let mut server = Server::start(&bench, &[]);
    let events = server.events("/api/v1/runs/live", None);
    assert_eq!(server.end(), 0);
    assert_eq!(events.count(), 0);
    assert!(!server.log().contains("cut off"), "{}", server.log());
}

#[test]
fn commands_say_the_same_of_a_server_as_of_a_data_directory() {
    let bench = Bench::new();
    let path = bench.pipeline_returning(
        "b",
        "[steps.a]\nuse = \"b/numbers\"\nconfig.count = 3\n[steps.b]\nuse = \"b/sum\"\ninputs.numbers = \"a\"\n\
         [steps.each]\nuse = \"b/same_number\"\nfor_each = \"a\"\ninputs.value = \"item\"\n\
         [steps.file]\nuse = \"b/write_file\"\nconfig.name = \"x.txt\"\n\
         [steps.says]\nuse = \"b/chatters\"\nconfig.lines = 5\n",
    );
    let _ = bench.run(&["run", path.to_str().unwrap()]).expect(0);
    let commands: [&[&str]; 14] = [
        &["runs", "list", "--json"],
        &["pipelines", "list", "--json"],
        &["pipelines", "list"],
        &["runs", "show", "latest"],
        &["runs", "show", "latest", "--json"],
        &["runs", "show", "latest", "each"],
        &["runs", "show", "latest", "nothing"],
        &["runs", "logs", "latest"],
        &["runs", "logs", "latest", "--follow", "--step", "says"],
        &["runs", "logs", "latest", "--json"],
        &["runs", "output", "latest"],
        &["runs", "output", "latest", "each"],
        &["runs", "output", "latest", "each", "--item", "1"],
        &["runs", "output", "latest", "a", "--raw"],
    ];
    let local: Vec<_> = commands.iter().map(|command| bench.run(command)).collect();
    let server = Server::start(&bench, &[]);
    let url = format!("http://{}", server.address());
    let ask = |command: &[&str], token: &str| {
        let mut command = bench.command(command);
        command.env_remove("STEPMILL_DATA").env("STEPMILL_SERVER", &url).env("STEPMILL_TOKEN", token);
        command.output().expect("the binary starts")
    };
    for (command, local) in commands.iter().zip(&local) {
        let remote = ask(command, server.token());
        let told = String::from_utf8_lossy(&remote.stderr).into_owned();
        assert_eq!(remote.status.code(), local.code, "{command:?}: {told}");
        assert_eq!(ageless(&String::from_utf8_lossy(&remote.stdout)), ageless(&local.stdout), "{command:?}");
        assert_eq!(told, local.stderr, "{command:?}");
    }
    let out = bench.path().join("saved");
    let saved = ask(&["runs", "output", "latest", "file", "--out", out.to_str().unwrap()], server.token());
    assert!(saved.status.success(), "{}", String::from_utf8_lossy(&saved.stderr));
    assert!(std::fs::read_to_string(out.join("x.txt")).unwrap().contains("line"));
    let refused = ask(&["runs", "list"], "stpm_wrong");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("STEPMILL_TOKEN"));
    // An address that is nearly right.
    let wrong = |server: &str, token: &str| {
        let mut command = bench.command(&["runs", "list", "--server", server]);
        let ran = command.env("STEPMILL_TOKEN", token).output().expect("the binary starts");
        (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    for (server, code, parts) in [
        (format!("{url}/wrong"), 3, ["is no stepmill server", "leave `/wrong` out of --server"]),
        (format!("{url}/api/v1"), 3, ["is no stepmill server", "leave `/api/v1` out of --server"]),
        (url.replace("http", "https"), 3, ["does not answer", "https needs a proxy"]),
        (url.replace("http://", ""), 2, ["`http://` is missing", &format!("write --server {url}")]),
    ] {
        let (ended, told) = wrong(&server, "stpm_x");
        assert!(ended == Some(code) && parts.iter().all(|part| told.contains(part)), "{server}: {told}");
    }
    let (ended, told) = wrong(&url, "stpm_x\nstpm_y");
    assert!(ended == Some(2) && told.contains("STEPMILL_TOKEN"), "{told}");
    drop(server);
    let nobody = ask(&["runs", "list"], "x");
    assert_eq!(nobody.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("does not answer"));
}

#[test]
fn a_parameter_means_the_same_to_start_as_to_run() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let kinds = [
        ("s", "string", "''"),
        ("i", "integer", "0"),
        ("n", "number", "0"),
        ("f", "boolean", "false"),
        ("j", "json", "{}"),
    ];
    let params: String = kinds
        .iter()
        .map(|(name, kind, default)| format!("{name} = {{ type = \"{kind}\", default = {default} }}\n"))
        .collect();
    let steps = "[steps.a]\nuse = \"behaviours/noop\"\n";
    let _ = deploy(&server, &format!("name = \"given\"\n[params]\n{params}{steps}")).expect(200);
    let local = Bench::new();
    let path = local.pipeline(&format!("[params]\n{params}[steps.a]\nuse = \"b/noop\"\n"));
    let url = format!("http://{}", server.address());
    let run = |given: &str| {
        let ran = local.run(&["run", path.to_str().unwrap(), "-p", given, "--json"]);
        if ran.code != Some(0) {
            return Err(complaint(&ran.stderr));
        }
        let shown = local.run(&["runs", "show", "latest", "--json"]).expect(0).json();
        Ok(shown["params"].clone())
    };
    let start = |given: &str| {
        let mut command = bench.command(&["start", "given", "-p", given]);
        command.env_remove("STEPMILL_DATA").env("STEPMILL_SERVER", &url).env("STEPMILL_TOKEN", server.token());
        let ran = command.output().expect("the binary starts");
        if !ran.status.success() {
            assert_eq!(ran.status.code(), Some(2), "{given}");
            return Err(complaint(&String::from_utf8_lossy(&ran.stderr)));
        }
        let started: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        let id = started["id"].as_str().unwrap();
        Ok(server.get(&format!("/api/v1/runs/{id}")).expect(200).json()["params"].clone())
    };
    let texts = ["", "plain text", "a=b", "+5", "1e3", "true", "null", "\"q\"", "{\"a\":1"];
    for (name, _, _) in kinds {
        for text in texts {
            let given = format!("{name}={text}");
            assert_eq!(start(&given), run(&given), "{given}");
        }
    }
    // All that is wrong is said at once, also beside a file that is not sent then.
    let unknown = start("more=1").unwrap_err();
    assert!(unknown.contains("no parameter `more`"), "{unknown}");
}

/// What is wrong, without the warnings before it.
fn complaint(stderr: &str) -> String {
    stderr.rsplit_once("error: ").expect("an error").1.to_owned()
}

#[test]
fn how_far_a_step_is_reaches_who_follows_its_run() {
    let bench = Bench::new();
    bench.warm();
    let server = Server::start(&bench, &[]);
    let _ = upload(&server).expect(201);
    let text = "name = \"slow\"\n[steps.a]\nuse = \"behaviours/says_early_and_works\"\nconfig.turns = 200000000000\n";
    let _ = deploy(&server, text).expect(200);
    let started = server.post("/api/v1/pipelines/slow/runs", &json!({})).expect(201).json();
    let id = started["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/runs/{id}/events");
    // One who comes later is told, too; and one who was there before hears nothing twice.
    let mut last = None;
    for _ in 0..2 {
        let mut events = server.events(&path, last.as_deref());
        let said = events.find(|event| event.data.contains("\"progress\"")).expect("progress");
        let said_of: serde_json::Value = serde_json::from_str(&said.data).unwrap();
        assert_eq!((&said_of["step"], &said_of["done"], &said_of["total"]), (&json!("a"), &json!(1), &json!(2)));
        assert_eq!((said_of["message"].as_str(), said.id.as_str()), (Some("half"), ""), "it is in no journal");
        last = Some("1".to_owned());
    }
    let events = server.events(&path, None);
    let _ = server.post(&format!("/api/v1/runs/{id}/cancel"), &json!({})).expect(202);
    let all: Vec<_> = events.collect();
    assert_eq!(all.iter().filter(|event| event.data.contains("\"progress\"")).count(), 1, "{all:?}");
    assert_eq!(all.last().unwrap().event, "end");
    let again: Vec<_> = server.events(&path, None).collect();
    assert!(again.iter().all(|event| !event.data.contains("\"progress\"")), "{again:?}");
}

/// The words of a text, whatever time has passed since what it tells of.
fn ageless(text: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        match (words.last(), word) {
            (Some(&"just"), "now") => {
                words.pop();
                words.push("lately");
            }
            (Some(_), "ago") => {
                words.truncate(words.len().saturating_sub(2));
                words.push("lately");
            }
            _ => words.push(word),
        }
    }
    words.join(" ")
}
