#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

struct Plain;

#[step]
fn output_trait() -> Result<Plain> {
    Ok(Plain)
}

fn main() {}
