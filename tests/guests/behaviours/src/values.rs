//! Values of all types, as they cross the boundary.

use std::collections::BTreeMap;

use stepmill_sdk::prelude::*;

/// Does nothing.
#[step]
fn noop() {}

/// Does nothing, in a chain.
#[step]
fn link(before: Option<u8>) -> u8 {
    before.unwrap_or_default()
}

/// Does nothing, for an item.
#[step]
fn same_number(value: u32) -> u32 {
    value
}

/// Hands its input on.
#[step]
fn pass(data: Bytes) -> Bytes {
    data
}

/// Makes so many bytes.
#[step]
fn fill(#[config] size: usize) -> Bytes {
    Bytes::from(vec![0xab; size])
}

/// Counts bytes.
#[step]
fn measure(data: Bytes) -> u64 {
    data.len() as u64
}

/// How a colour is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    Red,
    Rgb(u8, u8, u8),
    Named { name: String },
}

/// A value with one field of each sort.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Everything {
    pub unit: (),
    pub yes: bool,
    pub small: i8,
    pub largest: u64,
    pub smallest: i64,
    pub half: f32,
    pub not_a_number: f64,
    pub letter: char,
    pub text: String,
    pub bytes: Bytes,
    pub nothing: Option<u8>,
    pub something: Option<u8>,
    pub pair: (u8, String),
    pub colours: Vec<Colour>,
    pub ages: BTreeMap<String, u32>,
    pub names: BTreeMap<u16, String>,
    pub nested: Vec<Vec<i32>>,
}

/// Makes one of everything.
#[step]
fn everything() -> Everything {
    Everything {
        unit: (),
        yes: true,
        small: -128,
        largest: u64::MAX,
        smallest: i64::MIN,
        half: 0.5,
        not_a_number: f64::NAN,
        letter: 'ß',
        text: "a\u{0}\u{1f980}".to_owned(),
        bytes: Bytes::from(vec![0, 255]),
        nothing: None,
        something: Some(7),
        pair: (1, "one".to_owned()),
        colours: vec![Colour::Red, Colour::Rgb(1, 2, 3), Colour::Named { name: "teal".to_owned() }],
        ages: BTreeMap::from([("ada".to_owned(), 36)]),
        names: BTreeMap::from([(7, "seven".to_owned())]),
        nested: vec![vec![], vec![1, -1]],
    }
}

/// Hands one of everything on, decoded and encoded again.
#[step]
fn same(value: Everything) -> Everything {
    value
}

/// Makes a list of so many numbers.
#[step]
fn numbers(#[config] count: u32) -> Vec<u32> {
    (0..count).collect()
}

/// Adds numbers up.
#[step]
fn sum(numbers: Vec<u32>) -> u64 {
    numbers.into_iter().map(u64::from).sum()
}

/// Says whether it was given something.
#[step]
fn maybe(value: Option<u32>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| format!("{value}"))
}

/// Greets, later.
#[step]
async fn greet(name: String, #[config(default = "Hello".to_owned())] greeting: String) -> String {
    format!("{greeting}, {name}!")
}

/// Wants text.
#[step]
fn shout(text: String) -> String {
    text.to_uppercase()
}
