//! A step without grants cannot tell one run from another: whatever it tries, it returns the same bytes in two processes,
//! one of them on a busy machine.

use std::{
    collections::BTreeMap,
    hint::spin_loop,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use stepmill_tests::Bench;

/// The steps of the guest's `purity.rs`.
const STEPS: &[&str] = &[
    "wall_clock",
    "monotonic_clock",
    "sleep",
    "race",
    "random",
    "insecure_random",
    "insecure_seed",
    "hash_order",
    "surroundings",
    "facts",
    "nan_bits",
    "addresses",
    "threads",
    "stream",
    "file",
    "chunks",
];

/// What each step returns, by its name. Each call has a data directory of its own, so nothing can be reused.
fn outputs() -> BTreeMap<&'static str, String> {
    let bench = Bench::new();
    let step = |name: &&str| format!("[steps.{name}]\nuse = \"b/pure_{name}\"\n");
    let chunks = "inputs.rows = \"stream\"\ninputs.file = \"file\"\n";
    let path = bench.pipeline(&(STEPS.iter().map(step).collect::<String>() + chunks));
    bench.run(&["run", path.to_str().unwrap()]).expect(0);
    let output = |name: &&'static str| (*name, bench.run(&["runs", "output", "latest", name]).expect(0).stdout);
    STEPS.iter().map(output).collect()
}

/// With every core busy.
fn under_load<T>(work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 * thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    spin_loop();
                }
            });
        }
        let result = work();
        done.store(true, Relaxed);
        result
    })
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let (quiet, busy) = (outputs(), under_load(outputs));
    for (step, output) in &quiet {
        assert!(!output.is_empty(), "{step} returned nothing");
        assert_eq!(output, &busy[step], "{step} can tell two runs apart");
    }
}

/// The comparison above says nothing if the steps do not see what they are meant to look at.
#[test]
fn the_steps_see_what_they_look_at() {
    let outputs = outputs();
    for (step, part) in [
        ("facts", "None false"),
        ("surroundings", "[] []"),
        ("chunks", "262144"),
        ("threads", "Err("),
        ("nan_bits", "7ff8000000000000"),
    ] {
        assert!(outputs[step].contains(part), "{step}: no `{part}` in {}", outputs[step]);
    }
    assert!(outputs["race"].contains("20000 "), "the timer ran against the loop: {}", outputs["race"]);
    assert!(outputs["sleep"].contains("1ms, 8ms, 11ms"), "{}", outputs["sleep"]);
}
