//! `dev`: a new crate, changed while it is watched.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use stepmill_tests::Bench;

fn follow(pipe: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
}

#[test]
fn a_change_is_built_and_run_again_and_a_mistake_is_waited_out() {
    let bench = Bench::new();
    bench.run(&["new", "greeter"]).expect(0);
    let mut dev = bench.start(&["dev", "greeter"]);
    let log = Arc::new(Mutex::new(String::new()));
    follow(dev.stdout.take().unwrap(), &log);
    follow(dev.stderr.take().unwrap(), &log);
    // What it said since the last time that it was asked, once it waits again.
    let next = || {
        let deadline = Instant::now() + Duration::from_secs(240);
        loop {
            let mut said = log.lock().unwrap();
            if said.contains("Ctrl-C ends") {
                return std::mem::take(&mut *said);
            }
            assert!(Instant::now() < deadline, "it does not come to an end:\n{said}");
            drop(said);
            thread::sleep(Duration::from_millis(50));
        }
    };
    let source = bench.path().join("greeter/src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    let output = || bench.run(&["runs", "output", "latest"]).expect(0).stdout;
    let said = next();
    assert!(said.contains("succeeded"), "{said}");
    assert!(output().contains("Hello"), "{}", output());

    fs::write(&source, text.replace("{greeting}, {name}!", "Goodbye, {name}!")).unwrap();
    let said = next();
    assert!(said.contains("changed") && said.contains("succeeded"), "{said}");
    assert!(output().contains("Goodbye"), "{}", output());

    fs::write(&source, text.replace("fn ", "fun ")).unwrap();
    let said = next();
    assert!(said.contains("error"), "{said}");
    fs::write(&source, &text).unwrap();
    let said = next();
    assert!(said.contains("succeeded"), "{said}");
    assert!(output().contains("Hello"), "{}", output());

    let pipeline = bench.path().join("greeter/pipeline.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    fs::write(&pipeline, text.replace("use =", "uses =")).unwrap();
    let said = next();
    assert!(said.contains("uses") && said.contains("pipeline.toml"), "{said}");

    // While it builds, too.
    fs::write(&pipeline, &text).unwrap();
    fs::write(&source, fs::read_to_string(&source).unwrap() + "\n// Another line.\n").unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !log.lock().unwrap().contains("changed") {
        assert!(Instant::now() < deadline, "{}", log.lock().unwrap());
        thread::sleep(Duration::from_millis(5));
    }
    let pid = Pid::from_raw(i32::try_from(dev.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(dev.wait().unwrap().code(), Some(130));
    bench.run(&["dev", "nowhere"]).expect(2).complains(&["there is no pipeline `nowhere`"]);
}
