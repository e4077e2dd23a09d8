//! Programs that talk: to the log, to standard output, about their progress.

use std::io::Write;

use crate::{
    Program, number,
    stepmill::step::host::{self, Level},
};

pub const PROGRAMS: &[(&str, Program)] = &[
    ("floods_the_log", floods_the_log),
    ("floods_standard_output", floods_standard_output),
    ("logs_one_endless_line", logs_one_endless_line),
    ("logs_empty_lines", logs_empty_lines),
    ("logs_what_a_terminal_obeys", logs_what_a_terminal_obeys),
    ("floods_with_progress", floods_with_progress),
];

fn floods_the_log() -> Vec<u8> {
    let line = "x".repeat(4096);
    (0..100_000).for_each(|_| host::log(Level::Error, &line));
    number(1)
}

fn floods_standard_output() -> Vec<u8> {
    let mut line = vec![b'y'; 4096];
    line[4095] = b'\n';
    let mut out = std::io::stdout().lock();
    (0..100_000).for_each(|_| drop(out.write_all(&line)));
    number(1)
}

fn logs_one_endless_line() -> Vec<u8> {
    host::log(Level::Info, &"z".repeat(16 << 20));
    eprint!("{}", "w".repeat(16 << 20));
    number(1)
}

/// As many lines as fit into one call.
fn logs_empty_lines() -> Vec<u8> {
    let lines = "\n".repeat(60 << 20);
    (0..10).for_each(|_| host::log(Level::Info, &lines));
    number(1)
}

fn logs_what_a_terminal_obeys() -> Vec<u8> {
    for text in ["\0\u{1b}[2J\u{7}", "\u{202e}txt.exe", "</script><script>alert(1)</script>", "\u{1b}]0;title\u{7}"] {
        host::log(Level::Warn, text);
        println!("{text}");
    }
    std::io::stdout().write_all(b"\xff\xfe\n").map_or(number(0), |()| number(1))
}

fn floods_with_progress() -> Vec<u8> {
    let message = "p".repeat(1_000);
    (0..200_000).for_each(|done| host::progress(done, Some(u64::MAX), &message));
    number(1)
}
