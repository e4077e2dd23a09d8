//! Of `stepmill runs`: looking at runs, and what can be done with one.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{JsonArg, OptionArgs, OutsideArgs, ReportArgs};

/// `stepmill runs`
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// List runs, the newest first
    List(RunsListArgs),
    /// Show a run: its steps, what they used, why they wait, were skipped or failed; or one step in full
    Show(RunsShowArgs),
    /// Print the log of a run
    Logs(RunsLogsArgs),
    /// Print an output, or write its files
    Output(RunsOutputArgs),
    /// Cancel a run
    Cancel(RunsCancelArgs),
    /// Take up a run whose host stopped
    Resume(RunsResumeArgs),
    /// Repeat a run that has ended, as a new run: all of it, what failed, or from a step on
    Rerun(RunsRerunArgs),
}

/// A run.
#[derive(Debug, Args)]
pub struct RunArg {
    /// The run's id, or enough of its beginning to be the only one; `latest` for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// How to print it.
    #[command(flatten)]
    pub json: JsonArg,
}

/// `stepmill runs cancel`
#[derive(Debug, Args)]
pub struct RunsCancelArgs {
    /// Which run.
    #[command(flatten)]
    pub run: RunArg,
    /// Do not run its `finally` steps either
    #[arg(long)]
    pub force: bool,
    /// What its `finally` steps may use, if this command runs them because no other process does.
    #[command(flatten)]
    pub outside: OutsideArgs,
}

/// `stepmill runs show`
#[derive(Debug, Args)]
pub struct RunsShowArgs {
    /// Which run.
    #[command(flatten)]
    pub run: RunArg,
    /// Only this step, in full: its conditions, attempts, items, and what the cache did
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
}

/// `stepmill runs list`
#[derive(Debug, Args)]
pub struct RunsListArgs {
    /// Only runs of this pipeline
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,
    /// At most so many
    #[arg(short = 'n', long, default_value_t = 20, value_name = "COUNT")]
    pub limit: u32,
    /// How to print them.
    #[command(flatten)]
    pub json: JsonArg,
}

/// `stepmill runs logs`
#[derive(Debug, Args)]
pub struct RunsLogsArgs {
    /// Which run.
    #[command(flatten)]
    pub run: RunArg,
    /// Only this step
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// Only this item of a `for_each` step, from 0
    #[arg(long, value_name = "N", requires = "step")]
    pub item: Option<u32>,
    /// Only this attempt, from 1
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Go on until the run ends
    #[arg(short, long)]
    pub follow: bool,
}

/// `stepmill runs output`
#[derive(Debug, Args)]
pub struct RunsOutputArgs {
    /// The run's id, or enough of its beginning to be the only one; `latest` for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The step. Default: the pipeline's `output`
    pub step: Option<String>,
    /// Only what this item of a `for_each` step returned, from 0
    #[arg(long, value_name = "N")]
    pub item: Option<u32>,
    /// What this attempt returned, from 1. Default: the latest that succeeded
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Write the output's files into DIR
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the stored MessagePack itself
    #[arg(long, conflicts_with = "out")]
    pub raw: bool,
}

/// `stepmill runs resume`
#[derive(Debug, Args)]
pub struct RunsResumeArgs {
    /// The run's id, or enough of its beginning to be the only one; `latest` for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// What its steps may use. What was granted when it was accepted stays so.
    #[command(flatten)]
    pub outside: OutsideArgs,
    /// What to leave behind and print.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `stepmill runs rerun`
#[derive(Debug, Args)]
pub struct RunsRerunArgs {
    /// The run's id, or enough of its beginning to be the only one; `latest` for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Only what did not succeed, and what depends on it; of a `for_each` step only the items that failed
    #[arg(long, conflicts_with = "from")]
    pub failed: bool,
    /// Only this step and what depends on it, and what did not succeed; may be given more than once
    #[arg(long, value_name = "STEP")]
    pub from: Vec<String>,
    /// A parameter's new value; the others are what they were
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// The pipeline as it is now, with its modules as they are now. Default: exactly what the run executed
    #[arg(long, value_name = "PIPELINE.toml")]
    pub pipeline: Option<PathBuf>,
    /// How it runs.
    #[command(flatten)]
    pub options: OptionArgs,
    /// What to leave behind and print.
    #[command(flatten)]
    pub report: ReportArgs,
}
