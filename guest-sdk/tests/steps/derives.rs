//! The SDK's derives do what serde's and schemars' do, attributes included.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stepmill_sdk::{Deserialize, JsonSchema, Serialize};

/// Asserts that `value` is written as `json`, and read from it.
#[track_caller]
fn is_written_as<T>(value: &T, json: &Value)
where
    T: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug,
{
    assert_eq!(&serde_json::to_value(value).unwrap(), json);
    assert_eq!(&serde_json::from_value::<T>(json.clone()).unwrap(), value);
}

fn schema<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Attributes {
    first_field: u32,
    #[serde(rename = "2nd", skip_serializing_if = "Option::is_none")]
    second: Option<u32>,
    #[serde(skip)]
    skipped: u32,
    #[serde(default = "seven", alias = "third")]
    third_field: u32,
}

fn seven() -> u32 {
    7
}

#[test]
fn attributes_of_structs() {
    let value = Attributes { first_field: 1, second: None, skipped: 0, third_field: 3 };
    is_written_as(&value, &json!({ "firstField": 1, "thirdField": 3 }));
    let read: Attributes = serde_json::from_value(json!({ "2nd": 2 })).unwrap();
    assert_eq!(read, Attributes { second: Some(2), third_field: 7, ..Attributes::default() });
    assert!(serde_json::from_value::<Attributes>(json!({ "other": 2 })).is_err());
    let schema = schema::<Attributes>();
    assert_eq!((&schema["title"], &schema["additionalProperties"]), (&json!("Attributes"), &json!(false)));
    assert_eq!(schema["properties"]["thirdField"]["default"], 7);
    assert!(schema["properties"].get("skipped").is_none());
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    TheFirst {
        value: u32,
    },
    #[serde(rename = "2nd")]
    Second,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Number(f64),
    Text(String),
}

#[test]
fn attributes_of_enums() {
    is_written_as(&Tagged::TheFirst { value: 1 }, &json!({ "kind": "the_first", "value": 1 }));
    is_written_as(&Tagged::Second, &json!({ "kind": "2nd" }));
    is_written_as(&Untagged::Number(1.5), &json!(1.5));
    is_written_as(&Untagged::Text("x".to_owned()), &json!("x"));
    assert_eq!(schema::<Tagged>()["oneOf"].as_array().unwrap().len(), 2);
    assert_eq!(schema::<Untagged>()["anyOf"].as_array().unwrap().len(), 2);
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Tree {
    label: String,
    children: Vec<Tree>,
    #[serde(flatten)]
    rest: BTreeMap<String, u32>,
}

#[test]
fn recursive_and_flattened() {
    let leaf = Tree { label: "leaf".to_owned(), children: vec![], rest: BTreeMap::from([("x".to_owned(), 1)]) };
    let tree = Tree { label: "root".to_owned(), children: vec![leaf], rest: BTreeMap::new() };
    is_written_as(&tree, &json!({ "label": "root", "children": [{ "label": "leaf", "children": [], "x": 1 }] }));
    assert_eq!(schema::<Tree>()["properties"]["children"]["items"]["$ref"], "#");
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Page<T, const N: usize = 1> {
    items: Vec<T>,
    next: Option<Box<Page<T, N>>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Celsius(f64);

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Borrowed<'a> {
    text: &'a str,
}

#[test]
fn generic_and_transparent_and_borrowed() {
    let page: Page<Celsius> = Page { items: vec![Celsius(1.5)], next: None };
    is_written_as(&page, &json!({ "items": [1.5], "next": null }));
    assert_eq!(schema::<Celsius>()["type"], "number");
    assert_eq!(serde_json::to_value(Borrowed { text: "x" }).unwrap(), json!({ "text": "x" }));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
struct Positive(f64);

impl TryFrom<f64> for Positive {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        if value > 0.0 { Ok(Self(value)) } else { Err(format!("{value} is not positive")) }
    }
}

impl From<Positive> for f64 {
    fn from(positive: Positive) -> Self {
        positive.0
    }
}

#[test]
fn converted() {
    is_written_as(&Positive(1.5), &json!(1.5));
    assert!(serde_json::from_value::<Positive>(json!(-1.0)).unwrap_err().to_string().contains("-1 is not positive"));
    assert_eq!(schema::<Positive>()["type"], "number");
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Other")]
#[schemars(deny_unknown_fields)]
struct Renamed {
    #[schemars(range(min = 1, max = 12))]
    month: u8,
}

#[test]
fn schemars_attributes() {
    let schema = schema::<Renamed>();
    assert_eq!((&schema["title"], &schema["properties"]["month"]["maximum"]), (&json!("Other"), &json!(12)));
    assert_eq!(serde_json::to_value(Renamed { month: 1 }).unwrap(), json!({ "month": 1 }));
    assert_eq!(serde_json::from_value::<Renamed>(json!({ "month": 2 })).unwrap().month, 2);
}
