//! Arguments find their parameters.

use stepmill_sdk::{ErrorKind, prelude::*, testing};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Unit {
    #[default]
    Celsius,
    Fahrenheit,
}

#[step]
#[expect(clippy::too_many_arguments, reason = "one of each")]
fn all_kinds(
    required: u32,
    absent: Option<u32>,
    rows: Option<Rows<u32>>,
    #[config] given: String,
    #[config] maybe: Option<String>,
    #[config(default)] unit: Unit,
    #[config(default = 30.0)] threshold: f64,
    #[config(default = "°C")] suffix: String,
    #[config(default = vec![1, 2])] list: Vec<u8>,
    #[config(default = Some(5))] five: Option<u8>,
) -> Result<String> {
    let rows = rows.map(|rows| rows.collect::<Result<Vec<_>>>()).transpose()?;
    Ok(format!("{required} {absent:?} {rows:?} {given} {maybe:?} {unit:?} {threshold} {suffix} {list:?} {five:?}"))
}

#[step]
fn r#type(r#match: u32) -> u32 {
    r#match
}

#[step(name = "renamed")]
fn original(#[expect(unused_variables)] value: u32) {}

#[step]
fn no_parameters() -> &'static str {
    "nothing"
}

#[step]
fn run(arguments: u32, returned: u32, mut step: u32) -> u32 {
    step += 1;
    arguments + returned + step
}

#[deprecated]
#[step]
fn old() -> u32 {
    1
}

#[test]
fn defaults_stand_in_for_what_is_left_out() {
    let text: String = testing::call("all_kinds").input("required", 1).config("given", "g").run().unwrap();
    assert_eq!(text, "1 None None g None Celsius 30 °C [1, 2] Some(5)");
}

#[test]
fn arguments_win_over_defaults() {
    let call = testing::call("all_kinds")
        .config("five", None::<u8>)
        .config("list", Vec::<u8>::new())
        .config("suffix", "F")
        .config("threshold", 1)
        .config("unit", "fahrenheit")
        .config("maybe", "m")
        .config("given", "g")
        .rows("rows", [1, 2])
        .input("absent", 2)
        .input("required", 1);
    assert_eq!(call.run::<String>().unwrap(), "1 Some(2) Some([1, 2]) g Some(\"m\") Fahrenheit 1 F [] None");
}

#[test]
fn a_null_is_an_absent_input() {
    let call = testing::call("all_kinds").input("required", 1).config("given", "g");
    let text: String = call.input("absent", ()).input("rows", ()).run().unwrap();
    assert!(text.starts_with("1 None None"), "{text}");
}

#[test]
fn a_missing_argument_is_named() {
    let error = testing::call("all_kinds").input("required", 1).run::<String>().unwrap_err();
    assert_eq!(error.message(), "step `all_kinds` cannot read parameter `given`: it is missing");
    assert!(
        matches!(error.kind(), ErrorKind::InvalidInput(place) if place.parameter == "given" && place.path.is_empty())
    );
}

#[test]
fn a_stray_argument_is_named() {
    let error = testing::call("no_parameters").input("extra", 1).run::<String>().unwrap_err();
    assert_eq!(error.message(), "step `no_parameters` has no parameter `extra`");
    assert!(matches!(error.kind(), ErrorKind::InvalidInput(place) if place.parameter == "extra"));
}

#[test]
fn values_and_streams_are_not_taken_for_each_other() {
    let call = testing::call("all_kinds").config("given", "g");
    let error = call.rows("required", [1]).run::<String>().unwrap_err();
    assert!(error.message().ends_with("`required`: the step reads one value, but it was given a stream"), "{error}");
    let call = testing::call("all_kinds").config("given", "g").input("required", 1);
    let error = call.input("rows", [1]).run::<String>().unwrap_err();
    assert!(error.message().ends_with("`rows`: the step reads a stream, but it was given one value"), "{error}");
}

#[test]
fn names_are_what_the_author_wrote() {
    assert_eq!(testing::call("type").input("match", 3).run::<u32>().unwrap(), 3);
    testing::call("renamed").input("value", 3).run::<()>().unwrap();
    assert_eq!(testing::call("no_parameters").run::<String>().unwrap(), "nothing");
    assert_eq!(testing::call("old").run::<u32>().unwrap(), 1);
    // None of these meets a name in the expansion.
    let call = testing::call("run").input("arguments", 1).input("returned", 2).input("step", 3);
    assert_eq!(call.run::<u32>().unwrap(), 7);
}

#[test]
fn an_unknown_step_is_named_with_those_there_are() {
    let error = testing::call("origin").run::<()>().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::UnknownStep);
    assert!(error.message().starts_with("this module has no step `origin`; it has: add_secret, all_kinds"), "{error}");
}

#[test]
fn steps_stay_functions() {
    original(1);
    assert_eq!(no_parameters(), "nothing");
    assert_eq!(r#type(4), 4);
}
