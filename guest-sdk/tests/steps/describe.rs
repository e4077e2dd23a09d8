//! What a host is told about steps.

use serde_json::json;
use stepmill_sdk::{Form, Role, prelude::*, testing};

/// A day at the station.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Day {
    /// In °C.
    temp_max: f64,
    note: Option<String>,
}

/// Keeps the hot days.
///
/// A day is hot
///     if it is.
#[step]
fn described(
    /// The days to choose from.
    ///
    /// All of them.
    days: Vec<Day>,
    more: Option<Rows<Day>>,
    /// In °C.
    #[config(default = 30.0)]
    threshold: f64,
    #[config] unit: Option<String>,
    #[config] strict: bool,
    _context: &Context,
) -> Vec<Day> {
    let _ = (more, threshold, unit, strict);
    days
}

#[step]
fn streams(file: File, data: Bytes) -> Result<impl Iterator<Item = Day>> {
    let _ = (file, data);
    Ok(std::iter::empty())
}

#[step]
fn writes(_out: &mut Writer<Day>) {}

#[step]
fn bare() {}

#[test]
fn doc_comments_describe() {
    let info = testing::describe("described").unwrap();
    assert_eq!(info.description, "Keeps the hot days.\n\nA day is hot\n    if it is.");
    let descriptions: Vec<&str> = info.parameters.iter().map(|parameter| parameter.description.as_str()).collect();
    assert_eq!(descriptions, ["The days to choose from.\n\nAll of them.", "", "In °C.", "", ""]);
    assert_eq!(testing::describe("bare").unwrap().description, "");
}

#[test]
fn parameters_have_role_form_and_default() {
    let info = testing::describe("described").unwrap();
    let parameters: Vec<_> =
        info.parameters.iter().map(|p| (p.name.as_str(), p.role, p.form, p.optional, p.default.as_deref())).collect();
    let expected = [
        ("days", Role::Input, Form::Value, false, None),
        ("more", Role::Input, Form::Rows, true, None),
        ("threshold", Role::Config, Form::Value, true, Some("30.0")),
        ("unit", Role::Config, Form::Value, true, None),
        ("strict", Role::Config, Form::Value, false, None),
    ];
    assert_eq!(parameters, expected);
}

#[test]
fn schemas_are_of_the_value_or_the_item() {
    let info = testing::describe("described").unwrap();
    let days = &info.parameters[0].schema;
    assert_eq!(days["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!((&days["type"], &days["items"]["$ref"]), (&json!("array"), &json!("#/$defs/Day")));
    let day = &days["$defs"]["Day"];
    assert_eq!(day["description"], "A day at the station.");
    assert_eq!(day["properties"]["temp_max"]["description"], "In °C.");
    assert_eq!(day["required"], json!(["temp_max"]));
    let more = &info.parameters[1].schema;
    assert_eq!((&more["type"], &more["title"]), (&json!("object"), &json!("Day")));
    assert_eq!(info.parameters[3].schema["type"], json!(["string", "null"]));
    assert_eq!(info.output_form, Form::Value);
    // A written day always has its note, if only as null.
    assert_eq!(info.output_schema["$defs"]["Day"]["required"], json!(["temp_max", "note"]));
}

#[test]
fn streams_are_described_by_their_items() {
    for step in ["streams", "writes"] {
        let info = testing::describe(step).unwrap();
        assert_eq!(info.output_form, Form::Rows);
        assert_eq!(info.output_schema["title"], "Day");
    }
    assert!(testing::describe("writes").unwrap().parameters.is_empty());
}

#[test]
fn files_and_bytes_are_marked() {
    let info = testing::describe("streams").unwrap();
    assert_eq!(info.parameters[0].schema["x-stepmill"], "file");
    assert_eq!(info.parameters[0].schema["required"], json!(["$file"]));
    assert_eq!(info.parameters[1].schema["x-stepmill"], "bytes");
    assert_eq!(info.parameters[1].schema["contentEncoding"], "base64");
}

#[test]
fn nothing_is_described_as_null() {
    let info = testing::describe("bare").unwrap();
    assert_eq!((info.output_form, &info.output_schema["type"]), (Form::Value, &json!("null")));
}
