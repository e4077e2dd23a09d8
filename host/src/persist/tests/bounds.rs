//! What is stored has bounds, and what may not go stays.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::*;
use crate::{
    execute::ports::{Memory, RequestKey},
    ids::ModuleDigest,
    limits::*,
    module::ModuleInfo,
    persist::{
        Artifact, ServiceStore, schema,
        service::{NewToken, Pins, SealedSecret, SessionKind, TriggerEntry},
    },
};

struct Store {
    folder: tempfile::TempDir,
    journal: Arc<SqliteJournal>,
    service: ServiceStore,
    runtime: tokio::runtime::Runtime,
    _dir: WriterDir,
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (dir, journal) = open(folder.path());
        let journal = Arc::new(journal);
        let service = ServiceStore::new(Arc::clone(&journal), Arc::new(Reader::open(dir.dir()).unwrap()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { folder, journal, service, runtime, _dir: dir }
    }

    fn write(&self, sql: &str) {
        let sql = sql.to_owned();
        let done = self.journal.change(move |connection| {
            connection.execute_batch(&sql)?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        let Ok(()) = wait(done).unwrap();
    }

    fn count(&self, of: &str) -> i64 {
        self.value(&format!("SELECT count(*) FROM {of}"))
    }

    fn value(&self, sql: &str) -> i64 {
        self.connection().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn connection(&self) -> Connection {
        Connection::open(self.folder.path().join("stepmill.db")).unwrap()
    }

    /// Fills a scope with requests that started no runs.
    fn fill(&self, scope: &str, memory: &str, count: u64, first: i64) {
        let time = if memory == "time" { "n" } else { "NULL" };
        self.write(&format!(
            "WITH RECURSIVE n (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM n LIMIT {count}) \
             INSERT INTO requests (scope, key, memory, kept, at, scheduled_for, reason) \
             SELECT '{scope}', 'k' || n, '{memory}', 0, 0, {time}, 'skipped' FROM n"
        ));
        if memory != "file" {
            self.write(&format!(
                "INSERT INTO request_scopes (scope, forgettable) VALUES ('{scope}', {count}) \
                 ON CONFLICT (scope) DO UPDATE SET forgettable = forgettable + {count}"
            ));
        }
    }

    fn key(scope: &str, key: &str, memory: Memory, time: Option<i64>) -> RequestKey {
        let (scope, key, scheduled_for) = (scope.to_owned(), key.to_owned(), time.map(Timestamp));
        RequestKey { scope, key, scheduled_for, fingerprint: None, memory }
    }

    fn refuse(&self, key: &RequestKey) {
        let done = self.service.refuse(key.clone(), Timestamp(1), "skipped".to_owned());
        assert_eq!(self.runtime.block_on(done).unwrap(), None);
    }

    /// A run that has ended, started by this.
    fn run(&self, key: &RequestKey) -> RunId {
        let run = RunId::generate();
        let all = events(run, 0, [created(), finished()]);
        wait(self.journal.create(run, plan("p", 1), all, Some(key.clone()))).unwrap();
        run
    }

    fn knows(&self, key: &RequestKey) -> bool {
        self.service.answered(key).unwrap().is_some()
    }
}

const MOST: u64 = MAX_FORGETTABLE_REQUESTS;

#[test]
fn a_key_is_remembered_while_its_run_is_there_and_then_among_the_latest() {
    let store = Store::new();
    let of = |key: &str| Store::key("token/1", key, Memory::Latest, None);
    let run = store.run(&of("with a run"));
    store.fill("token/1", "latest", MOST, 1);
    for n in 0..20 {
        store.refuse(&of(&format!("new{n}")));
    }
    assert_eq!(store.count("requests"), MOST as i64 + 1);
    assert!(store.knows(&of("with a run")) && store.knows(&of("k21")) && store.knows(&of("new0")));
    assert!(!store.knows(&of("k20")), "the earliest have made room");

    // Once its run is gone, it is the earliest.
    store.journal.remove(run).wait().unwrap();
    assert_eq!(store.count("requests"), MOST as i64);
    assert!(!store.knows(&of("with a run")) && store.knows(&of("k21")));
    // Others are not concerned.
    let other = Store::key("token/2", "with a run", Memory::Latest, None);
    let run = store.run(&other);
    store.journal.remove(run).wait().unwrap();
    assert!(store.knows(&other));
}

#[test]
fn a_time_of_a_schedule_never_gets_a_second_run_and_a_clock_that_was_ahead_stops_none() {
    let store = Store::new();
    let of = |time: i64| Store::key("trigger/p/t", &format!("k{time}"), Memory::Time, Some(time));
    // The clock was wrongly ahead once.
    let future = store.run(&of(1 << 50));
    store.journal.remove(future).wait().unwrap();
    store.fill("trigger/p/t", "time", MOST, 1_000);
    let newest = 1_000 + MOST as i64;
    for time in newest..newest + 20 {
        assert!(!store.knows(&of(time)), "what comes now is new");
        store.refuse(&of(time));
    }
    assert_eq!(store.count("requests"), MOST as i64);
    // All that was dealt with is known, though the earliest are not remembered singly.
    assert!(store.value("SELECT min(scheduled_for) FROM requests") > 1_015);
    for time in [1_000, 1_015, 1_021, newest, newest + 19, 1 << 50] {
        assert!(store.knows(&of(time)), "{time}");
    }
    let again = RunId::generate();
    let accepted =
        store.journal.create(again, plan("p", 1), events(again, 0, [created(), finished()]), Some(of(1_003)));
    assert!(matches!(wait(accepted).unwrap(), crate::execute::ports::Accepted::Before(_)));
    assert_eq!(store.count("runs"), 0);
    // An event that only comes with a time is none of these.
    assert!(!store.knows(&Store::key("trigger/p/t", "own", Memory::Latest, Some(1_003))));
}

#[test]
fn a_file_that_is_there_is_remembered_and_one_that_is_gone_is_among_the_latest() {
    let store = Store::new();
    let scope = "trigger/p/files";
    keep(&store, &["files"]);
    let kept = Store::key(scope, "with a run", Memory::File, None);
    store.run(&kept);
    store.fill(scope, "file", MOST + 600, 1);
    let forget = |is_there: fn(&str) -> bool| store.runtime.block_on(store.service.forget_requests(is_there)).unwrap();
    assert_eq!(forget(|_| true), 0);
    assert_eq!(forget(|key| key == "k7" || key == "k300"), 598);
    let of = |key: &str| Store::key(scope, key, Memory::File, None);
    assert!(store.knows(&of("k7")) && store.knows(&of("k300")) && store.knows(&kept) && store.knows(&of("k601")));
    assert!(!store.knows(&of("k8")) && !store.knows(&of("k600")));
    assert_eq!(forget(|_| false), 2);
    assert_eq!(store.count("requests"), MOST as i64 + 1);
}

#[test]
fn requests_go_with_the_trigger_or_token_that_numbered_them() {
    let store = Store::new();
    keep(&store, &["there"]);
    for (scope, memory) in [
        ("trigger/p/there", "latest"),
        ("trigger/p/gone", "latest"),
        ("trigger/p/gone", "file"),
        ("token/77", "latest"),
        ("users", "latest"),
    ] {
        store.fill(scope, memory, 700, if memory == "file" { 10_000 } else { 1 });
    }
    let kept = Store::key("token/77", "with a run", Memory::Latest, None);
    let run = store.run(&kept);
    let forget = || store.runtime.block_on(store.service.forget_requests(|_| true)).unwrap();
    assert_eq!(forget(), 2_100);
    assert_eq!(store.count("requests"), 1_401);
    assert!(store.knows(&kept));
    store.journal.remove(run).wait().unwrap();
    assert_eq!(forget(), 1);
    assert_eq!(store.count("request_scopes"), 2);
}

#[test]
fn what_bounds_tables_reads_no_more_as_they_grow() {
    let store = Store::new();
    let plan = |sql: &str| {
        let connection = store.connection();
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let lines = plan.query_map([], |row| row.get::<_, String>(3)).unwrap();
        lines.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
    };
    for sql in [
        "SELECT number FROM requests WHERE scope = 'x' AND kept = 0 AND memory <> 'file' ORDER BY place LIMIT 2",
        "SELECT number, place, key FROM requests WHERE scope = 'x' AND kept = 0 AND memory = 'file' \
         AND place > 1 AND place < 9 ORDER BY place LIMIT 9",
        "SELECT key FROM requests WHERE scope = 'x' AND number < 9 ORDER BY number DESC LIMIT 9",
        "SELECT scope FROM requests WHERE run = x'00' AND kept = 1",
        "SELECT min(scope) FROM requests WHERE scope > 'x'",
        "DELETE FROM audit WHERE key <= 9 AND key < (SELECT min(key) FROM audit) + 9",
        "SELECT hash FROM sessions WHERE token = 1 AND kind = 'link' ORDER BY expires_at DESC LIMIT -1 OFFSET 9",
    ] {
        let plan = plan(sql);
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN requests"), "{sql}: {plan}");
    }
}

#[test]
fn the_audit_log_keeps_the_latest_rows() {
    let store = Store::new();
    let note = |detail: Option<String>| {
        let done = store.service.note("me".to_owned(), "run.cancel", "s".to_owned(), detail);
        store.runtime.block_on(done).unwrap();
    };
    store.write(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {}) \
         INSERT INTO audit (at, actor, action, subject) SELECT 0, 'me', 'a', 'b' FROM n",
        MAX_AUDIT + 1_000
    ));
    (0..10).for_each(|_| note(None));
    assert_eq!(store.count("audit"), MAX_AUDIT);
    note(Some("x".repeat(MAX_AUDIT_DETAIL + 1)));
    let latest = store.service.audit(&crate::persist::service::AuditFilter::default(), 1).unwrap().remove(0);
    assert_eq!((latest.key, latest.detail), (MAX_AUDIT + 1_011, None));
    assert_eq!(store.count("audit"), MAX_AUDIT);
}

#[test]
fn a_pipeline_keeps_its_latest_revisions_and_the_active_one() {
    let store = Store::new();
    let deploy = |name: &str| {
        let name = Name::new(name).unwrap();
        let done = store.service.deploy(name, "text".to_owned(), Pins::default(), "me".to_owned(), Timestamp(5));
        store.runtime.block_on(done).unwrap().0
    };
    (1..=MAX_REVISIONS + 5).for_each(|revision| assert_eq!(deploy("p"), revision));
    let rows = store.service.revisions(&Name::new("p").unwrap(), u32::MAX, 1_000).unwrap();
    let numbers: Vec<_> = rows.iter().map(|row| row.revision).collect();
    assert_eq!(numbers, (6..=MAX_REVISIONS + 5).rev().collect::<Vec<_>>());
    assert_eq!(store.service.deployed().unwrap()[0].revision, MAX_REVISIONS + 5);

    // Of pipelines that were removed, the one deployed longest ago makes room.
    keep(&store, &["t"]);
    for sql in [
        "INSERT INTO pipelines (name) SELECT 'x' || n FROM n",
        "INSERT INTO revisions SELECT 'x' || n, 1, '', '{}', n, 'me' FROM n",
    ] {
        store.write(&format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {MAX_PIPELINES}) {sql}"
        ));
    }
    deploy("q");
    deploy("q");
    assert_eq!(store.count("pipelines"), MAX_PIPELINES as i64);
    assert_eq!(store.value("SELECT min(deployed_at) FROM revisions WHERE pipeline LIKE 'x%'"), 3);
    assert_eq!((store.count("triggers"), store.service.deployed().unwrap().len()), (1, 2));
}

