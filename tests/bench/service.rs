//! stepmill as a service: how many runs webhooks start, how soon they end, what it takes to wait, what a page costs.

use std::{
    error::Error,
    fs,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench, guest,
    server::{Server, ask},
    webhook::{KEY, signed},
    witness::Witness,
};

/// Senders at once.
const SENDERS: usize = 16;
const PATIENCE: Duration = Duration::from_secs(120);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A service with one pipeline, which webhooks start.
pub(crate) struct Hooked {
    bench: Bench,
    server: Server,
    witness: Witness,
    sent: AtomicUsize,
}

impl Hooked {
    /// One whose step does nothing, or one whose step asks the witness and waits for it.
    pub(crate) fn start(waits: bool) -> Result<Self> {
        let (bench, witness) = (Bench::new(), Witness::new());
        bench.write("policy.toml", "private = [\"127.0.0.1\"]\n[[allow]]\ngrants = \"all\"\n");
        bench.write("stepmill.toml", "[runs]\nmax_active = 2000\n[access]\npolicy = \"policy.toml\"\n");
        let config = bench.path().join("stepmill.toml");
        let server = Server::start(&bench, &["--config", config.to_str().ok_or("a path")?]);
        let (module, step) = if waits {
            let origin = witness.origin();
            ("outside", format!("fetch\"\nconfig.url = \"{origin}\"\ngrants.net = [\"{origin}\"]"))
        } else {
            ("behaviours", "noop\"\ncache = false".to_owned())
        };
        let wasm = fs::read(guest(module))?;
        let _ = server.request("POST", "/api/v1/modules", &[("content-type", "application/wasm")], &wasm).expect(201);
        let key = json!({ "value": KEY }).to_string();
        let typed = [("content-type", "application/json")];
        let _ = server.request("PUT", "/api/v1/secrets/hook", &typed, key.as_bytes()).expect(204);
        let text = format!(
            "name = \"p\"\n[steps.a]\nuse = \"{module}/{step}\n[triggers.t]\nwebhook = {{ path = \"p\", secret = \"hook\" }}\n\
             overlap = \"allow\"\n"
        );
        let _ = server.post("/api/v1/pipelines", &json!({ "text": text })).expect(200);
        Ok(Self { bench, server, witness, sent: AtomicUsize::new(0) })
    }

    /// Sends so many webhooks, some at once, each until it is accepted.
    fn send(&self, count: usize, senders: usize) {
        let last = self.sent.load(Relaxed) + count;
        thread::scope(|scope| {
            for _ in 0..senders {
                scope.spawn(|| {
                    while let Some(id) = self.next(last) {
                        let signed = signed(KEY, &id, b"");
                        let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
                        let answer = ask(self.server.address(), "POST", "/hooks/p", &headers, b"");
                        assert!(answer.as_ref().is_some_and(|answer| answer.status == 202), "{answer:?}");
                    }
                });
            }
        });
    }

    fn next(&self, last: usize) -> Option<String> {
        let next = self.sent.fetch_update(Relaxed, Relaxed, |sent| (sent < last).then_some(sent + 1));
        next.ok().map(|id| format!("msg_{id}"))
    }

    fn runs(&self, query: &str) -> Result<Vec<Json>> {
        let page = self.server.get(&format!("/api/v1/runs?{query}")).expect(200).json();
        Ok(page["runs"].as_array().ok_or("runs")?.clone())
    }

    fn wait_until_idle(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !self.runs("state=running&limit=1")?.is_empty() || !self.runs("state=queued&limit=1")?.is_empty() {
            if Instant::now() > deadline {
                return Err("runs do not end".into());
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Seconds for each of so many runs, from the first request to the end of the last one.
    pub(crate) fn throughput(&self, count: usize) -> Result<f64> {
        let start = Instant::now();
        self.send(count, SENDERS);
        self.wait_until_idle()?;
        Ok(start.elapsed().as_secs_f64() / count as f64)
    }

    /// Seconds from the acceptance of a run to its end, as the service recorded them: the median and the 99th percentile
    /// of 200, one at a time or as many at once as there are senders.
    pub(crate) fn latency(&self, crowded: bool) -> Result<[f64; 2]> {
        self.send(200, if crowded { SENDERS } else { 1 });
        self.wait_until_idle()?;
        let mut times = Vec::new();
        for run in self.runs("limit=200")? {
            times.push(run["duration_ms"].as_f64().ok_or("a duration")? / 1e3);
        }
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| times.get(times.len() * percent / 100).copied().ok_or("no runs");
        Ok([at(50)?, at(99)?])
    }

    /// What the process holds in memory, in bytes.
    pub(crate) fn memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.pid().as_raw_nonzero()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024.0)
    }

    /// The same while so many steps wait for an answer.
    pub(crate) fn memory_waiting(&self, count: usize) -> Result<f64> {
        self.witness.hold();
        self.send(count, SENDERS);
        let deadline = Instant::now() + PATIENCE;
        while self.witness.seen().len() < count {
            if Instant::now() > deadline {
                return Err(format!("only {} of {count} steps wait", self.witness.seen().len()).into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        let memory = self.memory()?;
        self.witness.release();
        self.wait_until_idle()?;
        Ok(memory)
    }

    /// The same service with so many runs in its database: copies of those that it has.
    pub(crate) fn with_runs(self, count: i64) -> Result<Self> {
        let Self { bench, server, witness, sent } = self;
        let token = server.token().to_owned();
        if server.stop() != 0 {
            return Err("the service did not stop well".into());
        }
        stepmill_tests::history::lengthen(&bench.data().join("stepmill.db"), count)?;
        let server = Server::start(&bench, &[]).with_token(&token);
        Ok(Self { bench, server, witness, sent })
    }

    /// Seconds for a page of the newest runs and the one behind it.
    pub(crate) fn page(&self) -> Result<f64> {
        let start = Instant::now();
        let first = self.server.get("/api/v1/runs?pipeline=p&state=succeeded&limit=100").expect(200).json();
        let next = first["next"].as_str().ok_or("more than a page")?;
        let path = format!("/api/v1/runs?pipeline=p&state=succeeded&limit=100&cursor={next}");
        let second = self.server.get(&path).expect(200).json();
        let seconds = start.elapsed().as_secs_f64();
        if second["runs"].as_array().map(Vec::len) == Some(100) { Ok(seconds) } else { Err("a whole page".into()) }
    }
}
