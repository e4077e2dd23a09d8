//! `run` and `runs resume`: from the first line to the report.

use std::{io::Write, path::Path, sync::Arc};

use crate::{
    app::{History, Host, ParamInput, Params, Run, StartError},
    cli::{
        args::{LogFormat, ReportArgs, RunArgs, RunsResumeArgs},
        display::{Display, JsonEvents},
        exit::{CliError, Exit},
        files,
        output::{print, print_json},
        render::{self, paint::Style},
        settings::Settings,
    },
    dto::RunDetail,
    event::{EventKind, Outcome, RunEvent},
    execute::ports::Observer,
    ids::{Name, RunId, StepIndex},
    module::Form,
    observe::log::LogObserver,
    output::OutputRef,
    plan::Plan,
    value,
};

/// Values up to this many bytes are printed at the end of a run.
const SMALL_VALUE: u64 = 2 * 1024;
/// The most lines of one value that are printed.
const VALUE_LINES: usize = 12;
/// The most values that are printed.
const VALUES: usize = 6;

pub(super) async fn run(settings: &Settings, args: RunArgs) -> Result<Exit, CliError> {
    let pipeline = super::pipeline::load(&args.pipeline)?;
    let params = params(&args.params)?;
    let show = Show::new(settings, &args.report);
    let host = show.open(settings).await?;
    let compiled = host.compile(&pipeline).await?;
    super::pipeline::warn(settings, &compiled.warnings);
    let run = host.start(compiled.plan, params).await.map_err(start_error)?;
    conclude(settings, &args.report, &show, host, run).await
}

pub(super) async fn resume(settings: &Settings, args: &RunsResumeArgs) -> Result<Exit, CliError> {
    // Looked up by a reader first: a mistyped id must not make a data directory.
    let history = History::open(&settings.data_dir).map_err(super::store_error)?;
    let id = super::find_run(&history, &args.run)?;
    let show = Show::new(settings, &args.report);
    let host = show.open(settings).await?;
    let run = host.resume(id).await.map_err(start_error)?;
    conclude(settings, &args.report, &show, host, run).await
}

/// `name=value` pairs.
fn params(given: &[String]) -> Result<Params, CliError> {
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

fn start_error(error: StartError) -> CliError {
    match error {
        StartError::Params(error) => CliError::input(error),
        StartError::Store(error) => super::store_error(error),
        error => CliError::host(error),
    }
}

/// Who is told while the run goes on.
struct Show {
    display: Option<Arc<Display>>,
    observers: Vec<Arc<dyn Observer>>,
}

impl Show {
    fn new(settings: &Settings, report: &ReportArgs) -> Self {
        let mut observers: Vec<Arc<dyn Observer>> = Vec::new();
        if report.json_events {
            observers.push(Arc::new(JsonEvents));
        }
        // A log in JSON has the steps' lines in it, and nothing else may come between.
        let display = (settings.log_format == LogFormat::Human).then(|| {
            let logs_only = settings.quiet || report.json || report.json_events;
            Arc::new(Display::new(settings.stderr, settings.width, settings.live, logs_only))
        });
        match &display {
            Some(display) => observers.push(Arc::clone(display) as _),
            None => observers.push(Arc::new(LogObserver)),
        }
        Self { display, observers }
    }

    async fn open(&self, settings: &Settings) -> Result<Host, CliError> {
        let builder = Host::builder(&settings.data_dir).compiler(super::compiler()?);
        let observers = self.observers.iter().cloned();
        observers.fold(builder, |builder, observer| builder.observer(observer)).open().await.map_err(super::open_error)
    }
}

async fn conclude(
    settings: &Settings,
    report: &ReportArgs,
    show: &Show,
    host: Host,
    run: Run,
) -> Result<Exit, CliError> {
    let (id, plan) = (run.id(), Arc::clone(run.plan()));
    let interrupts = tokio::spawn(interrupts(run.canceller()));
    let finished = run.finished().await;
    interrupts.abort();
    if let Some(display) = &show.display {
        display.finish();
    }
    let stopped =
        |error| CliError::host(error).help(format!("the run can be taken up again: stepmill runs resume {id}"));
    let outcome = finished.map_err(stopped)?;
    let end = End::of(host.history(), id, &plan)?;
    if report.json {
        end.save(settings, report)?;
        print_json(&end.detail)?;
    } else if report.json_events {
        end.save(settings, report)?;
    } else {
        end.print(settings, report)?;
    }
    host.close().await.map_err(CliError::host)?;
    Ok(match outcome {
        Outcome::Succeeded => Exit::Success,
        Outcome::Failed => Exit::RunFailed,
        Outcome::Cancelled => Exit::Interrupted,
    })
}

/// The first Ctrl-C (or SIGTERM) cancels the run, the second ends the process.
async fn interrupts(cancel: impl Fn()) {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let Ok(mut terminate) = terminate else { return };
    for turn in 0.. {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        if turn > 0 {
            std::process::exit(Exit::Interrupted as i32);
        }
        // A standard error that has gone is no reason to go on.
        let _ = writeln!(std::io::stderr(), "cancelling the run; once more ends stepmill at once");
        cancel();
    }
}

/// A run at its end.
struct End<'a> {
    history: &'a History,
    plan: &'a Plan,
    detail: RunDetail,
    outputs: Vec<(StepIndex, OutputRef)>,
}

