//! `runs cancel`: asks the process that drives a run to end it, and ends it itself where there is none.

use std::{
    io,
    time::{Duration, Instant},
};

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
        interrupts::Interrupts,
        output::note,
        settings::Settings,
        source::Source,
    },
    event::RunState,
    ids::RunId,
};

/// How long a process that has taken the data directory may take until it has taken up the run, at least.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before it is asked again.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn cancel(settings: &Settings, args: &RunsCancelArgs) -> Result<Exit, CliError> {
    let mut interrupts = Interrupts::take()?;
    tokio::select! {
        cancelled = cancel_unless_interrupted(settings, args) => cancelled,
        () = interrupts.next() => {
            note(&format!(
                "stopped before the run had ended: `stepmill runs show {run}{flags}` says whether it is cancelled, and \
                 `stepmill runs cancel {run}{flags}` asks again",
                run = args.run.run,
                flags = settings.server_flag.as_ref().unwrap_or(&settings.data_dir_flag)
            ));
            Ok(Exit::Interrupted)
        }
    }
}

async fn cancel_unless_interrupted(settings: &Settings, args: &RunsCancelArgs) -> Result<Exit, CliError> {
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
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (socket, request) = (history.dir().control_socket(), Request::Cancel { run, force: *force });
        let answer = tokio::task::spawn_blocking(move || control::ask(&socket, &request)).await;
        let answer = answer.map_err(CliError::host)?;
        // It may have ended while we asked, and its host with it, perhaps before it could answer.
        let state = ended(&history, run)?;
        match (state, &answer) {
            (_, Ok(Response::Done)) | (Some(RunState::Cancelled), _) => break,
            (Some(state), _) => return Err(has_ended(run, state)),
            (None, _) => {}
        }
        let holder = history.dir().holder().map_err(CliError::host)?;
        match holder {
            None if end(settings, outside, run, *force).await? => break,
            // It may have just begun: it does not listen yet, or has not taken up the run.
            _ if Instant::now() < deadline => {}
            None => return Err(not_cancelled(run, None, answer)),
            Some(holder) => return Err(not_cancelled(run, holder.pid, answer)),
        }
        tokio::time::sleep(PAUSE).await;
    }
    runs::show(settings, args, None).await
}

/// Takes up a run that no process drives, and ends it; false if another process took the data directory first.
async fn end(settings: &Settings, outside: &OutsideArgs, run: RunId, force: bool) -> Result<bool, CliError> {
    let Outside { policy, secrets } = policy::of(outside)?;
    let builder = Host::builder(&settings.data_dir).compiler(super::compiler()?).policy(policy).secrets(secrets);
    let host = match builder.retention(None).open().await {
        Ok(host) => host,
        Err(error) if error.is_in_use() => return Ok(false),
        Err(error) => return Err(super::open_error(error)),
    };
    let ended = host.cancel_left(run, force).await.map_err(|error| {
        let lost = matches!(error, StartError::Module(_));
        let error = start_error(error);
        if !lost {
            return error;
        }
        error.help(
            "the run is going to end as cancelled, but its `finally` steps need the module; `--force` ends it without them",
        )
    })?;
    if let Some(run) = ended {
        run.finished().await.map_err(CliError::host)?;
    }
    host.close().await.map_err(CliError::host)?;
    Ok(true)
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
        Ok(Response::Refused(why)) => CliError::bad_input(why).help(format!(
            "{process} holds the data directory; if it is for another run, try again when that has ended"
        )),
        Ok(Response::Done) => CliError::bad_input(format!("the run {run} goes on")),
    }
}
