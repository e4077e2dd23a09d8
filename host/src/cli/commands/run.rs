//! `run` and `runs resume`, and what they share with `runs rerun`: from the first line to the report.

use std::{path::Path, sync::Arc};

use super::{
    end::End,
    policy::{self, Outside},
};
use crate::{
    access::Policy,
    app::{History, Host, ModuleError, ParamInput, Params, Run, StartError, storage::RetentionPolicy},
    cli::{
        args::{LogFormat, OutsideArgs, ReportArgs, RunArgs, RunsResumeArgs},
        display::{Display, JsonEvents},
        exit::{CliError, Exit},
        interrupts::Interrupts,
        output::note,
        render::run::resume_command,
        settings::Settings,
    },
    definition::Pipeline,
    event::{Outcome, RunState},
    execute::ports::Observer,
    ids::{Name, RunId},
    observe::log::LogObserver,
    plan::Plan,
};

pub(super) async fn run(settings: &Settings, args: RunArgs) -> Result<Exit, CliError> {
    let (path, json) = (&args.pipeline, args.report.json);
    let pipeline = match super::pipeline::read(path)? {
        Ok(pipeline) => pipeline,
        Err(problems) => return super::pipeline::refuse(path, None, problems, json),
    };
    let params = params(&args.params)?;
    let outside = policy::of(&args.options.outside)?;
    let show = Show::new(settings, &args.report, &args.options.outside);
    let host = show.open(settings, outside.clone()).await?;
    let plan = match plan(settings, &host, &outside.policy, (path, &pipeline), json).await? {
        Ok(plan) => plan,
        Err(exit) => return Ok(exit),
    };
    let options = policy::run_options(&args.options);
    let run = host.start_with(plan, params, options).await.map_err(start_error)?;
    conclude(settings, &args.report, &show, host, run).await
}

/// The plan of a pipeline that may be run, or how the command ends if it may not.
pub(super) async fn plan(
    settings: &Settings,
    host: &Host,
    policy: &Policy,
    (path, pipeline): (&Path, &Pipeline),
    json: bool,
) -> Result<Result<Plan, Exit>, CliError> {
    let compiled = match host.compile(pipeline).await {
        Ok(compiled) => compiled,
        Err(problems) => {
            return super::pipeline::refuse(path, Some(pipeline.name.value.clone()), problems, json).map(Err);
        }
    };
    super::pipeline::warn(settings, &compiled.warnings);
    Ok(match policy::check(policy, path, pipeline, &compiled.plan, json)? {
        Some(exit) => Err(exit),
        None => Ok(compiled.plan),
    })
}

pub(super) async fn resume(settings: &Settings, args: &RunsResumeArgs) -> Result<Exit, CliError> {
    // Looked up by a reader first: a mistyped id must not make a data directory.
    let history = History::open(&settings.data_dir).map_err(super::store_error)?;
    let id = super::find_run(&history, &args.run)?;
    if let Some(outcome) = outcome_of(&history, id)? {
        note("the run had ended");
        let plan = history.reader().plan(id).map_err(super::store_error)?;
        End::of(&history, id, &plan)?.report(settings, &args.report)?;
        return Ok(exit(outcome));
    }
    let show = Show::new(settings, &args.report, &args.outside);
    let host = show.open(settings, policy::of(&args.outside)?).await?;
    let run = host.resume(id).await.map_err(|error| {
        let lost = matches!(error, StartError::Module(ModuleError::Missing { .. }));
        let error = start_error(error);
        if lost { error.help(missing_module(id)) } else { error }
    })?;
    conclude(settings, &args.report, &show, host, run).await
}

/// How a run ended, if it has.
fn outcome_of(history: &History, id: RunId) -> Result<Option<Outcome>, CliError> {
    let row = history.reader().run(id).map_err(super::store_error)?;
    Ok(match row.state {
        RunState::Queued | RunState::Running => None,
        RunState::Succeeded => Some(Outcome::Succeeded),
        RunState::Failed => Some(Outcome::Failed),
        RunState::Cancelled => Some(Outcome::Cancelled),
    })
}

fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Succeeded => Exit::Success,
        Outcome::Failed => Exit::RunFailed,
        Outcome::Cancelled => Exit::Interrupted,
    }
}

