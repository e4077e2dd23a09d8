#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn of_type<T: Default>(value: u32) -> u32 {
    value
}

#[step]
fn of_lifetime<'a>(value: u32, context: &'a Context) {
    let _ = (value, context);
}

#[step]
fn of_const<const N: usize>(value: u32) {
    let _ = value;
}

#[step]
fn clause(value: u32)
where
    u32: Copy,
{
    let _ = value;
}

fn main() {}
