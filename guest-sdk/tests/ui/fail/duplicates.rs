#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn duplicates(a: u32, a: u32) {}

#[step]
fn writers(a: &mut Writer<u32>, b: &mut Writer<u32>) {}

fn main() {}
