#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(crate = "elsewhere")]
struct Elsewhere;

#[derive(Deserialize)]
struct Borrows<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[stepmill(path = x)]
struct Unknown;

fn main() {}
