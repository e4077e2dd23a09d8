#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn references(
    text: &str,
    context: &mut Context,
    out: &Writer<u32>,
    owned: Context,
    moved: Writer<u32>,
    #[config] config: &u32,
) {
}

#[step]
fn without_item(out: &mut Writer) {}

fn main() {}
