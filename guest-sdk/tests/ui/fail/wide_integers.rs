#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn wide_integers(a: i128, b: Vec<Option<u128>>, #[config] c: u128, out: Rows<(u8, i128)>) -> Result<Vec<u128>> {
    todo!()
}

#[step]
fn items() -> impl Iterator<Item = i128> {
    std::iter::empty()
}

#[step]
fn written(out: &mut Writer<i128>) {}

fn main() {}
