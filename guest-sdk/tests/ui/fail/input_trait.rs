#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

struct Plain;

#[step]
fn input_trait(plain: Plain) {}

fn main() {}
