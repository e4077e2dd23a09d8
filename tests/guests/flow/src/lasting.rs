//! Steps that take their time, and steps that look at what is around them.

use std::hint::black_box;

use stepmill_sdk::prelude::*;

use crate::failing::attempt;

/// Never ends.
#[step]
fn spin() -> i64 {
    loop {
        black_box(0);
    }
}

/// Never ends for one number, and hands others on.
#[step]
fn spin_if(value: i64, #[config] at: i64) -> i64 {
    while value == at {
        black_box(0);
    }
    value
}

/// Does not end until its attempt has this number, and returns it.
#[step]
fn spin_until(context: &Context, #[config] ends_at: u32) -> Result<u32> {
    let attempt = attempt(context)?;
    while attempt < ends_at {
        black_box(0);
    }
    Ok(attempt)
}

/// Turns so many times, which takes a while.
#[step]
fn turn(#[config] millions: u64) -> u64 {
    for turn in 0..millions * 1_000_000 {
        black_box(turn);
    }
    millions
}

/// Whether it is told about its run.
#[step]
fn knows_its_run(context: &Context) -> bool {
    context.run_facts().is_some()
}
