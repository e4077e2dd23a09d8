//! The order in which runs end, for triggers that wait for them.

use super::*;
use crate::persist::{ServiceStore, service::TriggerEntry};

/// Ends a run at a time.
fn end_at(journal: &SqliteJournal, run: RunId, at: i64) {
    append(journal, vec![RunEvent { run, seq: 1, at: Timestamp(at), kind: finished() }]).unwrap();
}

#[test]
fn ends_follow_one_another_as_they_were_committed_whatever_the_clock_says() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, journal) = open(folder.path());
    let journal = Arc::new(journal);
    let store = ServiceStore::new(Arc::clone(&journal), Arc::new(Reader::open(dir.dir()).unwrap()));
    let (watched, other) = (Name::new("watched").unwrap(), Name::new("other").unwrap());
    let trigger = Name::new("t").unwrap();
    let seen = || store.end_seen_by(&other, &trigger).unwrap();
    assert_eq!(seen(), None);

    // What ended before the trigger was there does not concern it.
    let earlier = create(journal.as_ref(), "watched", 0);
    end_at(&journal, earlier, 5_000);
    let entry = TriggerEntry { name: trigger.clone(), kind: "finished".to_owned(), paused: false };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let keep =
        |entries| runtime.block_on(store.keep_triggers(vec![(other.clone(), entries)], Timestamp(9_000))).unwrap();
    keep(vec![entry.clone()]);
    assert_eq!(seen(), Some(1));

    // A clock that goes back all the time, and runs of another pipeline in between.
    let ends: Vec<_> = (0..10).map(|n| (create(journal.as_ref(), ["watched", "noise"][n % 2], 0), n)).collect();
    for (run, n) in &ends {
        end_at(&journal, *run, 4_000 - *n as i64 * 100);
    }
    let wanted: Vec<_> = ends.iter().filter(|(_, n)| n % 2 == 0).map(|(run, _)| *run).collect();
    let (mut place, mut found) = (1, Vec::new());
    loop {
        let page = store.ended_after(&watched, place, 2).unwrap();
        let Some(last) = page.last() else { break };
        place = last.place;
        found.extend(page.iter().map(|end| end.run));
    }
    assert_eq!(found, wanted);

    // The places of runs that were removed are not given again.
    runtime.block_on(store.seen_end(other.clone(), trigger.clone(), place)).unwrap();
    ends.iter().for_each(|(run, _)| journal.remove(*run).wait().unwrap());
    let next = create(journal.as_ref(), "watched", 0);
    end_at(&journal, next, 1);
    let found = store.ended_after(&watched, seen().unwrap(), 10).unwrap();
    assert_eq!(found.iter().map(|end| end.run).collect::<Vec<_>>(), [next]);

    // Nor is anything passed over because what is deployed is noted again.
    keep(vec![entry.clone()]);
    assert_eq!(store.ended_after(&watched, seen().unwrap(), 10).unwrap().len(), 1);

    // A trigger that comes back starts no runs for what has ended while it was gone.
    keep(vec![]);
    keep(vec![entry]);
    assert_eq!(store.ended_after(&watched, seen().unwrap(), 10).unwrap(), []);

    // Resuming a trigger starts no runs for what has ended meanwhile.
    let next = create(journal.as_ref(), "watched", 0);
    end_at(&journal, next, 1);
    for paused in [true, false] {
        let paused = store.pause_trigger(other.clone(), trigger.clone(), paused, "me".to_owned(), Timestamp(0));
        runtime.block_on(paused).unwrap();
    }
    assert_eq!(store.ended_after(&watched, seen().unwrap(), 10).unwrap(), []);
}

#[test]
fn a_damaged_end_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, journal) = open(folder.path());
    let journal = Arc::new(journal);
    let store = ServiceStore::new(Arc::clone(&journal), Arc::new(Reader::open(dir.dir()).unwrap()));
    let runs: Vec<_> = (0..3).map(|_| create(journal.as_ref(), "watched", 0)).collect();
    runs.iter().for_each(|run| end_at(&journal, *run, 1));
    let connection = rusqlite::Connection::open(folder.path().join("stepmill.db")).unwrap();
    connection.execute("UPDATE runs SET state = 'asleep' WHERE id = ?", [runs[0].as_bytes()]).unwrap();
    let found = store.ended_after(&Name::new("watched").unwrap(), 0, 10).unwrap();
    assert_eq!(found.iter().map(|end| end.run).collect::<Vec<_>>(), runs[1..]);
}
