//! One step for each limit that it runs into.

use std::hint::black_box;

use stepmill_sdk::prelude::*;

/// Never ends.
#[step]
fn spins() {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Sleeps for an hour.
#[step]
fn sleeps() {
    std::thread::sleep(std::time::Duration::from_secs(3600));
}

/// Takes memory until there is no more.
#[step]
fn hoards() -> usize {
    let mut heap = Vec::new();
    loop {
        heap.push(black_box(vec![1u8; 1 << 20]));
    }
}

/// Calls itself until the stack ends.
#[step]
fn recurses() -> u64 {
    fn deeper(depth: u64) -> u64 {
        let frame = black_box([depth; 64]);
        if frame[0] == u64::MAX { 0 } else { black_box(deeper(depth + 1)) + frame[0] }
    }
    deeper(0)
}

/// Writes so many lines to its log.
#[step]
fn chatters(context: &Context, #[config] lines: u32) {
    for line in 0..lines {
        context.info(&format!("line {line}"));
    }
}

/// Writes so many lines to standard output and error.
#[step]
fn prints(#[config] lines: u32) {
    for line in 0..lines {
        println!("out {line}");
        eprintln!("err {line}");
    }
}

/// Writes a text to standard output without the end of a line, and then fails or not.
#[step]
fn prints_unended(#[config(default)] fails: bool) -> Result<()> {
    print!("total: 42");
    if fails { Err(StepError::new("as told")) } else { Ok(()) }
}

/// Colours its log and pretends to be the terminal.
#[step]
fn colours(context: &Context) {
    context.warn("\u{1b}[31mred\u{1b}[0m\u{7}\u{202e}txt");
}

/// Waits by computing, then says so.
#[step]
fn says_early_and_works(context: &Context, #[config] turns: u64) -> u64 {
    context.info("early");
    context.progress(1, Some(2), "half");
    let mut value = 0u64;
    for turn in 0..turns {
        value = black_box(value.wrapping_mul(31).wrapping_add(turn));
    }
    value
}
