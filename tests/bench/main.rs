//! `just bench`: measures, compares each number with the bound that it must keep, and fails where one is missed.
//!
//! `cargo bench --profile dev --package stepmill-tests -- NAME` measures only the sections whose name has NAME in it,
//! and leaves `docs/benchmarks.md` as it is.

mod floor;
mod process;
mod report;
mod service;
mod subject;

use std::{error::Error, path::Path, process::ExitCode};

use floor::Floor;
use report::{Bound, Measured, Unit};
use service::Hooked;
use stepmill_tests::{guest, root};
use subject::Subject;
use tempfile::TempDir;

/// The order in which things are measured.
const SECTIONS: &[&str] =
    &["chain", "many", "items", "cached", "large", "stream", "memory", "hello", "webhooks", "waiting", "pages"];
const ROUNDS: usize = 21;
/// How many runs of independent steps there are in a round: a chain takes as long as eight of them should.
const INDEPENDENT: u32 = 4;
/// Rounds of what takes seconds.
const LONG_ROUNDS: usize = 3;
/// The most of the floor's time that its thread may wait for a processor.
const MOST_QUEUED: f64 = 0.1;
const LARGE: usize = 100_000_000;
const LARGE_STEPS: u32 = 5;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<ExitCode> {
    // Cargo itself adds `--bench`.
    let filters: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |section: &&str| filters.is_empty() || filters.iter().any(|filter| section.contains(filter.as_str()));
    let sections: Vec<_> = SECTIONS.iter().copied().filter(wanted).collect();
    if sections.is_empty() {
        return Err(format!("there are only the sections {}", SECTIONS.join(", ")).into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rows = Vec::new();
    for section in &sections {
        eprintln!("measuring: {section} …");
        rows.extend(runtime.block_on(measure(section))?);
    }
    println!("{}", report::table(&rows));
    if filters.is_empty() {
        report::write_page(&root().join("docs/benchmarks.md"), &rows)?;
    }
    Ok(if rows.iter().all(Measured::is_met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(section: &str) -> Result<Vec<Measured>> {
    // Not in the system's folder for temporary files, which may be in memory: disks are part of what is measured.
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    let component = guest("behaviours");
    match section {
        "stream" => return stream(folder.path()),
        "memory" => return memory(folder.path()),
        "hello" => return hello(folder.path()),
        "webhooks" => return webhooks(&component, folder.path()).await,
        "waiting" => return waiting(),
        "pages" => return pages(),
        _ => {}
    }
    let floor = Floor::new(&component, folder.path())?;
    let subject = Subject::open(&component, &folder.path().join("data")).await?;
    let rows = match section {
        "chain" => chain(&floor, &subject).await?,
        "many" => many(&subject).await?,
        "items" => items(&floor, &subject).await?,
        "cached" => cached(&subject).await?,
        _ => large(&floor, &subject, folder.path()).await?,
    };
    subject.close().await?;
    Ok(rows)
}

/// A chain against the floor, and independent steps against the chain, in the same rounds.
async fn chain(floor: &Floor, subject: &Subject) -> Result<Vec<Measured>> {
    // Until its write-ahead log has the size that it keeps: a file that grows is slower to sync.
    floor.durable_step(1_100).await?;
    subject.chain(100).await?;
    let (mut chains, mut throughputs) = (Rounds::default(), Rounds::default());
    let (mut quiet, mut tries) = (0, 0);
    while quiet < ROUNDS {
        if tries == 3 * ROUNDS {
            return Err("other programs keep the processors busy, which slows the floor more than stepmill: no ratio \
                        can be trusted; measure again on a quiet machine"
                .into());
        }
        tries += 1;
        let queued = time_in_queue()?;
        let before = floor.durable_step(250).await?;
        let mut queued = time_in_queue()? - queued;
        let chain = subject.chain(1_000).await?;
        queued -= time_in_queue()?;
        let after = floor.durable_step(250).await?;
        queued += time_in_queue()?;
        if queued > MOST_QUEUED * 250.0 * (before + after) {
            continue;
        }
        quiet += 1;
        let mut independent = 0.0;
        for _ in 0..INDEPENDENT {
            independent += subject.independent(1_000).await? / f64::from(INDEPENDENT);
        }
        chains.add(chain, f64::midpoint(before, after));
        throughputs.add(independent.recip(), chain.recip());
    }
    eprintln!("a fresh instance and a call, without a commit: {:.1} µs", floor.sandbox(5_000).await? * 1e6);
    Ok(vec![
        chains.measured("a step of a durable chain of 1,000", Unit::Time, Bound::AtMost(1.5)),
        throughputs.measured("1,000 independent steps, against the chain", Unit::Rate, Bound::AtLeast(8.0)),
    ])
}

/// How long this thread has waited for a processor so far, ready to run, in seconds.
fn time_in_queue() -> Result<f64> {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = times.split_whitespace().nth(1).ok_or("the kernel does not count waiting times")?.parse()?;
    Ok(nanoseconds / 1e9)
}

/// Whether a step costs more where there are more steps.
async fn many(subject: &Subject) -> Result<Vec<Measured>> {
    let (mut chains, mut fans, mut grids) = (Rounds::default(), Rounds::default(), Rounds::default());
    for _ in 0..LONG_ROUNDS {
        let short = subject.chain(1_000).await?;
        chains.add(subject.chain(10_000).await?, short);
        let narrow = subject.fan(1_000).await?;
        fans.add(subject.fan(10_000).await?, narrow);
        let small = subject.grid(100, 10).await?;
        grids.add(subject.grid(1_000, 10).await?, small);
    }
    Ok(vec![
        chains.measured("a step of a chain of 10,000, against one of 1,000", Unit::Time, Bound::AtMost(2.0)),
        fans.measured("a step of a fan of 10,000, against one of 1,000", Unit::Time, Bound::AtMost(2.0)),
        grids.measured("a step of a grid of 1,000 × 10, against one of 100 × 10", Unit::Time, Bound::AtMost(2.0)),
    ])
}

/// A durable `for_each` over items that take no time, against bare sandboxes on as many threads as there are cores.
async fn items(floor: &Floor, subject: &Subject) -> Result<Vec<Measured>> {
    let cores = std::thread::available_parallelism()?.get();
    let (mut rates, mut sizes) = (Rounds::default(), Rounds::default());
    for _ in 0..LONG_ROUNDS {
        let before = floor.sandboxes_at_once(cores, 20_000)?;
        let many = subject.items(100_000).await?;
        let after = floor.sandboxes_at_once(cores, 20_000)?;
        rates.add(many.recip(), f64::midpoint(before, after));
        sizes.add(many, subject.items(10_000).await?);
    }
    Ok(vec![
        rates.measured("100,000 items, against bare sandboxes on all cores", Unit::Rate, Bound::AtLeast(0.5)),
        sizes.measured("an item of 100,000, against one of 10,000", Unit::Time, Bound::AtMost(2.0)),
    ])
}

/// Steps that work for some milliseconds, found in the cache or not.
async fn cached(subject: &Subject) -> Result<Vec<Measured>> {
    let mut rounds = Rounds::default();
    for round in 0..LONG_ROUNDS {
        let label = round.to_string();
        let computed = subject.cached(&label, 1_000, 1_000).await?;
        rounds.add(computed, subject.cached(&label, 1_000, 0).await?);
    }
    Ok(vec![rounds.measured("a step of 1,000 computed, against one reused", Unit::Time, Bound::AtLeast(20.0))])
}

/// A large value against the floor.
async fn large(floor: &Floor, subject: &Subject, folder: &Path) -> Result<Vec<Measured>> {
    let mut value = vec![0xc6];
    value.extend_from_slice(&u32::try_from(LARGE)?.to_be_bytes());
    value.resize(value.len() + LARGE, 0xab);
    let mut rounds = Rounds::default();
    for _ in 0..LONG_ROUNDS {
        let before = floor.large_value(&value, LARGE_STEPS, folder).await?;
        let measured = subject.large_value(LARGE, LARGE_STEPS as usize).await?;
        let after = floor.large_value(&value, LARGE_STEPS, folder).await?;
        rounds.add(measured, f64::midpoint(before, after));
    }
    Ok(vec![rounds.measured("100 MB as one value through 5 steps", Unit::Time, Bound::AtMost(2.0))])
}

fn stream(folder: &Path) -> Result<Vec<Measured>> {
    let peaks = process::stream(folder, 2_000_000)?;
    Ok(vec![
        Measured::absolute(
            "2 GB of rows through 3 steps: memory of the host",
            peaks.host,
            Unit::Size,
            Bound::AtMost(300e6),
        ),
        Measured::absolute("2 GB of rows through 3 steps: largest guest", peaks.guest, Unit::Size, Bound::AtMost(64e6)),
    ])
}

/// What many items and many steps take.
fn memory(folder: &Path) -> Result<Vec<Measured>> {
    let [few, many] = [folder.join("few"), folder.join("many")];
    [&few, &many].into_iter().try_for_each(std::fs::create_dir)?;
    let (_, small) = process::items(&few, 10_000)?;
    let (host, database) = process::items(&many, 100_000)?;
    let grid = process::grid(folder, 1_000, 10)?;
    let reused = process::reused(folder, 1_000)?;
    let mut growth = Rounds::default();
    growth.add(database, small);
    Ok(vec![
        Measured::absolute("100,000 items: memory of the host", host, Unit::Size, Bound::AtMost(300e6)),
        growth.measured("database of 100,000 items, against one of 10,000", Unit::Size, Bound::AtMost(12.0)),
        Measured::absolute("a grid of 1,000 × 10: memory of the host", grid, Unit::Size, Bound::AtMost(300e6)),
        Measured::absolute("1,000 reused steps: memory of the host", reused, Unit::Size, Bound::AtMost(300e6)),
    ])
}

fn hello(folder: &Path) -> Result<Vec<Measured>> {
    let time = median(process::hello(folder, 20)?);
    Ok(vec![Measured::absolute("`stepmill run` of one step, whole process", time, Unit::Time, Bound::AtMost(0.060))])
}

/// Runs of one step, each started by a webhook and durable before it is answered, against durable steps of the floor.
async fn webhooks(component: &Path, folder: &Path) -> Result<Vec<Measured>> {
    let floor = Floor::new(component, folder)?;
    let service = Hooked::start(false)?;
    service.throughput(500)?;
    let mut rounds = Rounds::default();
    for _ in 0..LONG_ROUNDS {
        let before = floor.durable_step(500).await?;
        let measured = service.throughput(2_000)?;
        let after = floor.durable_step(500).await?;
        rounds.add(measured.recip(), f64::midpoint(before, after).recip());
    }
    let [median, slowest] = service.latency(false)?;
    let [crowded, crowded_slowest] = service.latency(true)?;
    let latency = |what: &str, seconds, most| Measured::absolute(what, seconds, Unit::Time, Bound::AtMost(most));
    Ok(vec![
        rounds.measured("runs started by webhook, against durable steps of the floor", Unit::Rate, Bound::AtLeast(0.3)),
        latency("from accepted webhook to finished run: median", median, 0.020),
        latency("from accepted webhook to finished run: 99th percentile", slowest, 0.100),
        latency("the same with 16 senders: median", crowded, 0.100),
        latency("the same with 16 senders: 99th percentile", crowded_slowest, 0.500),
    ])
}

/// What a service holds in memory that does nothing, and while steps wait for the network.
fn waiting() -> Result<Vec<Measured>> {
    let service = Hooked::start(true)?;
    let idle = service.memory()?;
    let waiting = service.memory_waiting(1_000)?;
    Ok(vec![
        Measured::absolute("an idle service: memory", idle, Unit::Size, Bound::AtMost(100e6)),
        Measured::absolute("1,000 steps waiting for the network: memory", waiting, Unit::Size, Bound::AtMost(500e6)),
    ])
}

/// Two pages of runs through the API, of many runs and of few.
fn pages() -> Result<Vec<Measured>> {
    let few = Hooked::start(false)?;
    few.throughput(100)?;
    let few = few.with_runs(1_000)?;
    let many = Hooked::start(false)?;
    many.throughput(100)?;
    let many = many.with_runs(100_000)?;
    let mut rounds = Rounds::default();
    for _ in 0..50 {
        rounds.add(many.page()?, few.page()?);
    }
    Ok(vec![rounds.measured("two pages of 100,000 runs, against those of 1,000", Unit::Time, Bound::AtMost(2.0))])
}

/// Pairs of what was measured and what it is compared with.
#[derive(Default)]
struct Rounds(Vec<[f64; 2]>);

impl Rounds {
    fn add(&mut self, value: f64, floor: f64) {
        self.0.push([value, floor]);
    }

    fn measured(&self, subject: &str, unit: Unit, bound: Bound) -> Measured {
        let of = |pick: fn(&[f64; 2]) -> f64| median(self.0.iter().map(pick).collect());
        Measured::ratio(subject, [of(|r| r[0]), of(|r| r[1])], unit, of(|r| r[0] / r[1]), bound)
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() % 2 {
        0 => f64::midpoint(numbers[middle - 1], numbers[middle]),
        _ => numbers[middle],
    }
}
