//! Steps that make values and hand them on.

use stepmill_sdk::prelude::*;

/// Returns its config as it is.
#[step]
fn emit(#[config(default = 1)] value: i64) -> i64 {
    value
}

/// Returns a text as it is.
#[step]
fn say(#[config] text: String) -> String {
    text
}

/// Returns numbers as a list.
#[step]
fn list(#[config] items: Vec<i64>) -> Vec<i64> {
    items
}

/// Returns numbers as a stream.
#[step]
fn rows(#[config] items: Vec<i64>) -> impl Iterator<Item = i64> {
    items.into_iter()
}

/// Somebody with numbers.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Person {
    pub name: String,
    pub numbers: Vec<i64>,
}

/// Several people.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct People {
    pub people: Vec<Person>,
    pub count: i64,
}

/// Returns people: each has the numbers up to its place.
#[step]
fn people(#[config] names: Vec<String>) -> People {
    let count = names.len() as i64;
    let person = |(place, name)| Person { name, numbers: (1..=place as i64 + 1).collect() };
    People { people: names.into_iter().enumerate().map(person).collect(), count }
}

/// Doubles a number.
#[step]
fn double(value: i64) -> i64 {
    value * 2
}

/// Adds a number from the config.
#[step]
fn plus(value: i64, #[config] more: i64) -> i64 {
    value + more
}

/// Adds numbers up.
#[step]
fn sum(numbers: Vec<i64>) -> i64 {
    numbers.iter().sum()
}

/// Adds a stream up.
#[step]
fn sum_rows(numbers: Rows<i64>) -> Result<i64> {
    numbers.sum()
}

/// Greets somebody.
#[step]
fn greet(name: String, #[config(default = "Hello".to_owned())] greeting: String) -> String {
    format!("{greeting}, {name}!")
}

/// Says which of its inputs are there, and what they are.
#[step]
fn tell(left: Option<i64>, right: Option<i64>) -> String {
    let tell = |value: Option<i64>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
    format!("{} and {}", tell(left), tell(right))
}

/// Returns so many bytes: more than 64 KiB are kept in a file.
#[step]
fn bytes(#[config] size: usize) -> Bytes {
    Bytes::from(vec![7; size])
}

/// Counts bytes.
#[step]
fn measure(data: Bytes) -> u64 {
    data.len() as u64
}

/// Counts up to an item, as a stream.
#[step]
fn count_to(value: i64) -> impl Iterator<Item = i64> {
    1..=value
}
