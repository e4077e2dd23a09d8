//! What stays of old runs, and how to remove the rest.

use clap::Args;

use super::JsonArg;
use crate::{app::storage::RetentionPolicy, definition::parse_size};

/// How much is kept. The same for `gc` and behind every run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retention")]
pub struct RetentionArgs {
    /// Remove runs that ended more than DAYS days ago; `none` for no limit
    #[arg(long, env = "STEPMILL_KEEP_DAYS", value_name = "DAYS", value_parser = days, default_value = "30")]
    pub keep_days: Limit<u32>,
    /// Remove the oldest runs while outputs take more than SIZE, such as `20GiB`; `none` for no limit
    #[arg(long, env = "STEPMILL_MAX_BYTES", value_name = "SIZE", value_parser = size, default_value = "20GiB")]
    pub max_bytes: Limit<u64>,
    /// Keep the newest COUNT runs of each pipeline in any case
    #[arg(long, env = "STEPMILL_KEEP_RUNS", value_name = "COUNT", default_value_t = 10)]
    pub keep_runs: u32,
}

/// A limit, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<T>(pub Option<T>);

impl RetentionArgs {
    /// What they say.
    #[must_use]
    pub fn policy(&self) -> RetentionPolicy {
        RetentionPolicy { days: self.keep_days.0, bytes: self.max_bytes.0, runs: self.keep_runs }
    }
}

fn days(text: &str) -> Result<Limit<u32>, String> {
    let days = || text.parse().map_err(|_| "write a whole number of days, or `none`".to_owned());
    if text == "none" { Ok(Limit(None)) } else { days().map(|days| Limit(Some(days))) }
}

fn size(text: &str) -> Result<Limit<u64>, String> {
    let size =
        || parse_size(text).map_err(|error| format!("{error}: write a size such as `500MB` or `20GiB`, or `none`"));
    if text == "none" { Ok(Limit(None)) } else { size().map(|size| Limit(Some(size))) }
}

/// `stepmill gc`
#[derive(Debug, Args)]
pub struct GcArgs {
    /// Only say what would go
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Trust the clock: also count time in which no process used the data directory
    #[arg(long)]
    pub confirm: bool,
    /// How to print it.
    #[command(flatten)]
    pub json: JsonArg,
    /// What stays.
    #[command(flatten)]
    pub retention: RetentionArgs,
}
