//! `stepmill dev`

use std::path::PathBuf;

use clap::Args;

use super::{OptionArgs, ReportArgs};

/// `stepmill dev`
#[derive(Debug, Args)]
pub struct DevArgs {
    /// The pipeline, or the folder of a step crate with a `pipeline.toml`
    #[arg(value_name = "PIPELINE.toml", default_value = ".")]
    pub path: PathBuf,
    /// A parameter's value; a `file` parameter takes a path, which is watched too
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// How it runs.
    #[command(flatten)]
    pub options: OptionArgs,
    /// What to leave behind and print.
    #[command(flatten)]
    pub report: ReportArgs,
}
