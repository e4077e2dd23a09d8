//! What a command reports is what happened, whoever reads it: exit codes, failures, what cannot be read.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::symlink,
    process::Stdio,
};

use stepmill_tests::{Bench, Ran};

const FAILS: &str = "[steps.says]\nuse = \"b/chatters\"\nconfig.lines = 3\n[steps.it]\nuse = \"b/fail_for_good\"\n";

/// Runs a command whose standard output nobody reads from the beginning.
fn run_unread(bench: &Bench, args: &[&str]) -> Ran {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let child = bench.command(args).stdout(writer).stderr(Stdio::piped()).spawn().expect("the binary starts");
    Ran::of(child)
}

#[test]
fn an_exit_code_says_how_it_ended_also_where_nobody_reads_the_report() {
    let bench = Bench::new();
    let fails = bench.pipeline(FAILS);
    let fails = fails.to_str().unwrap();
    for flags in [&[][..], &["--json"], &["--json-events"], &["-q"]] {
        run_unread(&bench, &[&["run", fails], flags].concat()).expect(1);
    }
    run_unread(&bench, &["runs", "resume", "latest"]).expect(1);
    run_unread(&bench, &["runs", "rerun", "latest"]).expect(1);
    let wrong = bench.write("wrong.toml", "name = \"wrong\"\n");
    run_unread(&bench, &["check", wrong.to_str().unwrap(), "--json"]).expect(2);
    let works = bench.write("works.toml", stepmill_tests::pipeline_text("", "[steps.it]\nuse = \"b/noop\"\n"));
    run_unread(&bench, &["run", works.to_str().unwrap()]).expect(0);
    for command in [&["runs", "list"][..], &["runs", "logs", "latest"], &["verify"]] {
        assert_eq!(run_unread(&bench, command).expect(0).stderr, "", "{command:?}");
    }
}

#[test]
fn a_quiet_run_says_why_it_failed_and_not_what_its_steps_log() {
    let bench = Bench::new();
    let path = bench.pipeline(FAILS);
    let ran = bench.run(&["run", path.to_str().unwrap(), "-q"]).expect(1);
    assert_eq!(ran.stdout, "");
    ran.complains(&["it failed", "the account is closed", "test failed"]);
    assert!(!ran.stderr.contains("line 1"), "{}", ran.stderr);
    for flag in ["--json", "--json-events"] {
        let ran = bench.run(&["run", path.to_str().unwrap(), "-q", flag]).expect(1);
        assert_eq!(ran.stderr, "", "{flag}");
        assert!(ran.stdout.contains("the account is closed"), "{}", ran.stdout);
    }
    let path = bench.pipeline("[steps.says]\nuse = \"b/chatters\"\nconfig.lines = 3\n");
    let ran = bench.run(&["run", path.to_str().unwrap(), "-q"]).expect(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn a_log_is_not_followed_when_its_host_is_dead() {
    let bench = Bench::new();
    let path = bench.pipeline("[steps.slow]\nuse = \"b/says_early_and_works\"\nconfig.turns = 200000000000\n");
    let mut host = bench.start(&["run", path.to_str().unwrap()]);
    let mut said = BufReader::new(host.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("early")));
    let mut follows = bench.start(&["runs", "logs", "latest", "--follow"]);
    let mut lines = BufReader::new(follows.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("early"));
    host.kill().unwrap();
    host.wait().unwrap();
    Ran::of(follows).expect(3).complains(&["interrupted", "stepmill runs resume"]);
    // Who does not follow asks for what there is.
    bench.run(&["runs", "logs", "latest"]).expect(0);
}

#[test]
fn what_cannot_be_read_is_not_taken_for_empty() {
    let bench = Bench::new();
    let file = bench.write("file", "");
    let folder = bench.path().join("looped");
    std::fs::create_dir(&folder).unwrap();
    symlink("stepmill.db", folder.join("stepmill.db")).unwrap();
    for (data, why) in [(&file, "Not a directory"), (&folder, "symbolic links")] {
        let data = data.to_str().unwrap();
        for command in [&["runs", "list"][..], &["runs", "list", "--json"], &["pipelines", "list"], &["verify"]] {
            let ran = bench.run(&[command, &["--data-dir", data]].concat()).expect(3);
            ran.complains(&[data, why]);
            assert_eq!(ran.stdout, "", "{command:?}");
        }
    }
    // Where there is none, the path may be mistyped.
    let nowhere = bench.path().join("nowhere");
    bench
        .run(&["runs", "list", "--data-dir", nowhere.to_str().unwrap()])
        .expect(2)
        .complains(&["no data directory at"]);
}
