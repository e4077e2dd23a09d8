//! How a host stands, and what it was told.

use serde::Serialize;

use super::Versioned;

/// A host.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SystemView {
    /// Its version.
    pub version: String,
    /// When it was started.
    pub started_at: String,
    /// Runs that go on, and those that wait for them.
    pub active_runs: u64,
    /// Whether new runs are refused because the disk is too full.
    pub refuses_runs: bool,
    /// The disk of the data directory, if it says how full it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskView>,
    /// What the history takes, in bytes.
    pub database_bytes: u64,
    /// What it was told.
    pub settings: SettingsView,
}

/// A disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DiskView {
    /// How large it is.
    pub total_bytes: u64,
    /// What is free.
    pub free_bytes: u64,
    /// New runs are refused while less is free.
    pub needed_bytes: u64,
}

/// What a host was told when it was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SettingsView {
    /// Where everything is kept.
    pub data_dir: String,
    /// Runs that are active at once.
    pub max_active_runs: u64,
    /// Attempts of one run that run at once.
    pub parallelism: u64,
    /// Runs that ended more days ago are removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u32>,
    /// The oldest runs are removed while outputs take more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// The newest runs of each pipeline are kept in any case; everything is, without this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_runs: Option<u32>,
}

impl Versioned for SystemView {
    const SCHEMA: &'static str = "stepmill.system/1";
}
