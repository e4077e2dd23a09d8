//! How steps fail.

use std::fmt;
use std::time::Duration;

use stepmill_sdk::{ErrorKind, prelude::*, testing};

#[derive(Debug)]
struct Layered {
    source: std::num::ParseIntError,
}

impl fmt::Display for Layered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the table is broken")
    }
}

impl std::error::Error for Layered {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// As `anyhow::Error`: not an error, but it holds one.
struct Opaque(Box<dyn std::error::Error + Send + Sync>);

impl AsRef<dyn std::error::Error + Send + Sync> for Opaque {
    fn as_ref(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.0
    }
}

/// An author's own error, with an opinion on retries.
enum Own {
    Busy,
}

impl From<Own> for StepError {
    fn from(error: Own) -> Self {
        match error {
            Own::Busy => Self::retry_after(Duration::from_millis(1500), "busy"),
        }
    }
}

fn parse(text: &str) -> Result<u32, Layered> {
    text.parse().map_err(|source| Layered { source })
}

#[step]
fn by_question_mark(text: String) -> Result<u32> {
    Ok(parse(&text)?)
}

#[step]
fn by_error(text: String) -> Result<u32, Layered> {
    parse(&text)
}

#[step]
fn by_opaque(text: String) -> Result<u32, Opaque> {
    parse(&text).map_err(|error| Opaque(error.into()))
}

#[step]
fn by_text() -> Result<u32, String> {
    Err("just text".to_owned())
}

#[step]
fn by_own() -> Result<(), Own> {
    Err(Own::Busy)
}

#[step]
fn by_boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Err("boxed".into())
}

#[step]
fn by_format(#[config] fail: bool) -> fmt::Result {
    if fail { Err(fmt::Error) } else { Ok(()) }
}

#[step]
fn permanent() -> Result<()> {
    let cause = parse("x").map_err(StepError::from).unwrap_err();
    Err(StepError::permanent("no such station").caused_by(cause))
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Days {
    days: Vec<Day>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Day {
    temp_max: f64,
}

#[step]
fn hottest(days: Days) -> f64 {
    days.days.iter().map(|day| day.temp_max).fold(f64::MIN, f64::max)
}

#[derive(JsonSchema)]
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("a lock is held"))
    }
}

#[derive(Serialize, JsonSchema)]
struct Holder {
    list: Vec<Unwritable>,
}

#[step]
fn unwritable() -> Holder {
    Holder { list: vec![Unwritable] }
}

#[step]
fn unwritable_rows() -> impl Iterator<Item = Holder> {
    [Holder { list: vec![] }, Holder { list: vec![] }, unwritable()].into_iter()
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Wide {
    inner: Vec<i128>,
}

#[step]
fn wide(value: Wide) -> u64 {
    value.inner.len() as u64
}

#[track_caller]
fn error(step: &str) -> StepError {
    testing::call(step).run::<()>().unwrap_err()
}

#[test]
fn causes_are_kept() {
    for step in ["by_question_mark", "by_error", "by_opaque"] {
        assert_eq!(testing::call(step).input("text", "7").run::<u32>().unwrap(), 7);
        let error = testing::call(step).input("text", "x").run::<u32>().unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Failed, "{step}");
        assert_eq!(error.message(), "the table is broken", "{step}");
        assert_eq!(error.causes(), ["invalid digit found in string"], "{step}");
        assert_eq!(format!("{error:#}"), "the table is broken: invalid digit found in string");
    }
}

#[test]
fn every_type_of_error_becomes_a_message() {
    assert_eq!(error("by_text").message(), "just text");
    assert_eq!(error("by_boxed").message(), "boxed");
    assert!(testing::call("by_format").config("fail", true).run::<()>().is_err());
    testing::call("by_format").config("fail", false).run::<()>().unwrap();
}

#[test]
fn hints_on_retries_are_kept() {
    assert_eq!(error("by_own").kind(), &ErrorKind::RetryAfter(Duration::from_millis(1500)));
    let error = error("permanent");
    assert_eq!(error.kind(), &ErrorKind::Permanent);
    assert_eq!(error.causes(), ["the table is broken", "invalid digit found in string"]);
}

#[test]
fn a_step_error_survives_a_trip_through_io() {
    let error = std::io::Error::from(StepError::permanent("no"));
    assert_eq!(StepError::from(error).kind(), &ErrorKind::Permanent);
}

#[test]
fn a_value_that_does_not_fit_is_named_with_its_path() {
    let days = serde_json::json!({ "days": [{ "temp_max": 1.0 }, { "temp_max": "hot" }] });
    let error = testing::call("hottest").input("days", days).run::<f64>().unwrap_err();
    let ErrorKind::InvalidInput(place) = error.kind() else { panic!("{error:?}") };
    assert_eq!((place.parameter.as_str(), place.path.as_str()), ("days", "days[1].temp_max"));
    let expected = "step `hottest` cannot read parameter `days` at `days[1].temp_max`: \
                    found a text, which does not fit";
    assert_eq!(error.message(), expected);
}

#[test]
fn truncated_and_empty_values_are_errors() {
    for bytes in [vec![], vec![0x81], vec![0x81, 0xa4, b'd'], vec![0xc1]] {
        let error = testing::call("hottest").encoded("days", bytes).run::<f64>().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)), "{error:?}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_named_with_its_path() {
    let failed = error("unwritable");
    assert!(matches!(failed.kind(), ErrorKind::InvalidOutput(place) if place.path == "list[0]"), "{failed:?}");
    assert_eq!(failed.message(), "step `unwritable` cannot write its output at `list[0]`: a lock is held");
    let failed = error("unwritable_rows");
    assert!(matches!(failed.kind(), ErrorKind::InvalidOutput(place) if place.path == "[2].list[0]"), "{failed:?}");
}

#[test]
fn integers_of_128_bits_in_types_are_found_before_any_run() {
    let error = testing::call("wide").input("value", 1).run::<u64>().unwrap_err();
    let expected = "step `wide`, parameter `value`: the schema has an integer of 128 bits at \
                    `/properties/inner/items`, and values have at most 64; use `i64`, `u64` or a string";
    assert_eq!((error.kind(), error.message()), (&ErrorKind::Permanent, expected));
}