/// Deploys triggers of the pipeline `p`.
fn keep(store: &Store, names: &[&str]) {
    let entry = |name: &&str| TriggerEntry { name: Name::new(name).unwrap(), kind: "file".to_owned(), paused: true };
    let triggers = names.iter().map(entry).collect();
    let done = store.service.keep_triggers(vec![(Name::new("p").unwrap(), triggers)], Timestamp(9));
    store.runtime.block_on(done).unwrap();
}

#[test]
fn triggers_that_are_deployed_are_remembered_and_others_within_a_bound() {
    let store = Store::new();
    keep(&store, &["first"]);
    store.write(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {MAX_REMEMBERED_TRIGGERS}) \
         INSERT INTO triggers (pipeline, name, kind, created_at) SELECT 'p', 'x' || n, 'cron', 100 + n FROM n"
    ));
    keep(&store, &["first", "last"]);
    assert_eq!(store.count("triggers"), MAX_REMEMBERED_TRIGGERS as i64);
    let names: BTreeSet<_> = store.service.triggers().unwrap().into_iter().map(|row| row.name.to_string()).collect();
    assert!(["first", "last", "x3"].iter().all(|name| names.contains(*name)) && !names.contains("x2"));
}

#[test]
fn tokens_and_sessions_have_a_bound_and_valid_tokens_stay() {
    let store = Store::new();
    let create = |name: &str| {
        let new = NewToken {
            name: name.to_owned(),
            role: "viewer".to_owned(),
            hash: *blake3::hash(name.as_bytes()).as_bytes(),
            expires_at: None,
        };
        store.runtime.block_on(store.service.create_token(new, "me", Timestamp(10)))
    };
    create("valid").unwrap();
    store.write(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n LIMIT {}) \
         INSERT INTO tokens (id, name, role, hash, created_at, created_by, expires_at, revoked_at) \
         SELECT n, 'x' || n, 'viewer', CAST(n AS BLOB), 0, 'me', iif(n = 2, 5, NULL), iif(n = 3, 5, NULL) FROM n",
        MAX_TOKENS - 1
    ));
    assert_eq!(store.count("tokens"), MAX_TOKENS as i64);
    create("a").unwrap();
    assert_eq!(store.count("tokens WHERE id IN (1, 2)"), 2, "a revoked one goes first");
    create("b").unwrap();
    assert_eq!(store.count("tokens WHERE id IN (1, 2)"), 1);
    assert!(create("c").unwrap_err().to_string().contains("revoke"));
    assert_eq!(store.count("tokens"), MAX_TOKENS as i64);

    for n in 0..MAX_SESSIONS + 5 {
        for kind in [SessionKind::Session, SessionKind::Link] {
            let hash = *blake3::hash(format!("{n}{kind:?}").as_bytes()).as_bytes();
            let opened = store.service.create_session(hash, 1, kind, Timestamp(1), Timestamp(100 + n as i64));
            store.runtime.block_on(opened).unwrap();
        }
    }
    assert_eq!(store.count("sessions WHERE kind = 'session'"), MAX_SESSIONS as i64);
    assert_eq!(store.count("sessions WHERE kind = 'link'"), MAX_SESSIONS as i64);
    assert_eq!(store.value("SELECT min(expires_at) FROM sessions"), 105);
}

