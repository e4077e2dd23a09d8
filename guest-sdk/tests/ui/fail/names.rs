#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
#[expect(non_snake_case)]
fn HotDays(_unused: u32, größe: u32) {}

#[step(name = "hot-days")]
fn hyphen() {}

fn main() {}
