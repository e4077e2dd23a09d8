//! From `--allow` and `--policy` to what steps may be granted, and what is said where that is not enough.

use std::path::Path;

use crate::{
    access::{self, Policy, PolicyError, Refusal},
    cli::{
        args::{AllowArg, OptionArgs},
        exit::{CliError, Exit, render_problems},
    },
    definition::Pipeline,
    event::RunOptions,
    grants::{Grant, Grants},
    plan::Plan,
};

/// Columns of a refusal beside a document.
const REFUSAL_WIDTH: usize = 100;

/// What the command line allows.
pub(super) fn of(options: &OptionArgs) -> Result<Policy, CliError> {
    let mut grants = Grants::default();
    for allowed in &options.allow {
        match allowed {
            AllowArg::Clock => grants.add(Grant::Clock),
            AllowArg::Random => grants.add(Grant::Random),
            AllowArg::Run => grants.add(Grant::Run),
            AllowArg::All => Grant::ALL.into_iter().for_each(|grant| grants.add(grant)),
        }
    }
    let policy = Policy::default().allow(grants);
    match options.policy.as_deref().map(access::load).transpose() {
        Ok(file) => Ok(policy.and(file.unwrap_or_default())),
        Err(PolicyError::Problems(problems)) => Err(CliError::problems(problems)),
        Err(error) => Err(CliError::input(error)),
    }
}

pub(super) fn run_options(options: &OptionArgs) -> RunOptions {
    RunOptions { cache: !options.no_cache }
}

/// A refusal where there is no text to point into.
pub(super) fn refused(refusal: Refusal) -> CliError {
    let help = refusal.help();
    CliError::input(refusal).help(help)
}

/// Checks a plan before anything is done for it, so that refusals point into the pipeline's text.
pub(super) fn check(
    policy: &Policy,
    path: &Path,
    pipeline: &Pipeline,
    plan: &Plan,
    json: bool,
) -> Result<Option<Exit>, CliError> {
    let Err(refusal) = policy.check(plan) else { return Ok(None) };
    let problems = refusal.problems(pipeline);
    if !json {
        return Err(CliError::problems(problems));
    }
    // The document is for a program; whoever has to allow it is a person.
    eprint!("{}", render_problems(&problems, false, REFUSAL_WIDTH));
    super::pipeline::refuse(path, Some(plan.pipeline.clone()), problems, json).map(Some)
}
