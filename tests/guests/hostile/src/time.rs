//! Programs that never end, or wait for what never comes.

use std::{hint::black_box, io::Read};

use crate::{Program, number, wasi};

pub const PROGRAMS: &[(&str, Program)] = &[
    ("spins", spins),
    ("sleeps_forever", sleeps_forever),
    ("forgets_timers", forgets_timers),
    ("polls_without_end", polls_without_end),
    ("polls_nothing", polls_nothing),
    ("polls_a_million", polls_a_million),
    ("reads_input", reads_input),
    ("reaches_the_end_of_time", reaches_the_end_of_time),
];

fn spins() -> Vec<u8> {
    loop {
        black_box(0);
    }
}

fn sleeps_forever() -> Vec<u8> {
    wasi::block(wasi::subscribe(u64::MAX));
    number(1)
}

fn forgets_timers() -> Vec<u8> {
    number((0..1_000_000).map(|_| wasi::subscribe(1)).fold(0, u32::wrapping_add))
}

fn polls_without_end() -> Vec<u8> {
    loop {
        let timer = wasi::subscribe(0);
        wasi::poll(&[timer]);
        wasi::drop(timer);
    }
}

fn polls_nothing() -> Vec<u8> {
    number(wasi::poll(&[]))
}

fn polls_a_million() -> Vec<u8> {
    number(wasi::poll(&vec![wasi::subscribe(0); 1_000_000]))
}

fn reads_input() -> Vec<u8> {
    let mut input = Vec::new();
    let read = std::io::stdin().read_to_end(&mut input);
    number(read.map_or(u32::MAX, |read| read as u32))
}

fn reaches_the_end_of_time() -> Vec<u8> {
    let timer = wasi::subscribe(u64::MAX);
    let ready = wasi::ready(timer);
    wasi::block(timer);
    let late = wasi::subscribe(u64::MAX);
    wasi::block(late);
    let _ = std::time::SystemTime::now();
    number(ready + u32::from(wasi::now() == u64::MAX))
}
