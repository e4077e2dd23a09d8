use super::*;
use crate::runtime::testing::Recorder;

fn logs(limits: &Limits) -> (Logs, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    (Logs::new(recorder.clone(), limits), recorder)
}

#[test]
fn streams_become_lines() {
    let (logs, recorder) = logs(&Limits::default());
    logs.write(LogStream::Stdout, b"one\ntw");
    logs.write(LogStream::Stderr, b"bad\n");
    logs.write(LogStream::Stdout, b"o\r\nlast");
    logs.finish();
    assert_eq!(recorder.texts(), ["one", "bad", "two", "last"]);
}

#[test]
fn a_flood_is_counted_and_dropped() {
    let (logs, recorder) = logs(&Limits { log_lines: 3, ..Limits::default() });
    logs.write(LogStream::Stdout, &b"x\n".repeat(100));
    logs.log(LogLevel::Info, "late");
    assert_eq!((recorder.texts().len(), logs.counts()), (3, (3, 98)));
}

#[test]
fn the_log_says_what_is_not_in_it() {
    let (logs, recorder) = logs(&Limits { log_lines: 2, log_bytes: 50, ..Limits::default() });
    logs.write(LogStream::Stdout, b"one\ntwo\nthree\nfour\nfive");
    logs.finish();
    let dropped = "3 more lines were dropped: the log of an attempt has room for 2 lines and 50 bytes";
    assert_eq!(recorder.texts(), ["one", "two", dropped]);
    // It is none of the step's lines.
    assert_eq!(logs.counts(), (2, 3));
}

#[test]
fn a_line_without_end_is_broken() {
    let (logs, recorder) = logs(&Limits::default());
    logs.write(LogStream::Stdout, &vec![b'x'; 5 * MAX_LINE / 2]);
    logs.log(LogLevel::Info, &"y".repeat(MAX_LINE + 1));
    let lengths: Vec<_> = recorder.texts().iter().map(String::len).collect();
    assert_eq!(lengths, [MAX_LINE, MAX_LINE, MAX_LINE, 1]);
}

#[test]
fn the_message_of_a_panic_is_kept() {
    let (logs, _) = logs(&Limits { log_lines: 0, ..Limits::default() });
    logs.write(LogStream::Stderr, b"hello\n\nthread 'main' (1) panicked at src/lib.rs:1:1:\nboom\nnote: run with x\n");
    assert_eq!(logs.panic().as_deref(), Some("thread 'main' (1) panicked at src/lib.rs:1:1:\nboom"));
}

#[test]
fn what_rust_puts_around_a_panic_is_left_out() {
    let (logs, recorder) = logs(&Limits::default());
    logs.write(LogStream::Stderr, b"\n\nfirst\n\n");
    logs.log(LogLevel::Info, "second");
    logs.write(LogStream::Stderr, b"\nthread 'main' (1) panicked at src/lib.rs:1:1:\nboom\n");
    logs.write(LogStream::Stderr, format!("{BACKTRACE_NOTE}\n\n").as_bytes());
    logs.finish();
    let panic = "thread 'main' (1) panicked at src/lib.rs:1:1:";
    assert_eq!(recorder.texts(), ["", "", "first", "", "second", panic, "boom", ""]);
    assert_eq!(logs.counts(), (8, 0));
}

#[test]
fn the_last_progress_arrives() {
    let (logs, recorder) = logs(&Limits::default());
    (0..1000).for_each(|done| logs.progress(done, Some(1000), "working"));
    logs.finish();
    let progress = recorder.progress.lock().unwrap();
    assert_eq!(progress.last().unwrap().done, 999);
    assert!(progress.len() < 1000);
}

#[test]
fn lines_that_nobody_will_see_are_counted_at_once() {
    let (logs, recorder) = logs(&Limits { log_lines: 3, ..Limits::default() });
    logs.log(LogLevel::Info, "a\r\n\nb\nc\nd");
    logs.log(LogLevel::Info, "e\nf\n");
    logs.log(LogLevel::Info, "");
    assert_eq!((recorder.texts(), logs.counts()), (["a", "", "b"].map(str::to_owned).to_vec(), (3, 5)));
}

#[test]
fn what_is_shown_counts_and_not_what_was_written() {
    let (logs, recorder) = logs(&Limits { log_bytes: 100, ..Limits::default() });
    logs.log(LogLevel::Info, &"\0".repeat(10));
    logs.log(LogLevel::Info, &"\0".repeat(20));
    assert_eq!((recorder.texts().len(), logs.counts()), (1, (1, 1)));
}
