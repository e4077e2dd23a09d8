//! Right files, and what they become.

use std::path::Path;

use serde_json::json;

use super::{SMALL, parse};
use crate::{
    definition::{
        ConfigValue, OnError, ParamKind, Pipeline,
        toml::{LoadError, load},
    },
    limits::Limits,
};

/// Everything that the format has.
pub(super) const FULL: &str = r#"
name = "weather"
description = "Daily station data to a monthly report, in °C"
output = "report"

[modules]
weather = { path = "../steps/weather" }
local = { path = "/opt/local.wasm" }

[params]
csv = { type = "file", description = "station data, CSV", default = "data/seattle.csv" }
threshold = { type = "number", default = 30 }
station = { type = "string", default = 1979-05-27T07:32Z }
year = { type = "integer", default = 0x7D0 }
strict = { type = "boolean", default = false }
extra = { type = "json" }

[steps.parse]
use = "weather/parse"
inputs.csv = "params.csv"

[steps.check]
use = "weather@1.2/check"
inputs.days = "parse"
on_error = "continue"
timeout = "250ms"

[steps.alert]
use = "local/alert"
inputs = { extremes = "check.extremes[0]", extra = "params.extra.a" }
config = { threshold = { from = "params.threshold" }, unit = "°C", levels = [1, 2.5, { from = "x", to = "y" }] }

[steps.alert.limits]
memory = "512MiB"
output = 1048576
storage = "10MB"
cpu = "1m"

[steps.report]
use = "weather@sha256:0000000000000000000000000000000000000000000000000000000000000000/report"
inputs.months = "check"
needs = ["alert", "parse"]
on_error = "fail"
"#;

/// Writes a pipeline as TOML again, to compare what was read with what was written.
fn summary(pipeline: &Pipeline) -> String {
    let mut text =
        format!("{} -> {}\n", pipeline.name.value, pipeline.output.as_ref().map_or("-", |name| name.value.as_str()));
    for module in &pipeline.modules {
        text += &format!("module {} {}\n", module.name.value, module.path.value.display());
    }
    for param in &pipeline.params {
        let default = param.default.as_ref().map_or_else(|| "-".to_owned(), |default| default.value.to_string());
        text += &format!("param {} {:?} {default} {}\n", param.name.value, param.kind, param.description);
    }
    for step in &pipeline.steps {
        text += &format!("step {} {} {:?}\n", step.name.value, step.uses.value, step.on_error);
        for (name, from) in &step.inputs {
            text += &format!("  {} <- {}\n", name.value, from.value);
        }
        for (name, value) in &step.config {
            text += &match &value.value {
                ConfigValue::Literal(json) => format!("  {} = {json}\n", name.value),
                ConfigValue::Reference(from) => format!("  {} = {from}\n", name.value),
            };
        }
        for need in &step.needs {
            text += &format!("  needs {}\n", need.value);
        }
    }
    text
}

