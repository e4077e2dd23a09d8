#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn reference(context: &Context) -> &str {
    ""
}

#[step]
fn display() -> impl std::fmt::Display {
    ""
}

#[step]
fn endless() -> impl Iterator {
    std::iter::once(1)
}

#[step]
fn never() -> ! {
    loop {}
}

#[step]
fn pointer() -> Result<*const u8> {
    todo!()
}

#[step]
fn function() -> fn() {
    todo!()
}

#[step]
fn results() -> Result<Result<u32>> {
    todo!()
}

#[step]
fn both(out: &mut Writer<u32>) -> Result<u32> {
    todo!()
}

#[step]
fn writer() -> Writer<u32> {
    todo!()
}

fn main() {}
