//! A service is stopped while requests of each kind are in progress: it ends in good order and in time; what it has answered is
//! done after the next start, and what it has not is done or not.

use std::{
    io::Write as _,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Signal, kill_process};
use stepmill_tests::{
    server::{Answer, answer},
    strace::{Injection, available},
};

use super::{World, prepare, report, sent};

/// As documented: 10 s for requests, and 5 s for runs; and something for a busy machine. Twice as long for requests would be more.
const LIMIT: Duration = Duration::from_secs(19);

/// What the requests are doing when the signal comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The second half of each body comes after the signal.
    InsideBody,
    /// It never comes.
    Stalled,
    /// Each is whole, and waits for a disk that is slow.
    BeingDone,
}

#[test]
fn a_stop_with_requests_whose_bodies_come_later_answers_them() {
    stop_during(Moment::InsideBody);
}

#[test]
fn a_stop_does_not_wait_for_bodies_that_never_come() {
    stop_during(Moment::Stalled);
}

#[test]
fn a_stop_while_requests_wait_for_the_disk_keeps_what_it_answers() {
    if available() {
        stop_during(Moment::BeingDone);
    }
}

fn stop_during(moment: Moment) {
    let mut world = World::new();
    let changes = prepare(&world, "stop");
    let slow = (moment == Moment::BeingDone)
        .then(|| Injection::begin(world.server.pid(), &world.bench.data(), "fsync", "delay_exit=50000"));
    let begun: Vec<_> = changes
        .iter()
        .map(|(_, change)| {
            let (whole, head) = change.bytes(&world.server);
            let body = whole.len() - head;
            let first = if moment == Moment::BeingDone || body == 0 { whole.len() } else { head + body / 2 };
            (sent(&world.server, &whole[..first]), whole[first..].to_vec())
        })
        .collect();
    // They have been read as far as they came.
    thread::sleep(Duration::from_millis(if moment == Moment::BeingDone { 30 } else { 200 }));
    let asked_to_stop = Instant::now();
    kill_process(world.server.pid(), Signal::TERM).expect("the process is there");
    thread::sleep(Duration::from_millis(30));
    let readers: Vec<_> = begun
        .into_iter()
        .map(|(mut stream, rest)| {
            if moment == Moment::InsideBody {
                // It may have been closed, which its answer then shows.
                drop(stream.write_all(&rest));
            }
            thread::spawn(move || answer(stream))
        })
        .collect();
    let answers: Vec<Option<Answer>> = readers.into_iter().map(|reader| reader.join().expect("no panic")).collect();
    assert_eq!(world.server.wait(), 0, "{}", world.server.log());
    let took = asked_to_stop.elapsed();
    assert!(took < LIMIT, "it took {took:?}\n{}", world.server.log());
    assert!(!world.server.log().contains("panicked"), "{}", world.server.log());
    drop(slow);

    world = world.restart();
    let (mut answered, mut wrong) = (0, Vec::new());
    for ((route, change), answer) in changes.iter().zip(&answers) {
        let good = answer.as_ref().filter(|answer| answer.status < 400);
        answered += usize::from(good.is_some());
        let kept = match good {
            Some(answer) if answer.status != change.first => Err(format!("{} {}", answer.status, answer.text())),
            Some(_) if change.is_done(&world.server) == Some(false) => Err("answered, and not done".to_owned()),
            _ => Ok(()),
        };
        if let Err(fault) = kept.and_then(|()| change.repeat(&world.server)) {
            wrong.push(format!("{route}, stopped {moment:?}: {fault}"));
        }
    }
    report(&wrong);
    println!("{moment:?}: {answered} of {} answered, stopped within {took:?}", changes.len());
    // A connection that the service had not accepted yet is closed; those that it had are answered.
    match moment {
        Moment::InsideBody => assert_eq!(answered, changes.len(), "{answers:?}"),
        Moment::BeingDone => assert!(answered > changes.len() / 2, "{answers:?}"),
        Moment::Stalled => {}
    }
    world.witness.release();
    assert_eq!(world.server.stop(), 0);
}