/// `name=value` pairs.
pub(super) fn params(given: &[String]) -> Result<Params, CliError> {
    let mut params = Params::new();
    for pair in given {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(CliError::bad_input(format!("`{pair}` is not a parameter")).help("write --param NAME=VALUE"));
        };
        let name = Name::new(name).map_err(CliError::input)?;
        if params.insert(name.clone(), ParamInput::Text(value.to_owned())).is_some() {
            return Err(CliError::bad_input(format!("parameter `{name}` is given twice")));
        }
    }
    Ok(params)
}

/// What to do about a run whose module is gone.
fn missing_module(run: RunId) -> String {
    format!(
        "`stepmill check PIPELINE.toml` puts the modules of the pipeline back, and says which it does not find; where a \
         module has changed since, `stepmill runs rerun {run} --pipeline PIPELINE.toml` repeats the run with it, once \
         `stepmill runs cancel {run} --force` has ended this one"
    )
}

pub(super) fn start_error(error: StartError) -> CliError {
    match error {
        StartError::Refused(refusal) => policy::refused(refusal),
        error @ (StartError::NotEnded(_) | StartError::NoStep { .. }) => CliError::input(error),
        StartError::Params(error) if error.is_hosts_fault() => CliError::host(error),
        StartError::Params(error) => CliError::input(error),
        StartError::Store(error) => super::store_error(error),
        error => CliError::host(error),
    }
}

/// Who is told while the run goes on.
pub(super) struct Show {
    display: Option<Arc<Display>>,
    observers: Vec<Arc<dyn Observer>>,
    retention: RetentionPolicy,
    /// The flags with which the run can be resumed.
    flags: String,
}

impl Show {
    pub(super) fn new(settings: &Settings, report: &ReportArgs, outside: &OutsideArgs) -> Self {
        let mut observers: Vec<Arc<dyn Observer>> = Vec::new();
        if report.json_events {
            observers.push(Arc::new(JsonEvents));
        }
        // A log in JSON has the steps' lines in it, and nothing else may come between.
        let in_json = settings.log_format == LogFormat::Json;
        let display = (!in_json && !settings.quiet).then(|| {
            let logs_only = report.json || report.json_events;
            Arc::new(Display::new(settings.stderr, settings.width, settings.live, logs_only))
        });
        observers.extend(display.iter().map(|display| Arc::clone(display) as Arc<dyn Observer>));
        if in_json {
            observers.push(Arc::new(LogObserver));
        }
        let flags = settings.data_dir_flag.clone() + &policy::flags(outside);
        Self { display, observers, retention: report.retention.policy(), flags }
    }

    /// What resumes a run that was interrupted: in the same data directory, with what it may use.
    fn resume_command(&self, run: RunId) -> String {
        format!("{}{}", resume_command(run), self.flags)
    }

    pub(super) async fn open(&self, settings: &Settings, outside: Outside) -> Result<Host, CliError> {
        let builder = Host::builder(&settings.data_dir)
            .compiler(super::compiler()?)
            .policy(outside.policy)
            .secrets(outside.secrets)
            .retention(Some(self.retention));
        let observers = self.observers.iter().cloned();
        observers.fold(builder, |builder, observer| builder.observer(observer)).open().await.map_err(super::open_error)
    }
}

pub(super) async fn conclude(
    settings: &Settings,
    report: &ReportArgs,
    show: &Show,
    host: Host,
    run: Run,
) -> Result<Exit, CliError> {
    let (id, plan) = (run.id(), Arc::clone(run.plan()));
    let interrupts = tokio::spawn(cancel_when_interrupted(Interrupts::take()?, run.canceller()));
    let finished = run.finished().await;
    interrupts.abort();
    if let Some(display) = &show.display {
        display.finish();
    }
    let closed = host.close().await;
    let stopped = |error| CliError::host(error).help(format!("resume the run: {}", show.resume_command(id)));
    let outcome = finished.map_err(stopped)?;
    End::of(host.history(), id, &plan)?.report(settings, report)?;
    closed.map_err(CliError::host)?;
    Ok(exit(outcome))
}

/// The first Ctrl-C (or SIGTERM) cancels the run, the second ends the process.
async fn cancel_when_interrupted(mut interrupts: Interrupts, cancel: impl Fn()) {
    interrupts.next().await;
    note("cancelling the run; once more ends stepmill at once");
    cancel();
    interrupts.next().await;
    std::process::exit(Exit::Interrupted as i32);
}
