//! stepmill as a process: how long it takes to start, and how much memory it needs for large streams.

use std::{
    error::Error,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value as Json;
use stepmill_tests::{pipeline_text, stepmill};

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
    let pipeline = folder.join("stream.toml");
    fs::write(&pipeline, pipeline_text("", &steps))?;
    let mut child = command(folder, &["run", "--json"], &pipeline).stdout(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut host: f64 = 0.0;
    while child.try_wait()?.is_none() {
        host = peak_memory(&status).map_or(host, |now| host.max(now));
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("`stepmill run` ended with {}", output.status).into());
    }
    Ok(Peaks { host, guest: largest_guest(&serde_json::from_slice(&output.stdout)?)? })
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