#[test]
fn a_secret_has_few_values_that_are_valid() {
    let store = Store::new();
    let name = Name::new("s").unwrap();
    for version in 1..=MAX_SECRET_VERSIONS + 5 {
        let secret = SealedSecret { version, nonce: vec![1], sealed: vec![2] };
        let set = store.service.set_secret(&name, secret, Some(Timestamp(1 << 50)), "me", Timestamp(1));
        store.runtime.block_on(set).unwrap();
    }
    let versions: Vec<_> = store.service.secret(&name, Timestamp(2)).unwrap().iter().map(|s| s.version).collect();
    assert_eq!(versions, (6..=MAX_SECRET_VERSIONS + 5).rev().collect::<Vec<_>>());
}

#[test]
fn machine_code_is_remembered_for_the_latest_engines_and_modules() {
    let store = Store::new();
    let put = |module: u8, engine: &str| {
        let digest = ModuleDigest([module; 32]);
        let info = ModuleInfo {
            digest,
            size: 1,
            name: None,
            version: None,
            sdk: None,
            imports: Vec::new(),
            steps: Vec::new(),
        };
        let artifact =
            Artifact { info, engine: engine.to_owned(), code_hash: [0; 32], code_size: 1, created_at: Timestamp(1) };
        store.journal.put_artifact(artifact).wait().unwrap();
    };
    ["a", "b", "c", "b"].iter().for_each(|engine| put(1, engine));
    assert_eq!(store.count("artifacts WHERE engine IN ('b', 'c')"), MAX_ENGINES);
    store.write(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {MAX_ARTIFACTS}) \
         INSERT INTO artifacts SELECT CAST(n AS BLOB), 'a', x'00', 1, '{{}}', 0 FROM n"
    ));
    put(2, "a");
    assert_eq!(store.count("artifacts"), MAX_ARTIFACTS);
    assert_eq!(store.count("artifacts WHERE length(module) = 32"), 1);
}

