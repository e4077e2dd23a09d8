//! What `gc` removed and what `verify` found.

use serde::Serialize;

use super::Versioned;
use crate::{
    ids::{Name, RunId, Timestamp},
    persist::{
        retention::{Collected, Reason, Tally},
        verify::{Finding, Verified},
    },
};

/// What went, or would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct GcReport {
    /// Whether it was only looked at.
    pub dry_run: bool,
    /// Runs, the oldest first.
    pub runs: Vec<RemovedRunView>,
    /// How many runs are too old by the clock alone, and stay until `--confirm`, or until enough time was observed.
    pub held_back: u64,
    /// Stored outputs and files that only those runs referred to.
    pub outputs: TallyView,
    /// Stored outputs and files that nothing referred to before.
    pub orphans: TallyView,
    /// Modules that no kept run is bound to, and what they were compiled to.
    pub modules: TallyView,
    /// Copies that `run` made of files, of those runs.
    pub copies: TallyView,
    /// Half-written files, and damaged ones.
    pub leftovers: TallyView,
    /// All of them.
    pub total: TallyView,
    /// Stored outputs and files that stay.
    pub kept: TallyView,
}

/// A run that went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RemovedRunView {
    /// Its id.
    pub id: RunId,
    /// Its pipeline.
    pub pipeline: Name,
    /// When it was made.
    pub created_at: String,
    /// `age` or `size`.
    pub reason: &'static str,
}

/// So many files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TallyView {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub size_bytes: u64,
}

impl From<Tally> for TallyView {
    fn from(tally: Tally) -> Self {
        Self { files: tally.files, size_bytes: tally.bytes }
    }
}

impl GcReport {
    /// The report of a pass.
    #[must_use]
    pub fn new(collected: &Collected, dry_run: bool) -> Self {
        let runs = collected.runs.iter().map(|run| RemovedRunView {
            id: run.run,
            pipeline: run.pipeline.clone(),
            created_at: Timestamp::rfc3339(run.created_at),
            reason: match run.reason {
                Reason::Age => "age",
                Reason::Size => "size",
            },
        });
        Self {
            dry_run,
            runs: runs.collect(),
            held_back: collected.held_back,
            outputs: collected.outputs.into(),
            orphans: collected.orphans.into(),
            modules: collected.modules.into(),
            copies: collected.copies.into(),
            leftovers: collected.leftovers.into(),
            total: collected.total().into(),
            kept: collected.kept.into(),
        }
    }
}

impl Versioned for GcReport {
    const SCHEMA: &'static str = "stepmill.gc/1";
}

/// What a check of everything found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct VerifyReport {
    /// Whether all is as it was written.
    pub ok: bool,
    /// How many runs there are.
    pub runs: u64,
    /// How many events they have.
    pub events: u64,
    /// Stored outputs and files.
    pub outputs: TallyView,
    /// Of those, the ones that nothing refers to.
    pub orphans: TallyView,
    /// Modules.
    pub modules: TallyView,
    /// How many problems there are.
    pub found: u64,
    /// The first of them.
    pub problems: Vec<FindingView>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FindingView {
    /// Where.
    pub place: String,
    /// What.
    pub problem: String,
    /// What to do about it.
    pub help: &'static str,
}

impl VerifyReport {
    /// The report of a check.
    #[must_use]
    pub fn new(verified: &Verified, findings: &[Finding]) -> Self {
        let problems = findings.iter().map(|finding| FindingView {
            place: finding.place.clone(),
            problem: finding.problem.clone(),
            help: finding.remedy,
        });
        Self {
            ok: verified.findings == 0,
            runs: verified.runs,
            events: verified.events,
            outputs: verified.outputs.into(),
            orphans: verified.orphans.into(),
            modules: verified.modules.into(),
            found: verified.findings,
            problems: problems.collect(),
        }
    }
}

impl Versioned for VerifyReport {
    const SCHEMA: &'static str = "stepmill.verify/1";
}
