#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
const fn several_at_once<T>(text: &str, (a, b): (u32, u128), #[config(x)] c: u32) -> impl Send {}

fn main() {}
