#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn patterns((a, b): (u32, u32), [c]: [u32; 1], _: u32, whole @ (_, _): (u32, u32), ref r: u32) -> u32 {
    a + b + c + whole.0 + *r
}

fn main() {}
