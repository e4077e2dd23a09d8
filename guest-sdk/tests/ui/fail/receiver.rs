#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn receiver(self, value: u32) -> u32 {
    value
}

fn main() {}
