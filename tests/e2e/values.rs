//! Values of every type cross the boundary and come back the same.

use serde_json::json;
use stepmill_tests::Bench;

#[test]
fn one_of_everything_survives_being_decoded_and_encoded() {
    let bench = Bench::new();
    let path = bench
        .pipeline("[steps.made]\nuse = \"b/everything\"\n[steps.again]\nuse = \"b/same\"\ninputs.value = \"made\"\n");
    bench.run(&["run", path.to_str().unwrap()]).expect(0);
    let raw = |step| bench.command(&["runs", "output", "latest", step, "--raw"]).output().unwrap().stdout;
    assert!(!raw("made").is_empty());
    assert_eq!(raw("made"), raw("again"));
    let value = bench.run(&["runs", "output", "latest", "again"]).expect(0).json();
    assert_eq!(
        value,
        json!({
            "unit": null, "yes": true, "small": -128,
            "largest": { "$int": "18446744073709551615" },
            "smallest": { "$int": "-9223372036854775808" },
            "half": 0.5,
            "not_a_number": { "$float": "NaN" },
            "letter": "ß", "text": "a\u{0}\u{1f980}",
            "bytes": { "$bytes": "AP8=" },
            "nothing": null, "something": 7,
            "pair": [1, "one"],
            "colours": ["red", { "rgb": [1, 2, 3] }, { "named": { "name": "teal" } }],
            "ages": { "ada": 36 },
            "names": { "$map": [[7, "seven"]] },
            "nested": [[], [1, -1]],
        })
    );
}

#[test]
fn lists_may_be_empty_or_have_a_million_items() {
    for (count, sum) in [(0u64, 0u64), (1_000_000, 499_999_500_000)] {
        let bench = Bench::new();
        let path = bench.pipeline(&format!(
            "[steps.numbers]\nuse = \"b/numbers\"\nconfig.count = {count}\n[steps.sum]\nuse = \"b/sum\"\n\
             [steps.streamed]\nuse = \"b/sum_stream\"\ninputs.numbers = \"numbers\"\n",
        ));
        bench.run(&["run", path.to_str().unwrap()]).expect(0);
        for step in ["sum", "streamed"] {
            assert_eq!(bench.run(&["runs", "output", "latest", step]).expect(0).stdout.trim(), sum.to_string());
        }
    }
}

#[test]
fn optional_inputs_config_defaults_and_async_steps() {
    let bench = Bench::new();
    let path = bench.pipeline(
        "[params]\nname = { type = \"string\", default = \"Ada\" }\n[steps.absent]\nuse = \"b/maybe\"\n\
         [steps.hello]\nuse = \"b/greet\"\ninputs.name = \"params.name\"\n\
         [steps.salut]\nuse = \"b/greet\"\ninputs.name = \"params.name\"\nconfig.greeting = \"Salut\"\n",
    );
    bench.run(&["run", path.to_str().unwrap(), "-p", "name=Grace"]).expect(0);
    for (step, expected) in [("absent", "nothing"), ("hello", "Hello, Grace!"), ("salut", "Salut, Grace!")] {
        assert_eq!(bench.run(&["runs", "output", "latest", step]).expect(0).json(), json!(expected), "{step}");
    }
}
