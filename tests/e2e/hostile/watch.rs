//! A server under attack: it has to live, to serve others meanwhile, and to be afterwards as it was before.

use std::{
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench, guest,
    server::{Answer, Server},
};

/// What nobody may ever see: it is in the server's environment and in a file beside its data.
const SECRET: &str = "canary-5f2c9d1e7b";
/// How long the harmless pipeline may take while others attack.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the server may take to put everything away. Threads that wait for the disk stay for ten seconds.
const SETTLING: Duration = Duration::from_secs(30);
/// How much may be left of it: some connections, some threads, the pool's warm pages and code of modules.
const LEFT: Usage = Usage { memory: 160 << 20, files: 12, threads: 8 };

/// What a process holds.
#[derive(Debug, Clone, Copy)]
struct Usage {
    memory: usize,
    files: usize,
    threads: usize,
}

impl Usage {
    fn of(server: &Server) -> Self {
        let process = format!("/proc/{}", server.pid().as_raw_nonzero());
        let count = |folder: &str| fs::read_dir(format!("{process}/{folder}")).map_or(0, Iterator::count);
        let status = fs::read_to_string(format!("{process}/status")).expect("the server lives");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let kib: usize = resident.trim().trim_end_matches(" kB").parse().expect("a number");
        Self { memory: kib << 10, files: count("fd"), threads: count("task") }
    }

    fn is_within(&self, before: &Self) -> bool {
        self.memory <= before.memory + LEFT.memory
            && self.files <= before.files + LEFT.files
            && self.threads <= before.threads + LEFT.threads
    }
}

/// A server, and what attacks need of it.
pub(super) struct Target {
    pub(super) server: Server,
    bench: Bench,
    /// What was answered that must not be.
    outrages: Mutex<Vec<String>>,
}

/// Attacks a server on which a harmless pipeline runs all the time, and looks at what is left of it.
pub(super) fn under_watch(attack: impl FnOnce(&Target)) {
    let bench = Bench::new();
    bench.warm();
    bench.write("canary.txt", SECRET);
    bench.write("policy.toml", "[[allow]]\ngrants = [\"clock\"]\n");
    let policy = bench.path().join("policy.toml");
    let args = ["--policy", policy.to_str().expect("UTF-8")];
    let server = Server::try_start_within(&bench, &args, &[("CANARY", SECRET)]).expect("the server comes up");
    let target = Target { server, bench, outrages: Mutex::default() };
    for name in ["behaviours", "hostile"] {
        let _ = target.upload(name, &fs::read(guest(name)).expect("a component")).expect(201);
    }
    target.deploy(
        "canary",
        "behaviours/greet",
        "config.greeting = \"Hello\"\ninputs.name = \"params.name\"\ncache = false",
    );
    (0..5).for_each(|_| target.canary());
    let before = Usage::of(&target.server);

    let (over, canaries, slowest) = (AtomicBool::new(false), AtomicU32::new(0), Mutex::new(Duration::ZERO));
    thread::scope(|scope| {
        let _over = OnDrop(&over);
        for watch in [Target::canary, Target::is_healthy] {
            let (target, over, canaries, slowest) = (&target, &over, &canaries, &slowest);
            scope.spawn(move || {
                while !over.load(Relaxed) {
                    let began = Instant::now();
                    watch(target);
                    canaries.fetch_add(1, Relaxed);
                    let mut slowest = slowest.lock().expect("no panic");
                    *slowest = began.elapsed().max(*slowest);
                    drop(slowest);
                    thread::sleep(Duration::from_millis(100));
                }
            });
        }
        attack(&target);
    });
    let canaries = canaries.into_inner();
    eprintln!("{canaries} canaries, the slowest took {:?}", slowest.into_inner().expect("no panic"));
    assert!(canaries > 0);
    target.canary();
    let deadline = Instant::now() + SETTLING;
    let mut after = Usage::of(&target.server);
    while !after.is_within(&before) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(200));
        after = Usage::of(&target.server);
    }
    eprintln!("before {before:?}\nafter  {after:?}");
    assert!(after.is_within(&before), "before {before:?}\nafter  {after:?}");
    target.end();
}

