//! A data directory that was copied, read or removed while its original goes on.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::json;
use stepmill_tests::{Bench, copy_folder, server::Server, witness::Witness};

use super::{
    accepted::{begin, start, tell, until_seen, until_state},
    deploy::{deploy, finish, upload},
};

#[test]
fn a_copy_does_not_run_with_the_keys_of_its_original() {
    let (bench, copied, witness) = (Bench::new(), Bench::new(), Witness::new());
    bench.warm();
    let server = start(&bench, "");
    let _ = deploy(&server, &format!("name = \"twice\"\n{}", tell(&witness, "twice", ""))).expect(200);
    let token = server.token().to_owned();
    witness.hold();
    let id = begin(&server, "twice");
    until_seen(&witness, 1);
    // It is taken as a backup would be: the events so far are in it.
    assert_eq!(server.stop(), 0);
    copy_folder(&bench.data(), &copied.data());

    let config = bench.path().join("stepmill.toml");
    let config = ["--config", config.to_str().expect("UTF-8")];
    let original = Server::start(&bench, &config).with_token(&token);
    until_seen(&witness, 2);
    let other = Server::start(&copied, &config).with_token(&token);
    until_seen(&witness, 3);
    witness.release();
    for server in [&original, &other] {
        until_state(server, &id, "succeeded");
    }
    let keys: Vec<_> =
        witness.seen().iter().map(|request| request.header("idempotency-key").expect("a key").to_owned()).collect();
    let key = format!("{id}/twice");
    assert_eq!(keys[..2], [key.clone(), key.clone()], "the original goes on with its own");
    assert!(keys[2].starts_with(&format!("{key}@")), "{}", keys[2]);
    assert!(other.log().contains("is a copy"), "{}", other.log());

    // What begins there is its own.
    let _ = other.post("/api/v1/pipelines/twice/runs", &json!({})).expect(201);
    until_seen(&witness, 4);
    let last = witness.seen().pop().expect("a request");
    assert!(!last.header("idempotency-key").expect("a key").contains('@'));
    assert_eq!((original.stop(), other.stop()), (0, 0));
}

fn deployed(bench: &Bench) -> Server {
    bench.warm();
    let server = Server::start(bench, &[]);
    let _ = upload(&server).expect(201);
    let _ = deploy(&server, "name = \"p\"\n[steps.a]\nuse = \"behaviours/noop\"\n").expect(200);
    server
}

#[test]
fn another_program_that_reads_the_database_takes_nothing_away() {
    let bench = Bench::new();
    let server = deployed(&bench);
    let token = server.token().to_owned();
    let mut runs = vec![begin(&server, "p")];
    // Readers of the host's own open and close the database as well.
    bench.run(&["runs", "list"]).expect(0);

    // As the backup in docs/operations.md does: a program that takes itself for the last one folds the log, and deletes it.
    let database = rusqlite::Connection::open(bench.data().join("stepmill.db")).expect("the database");
    let count: i64 = database.query_row("SELECT count(*) FROM runs", [], |row| row.get(0)).expect("a count");
    database.close().expect("a clean end");
    assert_eq!(count, 1);
    assert!(bench.data().join("stepmill.db-wal").exists(), "the log was deleted under the host");

    runs.push(begin(&server, "p"));
    server.kill();
    let server = Server::start(&bench, &[]).with_token(&token);
    for run in runs {
        assert_eq!(finish(&server, &run)["state"], "succeeded");
    }
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_host_whose_database_is_removed_ends_and_promises_nothing_more() {
    let bench = Bench::new();
    let server = deployed(&bench);
    let token = server.token().to_owned();
    let accepted = begin(&server, "p");
    assert_eq!(finish(&server, &accepted)["state"], "succeeded");

    // The log alone: what it held is kept.
    fs::remove_file(bench.data().join("stepmill.db-wal")).expect("a log");
    let ends = |mut server: Server| {
        let refused = server.post("/api/v1/pipelines/p/runs", &json!({}));
        assert!(refused.status >= 500, "{}", refused.text());
        assert_eq!(server.wait(), 3, "{}", server.log());
        assert!(server.log().contains("was removed or replaced"), "{}", server.log());
    };
    ends(server);
    let server = Server::start(&bench, &[]).with_token(&token);
    assert_eq!(finish(&server, &accepted)["state"], "succeeded");

    // The lock: another process takes itself for the only one.
    fs::remove_file(bench.data().join("LOCK")).expect("a lock");
    ends(server);
    let server = Server::start(&bench, &[]).with_token(&token);

    // All of it, with another in its place.
    let other = Bench::new();
    assert_eq!(Server::start(&other, &[]).stop(), 0);
    fs::rename(other.data().join("stepmill.db"), bench.data().join("stepmill.db")).expect("a database");
    ends(server);
}

#[test]
fn a_host_whose_lock_is_removed_accepts_nothing_beside_its_successor() {
    let bench = Bench::new();
    let mut server = deployed(&bench);
    let token = server.token().to_owned();
    fs::remove_file(bench.data().join("LOCK")).expect("a lock");
    let successor = Server::start(&bench, &[]).with_token(&token);
    let refused = server.post("/api/v1/pipelines/p/runs", &json!({}));
    assert!(refused.status >= 500, "{}", refused.text());
    assert_eq!(server.wait(), 3, "{}", server.log());
    assert_eq!(successor.get("/api/v1/runs").expect(200).json()["runs"], json!([]), "it would be driven by nobody");
    let run = begin(&successor, "p");
    assert_eq!(finish(&successor, &run)["state"], "succeeded");
    assert_eq!(successor.stop(), 0);
}

#[test]
fn a_backup_of_a_host_at_work_is_whole() {
    let (bench, restored) = (Bench::new(), Bench::new());
    let server = deployed(&bench);
    let large = "name = \"p\"\n[steps.a]\nuse = \"behaviours/fill\"\nconfig.size = 200000\n";
    let _ = deploy(&server, large).expect(200);
    let token = server.token().to_owned();
    let ended = begin(&server, "p");
    assert_eq!(finish(&server, &ended)["state"], "succeeded");

    // As docs/operations.md says it, while something is written all the time.
    let done = AtomicBool::new(false);
    fs::create_dir_all(restored.data()).expect("a folder");
    let begun = thread::scope(|scope| {
        let writes = scope.spawn(|| {
            let mut begun = 0;
            while !done.load(Ordering::Relaxed) {
                begin(&server, "p");
                begun += 1;
            }
            begun
        });
        let database = rusqlite::Connection::open(bench.data().join("stepmill.db")).expect("the database");
        let copy = restored.data().join("stepmill.db");
        database.execute("VACUUM INTO ?1", [copy.to_str().expect("UTF-8")]).expect("a copy");
        for folder in ["blobs", "modules"] {
            copy_folder(&bench.data().join(folder), &restored.data().join(folder));
        }
        done.store(true, Ordering::Relaxed);
        writes.join().expect("a writer")
    });
    assert!(begun > 0, "nothing was written meanwhile");
    fs::copy(bench.data().join("secrets.key"), restored.data().join("secrets.key")).expect("a key");
    assert_eq!(server.stop(), 0);

    restored.run(&["verify"]).expect(0);
    let server = Server::start(&restored, &[]).with_token(&token);
    assert_eq!(finish(&server, &ended)["state"], "succeeded");
    assert_eq!(server.stop(), 0);
    restored.run(&["verify"]).expect(0);
}
