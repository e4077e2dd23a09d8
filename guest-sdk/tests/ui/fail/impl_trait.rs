#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn impl_trait(values: impl Iterator<Item = u32>) -> usize {
    values.count()
}

fn main() {}