#[test]
fn an_older_database_keeps_what_it_remembers_in_the_order_of_time() {
    let mut connection = schema::open_earlier(9).unwrap();
    let run = RunId::generate();
    connection
        .execute_batch(
            "INSERT INTO plans VALUES (1, x'00', '{}'); \
             INSERT INTO triggers (pipeline, name, kind, created_at) VALUES ('p', 'c', 'cron', 0), ('p', 'f', 'file', 0); \
             INSERT INTO requests (scope, key, at, scheduled_for, reason) VALUES \
             ('trigger/p/c', 'b', 2, 20, 'skipped'), ('trigger/p/c', 'a', 1, 30, 'skipped'), \
             ('trigger/p/f', 'x', 3, NULL, 'refused')",
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO runs (id, pipeline, plan, state, created_at, steps) VALUES (?, 'p', 1, 'succeeded', 1, 0)",
            [run.as_bytes()],
        )
        .unwrap();
    let gone = RunId::generate();
    for (key, run) in [("there", run), ("gone", gone)] {
        connection
            .execute(
                "INSERT INTO requests (scope, key, at, run) VALUES ('token/1', ?, 9, ?)",
                rusqlite::params![key, run.as_bytes()],
            )
            .unwrap();
    }
    schema::bring_up_to_date(&mut connection).unwrap();
    let mut select = connection
        .prepare("SELECT key || ' ' || memory || ' ' || kept || ' ' || place FROM requests ORDER BY number")
        .unwrap();
    let rows: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows, ["a time 0 30", "b time 0 20", "x file 0 3", "gone latest 0 4", "there latest 1 5"]);
    let mut select =
        connection.prepare("SELECT scope || ' ' || forgettable FROM request_scopes ORDER BY scope").unwrap();
    let rows: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows, ["token/1 1", "trigger/p/c 2"]);
}
