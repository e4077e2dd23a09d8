//! A machine whose clock was a year ahead for a while. `faketime` shows the process another time.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Signal, kill_process};
use serde_json::{Value as Json, json};
use stepmill_tests::{Bench, server::Server};

use super::deploy::{deploy, finish, upload};

const PATIENCE: Duration = Duration::from_secs(30);

/// The library that does it, where Debian puts it. CI has no excuse.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let library = folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|path| path.exists());
    if library.is_none() {
        assert!(std::env::vars().all(|(key, _)| key != "CI"), "faketime is missing: apt-get install faketime");
        eprintln!("skipped: faketime is missing");
    }
    library
}

fn start_run(server: &Server) -> String {
    let started = server.post("/api/v1/pipelines/plain/runs", &json!({})).expect(201).json();
    let run = started["id"].as_str().expect("a run").to_owned();
    assert_eq!(finish(server, &run)["state"], "succeeded");
    run
}

fn ids(server: &Server, pipeline: &str) -> Vec<String> {
    let page = server.get(&format!("/api/v1/runs?pipeline={pipeline}&limit=200")).expect(200).json();
    let runs = page["runs"].as_array().expect("runs").iter();
    runs.map(|run| run["id"].as_str().expect("an id").to_owned()).collect()
}

fn wait_for_more(server: &Server, pipeline: &str, than: usize) {
    let deadline = Instant::now() + PATIENCE;
    while ids(server, pipeline).len() <= than {
        assert!(Instant::now() < deadline, "no more than {than} runs of {pipeline}\n{}", server.log());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_clock_that_was_a_year_ahead_loses_no_run_and_stops_no_trigger() {
    let Some(library) = faketime() else { return };
    let bench = Bench::new();
    bench.warm();
    let ahead = [
        ("LD_PRELOAD", library.to_str().expect("UTF-8")),
        ("FAKETIME", "+400d"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let server = Server::start(&bench, &[]);
    let token = server.token().to_owned();
    let _ = upload(&server).expect(201);
    let plain = "name = \"plain\"\noutput = \"a\"\n[steps.a]\nuse = \"behaviours/numbers\"\nconfig.count = 3\n";
    let step = "[steps.a]\nuse = \"behaviours/noop\"\n[triggers.t]\n";
    let often = format!("name = \"often\"\n{step}every = \"1s\"\noverlap = \"allow\"\n");
    let after = format!("name = \"after\"\n{step}finished = {{ pipeline = \"plain\" }}\noverlap = \"allow\"\n");
    for text in [plain, &often, &after] {
        let _ = deploy(&server, text).expect(200);
    }
    let mut started = vec![start_run(&server)];
    assert_eq!(server.stop(), 0);

    let server = Server::try_start_within(&bench, &[], &ahead).expect("a start").with_token(&token);
    started.push(start_run(&server));
    let run: Json = server.get(&format!("/api/v1/runs/{}", started[1])).expect(200).json();
    let (then, now) = (started_year(&run), started_year(&server.get(&format!("/api/v1/runs/{}", started[0])).json()));
    assert!(then > now, "the clock was not ahead: {run}");
    wait_for_more(&server, "often", 1);
    wait_for_more(&server, "after", 1);
    let before = ids(&server, "often").len();
    assert_eq!(server.stop(), 0);

    let server = Server::start(&bench, &[]).with_token(&token);
    wait_for_more(&server, "often", before);
    started.push(start_run(&server));
    wait_for_more(&server, "after", 2);
    let newest_first: Vec<_> = started.iter().rev().cloned().collect();
    assert_eq!(ids(&server, "plain"), newest_first, "in the order in which they were accepted");
    assert_eq!(ids(&server, "after").len(), 3, "one for each end");
    for run in &started {
        let output = server.get(&format!("/api/v1/runs/{run}/steps/a/output")).expect(200).json();
        assert_eq!(output["value"], json!([0, 1, 2]));
    }
    assert_eq!(server.stop(), 0);
    bench.run(&["gc"]).expect(0);
    for run in &started {
        bench.run(&["runs", "show", run]).expect(0);
    }
    bench.run(&["verify"]).expect(0);
    let latest = bench.run(&["runs", "show", "latest", "--json"]).expect(0).json();
    assert_eq!(started_year(&latest), now, "the latest is none from the future: {latest}");
}

#[test]
fn a_machine_that_was_suspended_for_hours_goes_on_where_it_was() {
    let Some(library) = faketime() else { return };
    let bench = Bench::new();
    bench.warm();
    let offset = bench.write("offset", "+0");
    let policy = bench.write("policy.toml", "[[allow]]\ngrants = [\"clock\"]\n");
    // The monotonic clock stands still while a machine is suspended.
    let clock = [
        ("LD_PRELOAD", library.to_str().expect("UTF-8")),
        ("FAKETIME_TIMESTAMP_FILE", offset.to_str().expect("UTF-8")),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let policy = ["--policy", policy.to_str().expect("UTF-8")];
    let server = Server::try_start_within(&bench, &policy, &clock).expect("a start");
    let _ = upload(&server).expect(201);
    let sleeping =
        "name = \"sleeping\"\n[steps.a]\nuse = \"behaviours/sleeps\"\ngrants.clock = true\ntimeout = \"4s\"\n";
    let retrying = "name = \"retrying\"\n[steps.a]\nuse = \"behaviours/ask_for_retry\"\ngrants.clock = true\n\
                    retry = { max_attempts = 2, initial = \"4s\", jitter = false }\n";
    let hourly = "name = \"hourly\"\n[steps.a]\nuse = \"behaviours/noop\"\n[triggers.t]\nevery = \"1h\"\n";
    for text in [sleeping, retrying, hourly] {
        let _ = deploy(&server, text).expect(200);
    }
    let start = |pipeline: &str| {
        let started = server.post(&format!("/api/v1/pipelines/{pipeline}/runs"), &json!({})).expect(201).json();
        started["id"].as_str().expect("a run").to_owned()
    };
    let step = |run: &str| server.get(&format!("/api/v1/runs/{run}")).expect(200).json()["steps"][0].clone();
    let (slept, retried) = (start("sleeping"), start("retrying"));
    let deadline = Instant::now() + PATIENCE;
    while step(&slept)["state"] != "running" || !step(&retried)["retry_at"].is_string() {
        assert!(Instant::now() < deadline, "{} {}", step(&slept), step(&retried));
        thread::sleep(Duration::from_millis(20));
    }

    kill_process(server.pid(), Signal::STOP).expect("a signal");
    bench.write("offset", "+5h");
    thread::sleep(Duration::from_secs(1));
    kill_process(server.pid(), Signal::CONT).expect("a signal");

    // What waited for seconds has not waited for hours, and what is due by the wall clock is due.
    assert_eq!(step(&slept)["state"], "running", "{}", step(&slept));
    assert_eq!(finish(&server, &slept)["state"], "failed");
    assert_eq!(finish(&server, &retried)["state"], "failed");
    assert_eq!(step(&retried)["attempts"].as_array().map(Vec::len), Some(2), "{}", step(&retried));
    wait_for_more(&server, "hourly", 0);
    let _ = server.get("/readyz").expect(200);
    assert_eq!(server.stop(), 0);
    bench.run(&["verify"]).expect(0);
}

fn started_year(shown: &Json) -> i32 {
    let at = shown["run"]["created_at"].as_str().expect("a time");
    at.split('-').next().expect("a year").parse().expect("a number")
}