#[test]
fn a_full_file_is_read() {
    let pipeline = parse(FULL).unwrap();
    insta::assert_snapshot!(summary(&pipeline), @r#"
    weather -> report
    module weather pipelines/../steps/weather
    module local /opt/local.wasm
    param csv File "pipelines/data/seattle.csv" station data, CSV
    param threshold Number 30 
    param station String "1979-05-27T07:32:00Z" 
    param year Integer 2000 
    param strict Boolean false 
    param extra Json - 
    step parse weather/parse Fail
      csv <- params.csv
    step check weather@1.2/check Continue
      days <- parse
    step alert local/alert Fail
      extremes <- check.extremes[0]
      extra <- params.extra.a
      threshold = params.threshold
      unit = "°C"
      levels = [1,2.5,{"from":"x","to":"y"}]
    step report weather@sha256:0000000000000000000000000000000000000000000000000000000000000000/report Fail
      months <- check
      needs alert
      needs parse
    "#);
    assert_eq!(pipeline.description, "Daily station data to a monthly report, in °C");
    assert_eq!(&*pipeline.source.text, FULL);
    let limits: Vec<_> = pipeline.steps.iter().map(|step| step.limits.clone()).collect();
    let changed =
        Limits { memory: 512 << 20, output: 1 << 20, storage: 10_000_000, cpu_ms: 60_000, ..Limits::default() };
    assert_eq!(limits, [Limits::default(), Limits { wall_ms: 250, ..Limits::default() }, changed, Limits::default()]);
}

#[test]
fn every_value_knows_its_place() {
    let pipeline = parse(FULL).unwrap();
    let at = |span: &std::ops::Range<usize>| &FULL[span.clone()];
    let [parse, check, alert, report] = pipeline.steps.as_slice() else { panic!("four steps") };
    assert_eq!(at(&pipeline.name.span), "\"weather\"");
    assert_eq!(at(&pipeline.output.as_ref().unwrap().span), "\"report\"");
    assert_eq!(at(&pipeline.modules[0].path.span), "\"../steps/weather\"");
    assert_eq!(at(&pipeline.params[1].name.span), "threshold");
    assert_eq!(at(&pipeline.params[1].default.as_ref().unwrap().span), "30");
    assert_eq!(at(&parse.name.span), "parse");
    assert_eq!(at(&check.uses.span), "\"weather@1.2/check\"");
    assert_eq!(at(&alert.inputs[0].0.span), "extremes");
    assert_eq!(at(&alert.inputs[0].1.span), "\"check.extremes[0]\"");
    assert_eq!(at(&alert.config[0].1.span), "\"params.threshold\"");
    assert_eq!(at(&alert.config[1].1.span), "\"°C\"");
    assert_eq!(at(&report.needs[1].span), "\"parse\"");
}

#[test]
fn the_spellings_of_toml_mean_the_same() {
    let texts = [
        "name = \"x\"\n[steps.a]\nuse = \"m/s\"\nconfig.t.from = \"params.p\"\n[params.p]\ntype = \"json\"\n",
        "name = 'x'\nparams = { p = { type = 'json' } }\nsteps = { a = { use = 'm/s', config = { t = { from = 'params.p' } } } }\n",
        "name = \"x\"\r\n[steps]\r\na.use = \"m/s\"\r\na.config.t = {from=\"params.p\"}\r\n[params]\r\np.type = \"json\"\r\n",
        "\u{feff}name = \"x\"\n[steps.a.config.t]\nfrom = \"params.p\"\n[steps.a]\nuse = \"\"\"m/s\"\"\"\n[params.p]\ntype = \"json\"\n",
    ];
    for text in texts {
        assert_eq!(
            summary(&parse(text).unwrap()),
            "x -> -\nparam p Json - \nstep a m/s Fail\n  t = params.p\n",
            "{text}"
        );
    }
}

#[test]
fn the_smallest_file_has_defaults() {
    let pipeline = parse(SMALL).unwrap();
    let [step] = pipeline.steps.as_slice() else { panic!("one step") };
    assert_eq!((step.on_error, &step.limits), (OnError::Fail, &Limits::default()));
    assert!(pipeline.output.is_none() && pipeline.description.is_empty());
}

#[test]
fn literals_keep_their_types() {
    let text = format!(
        "{SMALL}config = {{ a = -9223372036854775808, b = 18446744073709551615, c = 1e3, d = 07:32:00.5, e = 1979-05-27, \
         f = \"\", g = [], h = {{ }}, i = 0b101, j = 1_000 }}\n"
    );
    let pipeline = parse(&text).unwrap();
    let values: Vec<_> = pipeline.steps[0]
        .config
        .iter()
        .map(|(_, value)| match &value.value {
            ConfigValue::Literal(json) => json.clone(),
            ConfigValue::Reference(_) => panic!("{value:?}"),
        })
        .collect();
    let expected = [
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1000.0),
        json!("07:32:00.5"),
        json!("1979-05-27"),
        json!(""),
        json!([]),
        json!({}),
        json!(5),
        json!(1000),
    ];
    assert_eq!(values, expected);
}

#[test]
fn files_are_loaded_or_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let write = |bytes: &[u8]| {
        let path = folder.path().join("p.toml");
        std::fs::write(&path, bytes).unwrap();
        load(&path)
    };
    assert_eq!(write(SMALL.as_bytes()).unwrap().steps.len(), 1);
    assert!(matches!(write(b"name = 3"), Err(LoadError::Problems(_))));
    let not_text = write(b"name = \"x\"\n\xff").unwrap_err();
    assert!(matches!(not_text, LoadError::NotUtf8 { line: 2, .. }), "{not_text}");
    assert!(matches!(load(&folder.path().join("none.toml")), Err(LoadError::Read { .. })));
    assert!(matches!(load(folder.path()), Err(LoadError::Read { .. })));
    let large = std::fs::File::create(folder.path().join("large.toml")).unwrap();
    large.set_len(crate::limits::MAX_PIPELINE_FILE + 1).unwrap();
    assert!(matches!(load(&folder.path().join("large.toml")), Err(LoadError::TooLarge { .. })));
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let text = format!("modules.m.path = \"m\"\nparams.f = {{ type = \"file\", default = \"d\" }}\n{SMALL}");
    for (file, module, default) in [("p.toml", "m", "d"), ("a/p.toml", "a/m", "a/d"), ("/a/p.toml", "/a/m", "/a/d")] {
        let pipeline = crate::definition::toml::parse(Path::new(file), &text).unwrap();
        assert_eq!(pipeline.modules[0].path.value, Path::new(module));
        assert_eq!(pipeline.params[0].kind, ParamKind::File);
        assert_eq!(pipeline.params[0].default.as_ref().unwrap().value, json!(default));
    }
}
