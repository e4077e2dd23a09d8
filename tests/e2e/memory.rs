//! Streams are larger than memory: neither host nor guest grows with them.

use std::{fs, time::Duration};

use stepmill_tests::{Bench, Ran};

const MIB: u64 = 1 << 20;

#[test]
fn memory_stays_flat_while_200_mb_stream_through_three_steps() {
    let bench = Bench::new();
    let path = bench.pipeline(
        "[steps.rows]\nuse = \"b/make_rows\"\nconfig = { count = 200000, letters = 1000 }\n\
         [steps.doubled]\nuse = \"b/double_rows\"\ninputs.rows = \"rows\"\n\
         [steps.total]\nuse = \"b/sum_rows\"\ninputs.rows = \"doubled\"\n",
    );
    let child = bench.start(&["run", path.to_str().unwrap(), "--json"]);
    let status = format!("/proc/{}/status", child.id());
    let watcher = std::thread::spawn(move || {
        let mut peak = 0;
        while let Some(now) = peak_memory(&status) {
            peak = peak.max(now);
            std::thread::sleep(Duration::from_millis(5));
        }
        peak
    });
    let ran = Ran::of(child).expect(0);
    let host = watcher.join().unwrap();
    assert!(host > 0 && host < 300 * MIB, "the host took {} MiB", host / MIB);
    for step in ran.json()["steps"].as_array().unwrap() {
        let guest = step["attempts"][0]["usage"]["memory_bytes"].as_u64().unwrap();
        assert!(guest > 0 && guest < 64 * MIB, "{} took {} MiB", step["name"], guest / MIB);
    }
    assert_eq!(bench.run(&["runs", "output", "latest", "total"]).expect(0).stdout.trim(), "39999800000");
}

/// The most memory a process had so far, in bytes; none once it has ended.
fn peak_memory(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}
