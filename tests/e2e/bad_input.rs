//! What users get wrong: a clear message that names place and remedy, exit code 2, and nothing half-written.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use stepmill_tests::{Bench, guest};

/// Each row: a mistake, the rest of the pipeline, and what the complaint must name.
const MISTAKES: &[(&str, &str, &[&str])] = &[
    ("unknown key", "[steps.a]\nuse = \"b/noop\"\nretries = 3\n", &["retries", "pipeline.toml"]),
    (
        "cycle",
        "[steps.a]\nuse = \"b/noop\"\nneeds = [\"c\"]\n[steps.c]\nuse = \"b/noop\"\nneeds = [\"a\"]\n",
        &["a", "c", "→"],
    ),
    ("self-edge", "[steps.a]\nuse = \"b/noop\"\nneeds = [\"a\"]\n", &["`a`"]),
    ("duplicate step", "[steps.a]\nuse = \"b/noop\"\n[steps.a]\nuse = \"b/noop\"\n", &["duplicate"]),
    ("missing module", "[steps.a]\nuse = \"nowhere/noop\"\n", &["nowhere"]),
    ("missing step", "[steps.a]\nuse = \"b/noopp\"\n", &["noopp", "noop"]),
    (
        "wrong type on an edge",
        "[steps.n]\nuse = \"b/numbers\"\nconfig.count = 1\n[steps.s]\nuse = \"b/shout\"\ninputs.text = \"n\"\n",
        &["`n`", "`s`", "text", "list"],
    ),
    (
        "wrong type deep in an edge",
        "[steps.r]\nuse = \"b/make_rows\"\nconfig.count = 1\n[steps.s]\nuse = \"b/sum\"\ninputs.numbers = \"r\"\n",
        &["`r`", "`s`"],
    ),
    ("missing input", "[steps.s]\nuse = \"b/shout\"\n", &["text", "`s`"]),
    ("unknown input", "[steps.a]\nuse = \"b/noop\"\ninputs.x = \"a2\"\n[steps.a2]\nuse = \"b/noop\"\n", &["x"]),
    ("missing config", "[steps.a]\nuse = \"b/numbers\"\n", &["count"]),
    ("wrong type of config", "[steps.a]\nuse = \"b/numbers\"\nconfig.count = \"many\"\n", &["count", "many"]),
    ("unknown upstream", "[steps.a]\nuse = \"b/shout\"\ninputs.text = \"ghost\"\n", &["ghost"]),
    ("reserved name", "[steps.params]\nuse = \"b/noop\"\n", &["params", "reserved"]),
    ("bad limit", "[steps.a]\nuse = \"b/noop\"\nlimits.memory = \"much\"\n", &["much"]),
    ("not TOML", "[steps.a\nuse = \n", &["pipeline.toml"]),
];

#[test]
fn every_mistake_in_a_pipeline_is_named() {
    for (mistake, steps, parts) in MISTAKES {
        let bench = Bench::new();
        let path = bench.pipeline(steps);
        for command in ["check", "run"] {
            let ran = bench.run(&[command, path.to_str().unwrap()]);
            assert_eq!(ran.code, Some(2), "{mistake}, {command}: {ran:?}");
            for part in *parts {
                assert!(ran.stderr.contains(part), "{mistake}, {command}: no `{part}` in\n{}", ran.stderr);
            }
        }
        assert_eq!(bench.run(&["runs", "list", "--json"]).json()["runs"], serde_json::json!([]), "{mistake}");
    }
}

#[test]
fn all_mistakes_come_at_once() {
    let bench = Bench::new();
    let path =
        bench.pipeline("[steps.a]\nuse = \"b/ghost\"\n[steps.c]\nuse = \"b/numbers\"\n[steps.s]\nuse = \"b/shout\"\n");
    bench.run(&["check", path.to_str().unwrap()]).expect(2).complains(&["ghost", "count", "text"]);
    let report = bench.run(&["check", path.to_str().unwrap(), "--json"]).expect(2).json();
    assert_eq!(report["problems"].as_array().unwrap().len(), 3, "{report}");
}

#[test]
fn a_good_pipeline_is_said_to_be_good() {
    let bench = Bench::new();
    let path = bench.pipeline("[steps.a]\nuse = \"b/noop\"\n");
    bench.run(&["check", path.to_str().unwrap()]).expect(0);
}

#[test]
fn what_is_not_a_module_of_steps_is_refused_by_its_kind() {
    let component = fs::read(guest("behaviours")).unwrap();
    let core_module = b"\0asm\x01\0\0\0".to_vec();
    let empty_component = b"\0asm\x0d\0\x01\0".to_vec();
    let files: &[(&str, Vec<u8>, &[&str])] = &[
        ("empty.wasm", Vec::new(), &["empty"]),
        ("core.wasm", core_module, &["core module", "component"]),
        ("text.wasm", b"(component)".to_vec(), &["text"]),
        ("garbage.wasm", b"\x7fELF\x02\x01\x01".to_vec(), &["not"]),
        ("other_world.wasm", empty_component, &["stepmill:step/steps"]),
        ("cut.wasm", component[..component.len() / 2].to_vec(), &["cut.wasm"]),
    ];
    for (name, bytes, parts) in files {
        let bench = Bench::new();
        bench.write(name, bytes);
        let inspected = bench.run(&["inspect", name]).expect(2);
        inspected.complains(parts);
        let pipeline = bench.write(
            "pipeline.toml",
            format!("name = \"test\"\n[modules]\nm = {{ path = \"{name}\" }}\n[steps.a]\nuse = \"m/a\"\n"),
        );
        bench.run(&["run", pipeline.to_str().unwrap()]).expect(2).complains(&[name]);
    }
}

