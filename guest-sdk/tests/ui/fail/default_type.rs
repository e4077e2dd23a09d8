#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn default_type(#[config(default = "thirty")] threshold: f64) {}

fn main() {}
