#![allow(unused_variables)]

use stepmill_sdk::prelude::*;

#[step]
fn config(
    #[config(defualt = 1)] a: u32,
    #[config(default, default = 1)] b: u32,
    #[config] #[config] c: u32,
    #[config] rows: Rows<u32>,
    #[config(default = 1)] context: &Context,
    #[cfg(unix)] d: u32,
    #[config = 1] e: u32,
) {
}

fn main() {}
