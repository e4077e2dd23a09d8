//! Programs that take memory, stack and processor in ways that no check at a loop's end sees.

use std::{arch::wasm32, hint::black_box};

use crate::{Program, number, wasi};

const PAGE: usize = 65_536;

pub const PROGRAMS: &[(&str, Program)] = &[
    ("recurses", recurses),
    ("grows_and_touches", grows_and_touches),
    ("fills", fills),
    ("copies", copies),
    ("asks_for_a_gib_of_randomness", || number(wasi::random(1 << 30))),
    ("asks_for_randomness_without_end", asks_for_randomness_without_end),
    ("returns_too_much", || [&[0xc6, 0, 0x40, 0, 0][..], &vec![7; 4 << 20]].concat()),
];

fn recurses() -> Vec<u8> {
    #[inline(never)]
    fn even(depth: u32) -> u32 {
        if black_box(depth) == u32::MAX { 0 } else { black_box(odd(depth + 1)) + 1 }
    }
    #[inline(never)]
    fn odd(depth: u32) -> u32 {
        if black_box(depth) == u32::MAX { 1 } else { black_box(even(depth + 1)) + 2 }
    }
    number(even(0))
}

fn grows_and_touches() -> Vec<u8> {
    while wasm32::memory_grow(0, 1) != usize::MAX {
        let last = (wasm32::memory_size(0) - 1) * PAGE;
        // SAFETY: the page was just made, and nobody else knows of it.
        unsafe { (last as *mut u8).write_volatile(1) };
    }
    number(wasm32::memory_size(0) as u32)
}

fn fills() -> Vec<u8> {
    let mut block = vec![0; 64 << 20];
    for byte in (0..=u8::MAX).cycle() {
        block.fill(black_box(byte));
        black_box(&block);
    }
    block
}

fn copies() -> Vec<u8> {
    let mut block = vec![0; 64 << 20];
    for at in (0..PAGE).cycle() {
        block.copy_within(at..63 << 20, black_box(0));
        black_box(&block);
    }
    block
}

fn asks_for_randomness_without_end() -> Vec<u8> {
    loop {
        let bytes = wasi::random(65_536);
        black_box(bytes);
    }
}
