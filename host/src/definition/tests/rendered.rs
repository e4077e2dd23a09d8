//! What a person sees.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use super::parse;

/// A problem as in a terminal without colours.
pub(super) fn render(problem: &dyn Diagnostic) -> String {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    handler.render_report(&mut text, problem).unwrap();
    text
}

/// All problems of a text, one below the other.
fn shown(text: &str) -> String {
    let problems = parse(text).unwrap_err();
    problems.diagnostics().map(|problem| render(&problem)).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_unknown_key() {
    let text = r#"name = "x"
[steps.a]
use = "m/s"
need = ["b"]"#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::unknown_key

      × step `a` has an unknown key `need`
       ╭─[pipelines/test.toml:4:1]
     3 │ use = "m/s"
     4 │ need = ["b"]
       · ────
       ╰────
      help: did you mean `needs`? known keys are `use`, `inputs`, `config`, `needs`, `on_error`,
            `timeout`, `limits`, `join`, `branch`, `when`, `for_each`, `max_parallel`, `retry`,
            `allow_failure`, `finally`, `grants`, `cache`
    "#);
}

#[test]
fn an_unknown_step() {
    let text = r#"name = "x"
[steps.parse]
use = "m/s"
[steps.check]
use = "m/s"
inputs.days = "prase.days""#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::unknown_step

      × input `days` of step `check`: there is no step `prase`
       ╭─[pipelines/test.toml:6:15]
     5 │ use = "m/s"
     6 │ inputs.days = "prase.days"
       ·               ────────────
       ╰────
      help: did you mean `parse`?
    "#);
}

#[test]
fn an_unknown_parameter() {
    let text = r#"name = "x"
[steps.a]
use = "m/s"
inputs.csv = "params.csv""#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::unknown_param

      × input `csv` of step `a`: there is no parameter `csv`
       ╭─[pipelines/test.toml:4:14]
     3 │ use = "m/s"
     4 │ inputs.csv = "params.csv"
       ·              ────────────
       ╰────
      help: the pipeline has no parameters
    "#);
}

#[test]
fn a_wrong_type() {
    let text = r#"name = "x"
[steps.a]
use = "m/s"
timeout = 30"#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::wrong_type

      × `timeout` of step `a` must be a string, not an integer
       ╭─[pipelines/test.toml:4:11]
     3 │ use = "m/s"
     4 │ timeout = 30
       ·           ─┬
       ·            ╰── this is an integer
       ╰────
      help: write `timeout = "30s"`
    "#);
}

#[test]
fn a_bad_name() {
    let text = r#"# Grüße 🌡
name = "x"
[steps."Größe"]
use = "m/s""#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::bad_name

      × name of a step: `Größe` is not a name: use a lower-case letter, then lower-case letters,
      │ digits and `_`, at most 64 in all
       ╭─[pipelines/test.toml:3:8]
     2 │ name = "x"
     3 │ [steps."Größe"]
       ·        ───────
     4 │ use = "m/s"
       ╰────
      help: such as `parse`, `hot_days` or `station_2`
    "#);
}

#[test]
fn a_step_written_twice() {
    let text = r#"name = "x"

[steps.a]
use = "m/s"
inputs.x = "b"

[steps.b]
use = "m/s"

[steps.a]
use = "m/t""#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::duplicate

      × `a` is defined twice
       ╭─[pipelines/test.toml:3:8]
     2 │ 
     3 │ [steps.a]
       ·        ┬
       ·        ╰── first here
     4 │ use = "m/s"
       ╰────
        ╭─[pipelines/test.toml:10:8]
      9 │ 
     10 │ [steps.a]
        ·        ┬
        ·        ╰── here again
     11 │ use = "m/t"
        ╰────
      help: rename or remove one of them
    "#);
}

#[test]
fn a_key_written_twice() {
    let text = r#"name = "x"
[steps.a]
use = "m/s"
config.y = 1
config.x = 1
config.y = 2"#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::duplicate

      × `y` is defined twice
       ╭─[pipelines/test.toml:4:8]
     3 │ use = "m/s"
     4 │ config.y = 1
       ·        ┬
       ·        ╰── first here
     5 │ config.x = 1
     6 │ config.y = 2
       ·        ┬
       ·        ╰── here again
       ╰────
      help: rename or remove one of them
    "#);
}

#[test]
fn a_parameter_given_twice() {
    let text = r#"name = "x"
params.p.type = "json"
[steps.a]
use = "m/s"
inputs.days = "params.p"
config.days = 3"#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::duplicate

      × step `a` is given `days` twice
       ╭─[pipelines/test.toml:5:8]
     4 │ use = "m/s"
     5 │ inputs.days = "params.p"
       ·        ──┬─
       ·          ╰── first here
     6 │ config.days = 3
       ·        ──┬─
       ·          ╰── here again
       ╰────
      help: remove one: a parameter is either an input or config
    "#);
}

#[test]
fn a_limit() {
    let text = r#"name = "x"
[steps.a]
use = "m/s"
limits = { memory = "8GiB" }"#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::limit

      × `limits.memory` of step `a` is 8GiB, but at most 4194240KiB is possible
       ╭─[pipelines/test.toml:4:21]
     3 │ use = "m/s"
     4 │ limits = { memory = "8GiB" }
       ·                     ──────
       ╰────
      help: leave it out for the default, 256MiB
    "#);
}

#[test]
fn a_missing_name() {
    let text = r#"# a pipeline
[steps.a]
use = "m/s""#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::missing_key

      × the pipeline has no `name`
       ╭─[pipelines/test.toml:1:1]
     1 │ # a pipeline
       · ──────┬─────
       ·       ╰── needed before this
     2 │ [steps.a]
       ╰────
      help: begin the file with `name = "…"`
    "#);
}

#[test]
fn an_empty_file() {
    let text = "";
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::missing_key

      × the pipeline has no `name`
      help: begin the file with `name = "…"`

    stepmill::definition::no_steps

      × the pipeline has no steps
      help: add one: `[steps.NAME]` and under it `use = "module/step"`
    "#);
}

#[test]
fn text_without_quotes() {
    let text = r#"name = "x"
[steps.a]
use = m/s"#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::syntax

      × this is not TOML: text must be in quotes
       ╭─[pipelines/test.toml:3:7]
     2 │ [steps.a]
     3 │ use = m/s
       ·       ───
       ╰────
      help: write `"m/s"`
    "#);
}

#[test]
fn an_array_without_end() {
    let text = r#"name = "x"
[steps.a]
use = "m/s"
needs = ["b"

[steps.b]
use = "m/s""#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::syntax

      × this is not TOML: missing comma between array elements, expected `,`
       ╭─[pipelines/test.toml:6:1]
     5 │ 
     6 │ [steps.b]
       · ─
     7 │ use = "m/s"
       ╰────
      help: correct it; if nothing is wrong here, a bracket, a brace or a quote before it is not
            closed
    "#);
}

#[test]
fn several_problems() {
    let text = r#"name = "Weather"
output = "reprot"

[steps.report]
timeout = "soon""#;
    insta::assert_snapshot!(shown(text), @r#"
    stepmill::definition::bad_name

      × `name` of the pipeline: `Weather` is not a name: use a lower-case letter, then lower-case
      │ letters, digits and `_`, at most 64 in all
       ╭─[pipelines/test.toml:1:8]
     1 │ name = "Weather"
       ·        ─────────
     2 │ output = "reprot"
       ╰────
      help: did you mean `weather`?

    stepmill::definition::unknown_step

      × `output`: there is no step `reprot`
       ╭─[pipelines/test.toml:2:10]
     1 │ name = "Weather"
     2 │ output = "reprot"
       ·          ────────
     3 │ 
       ╰────
      help: did you mean `report`?

    stepmill::definition::missing_key

      × step `report` has no `use`
       ╭─[pipelines/test.toml:4:8]
     3 │ 
     4 │ [steps.report]
       ·        ──────
     5 │ timeout = "soon"
       ╰────
      help: add `use = "module/step"`

    stepmill::definition::bad_duration

      × `soon` is not a duration: a whole number is wanted first
       ╭─[pipelines/test.toml:5:11]
     4 │ [steps.report]
     5 │ timeout = "soon"
       ·           ──────
       ╰────
      help: a whole number and a unit: `250ms`, `30s`, `5m` or `2h`
    "#);
}
