#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step(nmae = "x")]
fn typo() {}

#[step(name = "a", name = "b")]
fn twice() {}

#[step(crate = stepmill_sdk, crate = stepmill_sdk)]
fn crates() {}

#[step]
struct NotAFunction;

fn main() {}
