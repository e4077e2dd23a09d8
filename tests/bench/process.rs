//! stepmill as a process: how long it takes to start, and how much memory it needs for large streams.

use std::{
    error::Error,
    fs, io,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value as Json;
use stepmill_tests::{pipeline_text, stepmill};

/// What is measured is to run.
const UNCACHED: &[&str] = &["--no-cache"];

/// The most memory that a run took, in bytes.
pub(crate) struct Peaks {
    pub(crate) host: f64,
    pub(crate) guest: f64,
}

/// The seconds that a run of the smallest pipeline takes, from the start of the process to its end: each of so many,
/// with the code of the module compiled before.
pub(crate) fn hello(folder: &Path, times: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let steps = "[params]\nname = { type = \"string\", default = \"world\" }\n\
                 [steps.greet]\nuse = \"b/greet\"\ninputs.name = \"params.name\"\n";
    let pipeline = folder.join("hello.toml");
    fs::write(&pipeline, pipeline_text("output = \"greet\"\n", steps))?;
    let run = || -> Result<f64, Box<dyn Error>> {
        let mut command = command(folder, &["run"], &pipeline);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let status = command.status()?;
        let seconds = start.elapsed().as_secs_f64();
        if status.success() { Ok(seconds) } else { Err(format!("`stepmill run` ended with {status}").into()) }
    };
    run()?;
    (0..times).map(|_| run()).collect()
}

/// What a stream of so many rows of 1,000 letters takes on its way through three steps.
pub(crate) fn stream(folder: &Path, rows: u64) -> Result<Peaks, Box<dyn Error>> {
    let steps = format!(
        "[steps.rows]\nuse = \"b/make_rows\"\nconfig = {{ count = {rows}, letters = 1000 }}\n\
         [steps.doubled]\nuse = \"b/double_rows\"\ninputs.rows = \"rows\"\n\
         [steps.total]\nuse = \"b/sum_rows\"\ninputs.rows = \"doubled\"\n"
    );
    let (host, run) = watched(folder, "stream", &steps, UNCACHED)?;
    Ok(Peaks { host, guest: largest_guest(&run)? })
}

/// The memory of the host and the size of its database, in bytes, behind a `for_each` over so many items that do
/// nothing.
pub(crate) fn items(folder: &Path, count: u32) -> Result<(f64, f64), Box<dyn Error>> {
    let steps = format!(
        "[steps.numbers]\nuse = \"b/numbers\"\nconfig.count = {count}\n\
         [steps.same]\nuse = \"b/same_number\"\nfor_each = \"numbers\"\ninputs.value = \"item\"\n"
    );
    let (host, _) = watched(folder, "items", &steps, UNCACHED)?;
    Ok((host, fs::metadata(folder.join("data/stepmill.db"))?.len() as f64))
}

/// The memory of the host in a run of a grid of steps that do nothing, in bytes.
pub(crate) fn grid(folder: &Path, width: usize, depth: usize) -> Result<f64, Box<dyn Error>> {
    let mut steps = String::new();
    for (layer, column) in (0..depth).flat_map(|layer| (0..width).map(move |column| (layer, column))) {
        steps += &format!("[steps.s{layer}_{column}]\nuse = \"b/link\"\n");
        if let Some(above) = layer.checked_sub(1) {
            let next = (column + 1) % width;
            steps += &format!("inputs.before = \"s{above}_{column}\"\nneeds = [\"s{above}_{next}\"]\n");
        }
    }
    Ok(watched(folder, "grid", &steps, UNCACHED)?.0)
}

/// The memory of the host in a run of a chain of steps whose results are all there, in bytes.
pub(crate) fn reused(folder: &Path, steps: usize) -> Result<f64, Box<dyn Error>> {
    let mut text = "[steps.s0]\nuse = \"b/link\"\n".to_owned();
    for step in 1..steps {
        text += &format!("[steps.s{step}]\nuse = \"b/link\"\ninputs.before = \"s{}\"\n", step - 1);
    }
    watched(folder, "reused", &text, &[])?;
    let (host, run) = watched(folder, "reused", &text, &[])?;
    let cached = |step: &Json| step["cache"]["result"] == "hit";
    match run["steps"].as_array() {
        Some(all) if all.len() == steps && all.iter().all(cached) => Ok(host),
        _ => Err("not all steps were reused".into()),
    }
}

/// Runs a pipeline: the most memory that the host took, and what it said of the run.
fn watched(folder: &Path, name: &str, steps: &str, flags: &[&str]) -> Result<(f64, Json), Box<dyn Error>> {
    let pipeline = folder.join(format!("{name}.toml"));
    fs::write(&pipeline, pipeline_text("", steps))?;
    let mut child = command(folder, &[&["run", "--json"], flags].concat(), &pipeline).stdout(Stdio::piped()).spawn()?;
    let mut stdout = child.stdout.take().ok_or("no pipe")?;
    // Read all along, or a long answer would keep the child from ending.
    let answer = thread::spawn(move || io::read_to_string(&mut stdout));
    let status = format!("/proc/{}/status", child.id());
    let mut host: f64 = 0.0;
    let ended = loop {
        host = peak_memory(&status).map_or(host, |now| host.max(now));
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        thread::sleep(Duration::from_millis(10));
    };
    let answer = answer.join().map_err(|_| "the reader panicked")??;
    if !ended.success() {
        return Err(format!("`stepmill run` ended with {ended}").into());
    }
    Ok((host, serde_json::from_str(&answer)?))
}

fn command(folder: &Path, args: &[&str], pipeline: &Path) -> Command {
    let mut command = Command::new(stepmill());
    command.args(args).arg(pipeline).current_dir(folder).stdin(Stdio::null());
    command.env("STEPMILL_DATA", folder.join("data")).env("NO_COLOR", "1").env_remove("RUST_LOG");
    command
}

/// The most memory a process had so far, in bytes; none once it has ended.
fn peak_memory(status: &str) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib * 1024.0)
}

fn largest_guest(run: &Json) -> Result<f64, Box<dyn Error>> {
    let steps = run["steps"].as_array().ok_or("the run has no steps")?;
    if steps.len() != 3 {
        return Err(format!("three steps were to run, not {}", steps.len()).into());
    }
    let memory = |step: &Json| step["attempts"][0]["usage"]["memory_bytes"].as_f64().filter(|bytes| *bytes > 0.0);
    let each: Option<Vec<f64>> = steps.iter().map(memory).collect();
    let each = each.ok_or("a step does not say how much memory it took")?;
    Ok(each.into_iter().fold(0.0, f64::max))
}
