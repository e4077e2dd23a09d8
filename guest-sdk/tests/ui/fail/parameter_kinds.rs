#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn parameter_kinds(a: *const u8, b: fn(), c: dyn Send) {}

fn main() {}