impl<'a> End<'a> {
    fn of(history: &'a History, id: RunId, plan: &'a Plan) -> Result<Self, CliError> {
        let events = history.reader().history(id).map_err(super::store_error)?;
        let detail = RunDetail::replay(id, plan, &events);
        Ok(Self { history, plan, detail, outputs: outputs(events) })
    }

    fn print(&self, settings: &Settings, report: &ReportArgs) -> Result<(), CliError> {
        let mut text = String::new();
        if !settings.quiet {
            text.push_str(&render::run::report(&self.detail, self.plan, settings.width, settings.stdout));
        }
        text.push_str(&self.values(settings));
        let saved = self.save(settings, report)?;
        if !saved.is_empty() && !text.is_empty() {
            text.push('\n');
        }
        for path in saved {
            text.push_str(&format!("{} {}\n", settings.stdout.text(Style::Faint, "wrote"), path.display()));
        }
        print(&text)
    }

    /// Small values, the declared output's last.
    fn values(&self, settings: &Settings) -> String {
        let mut text = String::new();
        let declared = |step: &StepIndex| self.plan.output == Some(*step);
        let (output, others): (Vec<_>, Vec<_>) = self.outputs.iter().partition(|(step, _)| declared(step));
        let shown = others.iter().filter(|_| !settings.quiet).take(VALUES).chain(&output);
        for (step, output) in shown {
            let Some(value) = self.value(output) else { continue };
            let name = self.plan.step(*step).name.as_str();
            let rendered = render::value::render(&value, VALUE_LINES, settings.width);
            if !settings.quiet {
                text.push_str(&format!("\n{}\n", settings.stdout.text(Style::Strong, name)));
            }
            text.push_str(&rendered);
        }
        text
    }

    /// A small value. One that is nothing but files says no more than the list of files.
    fn value(&self, output: &OutputRef) -> Option<serde_json::Value> {
        if output.form != Form::Value || output.size > SMALL_VALUE {
            return None;
        }
        let bytes = self.history.value(output, SMALL_VALUE).ok()?;
        let json = value::json::to_json(&bytes).ok()?;
        let says_nothing = json.is_null() || json.get("$file").is_some();
        (!says_nothing).then_some(json)
    }

    /// Writes the outputs' files: where `--out` says; for people, without it, into the data directory.
    fn save(&self, settings: &Settings, report: &ReportArgs) -> Result<Vec<std::path::PathBuf>, CliError> {
        let human = !report.json && !report.json_events;
        let default = || human.then(|| settings.data_dir.join("out").join(self.detail.run.id.to_string()));
        let Some(folder) = report.out.clone().or_else(default) else { return Ok(Vec::new()) };
        let mut paths = Vec::new();
        for (step, output) in &self.outputs {
            paths.extend(self.save_step(*step, output, &folder)?);
        }
        Ok(paths)
    }

    fn save_step(
        &self,
        step: StepIndex,
        output: &OutputRef,
        folder: &Path,
    ) -> Result<Vec<std::path::PathBuf>, CliError> {
        let own = if self.plan.output == Some(step) {
            folder.to_owned()
        } else {
            folder.join(self.plan.step(step).name.as_str())
        };
        files::save(&output.files, self.history.outputs().as_ref(), &own).map_err(CliError::host)
    }
}

/// The steps' outputs, in topological order.
fn outputs(events: Vec<RunEvent>) -> Vec<(StepIndex, OutputRef)> {
    let succeeded = |event: RunEvent| match event.kind {
        EventKind::AttemptSucceeded { step, output, .. } => Some((step, output)),
        _ => None,
    };
    let mut outputs: Vec<_> = events.into_iter().filter_map(succeeded).collect();
    outputs.sort_by_key(|(step, _)| *step);
    outputs
}
