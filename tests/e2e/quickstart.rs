//! The examples, run as they stand: of the Rust API, and of pipelines.

use stepmill_tests::{Bench, guest, root};

#[expect(dead_code, unreachable_pub, reason = "the example is a program: its `main` is not called here")]
#[path = "../../host/examples/quickstart.rs"]
mod example;

#[expect(dead_code, unreachable_pub, reason = "the example is a program: its `main` is not called here")]
#[path = "../../host/examples/custom_trigger.rs"]
mod custom_trigger;

#[test]
fn a_program_has_a_trigger_of_its_own() {
    let bench = Bench::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (module, data) = (guest("behaviours"), bench.data());
    let started = custom_trigger::runs_for_words(module.to_str().unwrap(), data.to_str().unwrap());
    assert_eq!(runtime.block_on(started).unwrap(), 2);
}

#[test]
fn a_program_defines_runs_and_reads() {
    let bench = Bench::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (module, data) = (guest("behaviours"), bench.data());
    let sum = runtime.block_on(example::sum_of_ten(module.to_str().unwrap(), data.to_str().unwrap())).unwrap();
    assert_eq!(sum, "45");
}

#[test]
fn every_example_runs_on_its_data() {
    for example in ["heat", "weather"] {
        let bench = Bench::new();
        let path = root().join("examples/pipelines").join(example).with_extension("toml");
        let run = bench.run(&["run", path.to_str().expect("UTF-8"), "--json"]).expect(0).json();
        let steps = run["steps"].as_array().expect("steps");
        assert!(steps.iter().all(|step| step["state"] == "succeeded"), "{example}: {steps:#?}");
    }
}
