//! Flags of `stepmill serve`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Subcommand};

/// `stepmill serve`
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The configuration file
    #[arg(long, env = "STEPMILL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to listen, instead of what the configuration says
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// A file with what is allowed to which steps, instead of what the configuration says
    #[arg(long, env = "STEPMILL_POLICY", value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Print a configuration file with every key, and end
    #[arg(long)]
    pub print_config: bool,
}

/// `stepmill admin`
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Make an admin token, and discard secrets that the key in the data directory does not open
    Recover,
}
