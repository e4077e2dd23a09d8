//! The builder makes what a file makes, and finds what a file's check finds.

use std::{path::Path, time::Duration};

use serde_json::{Value as Json, json};

use super::*;
use crate::definition::toml;

/// Removes places, which only a file has.
fn without_places(mut pipeline: Pipeline) -> String {
    pipeline.source = Source::default();
    let text = format!("{pipeline:#?}");
    let places = text.lines().filter(|line| !line.trim_start().starts_with("span: "));
    places.collect::<Vec<_>>().join("\n")
}

fn messages(problems: &Problems) -> Vec<&str> {
    problems.list().iter().map(|problem| problem.message.as_str()).collect()
}

#[test]
fn a_built_pipeline_is_like_one_from_a_file() {
    let p = PipelineBuilder::new("weather");
    p.description("Daily");
    p.module("weather", "steps/weather");
    let csv = p.param("csv", ParamKind::File).description("CSV").default("data.csv");
    let threshold = p.param("threshold", ParamKind::Number).default(30.5);
    let parse = p.step("parse", "weather/parse").input("csv", &csv);
    let check = p
        .step("check", "weather@1.2/check")
        .input("days", &parse)
        .input("first", parse.part("days[0]"))
        .config("threshold", &threshold)
        .config("part", threshold.part("high"))
        .config("unit", "°C")
        .config("levels", vec![1, 2])
        .config("more", json!({ "a": null }))
        .on_error(OnError::Continue)
        .timeout(Duration::from_secs(30))
        .max_memory(512 << 20)
        .max_output(1 << 20)
        .max_storage(1 << 30)
        .max_cpu(Duration::from_micros(1_500));
    let report = p.step("report", "weather/report").needs(&check).needs(&parse);
    p.output(&report);
    let built = p.build().unwrap();

    let text = r#"
        name = "weather"
        description = "Daily"
        output = "report"
        modules.weather.path = "steps/weather"
        params.csv = { type = "file", description = "CSV", default = "data.csv" }
        params.threshold = { type = "number", default = 30.5 }
        [steps.parse]
        use = "weather/parse"
        inputs.csv = "params.csv"
        [steps.check]
        use = "weather@1.2/check"
        inputs = { days = "parse", first = "parse.days[0]" }
        on_error = "continue"
        timeout = "30s"
        limits = { memory = "512MiB", output = "1MiB", storage = "1GiB", cpu = "2ms" }
        [steps.check.config]
        threshold.from = "params.threshold"
        part.from = "params.threshold.high"
        unit = "°C"
        levels = [1, 2]
        more = "replaced"
        [steps.report]
        use = "weather/report"
        needs = ["check", "parse"]
    "#;
    let mut read = toml::parse(Path::new("weather.toml"), text).unwrap();
    // TOML has no null.
    read.steps[1].config[4].1.value = crate::definition::ConfigValue::Literal(json!({ "a": null }));
    assert_eq!(without_places(built), without_places(read));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let p = PipelineBuilder::new("My Pipeline");
    p.module("m-x", "x");
    let text = p.param("text", ParamKind::String).default(3);
    p.param("text", ParamKind::Json).default(f64::NAN);
    let run = p.step("run", "m").input("a b", &text).input("x", text.part("a..b")).config("x", f64::INFINITY);
    p.step("run", "m/s").needs(&run).needs(&run).timeout(Duration::ZERO).config("c", run.part("k"));
    let problems = p.build().unwrap_err();
    insta::assert_snapshot!(messages(&problems).join("\n"), @r#"
    name of the pipeline: `My Pipeline` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all
    name of a module: `m-x` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all
    the default of parameter `text` cannot be `NaN`: JSON has no such number
    step `run` cannot use `m`: the name of a module, `/` and the name of a step are wanted
    input of step `run`: `a b` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all
    input `x` of step `run`: `.a..b` is not a path: a key behind a dot is made of letters, digits, `_` and `-`; write others as ["key"]
    config `x` of step `run` cannot be `inf`: JSON has no such number
    config `c` of step `run` cannot come from step `run`: config comes from `params`
    there are two parameters named `text`
    there are two steps named `run`
    the default of parameter `text` must be a string, not an integer
    a step cannot be named `run`: the name is reserved
    step `run` is given `x` twice
    a step cannot be named `run`: the name is reserved
    step `run` needs `run` twice
    `timeout` of step `run` must be more than 0
    "#);
    assert!(problems.diagnostics().all(|problem| miette::Diagnostic::source_code(&problem).is_none()));
}

#[test]
fn handles_of_another_builder_are_refused() {
    let other = PipelineBuilder::new("other");
    let (param, step) = (other.param("p", ParamKind::Json), other.step("s", "m/s"));
    let p = PipelineBuilder::new("mine");
    p.param("p", ParamKind::Json);
    p.output(&step);
    p.step("s", "m/s").input("a", &param).config("b", param.part("x")).needs(&step);
    let problems = p.build().unwrap_err();
    assert_eq!(problems.list().len(), 4, "{problems:?}");
    assert!(problems.list().iter().all(|problem| problem.code == "stepmill::definition::foreign_handle"));
}

#[test]
fn a_literal_that_is_too_deep_is_refused() {
    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let build = |value: Json| {
        let p = PipelineBuilder::new("x");
        p.step("s", "m/s").config("c", value);
        p.build()
    };
    assert!(build(nested(64)).is_ok());
    assert_eq!(build(nested(65)).unwrap_err().list()[0].code, "stepmill::definition::bad_literal");
}

#[test]
fn a_builder_can_be_added_to_after_it_was_built() {
    let p = PipelineBuilder::new("x");
    assert_eq!(messages(&p.build().unwrap_err()), ["the pipeline has no steps"]);
    let first = p.step("a", "m/s");
    assert_eq!(p.build().unwrap().steps.len(), 1);
    p.step("b", "m/s").input("x", &first);
    assert_eq!(p.build().unwrap().steps.len(), 2);
}

#[test]
fn nothing_is_kept_alive_by_its_own_handles() {
    let p = PipelineBuilder::new("x");
    let first = p.step("a", "m/s");
    p.step("b", "m/s").input("x", &first).needs(&first);
    p.output(&first);
    let weak = Arc::downgrade(&p.shared.0);
    drop((p, first));
    assert!(weak.upgrade().is_none());
}
