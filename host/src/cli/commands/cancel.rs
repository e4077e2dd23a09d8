//! `runs cancel`: asks the process that drives a run to end it, and ends it itself where there is none.

use std::io;

use super::{
    policy::{self, Outside},
    run::start_error,
    runs,
};
use crate::{
    app::{
        History, Host, StartError,
        control::{self, Request, Response},
    },
    cli::{
        args::{OutsideArgs, RunsCancelArgs},
        exit::{CliError, Exit},
        settings::Settings,
        source::Source,
    },
    event::RunState,
    ids::RunId,
};

pub(super) async fn cancel(settings: &Settings, args: &RunsCancelArgs) -> Result<Exit, CliError> {
    let RunsCancelArgs { run: args, force, outside } = args;
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
        (None, answer) => match history.dir().holder().map_err(CliError::host)? {
            None => {
                end(settings, outside, run, *force).await?;
                runs::show(settings, args, None).await
            }
            Some(holder) => Err(not_cancelled(run, holder.pid, answer)),
        },
    }
}

/// Takes up a run that no process drives, and ends it.
async fn end(settings: &Settings, outside: &OutsideArgs, run: RunId, force: bool) -> Result<(), CliError> {
    let Outside { policy, secrets } = policy::of(outside)?;
    let builder = Host::builder(&settings.data_dir).compiler(super::compiler()?).policy(policy).secrets(secrets);
    let host = builder.retention(None).open().await.map_err(super::open_error)?;
    let ended = host.cancel_left(run, force).await.map_err(|error| {
        let lost = matches!(error, StartError::Module(_));
        let error = start_error(error);
        if lost {
            error.help("`--force` ends it without its `finally` steps, and so without its modules")
        } else {
            error
        }
    })?;
    ended.finished().await.map_err(CliError::host)?;
    host.close().await.map_err(CliError::host)
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

/// Another process holds the data directory, and does not cancel the run.
fn not_cancelled(run: RunId, pid: Option<u32>, answer: io::Result<Response>) -> CliError {
    let process = pid.map_or_else(|| "a process".to_owned(), |pid| format!("process {pid}"));
    match answer {
        Err(error) => CliError::host(error).help(format!(
            "{process} holds the data directory but cannot be asked; Ctrl-C or SIGTERM there cancels its run"
        )),
        Ok(_) => {
            CliError::bad_input(format!("the run {run} is not active: {process} holds the data directory for another"))
                .help("try again when that has ended")
        }
    }
}
