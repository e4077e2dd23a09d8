//! Many callers share commits; log lines ride along.

use std::time::{Duration, Instant};

use super::*;
use crate::{
    execute::ports::{LogLevel, LogLine, LogStream},
    persist::{
        LogEntry,
        reader::{LogFilter, MAX_ROWS},
    },
};

#[test]
fn concurrent_runs_share_commits() {
    const RUNS: usize = 10;
    const EACH: u64 = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let before = journal.stats();
    let runs: Vec<_> = std::thread::scope(|scope| {
        let write = || {
            let run = create(&journal, "p", 1);
            let appends: Vec<_> = (1..EACH).map(|seq| journal.append(events(run, seq, [EventKind::Resumed]))).collect();
            appends.into_iter().for_each(|append| wait(append).unwrap());
            run
        };
        let threads: Vec<_> = (0..RUNS).map(|_| scope.spawn(write)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let after = journal.stats();
    assert_eq!(after.events - before.events, RUNS as u64 * EACH);
    assert!(after.commits - before.commits < RUNS as u64 * EACH / 4, "{after:?}");
    for run in runs {
        assert_eq!(reader(folder.path()).history(run).unwrap().len() as u64, EACH);
    }
}

#[test]
fn a_lone_append_is_committed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let before = journal.stats().commits;
    for seq in 1..=20 {
        append(&journal, events(run, seq, [EventKind::Resumed])).unwrap();
    }
    assert_eq!(journal.stats().commits - before, 20);
}

#[test]
fn an_append_at_once_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    // The writer's thread may hold on to its turn for a moment after its answer; but nobody gives it another one.
    let were_at_once = (1..=20).map(|seq| {
        let committed = journal.append_at_once(events(run, seq, [EventKind::Resumed]));
        let is_there = reader(folder.path()).run(run).unwrap().events == seq + 1;
        wait(committed).unwrap();
        is_there
    });
    assert_eq!(were_at_once.last(), Some(true));
}

#[test]
fn runs_that_append_at_once_share_commits_where_they_meet() {
    const EACH: u64 = 300;
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let before = journal.stats();
    std::thread::scope(|scope| {
        let write = || {
            let run = create(&journal, "p", 1);
            for seq in 1..EACH {
                journal.log(entry(run, 1, &["a line"]));
                wait(journal.append_at_once(events(run, seq, [EventKind::Resumed]))).unwrap();
            }
            run
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(write)).collect();
        for thread in threads {
            let history = reader(folder.path()).history(thread.join().unwrap()).unwrap();
            assert_eq!(history.len() as u64, EACH);
        }
    });
    let after = journal.stats();
    assert_eq!(after.events - before.events, 8 * EACH);
    assert!(after.commits - before.commits < 8 * EACH, "{after:?}");
}

pub(super) fn entry(run: RunId, attempt: u32, texts: &[&str]) -> LogEntry {
    let line = |text: &&str| LogLine {
        at: Timestamp(1),
        level: LogLevel::Info,
        stream: LogStream::Log,
        text: (*text).to_owned(),
    };
    LogEntry { run, step: StepIndex(0), item: 0, attempt, lines: texts.iter().map(line).collect() }
}

#[test]
fn log_lines_appear_without_a_commit_of_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let reader = reader(folder.path());
    journal.log(entry(run, 1, &["one"]));
    journal.log(entry(run, 1, &["two"]));
    let since = Instant::now();
    let chunks = loop {
        let chunks = reader.logs(run, StepIndex(0), LogFilter::default(), 0, MAX_ROWS).unwrap();
        if !chunks.is_empty() {
            break chunks;
        }
        assert!(since.elapsed() < Duration::from_secs(5), "no line appeared");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(chunks[0].chunk, 0);
    assert_eq!(chunks[0].lines, entry(run, 1, &["one", "two"]).lines);
}

#[test]
fn log_lines_ride_with_events_and_are_followed_by_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    for attempt in 1..=3 {
        journal.log(entry(run, attempt, &["a", "b"]));
        append(&journal, events(run, u64::from(attempt), [EventKind::Resumed])).unwrap();
    }
    let reader = reader(folder.path());
    let numbers = |filter, from| {
        let chunks = reader.logs(run, StepIndex(0), filter, from, MAX_ROWS).unwrap();
        chunks.iter().map(|chunk| (chunk.chunk, chunk.attempt, chunk.lines.len())).collect::<Vec<_>>()
    };
    assert_eq!(numbers(LogFilter::default(), 0), [(0, 1, 2), (1, 2, 2), (2, 3, 2)]);
    assert_eq!(numbers(LogFilter::default(), 2), [(2, 3, 2)]);
    assert_eq!(numbers(LogFilter { attempt: Some(2), item: None }, 0), [(1, 2, 2)]);
    assert_eq!(numbers(LogFilter { attempt: None, item: Some(1) }, 0), []);
}

#[test]
fn log_lines_go_on_after_a_restart_and_wait_for_no_one_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    journal.log(entry(run, 1, &["before"]));
    journal.log(entry(RunId::generate(), 1, &["of nobody"]));
    journal.close().unwrap();
    drop((journal, dir));
    let (_dir, journal) = open(folder.path());
    journal.log(entry(run, 2, &["after"]));
    journal.close().unwrap();
    let chunks = reader(folder.path()).logs(run, StepIndex(0), LogFilter::default(), 0, MAX_ROWS).unwrap();
    assert_eq!(chunks.iter().map(|chunk| chunk.chunk).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn many_lines_do_not_wait_for_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let run = create(&journal, "p", 1);
    let text = "x".repeat(1 << 19);
    for _ in 0..8 {
        journal.log(entry(run, 1, &[&text]));
    }
    journal.close().unwrap();
    let chunks = reader(folder.path()).logs(run, StepIndex(0), LogFilter::default(), 0, MAX_ROWS).unwrap();
    assert_eq!(chunks.iter().map(|chunk| chunk.lines.len()).sum::<usize>(), 8);
}
