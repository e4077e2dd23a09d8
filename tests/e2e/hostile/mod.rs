//! Hostile programs against a live server: each comes to its verdict, and the server and all others go on as if nothing
//! had been.

mod bytes;
mod corpus;
mod watch;

use std::{
    collections::VecDeque,
    panic,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value as Json;

use self::{
    corpus::{Module, Program, Verdict},
    watch::{Target, under_watch},
};

/// How long any of them may take, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_program_of_the_corpus_comes_to_its_verdict() {
    let only = std::env::var_os("STEPMILL_HOSTILE").unwrap_or_default().to_string_lossy().into_owned();
    let programs: VecDeque<_> = corpus::read().into_iter().filter(|program| program.name.contains(&only)).collect();
    assert!(programs.len() > 60 || !only.is_empty(), "{} programs", programs.len());
    let (programs, wrong) = (Mutex::new(programs), Mutex::new(Vec::new()));
    under_watch(|target| {
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while let Some(program) = next(&programs) {
                        let began = Instant::now();
                        let judged = panic::catch_unwind(panic::AssertUnwindSafe(|| judge(target, &program)));
                        let problem = judged.unwrap_or_else(|_| Err("the test panicked, see above".to_owned()));
                        if let Err(problem) = problem {
                            wrong.lock().expect("no panic").push(format!("{}: {problem}", program.name));
                        }
                        if began.elapsed() > Duration::from_secs(5) {
                            eprintln!("{} took {:?}", program.name, began.elapsed());
                        }
                    }
                });
            }
        });
        let wrong = wrong.lock().expect("no panic");
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

fn next(programs: &Mutex<VecDeque<Program>>) -> Option<Program> {
    programs.lock().expect("no panic").pop_front()
}

/// Brings a program to the server, runs it, and compares what comes of it.
fn judge(target: &Target, program: &Program) -> Result<(), String> {
    let Program { name, settings, verdict, says, .. } = program;
    let uses = match &program.module {
        Module::Step(step) => format!("hostile/{step}"),
        Module::Text(text) => {
            let wasm = wat::parse_str(text).map_err(|error| format!("not a program: {error}"))?;
            let answer = target.upload(name, &wasm);
            match verdict {
                Verdict::Refused if answer.status == 422 => return all_said(says, &answer.text()),
                Verdict::Refused => return Err(format!("it was taken: {}", answer.text())),
                _ if answer.status == 201 => format!("{name}/run"),
                _ => return Err(format!("it was refused: {}", answer.text())),
            }
        }
    };
    target.deploy(name, &uses, settings);
    let run = target.start(name);
    let known = target.finish(&run, PATIENCE);
    let attempt = &known["steps"][0]["attempts"][0];
    let logs = target.get(&format!("/api/v1/runs/{run}/logs")).expect(200);
    if let Some(lines) = program.log {
        let kept = attempt["usage"]["log_lines"].as_u64();
        if kept != Some(lines as u64) || logs.text().contains('\u{1b}') {
            return Err(format!("{} lines are in its log: {}", lines, attempt["usage"]));
        }
    }
    let output = |query: &str| target.get(&format!("/api/v1/runs/{run}/steps/it/output{query}"));
    match verdict {
        Verdict::Fails(kinds) => {
            let (kind, failure) = (kind_of(&attempt["failure"]["kind"]), attempt["failure"].to_string());
            if !kinds.split('|').any(|one| one == kind) {
                return Err(format!("it did not fail with {kinds} but with {kind}: {attempt}"));
            }
            all_said(says, &failure)?;
            if failure.len() > 8_192 { Err(format!("it says too much: {failure}")) } else { Ok(()) }
        }
        _ if known["run"]["state"] != "succeeded" => Err(format!("it failed: {attempt}")),
        Verdict::Returns(value) => {
            let returned = output("").expect(200).json()["value"].clone();
            if returned == json_of(value) { Ok(()) } else { Err(format!("it returned {returned}")) }
        }
        _ => {
            for query in ["", "?path=a", "?path=[0]", "?offset=1&limit=2", "/raw"] {
                let answer = output(query);
                if answer.status >= 500 {
                    return Err(format!("its output cannot be shown: {query} {}", answer.text()));
                }
            }
            Ok(())
        }
    }
}

fn all_said(says: &[String], text: &str) -> Result<(), String> {
    let text = text.replace("\\\\", "\\");
    match says.iter().find(|part| !part.split('|').any(|one| text.contains(one))) {
        None => Ok(()),
        Some(part) => Err(format!("`{part}` is not in {}", text.chars().take(1_000).collect::<String>())),
    }
}

