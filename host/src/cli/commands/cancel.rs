//! `runs cancel`: asking whoever drives a run to end it, and saying so if there is nobody to ask.

use std::io;

use super::runs;
use crate::{
    app::{
        History,
        control::{self, Request, Response},
    },
    cli::{
        args::RunsCancelArgs,
        exit::{CliError, Exit},
        settings::Settings,
        source::Source,
    },
    event::RunState,
    ids::RunId,
};

pub(super) async fn cancel(settings: &Settings, args: &RunsCancelArgs) -> Result<Exit, CliError> {
    let RunsCancelArgs { run: args, force } = args;
    let history = match Source::open(settings)? {
        Source::Local(history) => history,
        Source::Nothing => return Err(CliError::bad_input(format!("there is no run `{}`", args.run))),
        Source::Remote(remote) => {
            remote.cancel(remote.find(&args.run).await?, *force).await?;
            return runs::show(settings, args, None).await;
        }
    };
    let run = super::find_run(&history, &args.run)?;
    if let Some(ended) = ended(&history, run)? {
        return Err(has_ended(run, ended));
    }
    let answer = control::ask(&history.dir().control_socket(), &Request::Cancel { run, force: *force });
    if let Ok(Response::Done) = answer {
        return runs::show(settings, args, None).await;
    }
    // It may have ended while we asked, and its host with it, perhaps before it could answer.
    match (ended(&history, run)?, answer) {
        (Some(RunState::Cancelled), _) => runs::show(settings, args, None).await,
        (Some(state), _) => Err(has_ended(run, state)),
        (None, Err(error)) => Err(unheard(&history, run, error)),
        (None, Ok(_)) => Err(elsewhere(&history, run)),
    }
}

/// How a run ended, if it has.
fn ended(history: &History, run: RunId) -> Result<Option<RunState>, CliError> {
    let state = history.reader().run(run).map_err(super::store_error)?.state;
    Ok(state.is_terminal().then_some(state))
}

fn has_ended(run: RunId, state: RunState) -> CliError {
    CliError::bad_input(format!(
        "the run {run} has ended already: it {}",
        match state {
            RunState::Cancelled => "was cancelled",
            state => state.as_str(),
        }
    ))
}

/// Nobody has answered, and the run has not ended.
fn unheard(history: &History, run: RunId, error: io::Error) -> CliError {
    let holder = match history.dir().holder() {
        Ok(holder) => holder,
        Err(error) => return CliError::host(error),
    };
    match holder {
        None => inactive(run),
        Some(holder) => {
            let process = holder.pid.map_or_else(|| "the process".to_owned(), |pid| format!("process {pid}"));
            CliError::host(error).help(format!(
                "{process} holds the data directory but cannot be asked; Ctrl-C or SIGTERM there cancels its run"
            ))
        }
    }
}

fn inactive(run: RunId) -> CliError {
    CliError::bad_input(format!("the run {run} is not active: nobody holds the data directory"))
        .help(format!("`stepmill runs resume {run}` takes it up; Ctrl-C cancels it then"))
}

/// Somebody holds the data directory, but for other runs.
fn elsewhere(history: &History, run: RunId) -> CliError {
    match history.dir().holder() {
        Ok(Some(holder)) => {
            let process = holder.pid.map_or_else(|| "a process".to_owned(), |pid| format!("process {pid}"));
            CliError::bad_input(format!("the run {run} is not active: {process} holds the data directory for another"))
                .help(format!("`stepmill runs resume {run}` takes it up when that has ended"))
        }
        _ => inactive(run),
    }
}
