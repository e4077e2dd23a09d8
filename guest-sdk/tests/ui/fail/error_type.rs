#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

struct Silent;

#[step]
fn error_type() -> Result<u32, Silent> {
    Err(Silent)
}

fn main() {}