/// `"trapped"`, or `limit_reached.cpu` of `{"limit_reached": "cpu"}`.
fn kind_of(kind: &Json) -> String {
    match kind.as_object().and_then(|kind| kind.iter().next()) {
        Some((kind, detail)) => format!("{kind}.{}", detail.as_str().unwrap_or_default()),
        None => kind.as_str().unwrap_or_default().to_owned(),
    }
}

fn json_of(value: &toml::Value) -> Json {
    match value {
        toml::Value::Integer(number) => Json::from(*number),
        value => Json::from(value.as_str().unwrap_or_default()),
    }
}

/// W02: more spinning steps than the machine has processors for, in one pipeline and in many.
#[test]
fn many_spinning_steps_delay_nobody() {
    under_watch(|target| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        target.deploy("spinners", "hostile/spins", "limits.cpu = \"1s\"\ntimeout = \"20s\"");
        let runs: Vec<_> = (0..2 * cores + 8).map(|_| target.start("spinners")).collect();
        for run in runs {
            let known = target.finish(&run, PATIENCE);
            let kind = kind_of(&known["steps"][0]["attempts"][0]["failure"]["kind"]);
            assert!(["limit_reached.cpu", "limit_reached.wall"].contains(&kind.as_str()), "{known}");
        }
    });
}

/// Types that cost much to compare: a pipeline with an edge from each to each is taken or refused, soon.
#[test]
fn types_that_explode_are_compared_in_bounded_time() {
    under_watch(|target| {
        let known = target.get("/api/v1/modules/hostile").expect(200).json();
        let steps = known["versions"][0]["steps"].as_array().expect("steps").clone();
        let named = |prefix: &str| -> Vec<String> {
            let names = steps.iter().filter_map(|step| step["name"].as_str()?.strip_prefix(prefix).map(str::to_owned));
            names.collect()
        };
        let (makes, takes) = (named("makes_"), named("takes_"));
        assert!(makes.len() > 10 && makes == takes, "{makes:?} {takes:?}");
        for made in &makes {
            let mut text = format!("name = \"types\"\n[steps.a]\nuse = \"hostile/makes_{made}\"\n");
            for taken in &takes {
                text += &format!("[steps.of_{taken}]\nuse = \"hostile/takes_{taken}\"\ninputs.value = \"a\"\n");
            }
            let began = Instant::now();
            let answer = target.post("/api/v1/pipelines", &serde_json::json!({ "text": text }));
            assert!(matches!(answer.status, 200 | 422), "{made}: {} {}", answer.status, answer.text());
            assert!(began.elapsed() < Duration::from_secs(20), "{made} took {:?}", began.elapsed());
            assert!(answer.body.len() < 1 << 20, "{made}: {} bytes of problems", answer.body.len());
        }
    });
}

/// W18: what floods of log lines leave on the disk.
#[test]
fn floods_of_log_lines_do_not_fill_the_disk() {
    under_watch(|target| {
        let before = target.size_on_disk();
        target.deploy("floods", "hostile/floods_the_log", "cache = false");
        let runs: Vec<_> = (0..4).map(|_| target.start("floods")).collect();
        for run in runs {
            let known = target.finish(&run, PATIENCE);
            assert_eq!(known["run"]["state"], "succeeded", "{known}");
            let usage = &known["steps"][0]["attempts"][0]["usage"];
            assert_eq!((usage["log_lines"].as_u64(), usage["log_lines_dropped"].as_u64()), (Some(256), Some(99_744)));
        }
        // A line is in the database and in its write-ahead log, and the canaries are there, too.
        let grown = target.size_on_disk().saturating_sub(before);
        assert!(grown < 32 << 20, "{grown} bytes for 4 logs of 1 MiB");
    });
}

/// W49: runs are cancelled at any time while their steps spin.
#[test]
fn cancelled_runs_leave_nothing() {
    under_watch(|target| {
        target.deploy("cancelled", "hostile/spins", "");
        for turn in 0..150_u64 {
            let run = target.start("cancelled");
            // A prime number spreads the moments over 0 to 50 ms.
            thread::sleep(Duration::from_millis(turn * 37 % 51));
            let answer = target.post(&format!("/api/v1/runs/{run}/cancel"), &serde_json::json!({}));
            assert!(answer.status < 300, "{}", answer.text());
            let known = target.finish(&run, PATIENCE);
            assert_eq!(known["run"]["state"], "cancelled", "{known}");
        }
    });
}