#[test]
fn a_role_that_is_none_is_refused_with_those_there_are() {
    let bench = Bench::new();
    let refused = bench.run(&["tokens", "create", "somebody", "--role", "owner"]).expect(2);
    for part in ["owner", "viewer", "operator", "publisher", "admin"] {
        assert!(refused.stderr.contains(part), "no `{part}` in {}", refused.stderr);
    }
}

#[test]
fn files_that_are_not_there_are_named() {
    let bench = Bench::new();
    bench.run(&["check", "nowhere.toml"]).expect(2).complains(&["nowhere.toml"]);
    bench.run(&["inspect", "nowhere.wasm"]).expect(2).complains(&["nowhere.wasm"]);
    let path = bench
        .write("pipeline.toml", "name = \"t\"\n[modules]\nm = { path = \"gone.wasm\" }\n[steps.a]\nuse = \"m/a\"\n");
    bench.run(&["check", path.to_str().unwrap()]).expect(2).complains(&["gone.wasm"]);
}

#[test]
fn parameters_are_checked_all_at_once() {
    let bench = Bench::new();
    let path = bench.pipeline(
        "[params]\nname = { type = \"string\" }\ncount = { type = \"integer\" }\nfile = { type = \"file\" }\n\
         [steps.a]\nuse = \"b/greet\"\ninputs.name = \"params.name\"\n",
    );
    let path = path.to_str().unwrap();
    let ran = bench.run(&["run", path, "-p", "count=many", "-p", "file=/nowhere", "-p", "ghost=1"]).expect(2);
    ran.complains(&["`name` is missing", "--param name=", "count", "many", "/nowhere", "ghost"]);
    let folder = bench.run(&["run", path, "-p", "name=x", "-p", "count=1", "-p", "file=/tmp"]).expect(2);
    folder.complains(&["`file` takes a file", "`/tmp` is a folder", "give the path of one file"]);
    assert_eq!(bench.run(&["runs", "list", "--json"]).json()["runs"], serde_json::json!([]));
}

#[test]
fn a_data_directory_in_use_is_refused_with_its_holder() {
    let bench = Bench::new();
    let path = bench.pipeline("[steps.slow]\nuse = \"b/spins\"\nlimits.cpu = \"1h\"\n");
    let mut child = bench.start(&["run", path.to_str().unwrap()]);
    let holder = child.id().to_string();
    // A second run that came first would hold the directory itself, and spin.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !bench.data().join("control.sock").exists() {
        assert!(Instant::now() < deadline, "the first run never held the directory");
        std::thread::sleep(Duration::from_millis(20));
    }
    bench.run(&["run", path.to_str().unwrap(), "--json"]).expect(3).complains(&[&holder]);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_data_directory_of_a_newer_version_is_left_untouched() {
    let bench = Bench::new();
    let path = bench.pipeline("[steps.a]\nuse = \"b/noop\"\n");
    bench.run(&["run", path.to_str().unwrap()]).expect(0);
    let database = bench.data().join("stepmill.db");
    rusqlite::Connection::open(&database).unwrap().pragma_update(None, "user_version", 9_999).unwrap();
    let before = fs::read(&database).unwrap();
    bench.run(&["run", path.to_str().unwrap()]).expect(3).complains(&["newer"]);
    bench.run(&["runs", "list"]).expect(3).complains(&["newer"]);
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[test]
fn a_full_disk_stops_the_run_where_it_can_be_resumed() {
    if !is_root() {
        eprintln!("skipped: a small file system can only be mounted by root");
        return;
    }
    let bench = Bench::new();
    let path = bench.pipeline(
        "[steps.small]\nuse = \"b/numbers\"\nconfig.count = 3\n[steps.large]\nuse = \"b/fill\"\nconfig.size = 30000000\nneeds = [\"small\"]\n",
    );
    let small = bench.path().join("small");
    fs::create_dir(&small).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(&small).status().unwrap();
    if !mount.success() {
        eprintln!("skipped: mounting is not allowed here");
        return;
    }
    let data = small.join("data");
    let data = data.to_str().unwrap();
    let full = bench.run(&["--data-dir", data, "run", path.to_str().unwrap()]);
    // More often than a step may kill its host.
    for _ in 0..7 {
        bench.run(&["--data-dir", data, "runs", "resume", "latest"]).expect(3).complains(&["resume"]);
    }
    Command::new("mount").args(["-o", "remount,size=200m"]).arg(&small).status().unwrap();
    let resumed = bench.run(&["--data-dir", data, "runs", "resume", "latest", "--json"]);
    let left = fs::read_dir(small.join("data/tmp")).map_or(0, Iterator::count);
    Command::new("umount").arg(&small).status().unwrap();
    full.expect(3).complains(&[
        "cannot write to",
        "No space left",
        "stepmill runs resume",
        &format!("--data-dir {data}"),
        "small/data/tmp",
    ]);
    let resumed = resumed.expect(0);
    assert_eq!(resumed.json()["run"]["state"], "succeeded");
    assert_eq!(left, 0, "temporary files stay");
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
