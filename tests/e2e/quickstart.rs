//! The example of the Rust API, run as it stands.

use stepmill_tests::{Bench, guest};

#[expect(dead_code, unreachable_pub, reason = "the example is a program: its `main` is not called here")]
#[path = "../../host/examples/quickstart.rs"]
mod example;

#[test]
fn a_program_defines_runs_and_reads() {
    let bench = Bench::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (module, data) = (guest("behaviours"), bench.data());
    let sum = runtime.block_on(example::sum_of_ten(module.to_str().unwrap(), data.to_str().unwrap())).unwrap();
    assert_eq!(sum, "45");
}