/// Ends the watch also when the attack panics.
struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

impl Target {
    /// Looks at an answer: whatever is asked, the host is not at fault, and tells nothing that it must not.
    fn seen(&self, what: &str, answer: Answer) -> Answer {
        if answer.status >= 500 || answer.text().contains(SECRET) {
            self.outrages.lock().expect("no panic").push(format!("{what}: {} {}", answer.status, answer.text()));
        }
        answer
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.seen(path, self.server.get(path))
    }

    pub(super) fn upload(&self, name: &str, wasm: &[u8]) -> Answer {
        let path = format!("/api/v1/modules?name={name}");
        self.seen(name, self.server.request("POST", &path, &[("content-type", "application/wasm")], wasm))
    }

    pub(super) fn post(&self, path: &str, body: &Json) -> Answer {
        self.seen(path, self.server.post(path, body))
    }

    /// Deploys a pipeline with one step.
    pub(super) fn deploy(&self, name: &str, uses: &str, settings: &str) {
        let text = format!(
            "name = \"{name}\"\n[params.name]\ntype = \"string\"\ndefault = \"you\"\n[steps.it]\nuse = \"{uses}\"\n{settings}\n"
        );
        let answer = self.post("/api/v1/pipelines", &json!({ "text": text }));
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }

    /// Starts a run.
    pub(super) fn start(&self, pipeline: &str) -> String {
        let answer = self.post(&format!("/api/v1/pipelines/{pipeline}/runs"), &json!({})).expect(201).json();
        answer["id"].as_str().expect("a run").to_owned()
    }

    /// Waits for the end of a run, and gives what is known about it.
    pub(super) fn finish(&self, run: &str, patience: Duration) -> Json {
        let deadline = Instant::now() + patience;
        loop {
            let known = self.get(&format!("/api/v1/runs/{run}")).expect(200).json();
            if ["succeeded", "failed", "cancelled"].iter().any(|state| known["run"]["state"] == *state) {
                return known;
            }
            assert!(Instant::now() < deadline, "the run does not end: {known}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A run of the harmless pipeline.
    fn canary(&self) {
        let run = self.start("canary");
        let known = self.finish(&run, PATIENCE);
        assert_eq!(known["run"]["state"], "succeeded", "{known}");
    }

    fn is_healthy(&self) {
        let began = Instant::now();
        let _ = self.get("/healthz").expect(200);
        assert!(began.elapsed() < Duration::from_secs(5), "the server took {:?} to say that it lives", began.elapsed());
    }

    /// Stops the server, and looks for what it has let out.
    fn end(self) {
        let Self { server, bench, outrages } = self;
        let outrages = outrages.into_inner().expect("no panic");
        assert!(outrages.is_empty(), "{outrages:#?}");
        let log = server.log();
        assert!(!log.contains("panicked at") && !log.contains(SECRET), "{log}");
        assert_eq!(server.stop(), 0);
        let leaked = files(&bench.data()).find(|path| contains(&fs::read(path).expect("a file"), SECRET.as_bytes()));
        assert_eq!(leaked, None, "the secret is on disk");
    }

    /// How many bytes are in the data directory.
    pub(super) fn size_on_disk(&self) -> u64 {
        files(&self.bench.data()).filter_map(|path| Some(path.metadata().ok()?.len())).sum()
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn files(folder: &std::path::Path) -> Box<dyn Iterator<Item = std::path::PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else { return Box::new(std::iter::empty()) };
    let paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    Box::new(paths.into_iter().flat_map(|path| {
        if path.is_dir() { files(&path) } else { Box::new(path.is_file().then_some(path).into_iter()) }
    }))
}
