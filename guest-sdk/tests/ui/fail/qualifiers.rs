#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
const fn constant(value: u32) -> u32 {
    value
}

#[step]
unsafe fn not_safe(value: u32) -> u32 {
    value
}

#[step]
extern "C" fn external(value: u32) -> u32 {
    value
}

#[step]
unsafe extern "C" fn variadic(value: u32, ...) -> u32 {
    value
}

fn main() {}
